"""That an outside system gave no answer, in one word for every way of it."""

from __future__ import annotations

from tramkit_hal import TramkitError


class GatewayError(TramkitError):
    """The other side did not answer, or not so that it can be understood; whether it did anything is not known."""
