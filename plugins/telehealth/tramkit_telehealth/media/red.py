"""Redundant sound (RFC 2198): a packet that also holds the ones before it."""

from __future__ import annotations

import struct
from dataclasses import dataclass

MAX_OFFSET = (1 << 14) - 1
MAX_BLOCK = (1 << 10) - 1


@dataclass(frozen=True, slots=True)
class Block:
    """One packet within another.

    :param offset: how much earlier than the packet it is, in units of the time stamp; 0: the packet itself.
    """

    payload_type: int
    offset: int
    payload: bytes


def unpack(payload: bytes) -> list[Block]:
    """Return the blocks, the oldest first, the packet itself last; none where the payload is malformed."""
    headers: list[tuple[int, int, int]] = []
    at = 0
    while at < len(payload) and payload[at] & 0x80:
        if at + 4 > len(payload):
            return []
        (word,) = struct.unpack_from("!L", payload, at)
        headers.append((word >> 24 & 0x7F, word >> 10 & 0x3FFF, word & 0x3FF))
        at += 4
    if at >= len(payload):
        return []
    last_type = payload[at] & 0x7F
    at += 1
    blocks: list[Block] = []
    for payload_type, offset, size in headers:
        if at + size > len(payload):
            return []
        blocks.append(Block(payload_type, offset, payload[at : at + size]))
        at += size
    return [*blocks, Block(last_type, 0, payload[at:])]


def pack(blocks: list[Block]) -> bytes:
    """Return the payload of blocks, the oldest first, the packet itself last; what does not fit is left out."""
    older = [block for block in blocks[:-1] if 0 < block.offset <= MAX_OFFSET and 0 < len(block.payload) <= MAX_BLOCK]
    header = b"".join(
        struct.pack("!L", 1 << 31 | block.payload_type << 24 | block.offset << 10 | len(block.payload))
        for block in older
    )
    last = blocks[-1]
    return header + bytes([last.payload_type]) + b"".join(block.payload for block in older) + last.payload
