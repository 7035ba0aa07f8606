"""The few ESC/POS commands that are used, and what a printer answers (Epson, "ESC/POS Command Reference").

Little is asked of a printer: a picture, a cut, and its own word on what became of both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

INITIALISE = b"\x1b@"
STATUS_BACK = b"\x1da\xff"
"""GS a: tell of every change of status by yourself."""
ASK_PAPER = b"\x10\x04\x04"
"""DLE EOT 4: the paper sensors, at once."""
CLEAR_BUFFER = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"
"""DLE DC4 fn 8: forget what was received and not yet printed."""
FEED_AND_CUT = b"\x1dV\x42\x00"
"""GS V 66 0: feed to the cutter and cut."""
ASK_IN_ORDER = b"\x1dr\x01"
"""GS r 1: the paper sensors, when everything before it has been done."""

BAND = 64
"""Rows of one picture command: a band that was cut off is made up with this many white rows at most."""

_DANGEROUS = (0x04, 0x05, 0x14)
"""After DLE (10h) these make a command that a printer obeys even in the middle of a picture."""


def process_id(number: int) -> bytes:
    """Return GS ( H, function 48: say this number when everything before it has been printed."""
    return b"\x1d(H\x06\x00\x30\x30" + _digits(number)


def _digits(number: int) -> bytes:
    return f"{number % 10_000:04d}".encode()


def bands(picture: Image) -> Iterator[bytes]:
    """Return a picture of one bit a dot as ``GS v 0`` commands of at most :data:`BAND` rows."""
    from PIL import ImageChops

    width = (picture.width + 7) // 8
    black = ImageChops.invert(picture.convert("L")).convert("1").tobytes()
    for top in range(0, picture.height, BAND):
        rows = min(BAND, picture.height - top)
        yield (
            b"\x1dv0\x00"
            + width.to_bytes(2, "little")
            + rows.to_bytes(2, "little")
            + defused(black[top * width : (top + rows) * width])
        )


def defused(dots: bytes) -> bytes:
    """Return dots with no real-time command among them: one dot more where there would be one."""
    out = bytearray(dots)
    for at in range(len(out) - 1):
        if out[at] == 0x10 and out[at + 1] in _DANGEROUS:
            out[at + 1] |= 0x40
    return bytes(out)


def padding(dots: int) -> bytes:
    """Return as many white dots as a command that was cut off may still wait for; elsewhere they are nothing."""
    return bytes((dots + 7) // 8 * BAND + 16)


@dataclass(frozen=True)
class Status:
    """What a printer says of itself; None: it has not said."""

    paper_out: bool | None = None
    paper_low: bool | None = None
    cover_open: bool | None = None
    offline: bool | None = None
    cutter: bool | None = None
    broken: bool | None = None


@dataclass(frozen=True)
class Done:
    """Everything up to here has been printed; the number of :func:`process_id`, None for ``GS r``."""

    number: int | None


@dataclass(frozen=True)
class Paper:
    """The answer to DLE EOT 4."""

    out: bool
    low: bool


Answer = Status | Done | Paper


class Answers:
    """Takes what a printer says apart: each kind has bits of its own, so that they can come in any order."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, data: bytes) -> list[Answer]:
        """Return what these bytes complete; what makes no sense is dropped."""
        self._waiting += data
        answers: list[Answer] = []
        while self._waiting:
            first = self._waiting[0]
            if first & 0x93 == 0x10:  # automatic status back: four bytes
                if len(self._waiting) < 4:
                    break
                if any(byte & 0x90 for byte in self._waiting[1:4]):
                    del self._waiting[0]
                    continue
                answers.append(_status(*self._waiting[:4]))
                del self._waiting[:4]
            elif first == 0x37:  # the answer to a process number: 37h 22h, four digits, NUL
                if len(self._waiting) < 7:
                    break
                digits = bytes(self._waiting[2:6])
                if self._waiting[1] != 0x22 or self._waiting[6] or not digits.isdigit():
                    del self._waiting[0]
                    continue
                answers.append(Done(int(digits)))
                del self._waiting[:7]
            else:
                if first & 0x93 == 0x12:
                    answers.append(Paper(out=first & 0x60 == 0x60, low=first & 0x0C == 0x0C))
                elif first & 0x90 == 0:
                    answers.append(Done(None))
                del self._waiting[0]
        return answers


def _status(first: int, second: int, third: int, _fourth: int) -> Status:
    return Status(
        paper_out=third & 0x0C == 0x0C,
        paper_low=third & 0x03 == 0x03,
        cover_open=bool(first & 0x20),
        offline=bool(first & 0x08),
        cutter=bool(second & 0x08),
        broken=bool(second & 0x20),
    )
