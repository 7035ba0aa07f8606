"""What the plugin gives to the station: opening an account, applying for a loan; the command of its sandbox."""

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
    """Return the two services."""
    from tramkit_banking.account import OpenAccount
    from tramkit_banking.banks import bundled, read_banks
    from tramkit_banking.loan import ApplyForLoan

    file = str(settings.get("banks_file") or "")
    known = (read_banks(Path(file)) if file else bundled()).banks
    return [OpenAccount(known), ApplyForLoan(known)]


@hookimpl
def tramkit_commands() -> list[click.Command]:
    """Return ``tramkit lender-sandbox``."""

    def load() -> type[Bank]:
        from tramkit_banking.sandbox import Bank

        return Bank

    what = "Run the stand-in of a bank that opens accounts and lends."
    return [sandbox_command("lender-sandbox", what, "lender", 8086, load)]
