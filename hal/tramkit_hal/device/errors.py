"""What can be wrong with a device, who can mend it, and what the resident is told."""

from __future__ import annotations

from enum import StrEnum

from tramkit_hal import TramkitError
from tramkit_hal.words import Messages, Text, noted

_ = Messages("tramkit_hal")


class Mend(StrEnum):
    """Who or what can put an error right."""

    RETRY = "retry"
    RESIDENT = "resident"
    REFILL = "refill"
    RESET = "reset"
    CONFIGURE = "configure"
    TECHNICIAN = "technician"
    WAIT = "wait"


class Trouble(StrEnum):
    """What can be wrong with a device: a closed set, each with who can mend it and words for the resident."""

    DEADLINE = noted("deadline")
    UNPLUGGED = noted("unplugged")
    NOT_OPEN = noted("not_open")
    CLAIMED = noted("claimed")
    UNREADABLE = noted("unreadable")
    ACCESS_REFUSED = noted("access_refused")
    OUT_OF_PAPER = noted("out_of_paper")
    OUT_OF_TONER = noted("out_of_toner")
    COVER_OPEN = noted("cover_open")
    JAMMED = noted("jammed")
    FAULTY = noted("faulty")
    MISCONFIGURED = noted("misconfigured")
    UNSUPPORTED = noted("unsupported")
    OUTCOME_UNKNOWN = noted("outcome_unknown")

    @property
    def mend(self) -> Mend:
        return _MENDS[self][0]

    @property
    def words(self) -> Text:
        return _MENDS[self][1]


_MENDS: dict[Trouble, tuple[Mend, Text]] = {
    Trouble.DEADLINE: (Mend.RETRY, _("The device did not answer in time.")),
    Trouble.UNPLUGGED: (Mend.TECHNICIAN, _("The device is not connected.")),
    Trouble.NOT_OPEN: (Mend.RESET, _("The device is not ready.")),
    Trouble.CLAIMED: (Mend.WAIT, _("The device is in use.")),
    Trouble.UNREADABLE: (Mend.RESIDENT, _("The device could not read it. Please try again.")),
    Trouble.ACCESS_REFUSED: (
        Mend.RESIDENT,
        _("This card did not open with that number. Please check that it is the same card."),
    ),
    Trouble.OUT_OF_PAPER: (Mend.REFILL, _("The printer is out of paper.")),
    Trouble.OUT_OF_TONER: (Mend.REFILL, _("The printer is out of toner.")),
    Trouble.COVER_OPEN: (Mend.REFILL, _("The printer's cover is open.")),
    Trouble.JAMMED: (Mend.TECHNICIAN, _("Paper is stuck in the printer.")),
    Trouble.FAULTY: (Mend.RESET, _("The device has a fault.")),
    Trouble.MISCONFIGURED: (Mend.CONFIGURE, _("The device is not set up correctly.")),
    Trouble.UNSUPPORTED: (Mend.CONFIGURE, _("The device cannot do this.")),
    Trouble.OUTCOME_UNKNOWN: (Mend.WAIT, _("It is not known whether the device finished.")),
}


class DeviceError(TramkitError):
    """Something a device could not do.

    :param trouble: what is wrong, from the closed set.
    :param detail: for the operator, never with personal data.
    """

    def __init__(self, trouble: Trouble, detail: str = "") -> None:
        super().__init__(f"{trouble.value}: {detail}" if detail else trouble.value)
        self.trouble = trouble
        self.detail = detail

    @property
    def mend(self) -> Mend:
        return self.trouble.mend
