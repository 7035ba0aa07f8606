"""Basic Access Control: opening a chip with what its printed zone says (ICAO 9303 part 11, section 4.3)."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable

from tramkit_hal.card.access import zone_seed
from tramkit_hal.card.apdu import Command
from tramkit_hal.card.cipher import MAC_SIZE, TDES
from tramkit_hal.card.errors import AccessRefusedError, ChipProtocolError
from tramkit_hal.card.secure_messaging import Channel, SecureMessaging

Random = Callable[[int], bytes]


def open_by_bac(channel: Channel, zone: str, random: Random = secrets.token_bytes) -> None:
    """Open the chip; the application must have been selected.

    :param zone: the key of the zone, 24 characters.
    :raises AccessRefusedError: the chip belongs to another card.
    :raises ChipError: the card has gone, or answers what it may not.
    """
    seed = zone_seed(zone)
    encrypt_key, mac_key = TDES.derive(seed, 1), TDES.derive(seed, 2)
    theirs = channel.must(Command(0x84, expected=8), "get challenge")
    if len(theirs) != 8:
        raise ChipProtocolError("a challenge has eight bytes")
    ours, our_part = random(8), random(16)
    hidden = TDES.encrypt(encrypt_key, ours + theirs + our_part)
    answer = channel.send(Command(0x82, data=hidden + TDES.mac(mac_key, hidden), expected=40))
    if answer.status >> 8 in (0x63, 0x69) or answer.status == 0x6300:
        raise AccessRefusedError("BAC: the key was refused")
    data = answer.must("external authenticate")
    if len(data) != 32 + MAC_SIZE:
        raise ChipProtocolError("BAC: an answer has another length")
    if not hmac.compare_digest(data[32:], TDES.mac(mac_key, data[:32])):
        raise AccessRefusedError("BAC: the chip does not know the key")
    clear = TDES.decrypt(encrypt_key, data[:32])
    if clear[:16] != theirs + ours:
        raise AccessRefusedError("BAC: the chip answered another challenge")
    secret = bytes(one ^ other for one, other in zip(our_part, clear[16:], strict=True))
    channel.session = SecureMessaging.from_secret(TDES, secret, int.from_bytes(theirs[4:] + ours[4:], "big"))
