"""What the plugin gives to the station: VietQR, the card terminal, and the command of its sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from tramkit import PaymentMethod, PluginContext, hookimpl, sandbox_command

if TYPE_CHECKING:
    from tramkit_payments.sandbox import Switch


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

    def load() -> type[Switch]:
        from tramkit_payments.sandbox import Switch

        return Switch

    what = "Run the stand-in of the payee's bank, with a banking app that pays a code."
    return [sandbox_command("bank-sandbox", what, "banking app", 8084, load)]
