"""The station's card terminals as a way to pay sees them: numbers and data, never the device."""

from __future__ import annotations

from typing import Protocol

from tramkit_hal.contracts.payment_terminal import TerminalResult
from tramkit_hal.data import Data


class TerminalInfo(Data):
    """A terminal that the station has.

    :param number: names it in the calls.
    :param refund: it gives money back.
    """

    number: int
    refund: bool


class Terminals(Protocol):
    """The station's card terminals; each call goes to the one with that number.

    :raises DeviceError: by each call: the terminal cannot be asked now.
    """

    async def bound(self) -> tuple[TerminalInfo, ...]:
        """Return the terminals of this station, first choice first."""
        ...

    async def charge(self, terminal: int, key: str, amount: int) -> TerminalResult:
        """Have it ask for a card; the same key charges once.

        :param amount: VND.
        """
        ...

    async def inquire(self, terminal: int, key: str) -> TerminalResult:
        """Ask what became of a charge or a refund."""
        ...

    async def cancel(self, terminal: int, key: str) -> TerminalResult:
        """Stop asking for a card."""
        ...

    async def refund(self, terminal: int, payment: str, key: str, amount: int) -> TerminalResult:
        """Give money back to the card.

        :param payment: key of the charge.
        :param amount: VND.
        """
        ...
