"""What the plugin gives to the station: VietQR, the card terminal, and the command of its sandbox."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from tramkit import PaymentMethod, PluginContext, hookimpl


@hookimpl
def tramkit_payment_methods(settings: Mapping[str, Any], context: PluginContext) -> list[PaymentMethod]:
    """Return the ways to pay."""
    from tramkit_payments.method import VietQr
    from tramkit_payments.terminal import CardTerminal
    from tramkit_payments.vietqr import payload

    bin, account = str(settings["bin"]), str(settings["account"])
    payload(bin, account)  # a wrong account is told at the start, not to a resident
    methods: list[PaymentMethod] = [VietQr(str(settings["switch_url"]), bin, account)]
    if settings["terminal"]:
        methods.append(CardTerminal())
    return methods


@hookimpl
def tramkit_commands() -> list[click.Command]:
    """Return ``tramkit bank-sandbox``."""

    @click.command("bank-sandbox")
    @click.option("--port", default=8084, show_default=True, type=click.IntRange(0, 65535))
    @click.option("--data", type=click.Path(path_type=Path), default=Path("var/bank-sandbox.sqlite"))
    def sandbox(port: int, data: Path) -> None:
        """Run the stand-in of the payee's bank, with a banking app that pays a code."""
        from tramkit_payments.sandbox import Switch

        async def serve() -> None:
            stopping = asyncio.Event()
            for name in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(name, stopping.set)
            async with Switch(data).running(port) as address:
                click.echo(f"banking app: {address}")
                await stopping.wait()

        asyncio.run(serve())

    return [sandbox]
