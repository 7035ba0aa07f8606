"""``desk.toml``: the facility, what it offers, and where the desk is reached."""

from __future__ import annotations

import ipaddress
from importlib import resources
from pathlib import Path

from pydantic import Field, field_validator
from yarl import URL

from tramkit import Data, read_settings
from tramkit_hal.words import Nfc
from tramkit_telehealth.desk.ice import IceSection
from tramkit_telehealth.protocol import Bilingual, Facility


class FacilitySection(Data):
    """The licensed facility (Law 15/2023/QH15 art. 80, Decree 96/2023 art. 87).

    :param code: five characters that begin its prescription codes (Circular 26/2025/TT-BYT).
    """

    name: Bilingual
    licence: Nfc = Field(min_length=1, max_length=200)
    address: Nfc = Field(default="", max_length=200)
    phone: str = Field(default="", max_length=30)
    code: str = Field(pattern=r"^[0-9a-z]{5}$")

    def facility(self) -> Facility:
        """Return what residents are told."""
        return Facility(name=self.name, licence=self.licence, address=self.address, phone=self.phone)


class SpecialtySection(Data):
    """A specialty and what a consultation costs, in VND."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")
    title: Bilingual
    price: int = Field(ge=0)


class DeskSection(Data):
    """How the desk works.

    :param origins: addresses at which doctors open it, beside the one it listens on: ``https://desk.example.vn``.
    :param minutes: expected length of a consultation until there are figures of its own.
    :param hold_seconds: how long a call is held for a doctor or a kiosk that has vanished.
    :param trusted_proxies: addresses or networks of the proxies before it, whose ``X-Forwarded-For`` is believed:
        without it every doctor behind a proxy is one client, and whoever guesses makes all of them wait.
    :param cases_per_station: residents of one station who are not yet seen at the same moment.
    :param cases_per_hour: residents of one station in an hour.
    :param require_passkeys: a doctor without a passkey sees nobody before one is added.
    :param keep_days: how long a case is kept after it was closed (Law 15/2023/QH15: the facility's own records apart).
    :param keep_abandoned_hours: how long one is kept that no doctor saw.
    """

    origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    cases_per_station: int = Field(default=4, ge=1, le=10_000)
    cases_per_hour: int = Field(default=30, ge=1, le=100_000)
    keep_days: int = Field(default=3650, ge=1, le=36_500)
    require_passkeys: bool = False
    keep_abandoned_hours: int = Field(default=24, ge=1, le=8760)
    minutes: float = Field(default=10, gt=0, le=120)
    hold_seconds: float = Field(default=300, ge=1, le=3600)

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            try:
                ipaddress.ip_network(each, strict=False)
            except ValueError:
                raise ValueError(
                    f'"{each}" is no address and no network; write e.g. "127.0.0.1" or "10.0.0.0/8"'
                ) from None
        return value

    @field_validator("origins")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            url = URL(origin)
            if url.scheme not in ("http", "https") or not url.host or str(url.origin()) != origin:
                raise ValueError(
                    f'"{origin}" is no origin; write scheme, host and port, e.g. "https://desk.example.vn"'
                )
        return value


class DeskConfig(Data):
    """A desk's configuration.

    :param ice: STUN and TURN servers for both sides; none where they share a network.
    """

    facility: FacilitySection
    specialties: tuple[SpecialtySection, ...] = Field(min_length=1)
    ice: tuple[IceSection, ...] = ()
    desk: DeskSection = DeskSection()

    def specialty(self, id: str) -> SpecialtySection | None:
        """Return the specialty of that id."""
        return next((specialty for specialty in self.specialties if specialty.id == id), None)


def demo_file() -> Path:
    """Return the configuration of the facility that does not exist."""
    return Path(str(resources.files("tramkit_telehealth.desk") / "data" / "demo.toml"))


def read_config(path: Path) -> DeskConfig:
    """Read and check a desk's configuration.

    :raises FileError: with file, key, what is wrong, what would be right.
    """
    return read_settings(path, DeskConfig)
