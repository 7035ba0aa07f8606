"""Whole synthetic cards: their files, signed by a synthetic country, and the private keys of their chips."""

# asn1crypto has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from asn1crypto import core

from tramkit_hal.card import tlv
from tramkit_hal.card.access import zone_key
from tramkit_hal.card.curve import Curve, Point
from tramkit_hal.card.files import DataGroup
from tramkit_hal.card.groups import CardData
from tramkit_hal.partial_date import first_day
from tramkit_hal.sim.chip import Country, make_groups
from tramkit_hal.sim.virtual_card import BRAINPOOL, ChipKeys, Profile, VirtualCard

_BSI = "0.4.0.127.0.7.2.2"


@dataclass(frozen=True)
class IssuedCard:
    """A card as its country made it.

    :param groups: its files with the security object.
    :param keys: the private keys in its chip.
    """

    data: CardData
    groups: Mapping[DataGroup, bytes] = field(repr=False)
    keys: ChipKeys = field(repr=False)

    @property
    def can(self) -> str:
        """What opens it by PACE."""
        return self.data.number[-6:]

    @property
    def zone(self) -> str:
        """What opens it by Basic Access Control."""
        return zone_key(self.data.number, first_day(self.data.born), self.data.expires)

    def chip(self, profile: Profile | None = None, *, copied: bool = False) -> VirtualCard:
        """Return its chip.

        :param copied: a copy of all that can be read of it, without its private keys.
        """
        return VirtualCard(self.groups, self.can, self.zone, None if copied else self.keys, profile)


def issue(
    card: CardData,
    country: Country,
    *,
    chip_key: bool = True,
    active_key: bool = True,
    changes: Mapping[DataGroup, bytes] | None = None,
    expired_signer: bool = False,
) -> IssuedCard:
    """Make a card.

    :param chip_key: it offers chip authentication; ``active_key``: active authentication.
    :param changes: files that it has instead, signed as they are.
    """
    keys = ChipKeys()
    groups = make_groups(card)
    if chip_key or active_key:
        groups["dg14"] = dg14(keys if chip_key else None)
    if active_key:
        groups["dg15"] = tlv.encode(0x6F, key_info(BRAINPOOL, _public(keys.active)))
    groups |= dict(changes or {})
    return IssuedCard(card, {**groups, "sod": country.sign(groups, expired=expired_signer)}, keys)


def dg14(keys: ChipKeys | None, suite: int = 2) -> bytes:
    """Return DG14: protocols, and the key for chip authentication with its curve written out.

    :param keys: None: it offers no chip authentication.
    :param suite: last number of the protocol: 1 Triple-DES, 2 AES-128.
    """
    infos = [
        _info(f"{_BSI}.4.2.2", core.Integer(2).dump() + core.Integer(BRAINPOOL.number).dump()),
        _info("2.23.136.1.1.5", core.Integer(1).dump() + core.ObjectIdentifier("0.4.0.127.0.7.1.1.4.1.3").dump()),
    ]
    if keys is not None:
        infos.append(_info(f"{_BSI}.3.2.{suite}", core.Integer(1).dump()))
        infos.append(_info(f"{_BSI}.1.2", key_info(BRAINPOOL, _public(keys.chip), written_out=True)))
    return tlv.encode(0x6E, tlv.encode(0x31, b"".join(infos)))


def key_info(curve: Curve, point: Point, *, written_out: bool = False) -> bytes:
    """Return a SubjectPublicKeyInfo (RFC 5480).

    :param written_out: with all parameters of the curve in place of its name.
    """
    parameters = _parameters(curve) if written_out else core.ObjectIdentifier(curve.oid).dump()
    algorithm = tlv.encode(0x30, core.ObjectIdentifier("1.2.840.10045.2.1").dump() + parameters)
    return tlv.encode(0x30, algorithm + tlv.encode(0x03, b"\0" + curve.encode(point)))


def _parameters(curve: Curve) -> bytes:
    field_id = core.ObjectIdentifier("1.2.840.10045.1.1").dump() + core.Integer(curve.p).dump()
    coefficients = b"".join(tlv.encode(0x04, each.to_bytes(curve.size, "big")) for each in (curve.a, curve.b))
    return tlv.encode(
        0x30,
        core.Integer(1).dump()
        + tlv.encode(0x30, field_id)
        + tlv.encode(0x30, coefficients)
        + tlv.encode(0x04, curve.encode(curve.generator))
        + core.Integer(curve.order).dump()
        + core.Integer(1).dump(),
    )


def _public(secret: int) -> Point:
    return BRAINPOOL.multiply(secret, BRAINPOOL.generator)


def _info(oid: str, rest: bytes) -> bytes:
    return tlv.encode(0x30, core.ObjectIdentifier(oid).dump() + rest)
