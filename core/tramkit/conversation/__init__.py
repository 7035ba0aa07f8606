"""One page and its answer, and what is the core's on every page."""
