"""Who the resident is: the level, and the ways to it."""
