"""The page at which the doctor sits: templates, styles, scripts and words; the desk serves them."""
