"""What the plugin gives to the station: one service, and the command of its sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tramkit import PluginContext, Service, hookimpl, sandbox_command
from tramkit_billing.settings import BillingSettings

if TYPE_CHECKING:
    from tramkit_billing.sandbox import Aggregator as Sandbox


@hookimpl
def tramkit_services(settings: BillingSettings, context: PluginContext) -> list[Service]:
    """Return "pay a bill" and "top up a phone"."""
    from tramkit_billing.codes import read_providers
    from tramkit_billing.gateway import Aggregator
    from tramkit_billing.service import PayBill
    from tramkit_billing.topup import TopUp

    known = read_providers(settings.providers_file)
    gateway = Aggregator(settings.aggregator_url)
    return [PayBill(gateway, list(known.values())), TopUp(gateway)]


@hookimpl
def tramkit_commands() -> list[click.Command]:
    """Return ``tramkit bill-sandbox``."""

    def load() -> type[Sandbox]:
        from tramkit_billing.sandbox import Aggregator

        return Aggregator

    return [sandbox_command("bill-sandbox", "Run the stand-in of the bill aggregator.", "bills", 8083, load)]
