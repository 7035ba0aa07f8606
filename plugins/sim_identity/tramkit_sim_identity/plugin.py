"""What the plugin gives to the station: identifying a subscription, one's numbers; the command of its sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tramkit import PluginContext, Service, hookimpl, sandbox_command
from tramkit_sim_identity.settings import SimIdentitySettings

if TYPE_CHECKING:
    from tramkit_sim_identity.sandbox import Operator


@hookimpl
def tramkit_services(settings: SimIdentitySettings, context: PluginContext) -> list[Service]:
    """Return the two services."""
    from tramkit_sim_identity import numbers, operators, rules
    from tramkit_sim_identity.identify import Identify
    from tramkit_sim_identity.my_numbers import MyNumbers

    known = operators.FILE.settled(settings.operators_file).operators
    law = rules.FILE.settled(settings.rules_file)
    return [Identify(known, law, numbers.FILE.settled(settings.prefixes_file)), MyNumbers(known)]


@hookimpl
def tramkit_commands() -> list[click.Command]:
    """Return ``tramkit operator-sandbox``."""

    def load() -> type[Operator]:
        from tramkit_sim_identity.sandbox import Operator

        return Operator

    return [sandbox_command("operator-sandbox", "Run the stand-in of a mobile operator.", "operator", 8088, load)]
