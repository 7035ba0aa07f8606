"""The form of :mod:`bench.screens.form` as its peers' users would write it; each runs in the peers' environment."""
