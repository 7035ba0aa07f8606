"""The files of an identity card's chip, as they were read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

DataGroup = Literal["dg1", "dg2", "dg13", "dg14", "dg15", "sod"]
"""A file of the chip (ICAO 9303 part 10): printed zone, face, Vietnam's own, keys of the chip, security object."""


@dataclass(frozen=True)
class CardFiles:
    """The files of a chip, as they were read: whether they can be believed is for others to find out.

    :param groups: each file whole, with its outer tag.
    """

    groups: Mapping[DataGroup, bytes] = field(repr=False)

    def has(self, group: DataGroup) -> bool:
        """Tell whether a file was read."""
        return group in self.groups

    def group(self, group: DataGroup) -> bytes:
        """Return a file; empty where it was not read."""
        return self.groups.get(group, b"")
