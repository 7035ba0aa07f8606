"""How quickly screens answer and what they weigh; see :mod:`bench.screens.run`."""
