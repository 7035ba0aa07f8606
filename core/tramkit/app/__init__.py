"""The composition root: command line, configuration, the demo."""
