"""The hooks that a plugin may implement: few, synchronous, returning descriptors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
import pluggy

from tramkit_hal.device.clock import Clock

if TYPE_CHECKING:
    from tramkit.host.payment import PaymentMethod
    from tramkit.host.sign_in import IdentityMethod
    from tramkit.visit.service import Service

PROJECT = "tramkit"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True)
class PluginContext:
    """What a plugin gets of the station.

    :param clock: the station's clock.
    :param station: the station's id.
    :param site: the station's site.
    """

    clock: Clock
    station: str
    site: str


@hookspec
def tramkit_services(settings: Any, context: PluginContext) -> list[Service]:  # type: ignore[empty-body]
    """Return the services that the plugin offers in the menu.

    :param settings: the plugin's own settings of ``station.toml``: an instance of the model that its manifest names.
    """


@hookspec
def tramkit_payment_methods(settings: Any, context: PluginContext) -> list[PaymentMethod]:  # type: ignore[empty-body]
    """Return the ways to pay that the plugin brings.

    :param settings: as for services.
    """


@hookspec
def tramkit_identity_methods(settings: Any, context: PluginContext) -> list[IdentityMethod]:  # type: ignore[empty-body]
    """Return the ways to sign in that the plugin brings.

    :param settings: as for services.
    """


@hookspec
def tramkit_commands() -> list[click.Command]:  # type: ignore[empty-body]
    """Return the commands that the plugin adds to ``tramkit``, as its manifest declares them."""
