"""How quickly the web screen answers; see :mod:`bench.screen.run`."""
