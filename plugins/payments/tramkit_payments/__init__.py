"""Payment methods: VietQR and what confirms it."""
