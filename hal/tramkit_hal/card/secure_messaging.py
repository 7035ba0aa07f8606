"""Secure messaging: commands and answers that are encrypted and bear a checksum (ICAO 9303 part 11, section 9.8)."""

from __future__ import annotations

import hmac

from tramkit_hal.card import tlv
from tramkit_hal.card.apdu import OK, Answer, Command, Transport, exchange
from tramkit_hal.card.cipher import MAC_SIZE, Suite, pad, unpad
from tramkit_hal.card.errors import ChipProtocolError, ChipStatusError

_ODD, _EVEN, _STATUS, _EXPECTED, _MAC = 0x85, 0x87, 0x99, 0x97, 0x8E


class SecureMessaging:
    """One session between reader and chip: two keys and a counter that both sides count.

    :param counter: where it begins: zero after PACE and chip authentication, random after BAC.
    """

    def __init__(self, suite: Suite, encrypt_key: bytes, mac_key: bytes, counter: int = 0) -> None:
        self.suite = suite
        self._encrypt_key = encrypt_key
        self._mac_key = mac_key
        self.counter = counter

    @classmethod
    def from_secret(cls, suite: Suite, secret: bytes, counter: int = 0) -> SecureMessaging:
        """Return the session of a shared secret (section 9.7.1)."""
        return cls(suite, suite.derive(secret, 1), suite.derive(secret, 2), counter)

    def max_read(self, extended: int = 0) -> int:
        """Return most bytes of a file that fit into one answer.

        :param extended: most bytes of a whole answer that chip and reader take; 0: a short answer, 256.
        """
        block = self.suite.block
        room = (extended or 256) - 4 - (2 + MAC_SIZE) - 5  # status and its tag, checksum, tag and indicator
        return max(1, room // block * block - 1)

    def wrap(self, command: Command) -> Command:
        """Return a protected command (section 9.8.3)."""
        block = self.suite.block
        head = bytes([command.klass | 0x0C, command.instruction, command.p1, command.p2])
        count = self._next()
        body = b""
        if command.data:
            start = self.suite.start(self._encrypt_key, count)
            hidden = self.suite.encrypt(self._encrypt_key, pad(command.data, block), start)
            odd = command.instruction % 2
            body += tlv.encode(_ODD, hidden) if odd else tlv.encode(_EVEN, b"\x01" + hidden)
        if command.expected:
            size = 1 if command.expected <= 256 else 2
            body += tlv.encode(_EXPECTED, (command.expected % (1 << 8 * size)).to_bytes(size, "big"))
        checked = count + pad(head, block) + body
        body += tlv.encode(_MAC, self._mac(checked if body else count + head))
        extended = len(body) > 255 or command.expected > 256
        return Command(
            command.instruction, command.p1, command.p2, body, 65_536 if extended else 256, command.klass | 0x0C
        )

    def unwrap(self, answer: Answer) -> Answer:
        """Return what a protected answer says (section 9.8.4).

        :raises ChipStatusError: the chip has ended the session: it answered in clear.
        :raises ChipProtocolError: the answer is not well formed, or its checksum is wrong.
        """
        if not answer.data:
            raise ChipStatusError("secure messaging", answer.status)
        count = self._next()
        found: dict[int, bytes] = {}
        checked = b""
        for tag, content in tlv.values(answer.data):
            if tag in found or _MAC in found:
                raise ChipProtocolError("a protected answer has a field twice or behind its checksum")
            found[tag] = content
            if tag != _MAC:
                checked += tlv.encode(tag, content)
        if not hmac.compare_digest(found.get(_MAC, b""), self._mac(count + checked)):
            raise ChipProtocolError("the checksum of a protected answer is wrong")
        status = found.get(_STATUS, b"")
        if len(status) != 2:
            raise ChipProtocolError("a protected answer has no status word")
        return Answer(self._clear(count, found), int.from_bytes(status, "big"))

    def _clear(self, count: bytes, found: dict[int, bytes]) -> bytes:
        hidden = found.get(_ODD, b"")
        if _EVEN in found:
            if found[_EVEN][:1] != b"\x01":
                raise ChipProtocolError("a protected answer has another padding")
            hidden = found[_EVEN][1:]
        if not hidden:
            return b""
        start = self.suite.start(self._encrypt_key, count)
        try:
            return unpad(self.suite.decrypt(self._encrypt_key, hidden, start))
        except ValueError:
            raise ChipProtocolError("a protected answer cannot be decrypted") from None

    def _next(self) -> bytes:
        self.counter = (self.counter + 1) % (1 << 8 * self.suite.block)
        return self.counter.to_bytes(self.suite.block, "big")

    def _mac(self, data: bytes) -> bytes:
        # The standard pads what a checksum is over before CMAC too, which CMAC alone would not need.
        return self.suite.mac(self._mac_key, data if self.suite.block == 8 else pad(data, self.suite.block))


class Channel:
    """Commands to a chip: in clear until a session has begun, protected from then on."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.session: SecureMessaging | None = None
        self.last = b""
        """The last protected answer as it came, the evidence of chip authentication."""

    def send(self, command: Command) -> Answer:
        """Send a command and return the answer.

        :raises ChipError: the card has gone, or answers what it may not.
        """
        if self.session is None:
            return exchange(self.transport, command)
        answer = exchange(self.transport, self.session.wrap(command))
        found = self.session.unwrap(answer)
        if answer.status not in (OK, found.status):
            raise ChipProtocolError("two status words differ")
        self.last = answer.data
        return found

    def must(self, command: Command, step: str) -> bytes:
        """Send a command that must succeed and return the answer's data.

        :raises ChipError: as :meth:`send`; :class:`ChipStatusError` where the chip refuses.
        """
        return self.send(command).must(step)
