"""What the law asks when a subscription is identified, by day: data of ``rules.toml``, or of another file."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from tramkit import DataFile, Dated, DatedFile, Level, newest

BUNDLED = Path(__file__).parent / "rules.toml"


class Identification(Dated):
    """Who may be identified, and for how many numbers; see the file."""

    most_numbers: int = Field(ge=1, le=100)
    parent_under: int = Field(ge=0, le=18)
    consent_under: int = Field(ge=0, le=18)
    needs: Literal["claimed", "chip", "chip_face"]

    @property
    def level(self) -> Level:
        """How surely the subscriber must be known."""
        return Level[self.needs.upper()]

    @model_validator(mode="after")
    def _sound(self) -> Identification:
        if self.parent_under > self.consent_under:
            raise ValueError("parent_under is more than consent_under")
        return self


class DeviceChange(Dated):
    """What happens after a subscription was moved to another device, until its face is checked again."""

    outgoing_hours: int = Field(ge=0)
    lock_days: int = Field(ge=0)
    end_days: int = Field(ge=0)


class Rules(DatedFile):
    """All rules of a file."""

    identification: tuple[Identification, ...] = Field(min_length=1)
    device_change: tuple[DeviceChange, ...] = ()

    def identifying(self, on: date) -> Identification:
        """Return the rule that holds on a day; before the first one, the first."""
        return newest(self.identification, on) or min(self.identification, key=lambda each: each.effective_from)

    def changing(self, on: date) -> DeviceChange | None:
        """Return what holds after a change of device; None: nothing yet."""
        return newest(self.device_change, on)


FILE = DataFile(Rules, BUNDLED)
read_rules, bundled = FILE.read, FILE.bundled
