"""The chip's end of secure messaging (ICAO 9303 part 11, section 9.8), written apart from the reader's."""

from __future__ import annotations

from tramkit_hal.card import tlv
from tramkit_hal.card.cipher import Suite, pad, unpad


class CardSession:
    """One protected session as a chip keeps it.

    :param counter: where it begins.
    """

    def __init__(self, suite: Suite, secret: bytes, counter: int = 0) -> None:
        self._suite = suite
        self._encrypt_key = suite.derive(secret, 1)
        self._mac_key = suite.derive(secret, 2)
        self._counter = counter

    def open(self, command: bytes) -> bytes | None:
        """Return the command in clear, in extended form; None: its checksum is wrong."""
        count = self._count()
        head, body = command[:4], _body(command)
        objects = list(tlv.values(body))
        if not objects or objects[-1][0] != 0x8E:
            return None
        before = b"".join(tlv.encode(tag, content) for tag, content in objects[:-1])
        checked = count + pad(head, self._suite.block) + before if before else count + head
        if self._mac(checked) != objects[-1][1]:
            return None
        data, expected = b"", 0
        for tag, content in objects[:-1]:
            if tag in (0x85, 0x87):
                hidden = content[1:] if tag == 0x87 else content
                start = self._suite.start(self._encrypt_key, count)
                data = unpad(self._suite.decrypt(self._encrypt_key, hidden, start))
            elif tag == 0x97:
                expected = int.from_bytes(content, "big") or 1 << 8 * len(content)
        clear = bytes([head[0] & ~0x0C]) + head[1:] + b"\0"
        clear += len(data).to_bytes(2, "big") + data if data else b""
        return clear + (expected % 65_536).to_bytes(2, "big") if expected else clear

    def close(self, command: bytes, data: bytes, status: int) -> bytes:
        """Return the protected answer to a command."""
        count = self._count()
        body = b""
        if data:
            start = self._suite.start(self._encrypt_key, count)
            hidden = self._suite.encrypt(self._encrypt_key, pad(data, self._suite.block), start)
            body = tlv.encode(0x85, hidden) if command[1] % 2 else tlv.encode(0x87, b"\x01" + hidden)
        word = status.to_bytes(2, "big")
        body += tlv.encode(0x99, word)
        return body + tlv.encode(0x8E, self._mac(count + body)) + word

    def _count(self) -> bytes:
        self._counter += 1
        return self._counter.to_bytes(self._suite.block, "big")

    def _mac(self, data: bytes) -> bytes:
        return self._suite.mac(self._mac_key, data if self._suite.block == 8 else pad(data, self._suite.block))


def _body(command: bytes) -> bytes:
    """Return the data field of a command."""
    if len(command) > 7 and command[4] == 0:
        return command[7 : 7 + int.from_bytes(command[5:7], "big")]
    return command[5 : 5 + command[4]] if len(command) > 5 else b""


def expected_of(command: bytes) -> int:
    """Return how many bytes a command in clear asks for; 0: none."""
    rest = command[4:]
    if not rest:
        return 0
    if len(rest) == 1:
        return rest[0] or 256
    if rest[0] == 0 and len(rest) >= 3:
        if len(rest) == 3:
            return int.from_bytes(rest[1:], "big") or 65_536
        end = 3 + int.from_bytes(rest[1:3], "big")
        return (int.from_bytes(rest[end : end + 2], "big") or 65_536) if len(rest) > end else 0
    return (rest[-1] or 256) if len(rest) > 1 + rest[0] else 0


def data_of(command: bytes) -> bytes:
    """Return the data of a command in clear, short or extended."""
    rest = command[4:]
    if len(rest) <= 1 or (rest[0] == 0 and len(rest) <= 3):
        return b""
    return _body(command)
