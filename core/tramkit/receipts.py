"""My receipts: what became of an order, by the code of its receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from tramkit import forms, paying
from tramkit.forms import Form
from tramkit.orders.ledger import LedgerProblem
from tramkit.orders.rows import CODE_LENGTH, tidy_code
from tramkit.orders.runner import Runner
from tramkit.service import Service
from tramkit_hal.pages import Tone
from tramkit_hal.words import Messages

if TYPE_CHECKING:
    from tramkit.visit import Visit

_ = Messages("tramkit")


class ReceiptCode(Form):
    """The code of a receipt."""

    code: Annotated[
        str,
        forms.code(_("Receipt code"), hint=_("{n} letters and digits on the receipt", n=CODE_LENGTH), max_length=20),
    ]


class Receipts(Service):
    """Finds an order by the code of its receipt.

    :param runner: who has the orders.
    """

    id = "tramkit.receipts"
    title = _("My receipts")
    hint = _("What became of what you ordered or paid")

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def serve(self, visit: Visit) -> None:
        typed = await visit.ask(ReceiptCode, _("Which receipt?"))
        try:
            record = await self._runner.ledger.by_code(tidy_code(typed.code))
        except LedgerProblem:
            record = None
        if record is None:
            await visit.tell(
                _("There is no such receipt here"),
                _("Please compare the code with your receipt, or ask staff."),
                tone=Tone.WARNING,
            )
            return
        await paying.show(visit, record, copy=True)
