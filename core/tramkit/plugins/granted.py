"""A plugin as far as it was granted: what was not does not exist for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tramkit.host.host import Begun, Host, Opened
from tramkit.host.payment import PaymentDescriptor
from tramkit.host.person import Person
from tramkit.host.plugin_side import PluginSide
from tramkit.host.sign_in import SignInDescriptor
from tramkit.host.steps import CameraStep, MeasureStep, StationStep, StepDone
from tramkit.plugins.isolation import Grant
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role

_PERSONAL = ("name", "number", "born", "sex", "address", "issued", "expires")


class GrantedPlugin:
    """A plugin with what it was granted; a :class:`PluginSide`."""

    def __init__(self, side: PluginSide, grant: Grant) -> None:
        self._side = side
        self._grant = grant

    def __getattr__(self, name: str) -> Any:
        return getattr(self._side, name)

    @property
    def payment_methods(self) -> Sequence[PaymentDescriptor]:
        """The ways to pay that were granted."""
        return [each for each in self._side.payment_methods if each.id in self._grant.payment_methods]

    @property
    def identity_methods(self) -> Sequence[SignInDescriptor]:
        """The ways to sign in that were granted."""
        return [each for each in self._side.identity_methods if each.id in self._grant.identity_methods]

    async def serve(self, visit: str, service: str, host: Host) -> None:
        """Lead a resident through a service, with the devices and the personal fields that were granted."""
        await self._side.serve(visit, service, _as_host(GrantedHost(host, self._grant)))


class GrantedHost:
    """The host of a visit, as far as a plugin was granted it."""

    def __init__(self, host: Host, grant: Grant) -> None:
        self._host = host
        self._grant = grant

    def __getattr__(self, name: str) -> Any:
        return getattr(self._host, name)

    async def begin(self, kept: Sequence[str]) -> Begun:
        """Begin a run; see :class:`Host`."""
        begun = await self._host.begin(kept)
        return begun.model_copy(update={"person": self._of(begun.person)})

    async def step(self, key: str, asked: StationStep, *, again: bool) -> StepDone:
        """Do a step of the station; see :class:`Host`."""
        match asked:
            case MeasureStep():
                self._refuse_unless(Role.VITAL_SENSOR)
            case CameraStep():
                self._refuse_unless(Role.CAMERA)
            case _:
                pass
        done = await self._host.step(key, asked, again=again)
        return done.model_copy(update={"person": self._of(done.person)})

    async def about(self, role: Role) -> Opened:
        """Say what a device can do; see :class:`Host`."""
        return await self._host.about(role) if role in self._grant.roles else Opened()

    async def open(self, role: Role) -> Opened:
        """Take a device; see :class:`Host`."""
        self._refuse_unless(role)
        return await self._host.open(role)

    def _refuse_unless(self, role: Role) -> None:
        if role not in self._grant.roles:
            raise DeviceError(Trouble.UNPLUGGED, role.value)

    def _of(self, person: Person | None) -> Person | None:
        """Return what the plugin is told of a resident."""
        if person is None:
            return None
        left_out = {name: Person.model_fields[name].default for name in _PERSONAL if name not in self._grant.personal}
        return person.model_copy(update={**left_out, **({"name": ""} if "name" in left_out else {})})


def _as_host(host: Any) -> Host:
    return host
