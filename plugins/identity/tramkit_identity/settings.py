"""What an operator sets of signing in with VNeID under ``[settings.identity]``."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from tramkit import PluginSettings, Url


class IdentitySettings(PluginSettings):
    """The keys; each one's description is told where it is missing."""

    issuer: Url = Field(
        description="The provider's issuer, letter by letter as it names itself, e.g. https://sso.example.vn/realms/citizens"
    )
    client_id: str = Field(description="What the provider knows this station by")
    client_secret_file: Path | None = Field(
        default=None,
        description="A file that only the station may read, with the client's secret; left out: the provider gave none",
    )
    claims_file: Path | None = Field(
        default=None,
        description="A claims.toml of your own: how the provider names what it tells of a resident",
    )
