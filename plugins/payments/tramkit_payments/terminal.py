"""The card terminal of the station as a payment method; card numbers stay in the terminal."""

from __future__ import annotations

from datetime import timedelta

from tramkit import (
    DeviceError,
    Icon,
    Invitation,
    Messages,
    Outcome,
    Payment,
    PaymentMethod,
    Properties,
    Role,
    TerminalInfo,
    Terminals,
)
from tramkit_hal.contracts.payment_terminal import Charge, TerminalResult
from tramkit_hal.device.errors import Trouble

_ = Messages("tramkit_payments")

KEYS_KEPT = timedelta(hours=24)
"""So long a terminal's acquirer keeps numbers; after that they are asked for and never charged again."""


class CardTerminal(PaymentMethod):
    """Pays by card at the station's terminal.

    A number belongs to the terminal that has heard of it: with more than one, none is charged while another one cannot
    be asked.
    """

    id = "payments.terminal"
    title = _("Bank card at the terminal")
    hint = _("Hold the card to the terminal beside the screen")
    icon = Icon.BANK_CARD
    needs = (Role.PAYMENT_TERMINAL,)

    def __init__(self) -> None:
        self.properties = Properties(can_be_asked=True, can_refund=True, idempotent=KEYS_KEPT, attended=True)

    def invitation(self, payment: Payment) -> Invitation:
        """Return where to hold the card."""
        return Invitation(words=(_("Hold your card to the terminal beside the screen and follow what it says."),))

    async def collect(self, payment: Payment) -> Outcome:
        """Have the terminal ask for a card."""
        terminal, told = await self._find(payment.key)
        if told.charge is Charge.NOT_FOUND:
            try:
                told = await self._terminals.charge(terminal.number, payment.key, payment.amount)
            except DeviceError as error:
                if error.trouble is Trouble.CLAIMED:  # another payment waits for its card: this one was not heard
                    return Outcome(state="pending")
                raise
        return _outcome(told)

    async def inquire(self, payment: Payment) -> Outcome:
        """Ask what became of the payment."""
        return _outcome((await self._find(payment.key))[1])

    async def cancel(self, payment: Payment) -> Outcome:
        """Stop asking for a card; what was taken already is told as done."""
        terminal, _told = await self._find(payment.key)
        return _outcome(await self._terminals.cancel(terminal.number, payment.key))

    async def refund(self, payment: Payment, key: str, amount: int) -> Outcome:
        """Have the terminal give money back to the card."""
        terminal, _told = await self._find(payment.key)
        if not terminal.refund:
            return Outcome(state="refused")
        return _outcome(await self._terminals.refund(terminal.number, payment.key, key, amount))

    async def inquire_refund(self, payment: Payment, key: str) -> Outcome:
        """Ask what became of a refund."""
        return _outcome((await self._find(key))[1])

    @property
    def _terminals(self) -> Terminals:
        if self.terminals is None:
            raise DeviceError(Trouble.NOT_OPEN)
        return self.terminals

    async def _find(self, key: str) -> tuple[TerminalInfo, TerminalResult]:
        """Return the terminal that has heard of a number, or the first one.

        :raises DeviceError: one of them cannot be asked, and none of the others has heard of it.
        """
        first: tuple[TerminalInfo, TerminalResult] | None = None
        trouble: DeviceError | None = None
        for terminal in await self._terminals.bound():
            try:
                told = await self._terminals.inquire(terminal.number, key)
            except DeviceError as error:
                trouble = error
                continue
            if told.charge is not Charge.NOT_FOUND:
                return terminal, told
            first = first or (terminal, told)
        if trouble is not None or first is None:
            raise trouble or DeviceError(Trouble.NOT_OPEN)
        return first


def _outcome(told: TerminalResult) -> Outcome:
    match told.charge:
        case Charge.SETTLED:
            return Outcome(state="done", amount=told.amount, reference=told.approval)
        case Charge.DECLINED:
            return Outcome(state="refused", reason=_("The card was not accepted. Nothing was paid."))
        case Charge.PENDING:
            return Outcome(state="pending")
        case Charge.NOT_FOUND:
            return Outcome(state="not_found")
        case Charge.UNKNOWN:
            return Outcome(state="unknown")
