"""A simulated printer of pages."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel, Field

from tramkit_hal.contracts.document_printer import DocumentPrinter, DocumentPrinterCapabilities, JobState, PrintJob
from tramkit_hal.device.base import DeviceContext, DeviceState
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.simulated import SimControl
from tramkit_hal.sim._base import COMMON_FAULTS, SimSettings, Simulator
from tramkit_hal.words import noted

TRAY = (noted("ok"), noted("low"), noted("out"))


class DocumentPrinterSettings(SimSettings):
    """Settings of the simulated printer of pages.

    :param seconds: how long a job takes.
    """

    seconds: float = Field(1.0, ge=0, le=600)


class SimDocumentPrinter(Simulator, DocumentPrinter):
    """A printer that counts what it was given and keeps no page of it."""

    driver = "sim_document_printer"
    model = "simulated page printer"
    Settings = DocumentPrinterSettings
    faults = (*COMMON_FAULTS, Trouble.JAMMED, Trouble.OUT_OF_TONER, Trouble.OUTCOME_UNKNOWN)

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._tray = "ok"
        self._jobs: dict[str, JobState] = {}
        self._running: set[asyncio.Task[None]] = set()
        self.printed = 0
        """How many documents it has printed."""

    @property
    def capabilities(self) -> DocumentPrinterCapabilities:
        return DocumentPrinterCapabilities(duplex=True)

    async def submit(self, pdf: bytes, operation: str, deadline: float = 60.0) -> PrintJob:
        async with self._simulate(deadline):
            if operation not in self._jobs:
                if not pdf.startswith(b"%PDF-"):
                    raise DeviceError(Trouble.UNSUPPORTED, "no PDF")
                if self._tray == "out":
                    raise DeviceError(Trouble.OUT_OF_PAPER)
                self._jobs[operation] = JobState.PRINTING
                task = asyncio.create_task(self._print(operation), name="simulated page printer")
                self._running.add(task)
                task.add_done_callback(self._running.discard)
            if self._fault is Trouble.OUTCOME_UNKNOWN:
                raise DeviceError(Trouble.OUTCOME_UNKNOWN)
            return self._tell(operation)

    async def _print(self, operation: str) -> None:
        await self.clock.sleep(self.settings.seconds)
        if self._jobs.get(operation) is JobState.PRINTING:
            self._jobs[operation] = JobState.DONE
            self.printed += 1
            self._emit("job_state", JobState.DONE.value)

    async def job(self, operation: str, deadline: float = 10.0) -> PrintJob:
        async with self._simulate(deadline, exclusive=False):
            return self._tell(operation)

    async def cancel(self, operation: str, deadline: float = 10.0) -> PrintJob:
        async with self._simulate(deadline):
            self._cancel(operation)
            return self._tell(operation)

    async def purge(self, deadline: float = 10.0) -> None:
        async with self._simulate(deadline):
            self._purge()

    def _tell(self, operation: str) -> PrintJob:
        state = self._jobs.get(operation, JobState.NOT_FOUND)
        return PrintJob(operation=operation, state=state, pages=1 if state is JobState.DONE else 0)

    def _cancel(self, operation: str) -> None:
        if operation in self._jobs and not self._jobs[operation].ended:
            self._jobs[operation] = JobState.CANCELLED

    def _purge(self) -> None:
        for operation in self._jobs:
            self._cancel(operation)

    async def _stop(self) -> None:
        for task in tuple(self._running):
            task.cancel()
        self._purge()

    async def _wipe(self) -> None:
        self._purge()

    def _facts(self) -> dict[str, str]:
        return {"paper": self._tray, "printed": str(self.printed)}

    def _controls(self) -> tuple[SimControl, ...]:
        return (SimControl(name="tray", label=noted("Paper"), kind="choice", options=TRAY, value=self._tray),)

    async def _control(self, name: str, value: str) -> None:
        self._tray = value
        if value != "ok":
            self._emit(value)
        if self.state.usable and self.state is not DeviceState.BUSY:
            trouble = Trouble.OUT_OF_PAPER if value == "out" else None
            self._become(DeviceState.READY if value == "ok" else DeviceState.DEGRADED, trouble)
