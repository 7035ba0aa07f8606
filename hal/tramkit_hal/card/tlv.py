"""Tags, lengths, values (ISO/IEC 8825-1 BER, as ISO/IEC 7816-4 section 5.2.2 uses them between reader and chip).

Strict on purpose: what a hostile chip sends is read only where it is well formed, and never recursively.
"""

from __future__ import annotations

from collections.abc import Iterator

from tramkit_hal.card.errors import ChipProtocolError

MAX_TAG_BYTES = 3
MAX_LENGTH_BYTES = 3


def encode(tag: int, content: bytes) -> bytes:
    """Return a value with its tag of one to three bytes and its length in the shortest form."""
    head = tag.to_bytes(max(1, (tag.bit_length() + 7) // 8), "big")
    length = len(content)
    if length < 0x80:
        return head + bytes([length]) + content
    size = (length.bit_length() + 7) // 8
    return head + bytes([0x80 | size]) + length.to_bytes(size, "big") + content


def read_header(data: bytes, at: int = 0) -> tuple[int, int, int]:
    """Return a value's tag, the length of its content and where the content begins.

    :raises ChipProtocolError: no tag of at most three bytes with a length of at most three bytes stands there.
    """
    try:
        tag, at = _tag(data, at)
        length, at = data[at], at + 1
        if length >= 0x80:
            size = length & 0x7F
            if not 1 <= size <= MAX_LENGTH_BYTES:
                raise ChipProtocolError("a length is absurd")
            length = 0
            for _byte in range(size):
                length, at = length << 8 | data[at], at + 1
    except IndexError:
        raise ChipProtocolError("a value is cut short") from None
    return tag, length, at


def _tag(data: bytes, at: int) -> tuple[int, int]:
    tag, at = data[at], at + 1
    if tag & 0x1F != 0x1F:
        return tag, at
    for _byte in range(MAX_TAG_BYTES - 1):
        tag, at = tag << 8 | data[at], at + 1
        if not tag & 0x80:
            return tag, at
    raise ChipProtocolError("a tag is too long")


def values(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the values that stand one after the other, as tag and content.

    :raises ChipProtocolError: something else stands there.
    """
    at = 0
    while at < len(data):
        tag, length, begin = read_header(data, at)
        at = begin + length
        if at > len(data):
            raise ChipProtocolError("a value is cut short")
        yield tag, data[begin:at]


def only(data: bytes, tag: int) -> bytes:
    """Return the content of the only value, which must have that tag.

    :raises ChipProtocolError: it is another, or more follows.
    """
    found = list(values(data))
    if len(found) != 1 or found[0][0] != tag:
        raise ChipProtocolError(f"a value {tag:X} was expected")
    return found[0][1]


def find(data: bytes, tag: int) -> bytes | None:
    """Return the content of the first value with that tag; None: there is none."""
    return next((content for each, content in values(data) if each == tag), None)
