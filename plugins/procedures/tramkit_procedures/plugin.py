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
    """Return the services: dossiers, tracking, reports, health insurance, traffic fines, information."""
    from tramkit_procedures import catalogue, fees, fines, health_insurance, information
    from tramkit_procedures.filing import FileDossier
    from tramkit_procedures.gateway import Authority
    from tramkit_procedures.insurance import HealthInsurance
    from tramkit_procedures.pay_fine import PayFine
    from tramkit_procedures.reports import ReportMatter
    from tramkit_procedures.signing import PhoneSigning
    from tramkit_procedures.tracking import TrackDossier
    from tramkit_procedures.violations import TrafficPolice

    def file(name: str) -> Path | None:
        return Path(str(settings[name])) if settings.get(name) else None

    authority = Authority(str(settings["gateway_url"]))
    own, own_fees, own_rules = file("catalogue_file"), file("fees_file"), file("health_insurance_file")
    own_fines, own_information = file("fines_file"), file("information_file")
    feed, trust = str(settings.get("information_url") or ""), file("signing_trust")
    signing = None
    if url := str(settings.get("signing_url") or ""):
        if trust is None:
            raise ValueError("signing_trust: without it no signature from a phone can be believed")
        signing = PhoneSigning(url, str(settings.get("signing_client") or ""), trust)
    return [
        FileDossier(
            authority,
            catalogue.read_catalogue(own) if own else catalogue.bundled(),
            fees.read_rules(own_fees) if own_fees else None,
            signing,
        ),
        TrackDossier(authority),
        ReportMatter(authority),
        HealthInsurance(authority, health_insurance.read_rules(own_rules) if own_rules else None),
        PayFine(
            TrafficPolice(str(settings.get("fines_url") or settings["gateway_url"])),
            fines.read_fines(own_fines) if own_fines else None,
        ),
        information.WardInformation(
            information.read_information(own_information) if own_information else None,
            information.Feed(feed) if feed else None,
        ),
    ]


@hookimpl
def tramkit_commands() -> list[click.Command]:
    """Return ``tramkit authority-sandbox``."""

    def load() -> type[Authorities]:
        from tramkit_procedures.sandbox import Authorities

        return Authorities

    what = "Run the stand-in of the authorities' gateway, with an officer's page."
    return [sandbox_command("authority-sandbox", what, "officer's page", 8085, load)]
