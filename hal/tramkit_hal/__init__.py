"""Tramkit's hardware abstraction: device contracts, pages, and the drivers that keep them."""
