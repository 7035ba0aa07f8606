"""VietQR as a payment method: the station shows a code, asks the payee's bank for transfers, gives money back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from tramkit import (
    Gateway,
    GatewayError,
    Icon,
    Invitation,
    Messages,
    Outcome,
    Payment,
    PaymentMethod,
    Properties,
    find_memo,
    verbatim,
)
from tramkit_payments.accounts import Account, account_of
from tramkit_payments.banks import bank_of

_ = Messages("tramkit_payments")

LATE = timedelta(hours=24)
"""For so long money is looked for after a payment was given up: it goes back."""


class Came(NamedTuple):
    """What has come for a payment.

    :param amount: VND.
    :param last: the last transfer's number.
    :param disputed: more has come that names another payment too; when that one is over it is this one's.
    """

    amount: int
    last: str
    disputed: bool


class VietQr(PaymentMethod):
    """A transfer or payment by VietQR; polling alone is enough, a station behind NAT gets no notices.

    :param url: of the switch.
    :param bin: of the bank of the account that is every payee's who has no other.
    :param account: that account.
    :param accounts: of payees who have accounts of their own; one without payees stands for ``bin`` and ``account``.
    :param receiver: address of the receiver of notices; empty: the switch alone is asked.
    :param station_key: this station's key at the receiver.
    :param late: for how long money may come after the payment was given up.
    """

    id = "payments.vietqr"
    title = _("Bank transfer by VietQR")
    hint = _("Scan a code with your banking app")
    icon = Icon.SCAN

    def __init__(
        self,
        url: str,
        bin: str,
        account: str,
        late: timedelta = LATE,
        receiver: str = "",
        station_key: str = "",
        accounts: Sequence[Account] = (),
    ) -> None:
        self.properties = Properties(can_be_asked=True, can_refund=True, idempotent=timedelta(hours=24), late=late)
        self._gateway = Gateway(url, "the switch")
        self._sources = [self._gateway]
        if receiver:
            headers = {"Authorization": f"Bearer {station_key}"}
            self._sources.append(Gateway(receiver, "the receiver of notices", headers))
        self._accounts = (Account(bin=bin, account=account), *accounts)

    def invitation(self, payment: Payment) -> Invitation:
        """Return the code to scan, and the same to type by hand."""
        to = account_of(self._accounts, payment)
        bank = bank_of(to.bin)
        return Invitation(
            qr=to.code(payment.amount, payment.memo),
            details=(
                *(((_("Bank"), verbatim(bank)),) if bank else ()),
                (_("Account"), verbatim(to.account)),
                *(((_("Account holder"), verbatim(to.holder)),) if to.holder else ()),
                (_("Transfer message"), verbatim(to.message(payment.memo))),
            ),
        )

    async def collect(self, payment: Payment) -> Outcome:
        """Look whether money has come; there is nothing to send."""
        return await self.inquire(payment)

    async def inquire(self, payment: Payment) -> Outcome:
        """Ask for the transfers with this memo: enough of them is done, less is pending."""
        came = await self._came(payment)
        if came.amount >= payment.amount:
            return Outcome(state="done", amount=came.amount, reference=came.last)
        return Outcome(state="pending", amount=came.amount)

    async def cancel(self, payment: Payment) -> Outcome:
        """Give up: what has come, too little perhaps, is told as done."""
        came = await self._came(payment)
        if came.disputed:
            return Outcome(state="pending", amount=came.amount)
        if not came.amount:
            return Outcome(state="refused")
        return Outcome(state="done", amount=came.amount, reference=came.last)

    async def refund(self, payment: Payment, key: str, amount: int) -> Outcome:
        """Have money sent back to where it came from."""
        status, told = await self._gateway.ask(
            "POST", "/api/refunds", {"key": key, "memo": payment.memo, "amount": amount}
        )
        if told.get("status") == "DONE":
            return Outcome(state="done", amount=amount, reference=key)
        return Outcome(state="refused" if status in (400, 409) else "unknown")

    async def inquire_refund(self, payment: Payment, key: str) -> Outcome:
        """Ask what became of a refund."""
        status, told = await self._gateway.ask("GET", f"/api/refunds/{key}")
        if status == 404 and told.get("error") == "NO_SUCH_REFUND":
            return Outcome(state="not_found")
        return Outcome(state="done", reference=key) if told.get("status") == "DONE" else Outcome(state="unknown")

    async def _came(self, payment: Payment) -> Came:
        """Return all that has come.

        The receiver tells of the same money as the switch: who knows of more is right, the sum would double it.
        """
        told: list[Came] = []
        trouble: GatewayError | None = None
        for gateway in self._sources:
            try:
                told.append(await self._came_to(gateway, payment))
            except GatewayError as error:
                trouble = error
        enough = [each for each in told if each.amount >= payment.amount]
        if not told or (trouble is not None and not enough):
            raise trouble or GatewayError("nobody can be asked")
        return max(told)._replace(disputed=any(each.disputed for each in told))

    async def _came_to(self, gateway: Gateway, payment: Payment) -> Came:
        """Return what one of them tells. A transfer never pays two orders: with the memos of two it pays neither."""
        account = account_of(self._accounts, payment).account
        query = urlencode({"account": account, "memo": payment.memo})
        _status, told = await gateway.ask("GET", f"/api/transfers?{query}")
        transfers = told.get("transfers")
        if told.get("account") != account or not isinstance(transfers, list):
            raise GatewayError("the switch's answer cannot be understood")
        ours: dict[str, int] = {}
        disputed = False
        for each in transfers:
            id, amount, content = each.get("id"), each.get("amount"), each.get("content")
            if not (
                isinstance(id, str) and type(amount) is int and amount > 0 and find_memo(payment.memo, str(content))
            ):
                continue
            if others := [memo for memo in payment.others if find_memo(memo, str(content))]:
                disputed = disputed or payment.memo < min(others)  # one of them waits, so that it counts once
            else:
                ours[id] = amount  # the same transfer told twice is one
        return Came(sum(ours.values()), next(reversed(ours), ""), disputed)
