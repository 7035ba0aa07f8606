"""The written line of a call: real-time text (ITU-T T.140) over a data channel (RFC 8865), as it is typed.

When the sound goes it stays, and for who does not hear it is the call. Nothing of it is kept: it lives in memory for as
long as the call. Each leg has a channel of its own and begins the line anew: the sender says again what stands in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

CHANNEL = "t140"
"""Label and subprotocol of the data channel (RFC 8865 §4)."""

ERASE, NEW_LINE, MISSING, BELL, MARK = "\u0008", "\u2028", "\ufffd", "\u0007", "\ufeff"
"""T.140 §8: erase the last character; line separator; text that was lost; alert; byte order mark, to be ignored."""

MAX_TEXT = 2000
"""Characters of a line that are kept; of more only the last."""

_CONTROL = re.compile("\u001b\\[[0-9;]*[A-Za-z]|\u001b.|[\u0000-\u0006\u0009\u000b\u000c\u000e-\u001f\u007f]")
"""Control sequences and characters that T.140 lets a receiver ignore (§8.3)."""


def typed(before: str, after: str) -> str:
    """Return what to send so that the other side's line becomes another: erasures, then new characters."""
    same = 0
    for a, b in zip(before, after, strict=False):
        if a != b:
            break
        same += 1
    return ERASE * (len(before) - same) + after[same:].replace("\n", NEW_LINE)


def received(before: str, data: str) -> str:
    """Return the line after something has come."""
    text = list(before)
    data = _CONTROL.sub("", data.replace("\r\n", NEW_LINE).replace("\r", NEW_LINE).replace("\n", NEW_LINE))
    for character in data:
        if character == ERASE:
            if text:
                text.pop()
        elif character == NEW_LINE:
            text.append("\n")
        elif character not in (BELL, MARK):
            text.append(character)
    return "".join(text[-MAX_TEXT:])


class WrittenLine:
    """Both sides' text in one call.

    :param changed: called when the other side's text is different.
    """

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        self.theirs = ""
        self.own = ""
        self._changed = changed
        self._send: Callable[[str], None] | None = None

    def opened(self, send: Callable[[str], None]) -> None:
        """Use a leg's channel from now on: say again what stands in our line, expect theirs anew."""
        self._send = send
        self.theirs = ""
        send(MARK + typed("", self.own))

    def got(self, data: str | bytes) -> None:
        """Take what has come on the channel."""
        text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
        self.theirs = received(self.theirs, text)
        self._changed()

    def write(self, text: str) -> None:
        """Let our line say this; only what is different is sent."""
        data, self.own = typed(self.own, text), text
        if data and self._send is not None:
            self._send(data)

    def forget(self) -> None:
        """Forget both sides' text."""
        self.theirs = self.own = ""
        self._send = None
