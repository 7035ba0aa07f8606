"""Tramkit's hardware abstraction: device contracts, pages, and the drivers that keep them."""


class TramkitError(Exception):
    """The root of everything that Tramkit, its drivers and its plugins raise of their own.

    It imports nothing, so that a program in a sandbox can raise what stands under it.
    """


__all__ = ["TramkitError"]
