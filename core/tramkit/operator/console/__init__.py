"""The operator's console: a station's panel in a terminal, over SSH."""
