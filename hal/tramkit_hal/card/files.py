"""The files of an identity card's chip, as they were read, and what it did to show that it is no copy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

DataGroup = Literal["dg1", "dg2", "dg13", "dg14", "dg15", "sod"]
"""A file of the chip (ICAO 9303 part 10): printed zone, face, Vietnam's own, keys of the chip, security object."""

GROUPS: tuple[DataGroup, ...] = ("dg1", "dg2", "dg13", "dg14", "dg15")
"""The data groups that are read, without the security object."""


@dataclass(frozen=True)
class ChipAuthenticationProof:
    """An exchange in which the chip used the private key to DG14 (ICAO 9303 part 11, section 6.2).

    It convinces whoever trusts the reader that made the secret, and nobody else.

    :param oid: the protocol, encoded.
    :param secret: the reader's ephemeral secret, big endian.
    :param answer: the chip's first answer under the new keys, protected, without its status word.
    :param key_id: which of the keys in DG14; None: there is one.
    """

    oid: bytes
    secret: bytes = field(repr=False)
    answer: bytes = field(repr=False)
    key_id: int | None = None


@dataclass(frozen=True)
class ActiveAuthenticationProof:
    """A challenge that the chip signed with the private key to DG15 (ICAO 9303 part 11, section 6.1).

    :param challenge: eight bytes, made by the reader for this reading.
    :param signature: as the chip gave it.
    """

    challenge: bytes = field(repr=False)
    signature: bytes = field(repr=False)


ChipProof = ChipAuthenticationProof | ActiveAuthenticationProof


@dataclass(frozen=True)
class CardFiles:
    """The files of a chip, as they were read: whether they can be believed is for others to find out.

    :param groups: each file whole, with its outer tag.
    :param proofs: what the chip did to show that it is no copy; as little believed as the files before it is checked.
    """

    groups: Mapping[DataGroup, bytes] = field(repr=False)
    proofs: tuple[ChipProof, ...] = field(default=(), repr=False)

    def has(self, group: DataGroup) -> bool:
        """Tell whether a file was read."""
        return group in self.groups

    def group(self, group: DataGroup) -> bytes:
        """Return a file; empty where it was not read."""
        return self.groups.get(group, b"")
