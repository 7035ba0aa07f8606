"""Receipt printers that speak ESC/POS, over the network, USB or a serial line.

Vietnamese is printed as a picture, since code pages differ from model to model. What became of a job is believed only
when the printer says so: it is asked, behind the last dot, to say a number when everything before it has been printed.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable
from typing import Literal

from pydantic import BaseModel, Field

from tramkit_hal.contracts.printer import Printed, ReceiptPrinter, ReceiptPrinterCapabilities
from tramkit_hal.device.base import DeviceContext, DeviceInfo, DeviceState, HealthLevel
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.document.document import Document
from tramkit_hal.document.raster import raster
from tramkit_hal.drivers import _escpos_codes as codes
from tramkit_hal.drivers._wire import Wire, WireSettings, dial

JOBS_KEPT = 1000
"""Numbers of jobs that are remembered, so that none is printed twice."""

MISSED_POLLS = 3
"""A printer that flaps is not gone: it is after so many questions without an answer."""

ANSWER_SECONDS = 3.0


class EscPosSettings(WireSettings):
    """Settings of an ESC/POS printer.

    :param dots: dots across the paper: 576 at 80 mm, 384 at 58 mm.
    :param confirm: how it tells that a job is done: ``process_id`` (GS ( H, the job's own number) or, for models that
        do not know it, ``status`` (GS r, any answer in order).
    :param poll: seconds between two questions whether it is there.
    """

    dots: int = Field(576, ge=200, le=1000, multiple_of=8)
    confirm: Literal["process_id", "status"] = "process_id"
    poll: float = Field(5.0, ge=0.05, le=60)


class EscPosPrinter(ReceiptPrinter):
    """A receipt printer with a cutter that speaks ESC/POS."""

    driver = "escpos"
    Settings = EscPosSettings

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._wire: Wire | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._status = codes.Status()
        self._paper: codes.Paper | None = None
        self._answered = asyncio.Event()
        self._awaiting: int | None = None
        self._confirmed = asyncio.Event()
        self._number = 0
        self._jobs: OrderedDict[str, Printed | None] = OrderedDict()
        """Each job that was begun: what came of it, or None: not known, and so never begun again."""
        self._half_a_job = False
        self._printing = False
        self._turn = asyncio.Lock()

    @property
    def info(self) -> DeviceInfo:
        return DeviceInfo(driver=self.driver, model="ESC/POS printer", serial=self.settings.identity)

    @property
    def capabilities(self) -> ReceiptPrinterCapabilities:
        return ReceiptPrinterCapabilities(medium="paper", dots=self.settings.dots)

    # ── the contract ──────────────────────────────────────────────────────────────────────────────────────

    async def print(self, document: Document, language: str, operation: str, deadline: float = 30.0) -> Printed:
        begun = False
        try:
            async with self._operation(deadline):
                if operation in self._jobs:
                    return self._known(operation)
                picture = await asyncio.to_thread(raster, document, language, self.settings.dots)
                parts = [*codes.bands(picture), codes.FEED_AND_CUT]
                async with self._turn:
                    await self._fresh_status()
                    if self._half_a_job:
                        await self._drop_half_a_job()
                    begun = self._printing = True
                    self._begin(operation)
                    for part in parts:
                        await self._write(part)
                    await self._until_done()
                    self._half_a_job = False
                    return self._end(operation)
        except DeviceError as error:
            if begun and error.trouble is not Trouble.OUTCOME_UNKNOWN:
                raise DeviceError(Trouble.OUTCOME_UNKNOWN, f"the job had begun: {error.trouble.value}") from error
            raise
        finally:
            self._printing = False
            self._show_status()

    def _known(self, operation: str) -> Printed:
        printed = self._jobs[operation]
        if printed is None:
            raise DeviceError(Trouble.OUTCOME_UNKNOWN, "it may have been printed before")
        return printed

    def _begin(self, operation: str) -> None:
        """Note the job before its first byte is sent."""
        self._jobs[operation] = None
        self._half_a_job = True
        while len(self._jobs) > JOBS_KEPT:
            self._jobs.popitem(last=False)

    def _end(self, operation: str) -> Printed:
        self._jobs[operation] = Printed(medium="paper")
        return self._known(operation)

    async def present(self, deadline: float = 5.0) -> None:
        async with self._operation(deadline):
            return  # the cut paper hangs in the slot

    # ── life ──────────────────────────────────────────────────────────────────────────────────────────────

    async def _open(self) -> None:
        await self._hang_up()
        self._status, self._paper = codes.Status(), None
        wire = self._wire = await dial(self.settings)
        self._tasks = [asyncio.create_task(self._listen(wire), name="escpos listener")]
        try:
            await self._write(codes.padding(self.settings.dots) + codes.INITIALISE + codes.STATUS_BACK)
            await self._in_time(self._answer())
            if self._half_a_job:
                await self._forget()
        except BaseException:
            await self._hang_up()
            raise
        self._tasks.append(asyncio.create_task(self._poll(), name="escpos poll"))
        self._show_status()

    async def _close(self) -> None:
        await self._hang_up()

    async def _hang_up(self) -> None:
        wire, self._wire = self._wire, None
        current = asyncio.current_task()
        tasks, self._tasks = [task for task in self._tasks if task is not current], []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if wire is not None:
            await wire.close()

    async def _wipe(self) -> None:
        """The rest of a receipt that was not printed must not come out before the next resident."""
        async with self._turn:
            if self._half_a_job and self._wire is not None and self.state.usable:
                await self._forget()

    async def _forget(self) -> None:
        """Drop what is left of a job; a printer that waits for paper drops it now and is cut clean before the next."""
        if self._trouble_now() is None:
            await self._drop_half_a_job()
        else:
            await self._write(codes.CLEAR_BUFFER)

    async def _drop_half_a_job(self) -> None:
        """Make a printer forget a job that broke off, and cut off what it printed of it."""
        await self._write(codes.CLEAR_BUFFER + codes.padding(self.settings.dots))
        await self._write(codes.INITIALISE + codes.STATUS_BACK + codes.FEED_AND_CUT)
        await self._in_time(self._until_done())
        self._half_a_job = False

    async def _check(self, level: HealthLevel) -> dict[str, str]:
        async with self._turn:
            await self._answer()
        if (trouble := self._trouble_now()) is not None:
            raise DeviceError(trouble)
        return self._facts()

    def _facts(self) -> dict[str, str]:
        low = self._status.paper_low if self._status.paper_low is not None else self._paper and self._paper.low
        paper = {True: "low", False: "ok", None: "unknown"}[low]
        cover = {True: "open", False: "closed", None: "unknown"}[self._status.cover_open]
        return {"paper": paper, "cover": cover}

    # ── on the wire ───────────────────────────────────────────────────────────────────────────────────────

    async def _write(self, data: bytes) -> None:
        if self._wire is None:
            raise DeviceError(Trouble.UNPLUGGED)
        await self._wire.write(data)

    async def _listen(self, wire: Wire) -> None:
        answers = codes.Answers()
        while data := await wire.read():
            for answer in answers.feed(data):
                self._hear(answer)
        if self._wire is wire:
            self._gone()

    def _gone(self) -> None:
        self._answered.clear()
        self._lost(Trouble.UNPLUGGED)

    def _hear(self, answer: codes.Answer) -> None:
        match answer:
            case codes.Status():
                before, self._status, self._paper = self._status, answer, None
                self._tell(before, answer)
            case codes.Paper():
                self._paper = answer
            case codes.Done(number=number):
                if number == self._awaiting and (number is not None or self.settings.confirm == "status"):
                    self._confirmed.set()
        self._answered.set()
        self._show_status()

    def _tell(self, before: codes.Status, now: codes.Status) -> None:
        if now.paper_out and not before.paper_out:
            self._emit("out")
        elif now.paper_low and not before.paper_low:
            self._emit("low")
        if (now.cutter or now.broken) and not (before.cutter or before.broken):
            self._emit("jam")

    async def _answer(self) -> None:
        """Ask whether it is there; silence runs into whatever deadline holds."""
        self._answered.clear()
        await self._write(codes.ASK_PAPER)
        await self._answered.wait()

    async def _fresh_status(self) -> None:
        """Ask before a job is begun: what is wrong now prints nothing."""
        await self._in_time(self._answer())
        if (trouble := self._trouble_now()) is not None:
            raise DeviceError(trouble)

    async def _in_time(self, step: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await step
        except TimeoutError:
            raise DeviceError(Trouble.DEADLINE, "the printer does not answer") from None

    async def _until_done(self) -> None:
        """Wait until the printer says that everything sent so far is on paper."""
        self._confirmed.clear()
        if self.settings.confirm == "process_id":
            self._number = self._number % 9_999 + 1
            self._awaiting = self._number
            await self._write(codes.process_id(self._number))
        else:
            self._awaiting = None
            await self._write(codes.ASK_IN_ORDER)
        await self._confirmed.wait()

    async def _poll(self) -> None:
        """Ask now and then, since a printer whose plug was pulled says nothing."""
        missed = 0
        while True:
            await self.clock.sleep(self.settings.poll)
            if self._turn.locked():
                continue  # a job asks for itself
            try:
                async with self._turn:
                    await self._in_time(self._answer())
                missed = 0
            except DeviceError as error:
                missed = MISSED_POLLS if error.trouble is Trouble.UNPLUGGED else missed + 1
            if missed >= MISSED_POLLS:
                self._gone()
                return

    # ── what is wrong ─────────────────────────────────────────────────────────────────────────────────────

    def _trouble_now(self) -> Trouble | None:
        now = self._status
        if now.cover_open:
            return Trouble.COVER_OPEN
        if now.paper_out or (self._paper is not None and self._paper.out):
            return Trouble.OUT_OF_PAPER
        if now.cutter:
            return Trouble.JAMMED
        return Trouble.FAULTY if now.broken else None

    def _show_status(self) -> None:
        """Let the state tell; while a job runs it tells when the job is over."""
        if not self.state.usable and self.state is not DeviceState.STARTING:
            return
        trouble = self._trouble_now()
        if self.state is DeviceState.BUSY:
            if trouble is not None and self._printing:
                self._end_operations(Trouble.OUTCOME_UNKNOWN)
            return
        if self.state is DeviceState.STARTING and not self._tasks[1:]:
            return  # open() is not done
        low = bool(self._status.paper_low or (self._paper and self._paper.low))
        self._become(DeviceState.DEGRADED if trouble or low else DeviceState.READY, trouble)
