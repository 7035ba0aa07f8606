"""What the plugin gives to the station: identifying a subscription, one's numbers; the command of its sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tramkit import PluginContext, Service, hookimpl, sandbox_command

if TYPE_CHECKING:
    from tramkit_sim_identity.sandbox import Operator


@hookimpl
def tramkit_services(settings: Mapping[str, Any], context: PluginContext) -> list[Service]:
    """Return the two services."""
    from tramkit_sim_identity import numbers, operators, rules
    from tramkit_sim_identity.identify import Identify
    from tramkit_sim_identity.my_numbers import MyNumbers

    def file(name: str) -> Path | None:
        return Path(str(settings[name])) if settings.get(name) else None

    own, own_rules, own_prefixes = file("operators_file"), file("rules_file"), file("prefixes_file")
    known = (operators.read_operators(own) if own else operators.bundled()).operators
    law = rules.read_rules(own_rules) if own_rules else rules.bundled()
    prefixes = numbers.read_prefixes(own_prefixes) if own_prefixes else numbers.prefixes()
    return [Identify(known, law, prefixes), MyNumbers(known)]


@hookimpl
def tramkit_commands() -> list[click.Command]:
    """Return ``tramkit operator-sandbox``."""

    def load() -> type[Operator]:
        from tramkit_sim_identity.sandbox import Operator

        return Operator

    return [sandbox_command("operator-sandbox", "Run the stand-in of a mobile operator.", "operator", 8088, load)]
