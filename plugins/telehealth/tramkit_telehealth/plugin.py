"""What the plugin gives to the station: one service, and the command of the desk."""

from __future__ import annotations

import click

from tramkit import PluginContext, Service, hookimpl
from tramkit_telehealth.settings import TelehealthSettings


@hookimpl
def tramkit_services(settings: TelehealthSettings, context: PluginContext) -> list[Service]:
    """Return the service "see a doctor"."""
    from tramkit_telehealth.gateway import DeskGateway
    from tramkit_telehealth.media.engines import engine_of
    from tramkit_telehealth.service import SeeDoctor

    engine_of(settings.engine)  # one that is missing is told when the station starts
    gateway = DeskGateway(
        url=settings.desk_url,
        key=settings.station_key.get_secret_value(),
        station=context.station,
        clock=context.clock,
        engine=settings.engine,
    )
    return [SeeDoctor(gateway, context)]


@hookimpl
def tramkit_commands() -> list[click.Command]:
    """Return ``tramkit desk``; only this imports the desk, a kiosk never loads its database."""
    from tramkit_telehealth.desk.command import desk

    return [desk]
