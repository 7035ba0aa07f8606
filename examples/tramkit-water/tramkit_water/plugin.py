"""What the plugin gives to the station: two services, and the command of its sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tramkit import PluginContext, Service, hookimpl, sandbox_command
from tramkit_water.settings import WaterSettings

if TYPE_CHECKING:
    from tramkit_water.sandbox import WaterworksSandbox


@hookimpl
def tramkit_services(settings: WaterSettings, context: PluginContext) -> list[Service]:
    """Return the company's services."""
    from tramkit_water.gateway import Waterworks
    from tramkit_water.leak import ReportLeak
    from tramkit_water.pay import PayBill

    waterworks = Waterworks(settings.url)
    return [PayBill(waterworks), ReportLeak(waterworks, settings.hotline)]


@hookimpl
def tramkit_commands() -> list[click.Command]:
    """Return ``tramkit water-sandbox``."""

    def load() -> type[WaterworksSandbox]:
        from tramkit_water.sandbox import WaterworksSandbox

        return WaterworksSandbox

    return [sandbox_command("water-sandbox", "Run the stand-in of the waterworks.", "water", 8095, load)]
