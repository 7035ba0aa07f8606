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
    from tramkit_sim_identity.identify import Identify, MyNumbers
    from tramkit_sim_identity.operators import bundled, read_operators

    file = str(settings.get("operators_file") or "")
    known = (read_operators(Path(file)) if file else bundled()).operators
    return [Identify(known), MyNumbers(known)]


@hookimpl
def tramkit_commands() -> list[click.Command]:
    """Return ``tramkit operator-sandbox``."""

    def load() -> type[Operator]:
        from tramkit_sim_identity.sandbox import Operator

        return Operator

    return [sandbox_command("operator-sandbox", "Run the stand-in of a mobile operator.", "operator", 8088, load)]
