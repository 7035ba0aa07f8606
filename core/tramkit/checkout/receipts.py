"""My receipts: what became of an order, by the code of its receipt or by the card of whoever ordered it."""

from __future__ import annotations

from typing import Annotated

from tramkit import forms
from tramkit.checkout import paying
from tramkit.conversation.station_visit import StationVisit
from tramkit.forms import Form
from tramkit.host.order import Record
from tramkit.host.person import Level
from tramkit.host.plugin_side import ServiceDescriptor
from tramkit.orders.ledger import LedgerError
from tramkit.orders.rows import CODE_LENGTH, tidy_code
from tramkit.orders.runner import Runner
from tramkit.station.station_host import StationHost
from tramkit_hal.ui.icons import Icon
from tramkit_hal.ui.pages import Option, Stage, Tone
from tramkit_hal.words import Messages, Moment, Money, Text

_ = Messages("tramkit")

MAX = 20
"""So many of a person's newest orders are listed."""


class ReceiptCode(Form):
    """The code of a receipt."""

    code: Annotated[
        str,
        forms.code(_("Receipt code"), hint=_("{n} letters and digits on the receipt", n=CODE_LENGTH), max_length=20),
    ]


class Receipts:
    """Finds an order by the code of its receipt, or by the chip of an identity card.

    A service of the station itself: it sees orders of every service.

    :param runner: who has the orders.
    """

    descriptor = ServiceDescriptor(
        id="tramkit.receipts",
        title=_("My receipts"),
        hint=_("What became of what you ordered or paid"),
        needs_date=False,
        icon=Icon.RECEIPT,
        path=(Stage.QUESTIONS, Stage.RESULT),
    )

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def serve(self, host: StationHost) -> None:
        """Lead the resident to a receipt."""
        visit = host.visit
        try:
            by_card = await self._has_card(host)
            record = await (self._by_card(host) if by_card else self._by_code(visit))
        except LedgerError:
            await visit.tell(
                _("Receipts cannot be looked up here now"),
                _("Please try again later, or ask staff."),
                tone=Tone.WARNING,
            )
            return
        if record is not None:
            await paying.show(visit, record, copy=True)

    async def _has_card(self, host: StationHost) -> bool:
        """Ask how it is to be found, where a card can be read at all."""
        if not host.identification.reachable(Level.CHIP):
            return False
        options = [
            Option(value="code", label=_("By the code on the receipt"), icon=Icon.SCAN),
            Option(
                value="card",
                label=_("With my identity card"),
                icon=Icon.IDENTITY_CARD,
                hint=_("For what was ordered with the card or a signed-in account"),
            ),
        ]
        return await host.visit.choose(_("How would you like to find your receipt?"), options, name="how") == "card"

    async def _by_code(self, visit: StationVisit) -> Record | None:
        typed = await visit.ask(ReceiptCode, _("Which receipt?"), scanned="code")
        record = await self._runner.ledger.by_code(tidy_code(typed.code))
        if record is None:
            await visit.tell(
                _("There is no such receipt here"),
                _("Please compare the code with your receipt, or ask staff."),
                tone=Tone.WARNING,
            )
        return record

    async def _by_card(self, host: StationHost) -> Record | None:
        """Let a person choose among their orders; the card must prove itself, its printed code is no proof."""
        visit = host.visit
        person = await host.identification.identify(Level.CHIP)
        records = {each.code: each for each in await self._runner.ledger.of_holder(person.number, MAX)}
        if not records:
            by_code = Option(value="code", label=_("By the code on the receipt"))
            answer = await visit.tell(
                _("There are no receipts of yours here"),
                _("Only what was ordered at this station with this card, or with your account, is found with it."),
                tone=Tone.WARNING,
                options=(by_code,),
            )
            return await self._by_code(visit) if answer == by_code.value else None
        options = [Option(value=code, label=each.order.title, hint=_which(each)) for code, each in records.items()]
        return records[await visit.choose(_("Which receipt?"), options, name="receipt")]


def _which(record: Record) -> Text:
    """Return what tells a receipt from another one of the same service."""
    time, code = Moment(at=record.placed_at, with_day=True), paying.spaced(record.code)
    if not record.order.amount:
        return _("{time}, code {code}", time=time, code=code)
    return _("{amount}, {time}, code {code}", amount=Money(amount=record.order.amount), time=time, code=code)
