"""A driver for code scanners on a serial line, made outside Tramkit."""
