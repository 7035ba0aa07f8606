"""The ways to sign in of a station: a proxy for each that a plugin describes."""

from __future__ import annotations

from collections.abc import Iterable

from tramkit.host.person import Person
from tramkit.host.plugin_side import PluginSide
from tramkit.host.service_state import ServiceState
from tramkit.host.sign_in import SignIn, SignInDescriptor, SignInPort


class PluginSignIn:
    """A way to sign in that a plugin brings, wherever the plugin runs; a :class:`SignInPort`."""

    def __init__(self, side: PluginSide, descriptor: SignInDescriptor) -> None:
        self.id = descriptor.id
        self.title = descriptor.title
        self.hint = descriptor.hint
        self.level = descriptor.level
        self._side = side

    def availability(self) -> ServiceState:
        """Return whether it can be used now."""
        return self._side.availability(self.id)

    async def begin(self) -> SignIn:
        """Ask the provider for a sign-in."""
        return await self._side.begin_sign_in(self.id)

    async def wait(self, sign_in: SignIn) -> Person:
        """Wait until the resident has approved it."""
        return await self._side.wait_sign_in(self.id, sign_in)


def sign_ins(sides: Iterable[PluginSide]) -> list[SignInPort]:
    """Return the ways to sign in of a station's plugins."""
    return [PluginSignIn(side, each) for side in sides for each in side.identity_methods]
