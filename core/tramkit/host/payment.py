"""How money is collected: the contract of a payment method, with what it declares of itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import timedelta
from typing import ClassVar, Protocol

from pydantic import Field

from tramkit.host.order import Outcome
from tramkit.host.service_state import ServiceState
from tramkit.host.terminals import Terminals
from tramkit_hal.data import Data
from tramkit_hal.device.roles import Role
from tramkit_hal.ui.icons import Icon
from tramkit_hal.words import Text


class Properties(Data):
    """What a provider declares.

    :param idempotent: how long it does the same key only once; None: not at all.
    :param can_be_asked: it tells the outcome of a key.
    :param can_refund: money goes back by itself.
    :param late: for how long money may still come after the payment was given up.
    :param attended: the resident pays at the station: when they leave, or the power is cut, the payment is given up,
        so that nobody pays a stranger's order.
    """

    idempotent: timedelta | None = None
    can_be_asked: bool = False
    can_refund: bool = False
    late: timedelta = timedelta(0)
    attended: bool = False

    @property
    def trustworthy(self) -> bool:
        """Whether a power cut can be survived with it: what was done can be asked for, or asked again safely."""
        return self.can_be_asked or self.idempotent is not None


class Payment(Data):
    """What is to be collected.

    :param key: of the effect; the provider does the same key once.
    :param amount: VND.
    :param memo: ``[A-Z0-9]``, for transfers.
    :param others: memos of the station's other payments, one of which a transfer may name too.
    """

    key: str
    amount: int = Field(gt=0)
    payee: str
    memo: str
    others: frozenset[str] = frozenset()


class Invitation(Data):
    """What the resident is to do.

    :param qr: text of a QR code to scan.
    :param words: what else is said.
    :param details: label and value, for who types the transfer by hand.
    """

    qr: str = ""
    words: tuple[Text, ...] = ()
    details: tuple[tuple[Text, Text], ...] = ()


class PaymentDescriptor(Data):
    """A way to pay as the station knows it.

    :param id: ``plugin.name``.
    :param needs: devices without which it cannot be used.
    """

    id: str
    title: Text
    hint: Text | None = None
    icon: Icon | None = None
    needs: tuple[Role, ...] = ()
    properties: Properties


class PaymentPort(Protocol):
    """A way to pay as the station calls it, wherever it runs; see :class:`PaymentMethod` for what each call means."""

    id: str
    title: Text
    hint: Text | None
    icon: Icon | None
    properties: Properties

    def availability(self) -> ServiceState: ...
    async def invitation(self, payment: Payment) -> Invitation: ...
    async def collect(self, payment: Payment) -> Outcome: ...
    async def inquire(self, payment: Payment) -> Outcome: ...
    async def cancel(self, payment: Payment) -> Outcome: ...
    async def refund(self, payment: Payment, key: str, amount: int) -> Outcome: ...
    async def inquire_refund(self, payment: Payment, key: str) -> Outcome: ...


class PaymentMethod(ABC):
    """One way to pay. It keeps nothing of a payment in ``self``: the ledger does."""

    id: ClassVar[str]
    title: ClassVar[Text]
    hint: ClassVar[Text | None] = None
    icon: ClassVar[Icon | None] = None
    needs: ClassVar[tuple[Role, ...]] = ()
    """Devices without which it cannot be used."""
    properties: Properties
    terminals: Terminals | None = None
    """The station's card terminals, once it runs, for a method that needs them."""

    def availability(self) -> ServiceState:
        """Return whether it can be used now, apart from its devices; must not block."""
        return ServiceState()

    @abstractmethod
    def invitation(self, payment: Payment) -> Invitation:
        """Return what the resident is to do: the same for the same payment, after a restart too."""

    @abstractmethod
    async def collect(self, payment: Payment) -> Outcome:
        """Begin to collect, or go on with it; the same key collects once."""

    @abstractmethod
    async def inquire(self, payment: Payment) -> Outcome:
        """Ask what became of a key. ``amount`` is all that came for it."""

    async def cancel(self, payment: Payment) -> Outcome:
        """Give up: ``refused`` when nothing was collected, ``done`` when it was too late."""
        return await self.inquire(payment)

    async def refund(self, payment: Payment, key: str, amount: int) -> Outcome:
        """Give money back; ``key`` is the refund's own.

        :param payment: the one that collected it.
        :param amount: VND, all or a part of it.
        """
        return Outcome(state="refused")

    async def inquire_refund(self, payment: Payment, key: str) -> Outcome:
        """Ask what became of a refund."""
        return Outcome(state="unknown")
