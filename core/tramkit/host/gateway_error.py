"""That an outside system gave no answer, in one word for every way of it."""

from __future__ import annotations


class GatewayError(Exception):
    """The other side did not answer, or not so that it can be understood; whether it did anything is not known."""
