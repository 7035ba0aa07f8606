"""The on-screen keyboard: one engine and one set of layouts for every screen."""
