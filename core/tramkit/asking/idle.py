"""Which time-out a page has."""

from __future__ import annotations

from enum import Enum


class Idle(Enum):
    """Which time-out a page has."""

    MENU = "menu"
    QUESTION = "question"
    READING = "reading"
    WAITING = "waiting"
    NONE = "none"
    """Suspended: the page has a deadline of its own (Pay, Capture, Call)."""
