"""What the plugin gives to the station: an account, a loan, a credit card, what became of them; its sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tramkit import PluginContext, Service, hookimpl, sandbox_command
from tramkit_banking.settings import BankingSettings

if TYPE_CHECKING:
    from tramkit_banking.sandbox import Bank


@hookimpl
def tramkit_services(settings: BankingSettings, context: PluginContext) -> list[Service]:
    """Return the services: an account, a loan, a credit card, what became of them."""
    from tramkit_banking import banks, consents, rules
    from tramkit_banking.account import OpenAccount
    from tramkit_banking.card import ApplyForCard
    from tramkit_banking.loan import ApplyForLoan
    from tramkit_banking.status import ApplicationStatus

    known = banks.FILE.settled(settings.banks_file).banks
    law = rules.FILE.settled(settings.rules_file)
    words = consents.FILE.settled(settings.consents_file)
    return [make(known, law, words) for make in (OpenAccount, ApplyForLoan, ApplyForCard, ApplicationStatus)]


@hookimpl
def tramkit_commands() -> list[click.Command]:
    """Return ``tramkit lender-sandbox``."""

    def load() -> type[Bank]:
        from tramkit_banking.sandbox import Bank

        return Bank

    what = "Run the stand-in of a bank that opens accounts and lends."
    return [sandbox_command("lender-sandbox", what, "lender", 8086, load)]
