"""Active authentication: the chip signs a challenge with the private key to DG15 (ICAO 9303 part 11, section 6.1)."""

# A signature with SHA-1 is taken here: the standard demands it of RSA chips with the trailer BC, and what is signed is
# a challenge that the reader has just made, so that a collision found beforehand is worth nothing.

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from tramkit_hal.card import tlv
from tramkit_hal.card.apdu import Command
from tramkit_hal.card.curve import Curve, Point
from tramkit_hal.card.errors import ChipError, ChipProtocolError
from tramkit_hal.card.files import ActiveAuthenticationProof
from tramkit_hal.card.secure_messaging import Channel
from tramkit_hal.card.security_infos import active_hash, ec_key

Random = Callable[[int], bytes]

CHALLENGE_SIZE = 8
MIN_RSA_BITS, MAX_RSA_BITS = 1024, 4096

_HASHES: dict[str, Callable[[], hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1,
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
_TRAILERS = {0x33: "sha1", 0x34: "sha256", 0x35: "sha512", 0x36: "sha384", 0x38: "sha224"}
"""First byte of a trailer of two (ISO/IEC 9796-2, ISO/IEC 10118-3)."""

Key = rsa.RSAPublicKey | tuple[Curve, Point]


def challenge_chip(channel: Channel, dg15: bytes, random: Random = secrets.token_bytes) -> ActiveAuthenticationProof:
    """Have the chip sign a challenge.

    :raises ChipError: the card has gone, or the chip refuses.
    """
    challenge = random(CHALLENGE_SIZE)
    key = public_key(dg15)
    wide = isinstance(key, rsa.RSAPublicKey) and key.key_size > 1_700  # does not fit a short protected answer
    command = Command(0x88, data=challenge, expected=65_536 if wide else 256)
    return ActiveAuthenticationProof(challenge, channel.must(command, "active authentication"))


def holds(dg15: bytes, dg14: bytes, proof: ActiveAuthenticationProof) -> bool:
    """Tell whether the signature was made with the private half of the key in DG15.

    :param dg14: says which hash ECDSA is used with; empty: the chip has none.
    """
    if len(proof.challenge) != CHALLENGE_SIZE:
        return False
    try:
        key = public_key(dg15)
        if isinstance(key, rsa.RSAPublicKey):
            return _recovers(key, proof.challenge, proof.signature)
        named = active_hash(dg14) if dg14 else ""
    except ChipError:
        return False
    return _verifies(*key, named or "sha256", proof)


def public_key(dg15: bytes) -> Key:
    """Return the key of DG15: ``6F L SubjectPublicKeyInfo``.

    :raises ChipProtocolError: it is none, or of a kind that is not accepted.
    """
    info = tlv.only(dg15, 0x6F)
    try:
        return ec_key(info)
    except ChipProtocolError:
        pass
    try:
        key = load_der_public_key(info)
    except (ValueError, UnsupportedAlgorithm):
        raise ChipProtocolError("DG15 has no key that is known here") from None
    if not isinstance(key, rsa.RSAPublicKey) or not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        raise ChipProtocolError("DG15 has no key that is accepted")
    return key


def _verifies(curve: Curve, point: Point, named: str, proof: ActiveAuthenticationProof) -> bool:
    """Check ``r ‖ s`` (BSI TR-03111, section 5.2.1)."""
    size = (curve.order.bit_length() + 7) // 8
    if len(proof.signature) != 2 * size or named not in _HASHES:
        return False
    r, s = (int.from_bytes(each, "big") for each in (proof.signature[:size], proof.signature[size:]))
    try:
        key = ec.EllipticCurvePublicNumbers(*point, curve.openssl).public_key()
        key.verify(encode_dss_signature(r, s), proof.challenge, ec.ECDSA(_HASHES[named]()))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _recovers(key: rsa.RSAPublicKey, challenge: bytes, signature: bytes) -> bool:
    """Check a signature with message recovery (ISO/IEC 9796-2, scheme 1): ``6A ‖ M1 ‖ hash(M1 ‖ challenge) ‖ trailer``.

    Every byte of the block is accounted for, so that no part of it is the forger's to choose.
    """
    numbers = key.public_numbers()
    size = (key.key_size + 7) // 8
    value = int.from_bytes(signature, "big")
    if len(signature) != size or value >= numbers.n:
        return False
    block = pow(value, numbers.e, numbers.n).to_bytes(size, "big")
    if block[-1] == 0xBC:
        named, end = "sha1", size - 1
    elif block[-1] == 0xCC and block[-2] in _TRAILERS:
        named, end = _TRAILERS[block[-2]], size - 2
    else:
        return False
    begin = end - hashlib.new(named).digest_size
    if block[0] != 0x6A or begin < 1:
        return False
    return hashlib.new(named, block[1:begin] + challenge).digest() == block[begin:end]
