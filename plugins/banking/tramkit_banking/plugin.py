"""What the plugin gives to the station: an account, a loan, a credit card, what became of them; its sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tramkit import PluginContext, Service, hookimpl, sandbox_command

if TYPE_CHECKING:
    from tramkit_banking.sandbox import Bank


@hookimpl
def tramkit_services(settings: Mapping[str, Any], context: PluginContext) -> list[Service]:
    """Return the services: an account, a loan, a credit card, what became of them."""
    from tramkit_banking import banks, consents, rules
    from tramkit_banking.account import OpenAccount
    from tramkit_banking.card import ApplyForCard
    from tramkit_banking.loan import ApplyForLoan
    from tramkit_banking.status import ApplicationStatus

    def file(name: str) -> Path | None:
        return Path(str(settings[name])) if settings.get(name) else None

    own_banks, own_rules, own_consents = file("banks_file"), file("rules_file"), file("consents_file")
    known = (banks.read_banks(own_banks) if own_banks else banks.bundled()).banks
    law = rules.read_rules(own_rules) if own_rules else rules.bundled()
    words = consents.read_consents(own_consents) if own_consents else consents.bundled()
    return [make(known, law, words) for make in (OpenAccount, ApplyForLoan, ApplyForCard, ApplicationStatus)]


@hookimpl
def tramkit_commands() -> list[click.Command]:
    """Return ``tramkit lender-sandbox``."""

    def load() -> type[Bank]:
        from tramkit_banking.sandbox import Bank

        return Bank

    what = "Run the stand-in of a bank that opens accounts and lends."
    return [sandbox_command("lender-sandbox", what, "lender", 8086, load)]
