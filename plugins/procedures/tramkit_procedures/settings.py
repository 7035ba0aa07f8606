"""What an operator sets of public services under ``[settings.procedures]``."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from tramkit import PluginSettings, Url


class ProceduresSettings(PluginSettings):
    """The keys; each one's description is told where it is missing."""

    gateway_url: Url = Field(description="Address of the authorities' gateway, e.g. https://dvc.example.vn")
    catalogue_file: Path | None = Field(
        default=None, description="A catalogue.toml of your own instead of the plugin's"
    )
    fees_file: Path | None = Field(default=None, description="A fees.toml of your own instead of the plugin's")
    health_insurance_file: Path | None = Field(
        default=None, description="A health_insurance.toml of your own instead of the plugin's"
    )
    fines_url: Url | None = Field(
        default=None, description="Address of the traffic police's look-up where it is another one than gateway_url"
    )
    fines_file: Path | None = Field(
        default=None, description="A fines.toml of your own instead of the plugin's: plates, kinds of vehicle, states"
    )
    information_file: Path | None = Field(
        default=None, description="An information.toml of your own: notices, events, places to see"
    )
    information_url: Url | None = Field(
        default=None,
        description="Address of the ward's feed of notices and events; while it does not answer the file counts",
    )
    signing_url: Url | None = Field(
        default=None,
        description="Address of the signature on residents' phones (VNeID); without it forms are signed at the counter",
    )
    signing_client: str = Field(
        default="tramkit-demo", description="What the station is called at the digital signature"
    )
    signing_trust: Path | None = Field(
        default=None, description="A file of certificates (PEM) under which signatures of residents are believed"
    )

    @model_validator(mode="after")
    def _believable(self) -> ProceduresSettings:
        if self.signing_url and self.signing_trust is None:
            raise ValueError("signing_trust: without it no signature from a phone can be believed")
        return self
