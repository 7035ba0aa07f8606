"""Printers of pages over IPP, as every network printer since about 2013 speaks it (IPP Everywhere, PWG 5100.14)."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections import OrderedDict
from collections.abc import Sequence

import aiohttp
from pydantic import BaseModel, Field

from tramkit_hal.contracts.document_printer import DocumentPrinter, DocumentPrinterCapabilities, JobState, PrintJob
from tramkit_hal.data import Data
from tramkit_hal.device.base import DeviceContext, DeviceInfo, DeviceState, HealthLevel
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.drivers import _ipp_codes as ipp

JOBS_KEPT = 1000
USER = "tramkit"

STATES = {
    3: JobState.WAITING,
    4: JobState.WAITING,
    5: JobState.PRINTING,
    6: JobState.STOPPED,
    7: JobState.CANCELLED,
    8: JobState.FAILED,
    9: JobState.DONE,
}
"""RFC 8011, 5.3.7: job-state."""

REASONS = {
    "media-jam": Trouble.JAMMED,
    "cover-open": Trouble.COVER_OPEN,
    "door-open": Trouble.COVER_OPEN,
    "media-empty": Trouble.OUT_OF_PAPER,
    "media-needed": Trouble.OUT_OF_PAPER,
    "input-tray-missing": Trouble.OUT_OF_PAPER,
    "toner-empty": Trouble.OUT_OF_TONER,
    "marker-supply-empty": Trouble.OUT_OF_TONER,
    "paused": Trouble.FAULTY,
    "shutdown": Trouble.FAULTY,
}
"""RFC 8011, 5.4.12: printer-state-reasons, the worst first; each may end in ``-report``, ``-warning``, ``-error``."""

LOW = ("media-low", "toner-low", "marker-supply-low")


class IppSettings(Data):
    """Settings of a printer over IPP.

    :param url: ``ipp://`` or ``ipps://``, host, port, path, e.g. ``ipp://192.0.2.9/ipp/print``.
    :param sides: ``two-sided-long-edge`` to save paper.
    :param poll: seconds between two looks at it.
    """

    url: str = Field(pattern=r"^ipps?://[A-Za-z0-9.\[\]:_-]+(/[A-Za-z0-9._/-]*)?$")
    sides: str = Field("one-sided", pattern="^(one-sided|two-sided-long-edge|two-sided-short-edge)$")
    poll: float = Field(10.0, ge=0.05, le=300)


class IppPrinter(DocumentPrinter):
    """A printer of pages over IPP."""

    driver = "ipp"
    Settings = IppSettings

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._http: aiohttp.ClientSession | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._numbers = itertools.count(1)
        self._model = "IPP printer"
        self._attributes: dict[str, list[ipp.Value]] = {}
        self._jobs: OrderedDict[str, int | None] = OrderedDict()
        """Each job that was begun, with the printer's number of it; None: not known."""

    @property
    def info(self) -> DeviceInfo:
        serial = self._text("printer-uuid") or self.settings.url
        return DeviceInfo(driver=self.driver, model=self._model, serial=serial)

    @property
    def capabilities(self) -> DocumentPrinterCapabilities:
        sides = self._attributes.get("sides-supported", [])
        return DocumentPrinterCapabilities(
            duplex="two-sided-long-edge" in sides, colour=self._attributes.get("color-supported") == [True]
        )

    # ── the contract ──────────────────────────────────────────────────────────────────────────────────────

    async def submit(self, pdf: bytes, operation: str, deadline: float = 60.0) -> PrintJob:
        begun = False
        try:
            async with self._operation(deadline):
                if operation in self._jobs:
                    return await self._known(operation)
                if not pdf.startswith(b"%PDF-"):
                    raise DeviceError(Trouble.UNSUPPORTED, "no PDF")
                await self._look()
                if (trouble := self._trouble_now()) is not None:
                    raise DeviceError(trouble)
                begun = True
                self._jobs[operation] = None
                while len(self._jobs) > JOBS_KEPT:
                    self._jobs.popitem(last=False)
                told = await self._ask(ipp.PRINT_JOB, self._job_attributes(operation), pdf)
                if told.status >= 0x100:
                    begun = False
                    self._jobs.pop(operation)
                    raise _refused(told.status)
                return self._tell(operation, told.first(ipp.JOB))
        except DeviceError as error:
            if begun and error.trouble is not Trouble.OUTCOME_UNKNOWN:
                raise DeviceError(Trouble.OUTCOME_UNKNOWN, f"the job was on its way: {error.trouble.value}") from error
            raise

    async def job(self, operation: str, deadline: float = 10.0) -> PrintJob:
        async with self._operation(deadline, exclusive=False):
            return await self._find(operation)

    async def cancel(self, operation: str, deadline: float = 10.0) -> PrintJob:
        async with self._operation(deadline):
            found = await self._find(operation)
            number = self._jobs.get(operation)
            if found.state.ended or number is None:
                return found
            await self._cancel(number)
            return await self._find(operation)

    async def purge(self, deadline: float = 10.0) -> None:
        async with self._operation(deadline):
            await self._purge()

    async def _known(self, operation: str) -> PrintJob:
        """Return a job that was begun before; it is never sent again, even where the printer does not know it."""
        found = await self._find(operation)
        if found.state is JobState.NOT_FOUND:
            raise DeviceError(Trouble.OUTCOME_UNKNOWN, "it was on its way, and the printer has no job of that name")
        return found

    async def _find(self, operation: str) -> PrintJob:
        """Ask for a job by the printer's number of it, or by its name where the number was never heard."""
        number = self._jobs.get(operation)
        if number is not None:
            told = await self._ask(ipp.GET_JOB, [(ipp.INTEGER, "job-id", [number]), _whose()])
            if told.status < 0x100 and "job-state" in told.first(ipp.JOB):
                return self._tell(operation, told.first(ipp.JOB))
        for which in ("not-completed", "completed"):
            for job in await self._list(which):
                if job.get("job-name") == [_name(operation)]:
                    return self._tell(operation, job)
        return PrintJob(operation=operation, state=JobState.NOT_FOUND)

    async def _list(self, which: str) -> list[dict[str, list[ipp.Value]]]:
        wanted = ["job-id", "job-name", "job-state", "job-media-sheets-completed"]
        told = await self._ask(
            ipp.GET_JOBS,
            [_whose(), (ipp.KEYWORD, "which-jobs", [which]), (ipp.KEYWORD, "requested-attributes", wanted)],
        )
        return told.all(ipp.JOB) if told.status < 0x100 else []

    def _tell(self, operation: str, job: dict[str, list[ipp.Value]]) -> PrintJob:
        number, state = job.get("job-id", [None])[0], job.get("job-state", [0])[0]
        if isinstance(number, int):
            self._jobs[operation] = number
        sheets = job.get("job-media-sheets-completed", [None])[0]
        if not isinstance(state, int) or state not in STATES:
            raise DeviceError(Trouble.OUTCOME_UNKNOWN, "the printer does not say how the job is")
        return PrintJob(operation=operation, state=STATES[state], pages=sheets if isinstance(sheets, int) else None)

    def _job_attributes(self, operation: str) -> list[tuple[int, str, Sequence[ipp.Value]]]:
        return [
            _whose(),
            (ipp.NAME, "job-name", [_name(operation)]),
            (ipp.MIME, "document-format", ["application/pdf"]),
        ]

    async def _cancel(self, number: int) -> None:
        await self._ask(ipp.CANCEL_JOB, [(ipp.INTEGER, "job-id", [number]), _whose()])

    async def _purge(self) -> None:
        """Cancel what has not ended: of this station only, since others may use the printer too."""
        names = {_name(operation) for operation in self._jobs}
        for job in await self._list("not-completed"):
            number, name = job.get("job-id", [None])[0], job.get("job-name", [None])[0]
            if isinstance(number, int) and name in names:
                await self._cancel(number)

    # ── life ──────────────────────────────────────────────────────────────────────────────────────────────

    async def _open(self) -> None:
        await self._close()
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None, sock_connect=5))
        try:
            await self._look()
        except BaseException:
            await self._close()
            raise
        formats = self._attributes.get("document-format-supported", [])
        if "application/pdf" not in formats:
            await self._close()
            raise DeviceError(Trouble.MISCONFIGURED, "the printer takes no PDF")
        self._model = self._text("printer-make-and-model") or self._model
        self._watcher = asyncio.create_task(self._watch(), name="ipp watch")
        self._show()

    async def _close(self) -> None:
        watcher, self._watcher = self._watcher, None
        if watcher is not None and watcher is not asyncio.current_task():
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    async def _wipe(self) -> None:
        if self._http is not None and self._jobs:
            await self._purge()

    async def _check(self, level: HealthLevel) -> dict[str, str]:
        await self._look()
        if (trouble := self._trouble_now()) is not None:
            raise DeviceError(trouble)
        return {"reasons": " ".join(self._reasons()) or "none", "model": self._model}

    async def _watch(self) -> None:
        missed = 0
        while True:
            await self.clock.sleep(self.settings.poll)
            try:
                async with asyncio.timeout(5):
                    await self._look()
                missed = 0
                self._show()
            except (DeviceError, TimeoutError):
                missed += 1
            if missed >= 3:
                self._lost(Trouble.UNPLUGGED)
                return

    # ── what it says of itself ────────────────────────────────────────────────────────────────────────────

    async def _look(self) -> None:
        told = await self._ask(ipp.GET_PRINTER, [_whose()])
        if told.status >= 0x100:
            raise _refused(told.status)
        before = set(self._reasons())
        self._attributes = told.first(ipp.PRINTER)
        now = set(self._reasons()) - before
        for name, reasons in (("low", LOW), ("out", ("media-empty", "toner-empty")), ("jam", ("media-jam",))):
            if not now.isdisjoint(reasons):
                self._emit(name)

    def _text(self, name: str) -> str:
        value = self._attributes.get(name, [""])[0]
        return value if isinstance(value, str) else ""

    def _reasons(self) -> list[str]:
        """Return why it is as it is; a ``-report`` is no trouble."""
        reasons = [str(reason) for reason in self._attributes.get("printer-state-reasons", [])]
        return [
            reason.removesuffix("-error").removesuffix("-warning")
            for reason in reasons
            if reason != "none" and not reason.endswith("-report")
        ]

    def _trouble_now(self) -> Trouble | None:
        reasons = self._reasons()
        for reason, trouble in REASONS.items():
            if reason in reasons:
                return trouble
        if self._attributes.get("printer-is-accepting-jobs") == [False]:
            return Trouble.FAULTY
        return Trouble.FAULTY if self._attributes.get("printer-state") == [5] else None

    def _show(self) -> None:
        if self.state is DeviceState.BUSY or not (self.state.usable or self.state is DeviceState.STARTING):
            return
        trouble = self._trouble_now()
        low = not set(self._reasons()).isdisjoint(LOW)
        self._become(DeviceState.DEGRADED if trouble or low else DeviceState.READY, trouble)

    # ── on the wire ───────────────────────────────────────────────────────────────────────────────────────

    async def _ask(
        self, operation: int, attributes: Sequence[tuple[int, str, Sequence[ipp.Value]]], document: bytes = b""
    ) -> ipp.Answer:
        if self._http is None:
            raise DeviceError(Trouble.NOT_OPEN)
        url = self.settings.url.replace("ipp", "http", 1)
        if ":" not in url.split("://", 1)[1].split("/", 1)[0]:
            host, slash, path = url.split("://", 1)[1].partition("/")
            url = f"{url.split('://', 1)[0]}://{host}:631{slash}{path}"
        data = ipp.request(operation, next(self._numbers), self.settings.url, attributes) + document
        try:
            async with self._http.post(url, data=data, headers={"Content-Type": "application/ipp"}) as response:
                if response.status != 200:
                    raise DeviceError(Trouble.MISCONFIGURED, f"HTTP {response.status}")
                body = await response.content.read(ipp.MAX_ANSWER)
                while chunk := await response.content.read(ipp.MAX_ANSWER - len(body)):
                    body += chunk
                return ipp.answer(body)
        except aiohttp.ClientError as error:
            raise DeviceError(Trouble.UNPLUGGED, type(error).__name__) from None
        except ValueError:
            raise DeviceError(Trouble.FAULTY, "the printer's answer is no IPP") from None


def _whose() -> tuple[int, str, Sequence[ipp.Value]]:
    return (ipp.NAME, "requesting-user-name", [USER])


def _name(operation: str) -> str:
    """Return the name under which the printer knows a job: it stands on its display, so it tells nothing."""
    return "tramkit-" + hashlib.sha256(operation.encode()).hexdigest()[:16]


def _refused(status: int) -> DeviceError:
    """RFC 8011, appendix B: what the printer refused, and who can mend it."""
    trouble = {
        0x0401: Trouble.MISCONFIGURED,
        0x0402: Trouble.MISCONFIGURED,
        0x0403: Trouble.MISCONFIGURED,
        0x0406: Trouble.MISCONFIGURED,
        0x040A: Trouble.UNSUPPORTED,
        0x0507: Trouble.CLAIMED,
    }.get(status, Trouble.FAULTY)
    return DeviceError(trouble, f"IPP status {status:#06x}")
