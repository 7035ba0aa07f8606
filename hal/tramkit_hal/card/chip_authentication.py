"""Chip authentication: the chip shows that it has the private key to DG14 (ICAO 9303 part 11, section 6.2).

Both sides agree on new session keys by an ephemeral key of the reader and the static one of the chip. A copy of the
chip's files does not have the private key, so its next answer has a wrong checksum.
"""

from __future__ import annotations

from collections.abc import Callable

from tramkit_hal.card import tlv
from tramkit_hal.card.apdu import Answer, Command
from tramkit_hal.card.cipher import TDES
from tramkit_hal.card.curve import Curve
from tramkit_hal.card.errors import ChipError, ChipStatusError
from tramkit_hal.card.files import ChipAuthenticationProof
from tramkit_hal.card.secure_messaging import Channel, SecureMessaging
from tramkit_hal.card.security_infos import ChipKey, chip_keys

Secret = Callable[[Curve], int]
OK = 0x9000


def authenticate_chip(
    channel: Channel, key: ChipKey, first: Command, secret: Secret = Curve.secret
) -> ChipAuthenticationProof:
    """Begin a new session with the key of DG14 and return what shows that the chip has its private half.

    :param first: what is asked first in the new session; the answer is the evidence.
    :raises ChipStatusError: the chip does not do it this way; the old session goes on.
    :raises ChipProtocolError: the chip does not have the key.
    """
    own = secret(key.curve)
    ours = key.curve.encode(key.curve.multiply(own, key.curve.generator))
    which = tlv.encode(0x84, _id_bytes(key.key_id)) if key.key_id is not None else b""
    try:
        data = tlv.encode(0x80, key.oid) + which
        channel.must(Command(0x22, 0x41, 0xA4, data), "chip authentication: set parameters")
        body = tlv.encode(0x7C, tlv.encode(0x80, ours))
        channel.must(Command(0x86, data=body, expected=256), "chip authentication")
    except ChipStatusError:
        if key.suite is not TDES or channel.session is None:
            raise
        data = tlv.encode(0x91, ours) + which  # the older command, for Triple-DES only
        channel.must(Command(0x22, 0x41, 0xA6, data), "chip authentication: set key")
    channel.session = SecureMessaging.from_secret(key.suite, key.curve.agree(own, key.point))
    channel.must(first, "chip authentication: first answer")
    size = (key.curve.order.bit_length() + 7) // 8
    return ChipAuthenticationProof(key.oid, own.to_bytes(size, "big"), channel.last, key.key_id)


def holds(dg14: bytes, proof: ChipAuthenticationProof) -> bool:
    """Tell whether the evidence was made with the private half of a key in DG14, by the chip or by the reader."""
    try:
        for key in chip_keys(dg14):
            if key.oid != proof.oid or key.key_id != proof.key_id:
                continue
            own = int.from_bytes(proof.secret, "big")
            if not 0 < own < key.curve.order:
                return False
            session = SecureMessaging.from_secret(key.suite, key.curve.agree(own, key.point), counter=1)
            return session.unwrap(Answer(proof.answer, OK)).status == OK
    except ChipError:
        return False
    return False


def _id_bytes(number: int) -> bytes:
    return number.to_bytes(max(1, (number.bit_length() + 7) // 8), "big")
