"""Commands to a chip and its answers (ISO/IEC 7816-4), over whatever carries them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from tramkit_hal.card.errors import ChipProtocolError, ChipStatusError

OK = 0x9000
MAX_PIECES = 64
"""Pieces of one answer (``61xx``) that are fetched before a chip counts as broken."""


class Transport(Protocol):
    """Carries an APDU to the chip and its answer back: a PC/SC connection, a socket, a card in memory."""

    def transmit(self, command: bytes) -> bytes:
        """Return the chip's answer with its status word.

        :raises CardGoneError: the card was taken away.
        """
        ...


@dataclass(frozen=True)
class Command:
    """A command APDU.

    :param expected: bytes of answer that are asked for, at most 256 in short form, 65,536 in extended; 0: none.
    """

    instruction: int
    p1: int = 0
    p2: int = 0
    data: bytes = field(default=b"", repr=False)
    expected: int = 0
    klass: int = 0

    def encode(self) -> bytes:
        """Return its bytes, in extended form only where it does not fit the short one."""
        head = bytes([self.klass, self.instruction, self.p1, self.p2])
        extended = len(self.data) > 255 or self.expected > 256
        size = 2 if extended else 1
        body = b""
        if self.data:
            body = (b"\0" if extended else b"") + len(self.data).to_bytes(size, "big") + self.data
        if self.expected:
            lead = b"\0" if extended and not self.data else b""
            body += lead + (self.expected % (1 << 8 * size)).to_bytes(size, "big")
        return head + body


@dataclass(frozen=True)
class Answer:
    """A response APDU."""

    data: bytes = field(repr=False)
    status: int

    def must(self, step: str) -> bytes:
        """Return the data of an answer that must be good.

        :param step: what was asked, for the operator.
        :raises ChipStatusError: the chip refused.
        """
        if self.status != OK:
            raise ChipStatusError(step, self.status)
        return self.data


def split(answer: bytes) -> Answer:
    """Return data and status word of an answer.

    :raises ChipProtocolError: it is too short to have one.
    """
    if len(answer) < 2:
        raise ChipProtocolError("an answer has no status word")
    return Answer(answer[:-2], int.from_bytes(answer[-2:], "big"))


def exchange(transport: Transport, command: Command) -> Answer:
    """Send a command in clear and return the whole answer: ``61xx`` is fetched, ``6Cxx`` asked again (T=0).

    :raises ChipProtocolError: the answer never ends.
    """
    answer = split(transport.transmit(command.encode()))
    if answer.status >> 8 == 0x6C:
        again = Command(
            command.instruction, command.p1, command.p2, command.data, answer.status & 0xFF or 256, command.klass
        )
        answer = split(transport.transmit(again.encode()))
    parts = [answer.data]
    while answer.status >> 8 == 0x61:
        if len(parts) >= MAX_PIECES:
            raise ChipProtocolError("an answer never ends")
        more = Command(0xC0, expected=answer.status & 0xFF or 256, klass=command.klass & 0x03)
        answer = split(transport.transmit(more.encode()))
        parts.append(answer.data)
    return Answer(b"".join(parts), answer.status)
