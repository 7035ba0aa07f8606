"""The station's card terminals, for the ways to pay that use them."""

from __future__ import annotations

from tramkit.host.terminals import TerminalInfo
from tramkit.station.devices import Devices
from tramkit_hal.contracts.payment_terminal import PaymentTerminal, TerminalResult
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role


class StationTerminals:
    """The terminals that are bound to the station's role; see :class:`tramkit.host.terminals.Terminals`."""

    def __init__(self, devices: Devices) -> None:
        self._devices = devices

    async def bound(self) -> tuple[TerminalInfo, ...]:
        """Return the terminals of this station, first choice first."""
        return tuple(
            TerminalInfo(number=number, refund=device.capabilities.refund)
            for number, device in enumerate(self._devices.of(Role.PAYMENT_TERMINAL))
            if isinstance(device, PaymentTerminal)
        )

    async def charge(self, terminal: int, key: str, amount: int) -> TerminalResult:
        """Have it ask for a card."""
        return await self._terminal(terminal).start(key, amount)

    async def inquire(self, terminal: int, key: str) -> TerminalResult:
        """Ask what became of a charge or a refund."""
        return await self._terminal(terminal).inquire(key)

    async def cancel(self, terminal: int, key: str) -> TerminalResult:
        """Stop asking for a card."""
        return await self._terminal(terminal).cancel(key)

    async def refund(self, terminal: int, payment: str, key: str, amount: int) -> TerminalResult:
        """Give money back to the card."""
        return await self._terminal(terminal).refund(payment, key, amount)

    def _terminal(self, number: int) -> PaymentTerminal:
        devices = self._devices.of(Role.PAYMENT_TERMINAL)
        device = devices[number] if 0 <= number < len(devices) else None
        if not isinstance(device, PaymentTerminal):
            raise DeviceError(Trouble.UNPLUGGED, Role.PAYMENT_TERMINAL.value)
        return device
