"""PACE: opening a chip with six digits, safe against who listens (ICAO 9303 part 11, section 4.4)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable

from tramkit_hal.card import tlv
from tramkit_hal.card.apdu import OK, Command
from tramkit_hal.card.cipher import PASSWORD, Suite
from tramkit_hal.card.curve import Curve, Point
from tramkit_hal.card.errors import AccessRefusedError, ChipProtocolError
from tramkit_hal.card.secure_messaging import Channel, SecureMessaging
from tramkit_hal.card.security_infos import PaceInfo

Secret = Callable[[Curve], int]
Random = Callable[[int], bytes]

BY_ZONE, BY_CAN = 1, 2
NONCE_SIZE = 16

_CONSTANTS = {
    16: ("a668892a7c41e3ca739f40b057d85904", "a4e136ac725f738b01c1f60217c188ad"),
    32: (
        "d463d65234124ef7897054986dca0a174e28df758cbaa03f240616414d5a1676",
        "54bd7255f0aaf831bec3423fcf39d69b6cbf066677d0faae5aadd99df8e53517",
    ),
}
"""``c0`` and ``c1`` of the pseudo-random function of integrated mapping, by bytes of the cipher's key (appendix B)."""


def open_by_pace(
    channel: Channel,
    info: PaceInfo,
    password: str,
    kind: int = BY_CAN,
    *,
    named: bool = False,
    secret: Secret = Curve.secret,
    random: Random = secrets.token_bytes,
) -> None:
    """Open the chip; nothing has been selected before.

    :param password: card access number, or the key of the zone.
    :param kind: which of the two, :data:`BY_CAN` or :data:`BY_ZONE`.
    :param named: the chip offers several domain parameters for this protocol, so they must be named.
    :raises AccessRefusedError: the chip belongs to another card.
    :raises ChipStatusError: the chip does not do PACE this way.
    :raises ChipError: the card has gone, or answers what it may not.
    """
    parameter = tlv.encode(0x84, bytes([info.parameter])) if named else b""
    data = tlv.encode(0x80, info.oid) + tlv.encode(0x83, bytes([kind])) + parameter
    channel.must(Command(0x22, 0xC1, 0xA4, data), "PACE: set parameters")
    nonce = _nonce(channel, info.suite, password, kind)
    base = _map(channel, info, nonce, secret, random)
    own = secret(info.curve)
    ours = info.curve.multiply(own, base)
    theirs = info.curve.decode(_step(channel, 0x83, 0x84, info.curve.encode(ours)))
    if theirs == ours:
        raise ChipProtocolError("PACE: the chip sent back our own key")  # section 4.4.1, step 3 d
    shared = info.curve.agree(own, theirs)
    _confirm(channel, info, shared, ours, theirs)
    channel.session = SecureMessaging.from_secret(info.suite, shared)


def password_key(suite: Suite, password: str, kind: int) -> bytes:
    """Return the key of a password (section 9.7.3): of a CAN its characters, of a zone its hash."""
    text = password.encode("ascii")
    return suite.derive(hashlib.sha1(text).digest() if kind == BY_ZONE else text, PASSWORD)


def token(info: PaceInfo, mac_key: bytes, point: Point) -> bytes:
    """Return the authentication token over a public key of the other side (section 9.4.3)."""
    body = tlv.encode(0x06, info.oid) + tlv.encode(0x86, info.curve.encode(point))
    return info.suite.mac(mac_key, tlv.encode(0x7F49, body))


def pseudo_random(suite: Suite, curve: Curve, theirs: bytes, ours: bytes) -> int:
    """Return the number of the field that two nonces stand for (appendix B.1).

    :param theirs: the chip's nonce, in clear.
    :param ours: the reader's.
    """
    size = suite.key_size
    wide = 16 if size == 16 else 32
    first, second = (bytes.fromhex(each) for each in _CONSTANTS[wide])
    key = suite.encrypt(ours, theirs)[:size]
    stream = b""
    while 8 * len(stream) < curve.p.bit_length() + 64:
        stream += suite.encrypt(key, second)
        key = suite.encrypt(key, first)[:size]
    return int.from_bytes(stream, "big") % curve.p


def _nonce(channel: Channel, suite: Suite, password: str, kind: int) -> bytes:
    hidden = _step(channel, None, 0x80, b"")
    if not hidden or len(hidden) % suite.block or len(hidden) > 2 * NONCE_SIZE:
        raise ChipProtocolError("PACE: a nonce has another length")
    return suite.decrypt(password_key(suite, password, kind), hidden)


def _map(channel: Channel, info: PaceInfo, nonce: bytes, secret: Secret, random: Random) -> Point:
    curve = info.curve
    if info.integrated:
        own_nonce = random(info.suite.key_size)
        _step(channel, 0x81, None, own_nonce)
        return curve.map_integrated(pseudo_random(info.suite, curve, nonce, own_nonce))
    own = secret(curve)
    ours = curve.multiply(own, curve.generator)
    theirs = curve.decode(_step(channel, 0x81, 0x82, curve.encode(ours)))
    if theirs == ours:
        raise ChipProtocolError("PACE: the chip sent back our own key")
    return curve.map_generic(nonce, curve.multiply(own, theirs))


def _confirm(channel: Channel, info: PaceInfo, shared: bytes, ours: Point, theirs: Point) -> None:
    mac_key = info.suite.derive(shared, 2)
    data = tlv.encode(0x7C, tlv.encode(0x85, token(info, mac_key, theirs)))
    answer = channel.send(Command(0x86, data=data, expected=256))
    if answer.status >> 8 == 0x63 or answer.status in (0x6982, 0x6983, 0x6984, 0x6985, 0x6988):
        raise AccessRefusedError("PACE: the key was refused")
    found = tlv.find(tlv.only(answer.must("PACE: confirm"), 0x7C), 0x86)
    if not hmac.compare_digest(found or b"", token(info, mac_key, ours)):
        raise AccessRefusedError("PACE: the chip does not know the key")


def _step(channel: Channel, sent: int | None, expected: int | None, content: bytes) -> bytes:
    """Send one step of the chain of GENERAL AUTHENTICATE and return what the chip answers to it."""
    data = tlv.encode(0x7C, tlv.encode(sent, content) if sent is not None else b"")
    answer = channel.send(Command(0x86, data=data, expected=256, klass=0x10))
    if answer.status == OK and expected is None:
        return b""
    found = tlv.find(tlv.only(answer.must("PACE"), 0x7C), expected or 0)
    if found is None:
        raise ChipProtocolError("PACE: an answer lacks what was asked")
    return found
