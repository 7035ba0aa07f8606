"""What the plugin gives to the station: VietQR, the card terminal, and the command of its sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tramkit import FileError, PaymentMethod, PluginContext, hookimpl, sandbox_command
from tramkit_payments.settings import PaymentsSettings

if TYPE_CHECKING:
    from tramkit_payments.sandbox import Switch


@hookimpl
def tramkit_payment_methods(settings: PaymentsSettings, context: PluginContext) -> list[PaymentMethod]:
    """Return the ways to pay."""
    from tramkit_payments.accounts import Account, read_accounts
    from tramkit_payments.method import VietQr
    from tramkit_payments.terminal import CardTerminal
    from tramkit_payments.vietqr import payload

    bin, account = settings.bin, settings.account
    payload(bin, account)  # a wrong account is told at the start, not to a resident
    accounts = read_accounts(settings.accounts_file) if settings.accounts_file else ()
    if settings.memo_code or settings.holder:
        own = Account(bin=bin, account=account, holder=settings.holder, memo_code=settings.memo_code or "")
        accounts = (own, *accounts)
    key = settings.receiver_key.get_secret_value() if settings.receiver_key else ""
    receiver = settings.receiver_url or ""
    methods: list[PaymentMethod] = [
        VietQr(settings.switch_url, bin, account, receiver=receiver, station_key=key, accounts=accounts)
    ]
    if settings.terminal:
        methods.append(CardTerminal())
    return methods


@hookimpl
def tramkit_commands() -> list[click.Command]:
    """Return ``tramkit bank-sandbox`` and ``tramkit payment-receiver``."""

    def load() -> type[Switch]:
        from tramkit_payments.sandbox import Switch

        return Switch

    what = "Run the stand-in of the payee's bank, with a banking app that pays a code."
    return [sandbox_command("bank-sandbox", what, "banking app", 8084, load), _receiver]


@click.command("payment-receiver")
@click.option("--settings", required=True, type=click.Path(path_type=Path), help="TOML: secrets, station_key")
@click.option("--data", type=click.Path(path_type=Path), default=Path("var/payment-receiver.sqlite"))
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8090, show_default=True, type=click.IntRange(0, 65535))
def _receiver(settings: Path, data: Path, host: str, port: int) -> None:
    """Take payment providers' notices, for stations that ask for them."""
    from tramkit_payments.receiver import read_secrets, serve_receiver

    try:
        secrets = read_secrets(settings)
    except FileError as problem:
        raise click.ClickException(str(problem)) from None
    serve_receiver(data, secrets, host, port)
