"""The contract of a payment terminal: the card, its number and its code stay in it."""

from __future__ import annotations

from abc import abstractmethod
from enum import StrEnum

from pydantic import Field

from tramkit_hal.data import Data
from tramkit_hal.device.base import Capabilities, Device


class Charge(StrEnum):
    """How far a payment or a refund at a terminal is."""

    PENDING = "pending"
    """The terminal waits for a card, or for its acquirer."""
    SETTLED = "settled"
    DECLINED = "declined"
    """Nothing was taken, and nothing will be under this number."""
    UNKNOWN = "unknown"
    """It may have been taken; nobody can tell now. That is normal at a terminal: ask again."""
    NOT_FOUND = "not_found"
    """The terminal never heard of this number."""


class TerminalResult(Data):
    """What a terminal tells of one payment or refund.

    :param amount: VND that moved; 0: none.
    :param approval: the acquirer's own number; never a card's.
    """

    charge: Charge
    amount: int = Field(default=0, ge=0)
    approval: str = Field(default="", max_length=40)


class PaymentTerminalCapabilities(Capabilities):
    """What a terminal can do.

    :param refund: it gives money back by itself.
    """

    refund: bool = False


class PaymentTerminal(Device):
    """A card terminal. Events: ``state``, ``prompt`` (waits for a card), ``result`` (a payment has moved on).

    Its journal of numbers outlives the station's power cuts: it is the acquirer's, not a visit's, and a wipe leaves it.
    """

    @property
    @abstractmethod
    def capabilities(self) -> PaymentTerminalCapabilities: ...

    @abstractmethod
    async def start(self, ref: str, amount: int, deadline: float = 10.0) -> TerminalResult:
        """Ask for a card and return at once; the same number is charged once, whatever became of the answer.

        :param ref: the station's number of the payment.
        :param amount: VND.
        :param deadline: seconds.
        :raises DeviceError: ``claimed`` while another payment waits for its card; ``outcome_unknown``.
        """

    @abstractmethod
    async def cancel(self, ref: str, deadline: float = 10.0) -> TerminalResult:
        """Stop asking for a card; a payment that was settled stays settled, and the result says so."""

    @abstractmethod
    async def inquire(self, ref: str, deadline: float = 10.0) -> TerminalResult:
        """Tell what became of a payment or a refund; changes nothing."""

    @abstractmethod
    async def refund(self, ref: str, refund_ref: str, amount: int, deadline: float = 10.0) -> TerminalResult:
        """Give back what was settled under ``ref``; the same ``refund_ref`` is done once.

        :param amount: VND, at most what is still there of the payment.
        """
