"""What a chip says of its protocols and keys (ICAO 9303 part 11, section 9.2): EF.CardAccess, DG14, DG15.

Nothing here is signed until the security object has been checked: from EF.CardAccess it only says how to open the chip.
"""

from __future__ import annotations

from dataclasses import dataclass

from tramkit_hal.card import tlv
from tramkit_hal.card.cipher import SUITES, Suite
from tramkit_hal.card.curve import CURVES, Curve, Point, by_number, by_oid
from tramkit_hal.card.errors import ChipProtocolError

_BSI = bytes.fromhex("04007f00070202")
"""0.4.0.127.0.7.2.2, bsi-de protocols smartcard, as encoded."""
_KEY, _CHIP, _PACE = 1, 3, 4
_ECDH, _GENERIC, _INTEGRATED = 2, 2, 4
_ACTIVE = bytes.fromhex("678108010105")
"""2.23.136.1.1.5, id-icao-mrtd-security-aaProtocolObject, as encoded."""
_EC_KEY = bytes.fromhex("2a8648ce3d0201")
_PRIME_FIELD = bytes.fromhex("2a8648ce3d0101")

KNOWN_CARD_ACCESS = bytes.fromhex(
    "3134300d060804007f0007020202020101300f060a04007f000702020302020201013012060a04007f0007020204020202010202010d"
)
"""EF.CardAccess of Vietnamese cards, for those on which it cannot be read: PACE by ECDH with generic mapping and
AES-128 on brainpoolP256r1."""


@dataclass(frozen=True)
class PaceInfo:
    """One way to open the chip by PACE.

    :param oid: the protocol's object identifier, encoded.
    :param parameter: number of its domain parameters.
    :param integrated: integrated mapping; else generic.
    """

    oid: bytes
    suite: Suite
    curve: Curve
    parameter: int
    integrated: bool


@dataclass(frozen=True)
class ChipKey:
    """A key for chip authentication, with the protocol that uses it.

    :param key_id: which of several; None: there is one.
    """

    oid: bytes
    suite: Suite
    curve: Curve
    point: Point
    key_id: int | None


def pace_infos(card_access: bytes) -> list[PaceInfo]:
    """Return the ways of PACE that are known here, as the chip lists them; others are left out.

    :raises ChipProtocolError: that is no list of security infos.
    """
    found: list[PaceInfo] = []
    for oid, rest in _infos(card_access):
        kind = _kind(oid, _PACE)
        if kind is None or kind[0] not in (_GENERIC, _INTEGRATED) or len(rest) < 2:
            continue
        parameter = _number(rest[1])
        curve = by_number(parameter)
        if curve is not None:
            found.append(PaceInfo(oid, kind[1], curve, parameter, kind[0] == _INTEGRATED))
    return found


def chip_keys(dg14: bytes) -> list[ChipKey]:
    """Return the keys for chip authentication of DG14 that can be used here.

    :raises ChipProtocolError: that is no DG14.
    """
    infos = list(_infos(tlv.only(dg14, 0x6E)))
    protocols = [
        (oid, kind[1], _key_id(rest[1:]))
        for oid, rest in infos
        if (kind := _kind(oid, _CHIP)) is not None and kind[0] == _ECDH
    ]
    found: list[ChipKey] = []
    for oid, rest in infos:
        if oid != _BSI + bytes([_KEY, _ECDH]) or not rest:
            continue
        try:
            curve, point = ec_key(_whole(rest[0]))
        except ChipProtocolError:
            continue  # another curve than those that are believed
        key_id = _key_id(rest[1:])
        named = [each for each in protocols if each[2] == key_id]
        # Section 6.2.3: a chip may list a key alone; the protocol is then the first one there was.
        for oid_, suite, _id in named or [(_BSI + bytes([_CHIP, _ECDH, 1]), SUITES[1], key_id)]:
            found.append(ChipKey(oid_, suite, curve, point, key_id))
    return sorted(found, key=lambda key: -key.suite.block * key.suite.key_size)


def offers_chip_authentication(dg14: bytes) -> bool:
    """Tell whether DG14 holds a key for chip authentication of any kind, also one that cannot be used here.

    :raises ChipProtocolError: that is no DG14.
    """
    return any(oid[: len(_BSI) + 1] == _BSI + bytes([_KEY]) for oid, _rest in _infos(tlv.only(dg14, 0x6E)))


def active_hash(dg14: bytes) -> str:
    """Return the hash that active authentication by ECDSA uses; empty: DG14 does not say.

    :raises ChipProtocolError: that is no DG14.
    """
    plain_ecdsa = bytes.fromhex("04007f000701010401")
    names = {1: "sha1", 2: "sha224", 3: "sha256", 4: "sha384", 5: "sha512"}
    for oid, rest in _infos(tlv.only(dg14, 0x6E)):
        if oid == _ACTIVE and len(rest) >= 2 and rest[1][0] == 0x06 and rest[1][1][:-1] == plain_ecdsa:
            return names.get(rest[1][1][-1], "")
    return ""


def ec_key(info: bytes) -> tuple[Curve, Point]:
    """Return curve and point of a SubjectPublicKeyInfo (RFC 5480), its curve named or written out.

    :raises ChipProtocolError: it is none, or of a curve that is not known here.
    """
    algorithm, key = _pair(tlv.only(info, 0x30), 0x30, 0x03)
    parts = list(tlv.values(algorithm))
    if len(parts) != 2 or parts[0] != (0x06, _EC_KEY) or key[:1] != b"\0":
        raise ChipProtocolError("that is no key of an elliptic curve")
    curve = _curve(*parts[1])
    return curve, curve.decode(key[1:])


def _curve(tag: int, content: bytes) -> Curve:
    found = by_oid(_dotted(content)) if tag == 0x06 else _written_out(content) if tag == 0x30 else None
    if found is None:
        raise ChipProtocolError("the curve is not known here")
    return found


def _written_out(parameters: bytes) -> Curve | None:
    """Return the curve whose every parameter is the one of ECParameters (X9.62); another would be a trap."""
    parts = list(tlv.values(parameters))
    if [tag for tag, _content in parts[:5]] != [0x02, 0x30, 0x30, 0x04, 0x02]:
        return None
    field = list(tlv.values(parts[1][1]))
    coefficients = list(tlv.values(parts[2][1]))
    if len(field) != 2 or field[0] != (0x06, _PRIME_FIELD) or len(coefficients) < 2:
        return None
    p, a, b = (int.from_bytes(each, "big") for each in (field[1][1], coefficients[0][1], coefficients[1][1]))
    order = int.from_bytes(parts[4][1], "big")
    return next(
        (
            curve
            for curve in CURVES
            if (curve.p, curve.a, curve.b, curve.order) == (p, a, b, order)
            and curve.encode(curve.generator) == parts[3][1]
        ),
        None,
    )


# ── the list ──────────────────────────────────────────────────────────────────────────────────────────────────

_Value = tuple[int, bytes]


def _infos(data: bytes) -> list[tuple[bytes, list[_Value]]]:
    """Return each info's object identifier, encoded, and what follows it."""
    found: list[tuple[bytes, list[_Value]]] = []
    for tag, content in tlv.values(tlv.only(data, 0x31)):
        parts = list(tlv.values(content))
        if tag != 0x30 or not parts or parts[0][0] != 0x06:
            raise ChipProtocolError("a security info has another form")
        found.append((parts[0][1], parts[1:]))
    return found


def _kind(oid: bytes, protocol: int) -> tuple[int, Suite] | None:
    """Return mapping or agreement and suite of ``0.4.0.127.0.7.2.2.protocol.kind.suite``."""
    if len(oid) != len(_BSI) + 3 or oid[:-2] != _BSI + bytes([protocol]) or oid[-1] not in SUITES:
        return None
    return oid[-2], SUITES[oid[-1]]


def _number(value: _Value) -> int:
    if value[0] != 0x02 or not 1 <= len(value[1]) <= 8:
        raise ChipProtocolError("a number was expected")
    return int.from_bytes(value[1], "big")


def _key_id(values: list[_Value]) -> int | None:
    return _number(values[0]) if values and values[0][0] == 0x02 else None


def _whole(value: _Value) -> bytes:
    return tlv.encode(*value)


def _pair(data: bytes, first: int, second: int) -> tuple[bytes, bytes]:
    parts = list(tlv.values(data))
    if [tag for tag, _content in parts] != [first, second]:
        raise ChipProtocolError("a key has another form")
    return parts[0][1], parts[1][1]


def _dotted(oid: bytes) -> str:
    """Return an encoded object identifier as text (ITU-T X.690, section 8.19)."""
    numbers: list[int] = []
    value = 0
    for byte in oid:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(value)
            value = 0
    if not numbers:
        return ""
    first = min(numbers[0] // 40, 2)
    return ".".join(str(each) for each in (first, numbers[0] - 40 * first, *numbers[1:]))
