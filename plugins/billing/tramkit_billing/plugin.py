"""What the plugin gives to the station: one service, and the command of its sandbox."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from tramkit import PluginContext, Service, hookimpl


@hookimpl
def tramkit_services(settings: Mapping[str, Any], context: PluginContext) -> list[Service]:
    """Return the service "pay a bill"."""
    from tramkit_billing.codes import providers, read_providers
    from tramkit_billing.gateway import Aggregator
    from tramkit_billing.service import PayBill

    file = str(settings.get("providers_file") or "")
    known = read_providers(Path(file)) if file else providers()
    return [PayBill(Aggregator(str(settings["aggregator_url"])), list(known.values()))]


@hookimpl
def tramkit_commands() -> list[click.Command]:
    """Return ``tramkit bill-sandbox``."""

    @click.command("bill-sandbox")
    @click.option("--port", default=8083, show_default=True, type=click.IntRange(0, 65535))
    @click.option("--data", type=click.Path(path_type=Path), default=Path("var/bill-sandbox.sqlite"))
    def sandbox(port: int, data: Path) -> None:
        """Run the stand-in of the bill aggregator."""
        from tramkit_billing.sandbox import Aggregator

        async def serve() -> None:
            stopping = asyncio.Event()
            for name in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(name, stopping.set)
            async with Aggregator(data).running(port) as address:
                click.echo(f"bills: {address}")
                await stopping.wait()

        asyncio.run(serve())

    return [sandbox]
