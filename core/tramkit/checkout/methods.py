"""The ways to pay of a station: a proxy for each that a plugin describes."""

from __future__ import annotations

from collections.abc import Iterable

from tramkit.host.order import Outcome
from tramkit.host.payment import Invitation, Payment, PaymentDescriptor, PaymentPort
from tramkit.host.plugin_side import PluginSide
from tramkit.host.service_state import ServiceState
from tramkit.station.devices import Devices
from tramkit_hal.ui.pages import Availability
from tramkit_hal.words import Messages

_ = Messages("tramkit")


class PluginPayment:
    """A way to pay that a plugin brings, wherever the plugin runs; a :class:`PaymentPort`.

    :param devices: of the station.
    """

    def __init__(self, side: PluginSide, descriptor: PaymentDescriptor, devices: Devices) -> None:
        self.id = descriptor.id
        self.title = descriptor.title
        self.hint = descriptor.hint
        self.icon = descriptor.icon
        self.properties = descriptor.properties
        self._needs = descriptor.needs
        self._side = side
        self.devices = devices

    def availability(self) -> ServiceState:
        """Return whether it can be used now: the power, its devices, and what the plugin says."""
        if self.devices.on_battery:
            return ServiceState(availability=Availability.CLOSED, reason=_("The power is out: no payments now."))
        for role in self._needs:
            found, reason = self.devices.availability(role)
            if found is not Availability.AVAILABLE:
                return ServiceState(availability=found, reason=reason)
        return self._side.availability(self.id)

    async def invitation(self, payment: Payment) -> Invitation:
        """Return what the resident is to do."""
        return await self._side.invitation(self.id, payment)

    async def collect(self, payment: Payment) -> Outcome:
        """Begin to collect, or go on with it."""
        return await self._side.collect(self.id, payment)

    async def inquire(self, payment: Payment) -> Outcome:
        """Ask what became of it."""
        return await self._side.inquire_payment(self.id, payment)

    async def cancel(self, payment: Payment) -> Outcome:
        """Give it up."""
        return await self._side.cancel(self.id, payment)

    async def refund(self, payment: Payment, key: str, amount: int) -> Outcome:
        """Give money back."""
        return await self._side.refund(self.id, payment, key, amount)

    async def inquire_refund(self, payment: Payment, key: str) -> Outcome:
        """Ask what became of a refund."""
        return await self._side.inquire_refund(self.id, payment, key)


def payment_methods(sides: Iterable[PluginSide], devices: Devices) -> dict[str, PaymentPort]:
    """Return the ways to pay of a station's plugins, by id."""
    return {each.id: PluginPayment(side, each, devices) for side in sides for each in side.payment_methods}
