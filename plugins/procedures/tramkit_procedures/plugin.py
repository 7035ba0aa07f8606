"""What the plugin gives to the station: dossiers, tracking, reports, health insurance; the command of its sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tramkit import PluginContext, Service, hookimpl, sandbox_command

if TYPE_CHECKING:
    from tramkit_procedures.sandbox import Authorities


@hookimpl
def tramkit_services(settings: Mapping[str, Any], context: PluginContext) -> list[Service]:
    """Return the four services."""
    from tramkit_procedures import catalogue, fees, health_insurance
    from tramkit_procedures.filing import FileDossier
    from tramkit_procedures.gateway import Authority
    from tramkit_procedures.insurance import HealthInsurance
    from tramkit_procedures.reports import ReportMatter
    from tramkit_procedures.tracking import TrackDossier

    def file(name: str) -> Path | None:
        return Path(str(settings[name])) if settings.get(name) else None

    authority = Authority(str(settings["gateway_url"]))
    own, own_fees, own_rules = file("catalogue_file"), file("fees_file"), file("health_insurance_file")
    return [
        FileDossier(
            authority,
            catalogue.read_catalogue(own) if own else catalogue.bundled(),
            fees.read_rules(own_fees) if own_fees else None,
        ),
        TrackDossier(authority),
        ReportMatter(authority),
        HealthInsurance(authority, health_insurance.read_rules(own_rules) if own_rules else None),
    ]


@hookimpl
def tramkit_commands() -> list[click.Command]:
    """Return ``tramkit authority-sandbox``."""

    def load() -> type[Authorities]:
        from tramkit_procedures.sandbox import Authorities

        return Authorities

    what = "Run the stand-in of the authorities' gateway, with an officer's page."
    return [sandbox_command("authority-sandbox", what, "officer's page", 8085, load)]
