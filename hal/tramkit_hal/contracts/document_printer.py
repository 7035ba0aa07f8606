"""The contract of a printer of whole pages (A4): forms to sign, certificates, results."""

from __future__ import annotations

from abc import abstractmethod
from enum import StrEnum

from pydantic import Field

from tramkit_hal.data import Data
from tramkit_hal.device.base import Capabilities, Device


class JobState(StrEnum):
    """How far a job is. ``done`` says that the pages are in the tray, never that somebody took them."""

    WAITING = "waiting"
    PRINTING = "printing"
    STOPPED = "stopped"
    """The printer waits for paper, toner or a hand; the job goes on by itself afterwards."""
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"
    NOT_FOUND = "not_found"
    """The printer has no such job: nothing was printed of it."""

    @property
    def ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self not in (JobState.WAITING, JobState.PRINTING, JobState.STOPPED)


class PrintJob(Data):
    """A job as the printer tells of it.

    :param operation: the station's number of it.
    :param pages: sheets that lie in the tray; None: the printer does not count.
    """

    operation: str
    state: JobState
    pages: int | None = Field(default=None, ge=0)


class DocumentPrinterCapabilities(Capabilities):
    """What a printer of pages can do."""

    duplex: bool = False
    colour: bool = False


class DocumentPrinter(Device):
    """A printer of whole pages. Events: ``job_state``, ``low``, ``out``, ``jam``, ``state``."""

    @property
    @abstractmethod
    def capabilities(self) -> DocumentPrinterCapabilities: ...

    @abstractmethod
    async def submit(self, pdf: bytes, operation: str, deadline: float = 60.0) -> PrintJob:
        """Hand a document over; at most once for an operation.

        :param pdf: the document (ISO 32000).
        :param operation: the station's number of the job, without personal data: the printer shows it.
        :param deadline: seconds.
        :raises DeviceError: ``unsupported``: it takes no such document; ``outcome_unknown``: it may have been taken:
            ask with :meth:`job`.
        """

    @abstractmethod
    async def job(self, operation: str, deadline: float = 10.0) -> PrintJob:
        """Tell how far a job is; changes nothing."""

    @abstractmethod
    async def cancel(self, operation: str, deadline: float = 10.0) -> PrintJob:
        """Stop a job; what is printed stays printed, and the result says so."""

    @abstractmethod
    async def purge(self, deadline: float = 10.0) -> None:
        """Cancel every job of this station that has not ended; ``wipe`` does so too."""
