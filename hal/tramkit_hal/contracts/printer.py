"""The contract of a receipt printer."""

from __future__ import annotations

from abc import abstractmethod
from typing import Literal

from tramkit_hal.data import Data
from tramkit_hal.device.base import Capabilities, Device
from tramkit_hal.document.document import Document


class ReceiptPrinterCapabilities(Capabilities):
    """What a receipt printer can do.

    :param medium: ``paper``, or ``screen``: nothing is printed, :class:`Printed` carries codes to show.
    :param dots: dots across the paper (576 at 80 mm, 384 at 58 mm).
    :param presents: holds the paper until it is taken, and can pull it back.
    """

    medium: Literal["paper", "screen"]
    dots: int = 576
    presents: bool = False


class Printed(Data):
    """What came of printing.

    :param codes: for the medium ``screen``: QR contents that together hold the document, in order.
    """

    medium: Literal["paper", "screen"]
    codes: tuple[str, ...] = ()


class ReceiptPrinter(Device):
    """A receipt printer. Events: ``taken``, ``low``, ``out``, ``jam``, ``state``."""

    @property
    @abstractmethod
    def capabilities(self) -> ReceiptPrinterCapabilities: ...

    @abstractmethod
    async def print(self, document: Document, language: str, operation: str, deadline: float = 30.0) -> Printed:
        """Print a document once.

        :param operation: the same operation id never prints twice; the second call returns what the first did.
        :param deadline: seconds.
        :raises DeviceError: ``out_of_paper``, ``cover_open``, ``jammed``: nothing was printed;
            ``outcome_unknown``: it may have been.
        """

    @abstractmethod
    async def present(self, deadline: float = 5.0) -> None:
        """Hold the paper out to the resident (where it ``presents``)."""
