"""Confinement by the kernel of what may be hostile: plugins, and what parses papers."""
