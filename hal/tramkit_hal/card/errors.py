"""What can go wrong between a station and a chip; none of it repeats what a card says."""

from __future__ import annotations

from tramkit_hal import TramkitError


class ChipError(TramkitError):
    """A chip could not be read."""


class CardGoneError(ChipError):
    """The card was taken away, or the reader lost it."""


class ChipStatusError(ChipError):
    """The chip refused a command.

    :param step: what was asked of it, for the operator: ``select DG1``.
    :param status: its status word (ISO/IEC 7816-4, section 5.6).
    """

    def __init__(self, step: str, status: int) -> None:
        super().__init__(f"{step}: the chip answered {status:04X}")
        self.step = step
        self.status = status


class ChipProtocolError(ChipError):
    """The chip answered what the standard does not allow: garbage, a length that cannot be, a wrong checksum."""


class AccessRefusedError(ChipError):
    """No key that was given opens this chip: most likely they belong to another card."""
