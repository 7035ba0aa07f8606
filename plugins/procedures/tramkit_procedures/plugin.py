"""What the plugin gives to the station: dossiers, tracking, reports, health insurance; the command of its sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tramkit import PluginContext, Service, hookimpl, sandbox_command
from tramkit_procedures.settings import ProceduresSettings

if TYPE_CHECKING:
    from tramkit_procedures.sandbox import Authorities


@hookimpl
def tramkit_services(settings: ProceduresSettings, context: PluginContext) -> list[Service]:
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

    authority = Authority(settings.gateway_url)
    signing = None
    if settings.signing_url and settings.signing_trust:
        signing = PhoneSigning(settings.signing_url, settings.signing_client, settings.signing_trust)
    return [
        FileDossier(
            authority,
            catalogue.FILE.settled(settings.catalogue_file),
            fees.read_rules(settings.fees_file) if settings.fees_file else None,
            signing,
        ),
        TrackDossier(authority),
        ReportMatter(authority),
        HealthInsurance(authority, health_insurance.FILE.settled(settings.health_insurance_file)),
        PayFine(TrafficPolice(settings.fines_url or settings.gateway_url), fines.FILE.settled(settings.fines_file)),
        information.WardInformation(
            information.FILE.settled(settings.information_file),
            information.Feed(settings.information_url) if settings.information_url else None,
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
