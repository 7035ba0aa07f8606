"""Handing a document over to the resident: on paper, or as codes for the screen."""

from __future__ import annotations

import logging

from tramkit.conversation.station_visit import StationVisit
from tramkit.host.results import HandedOver
from tramkit_hal.contracts.printer import ReceiptPrinter
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.document.document import Document
from tramkit_hal.ui.pages import Wait
from tramkit_hal.words import Messages

_ = Messages("tramkit")
_log = logging.getLogger(__name__)


async def hand_over(visit: StationVisit, document: Document, name: str) -> HandedOver:
    """Hand a document over: on paper, or as codes for the screen where there is no paper.

    :param name: the same name prints once in a visit.
    """
    unknown = False
    await visit.conversation.announce(Wait(id=visit.page_id("print"), title=_("Printing…")))
    for printer in visit.devices.usable(Role.RECEIPT_PRINTER, ReceiptPrinter):
        if unknown and printer.capabilities.medium == "paper":
            continue  # it may hang out of the other printer already: printing is at most once
        try:
            visit.claim(printer)
            printed = await printer.print(document, visit.language, f"{visit.id}:{name}")
        except DeviceError as error:
            unknown = unknown or error.trouble in (Trouble.OUTCOME_UNKNOWN, Trouble.DEADLINE)
            _log.warning("not printed", extra={"visit": visit.id, "trouble": error.trouble.value})
            continue
        if printed.medium == "paper":
            if await _present(visit, printer):
                return HandedOver(outcome="printed")
            unknown = True
            continue
        return HandedOver(outcome="unknown" if unknown else "shown", codes=printed.codes)
    return HandedOver(outcome="unknown" if unknown else "failed")


async def _present(visit: StationVisit, printer: ReceiptPrinter) -> bool:
    """Hand out the paper; False: it is printed, but may not have come out."""
    if not printer.capabilities.presents:
        return True
    try:
        await printer.present()
    except DeviceError as error:
        _log.warning("paper not handed out", extra={"visit": visit.id, "trouble": error.trouble.value})
        return False
    return True
