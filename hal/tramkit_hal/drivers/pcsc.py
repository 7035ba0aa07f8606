"""Identity cards on a PC/SC reader, through pcscd and `pyscard`.

`pyscard`'s own monitors end for good when pcscd restarts, so the loop is this driver's: one thread looks at the readers
and finds them again, and each reading has a thread of its own, so that a reader that hangs holds up nothing else.
"""

# pyscard has no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import asyncio
import contextlib
import threading
import time

from pydantic import BaseModel, Field

from tramkit_hal.card.access import AccessKeys
from tramkit_hal.card.chip import read_chip
from tramkit_hal.card.errors import ChipError
from tramkit_hal.card.files import CardFiles, DataGroup
from tramkit_hal.contracts.id_reader import WHO, IdReader, IdReaderCapabilities, Place, device_error
from tramkit_hal.data import Data
from tramkit_hal.device.base import DeviceContext, DeviceInfo, HealthLevel
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.library import LibraryCalls, call_soon
from tramkit_hal.drivers.pcsc_readers import (
    CardConnection,
    NoContactError,
    PcscReaders,
    ReadersError,
    ReadersGoneError,
    Seen,
)

_CALLS = LibraryCalls("pcscd")

LOOK_SECONDS = 0.25
"""How long one look at the readers waits for a change."""

MISSED_LOOKS = 12
"""Looks without reader or pcscd before the reader counts as pulled: three seconds, in which pcscd can restart."""

STILL_SECONDS = LOOK_SECONDS * MISSED_LOOKS
"""Without a look that came back for so long pcscd, or the reader's own driver in it, hangs."""

CONTACT_TRIES = 6
"""Times that a card is connected to before it counts as gone: one that is being laid down loses contact at first."""


class PcscSettings(Data):
    """Settings of a PC/SC reader.

    :param reader: part of its name, as ``pcsc_scan`` shows it; empty: every reader, and the card may lie on any.
    :param place: where the reader is, seen from who stands before the screen.
    :param answer_bytes: most bytes of an answer that reader and card take together; 0: 256, which all of them do.
    """

    reader: str = ""
    place: Place = ""
    answer_bytes: int = Field(0, ge=0, le=65_536)


class PcscReader(IdReader):
    """One or several PC/SC readers of the machine, as one place for cards."""

    driver = "pcsc"
    Settings = PcscSettings

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._seen = Seen()
        self._serial = ""
        self._changed = asyncio.Condition()
        self._quit = threading.Event()
        self._watcher: threading.Thread | None = None
        self._reading = threading.Lock()
        self._removals = 0
        self._looked = 0.0
        self._telling: set[asyncio.Task[None]] = set()

    @property
    def info(self) -> DeviceInfo:
        name = self._seen.names[0] if self._seen.names else ""
        serial = self._serial or name or self.settings.reader or "any"
        return DeviceInfo(driver=self.driver, model=name or "PC/SC reader", serial=serial)

    @property
    def capabilities(self) -> IdReaderCapabilities:
        return IdReaderCapabilities(chip=True, portrait=True, optical=False, place=self.settings.place)

    # ── life ──────────────────────────────────────────────────────────────────────────────────────────────

    async def _open(self) -> None:
        await self._halt()
        readers = await _CALLS.call(self._find)
        self._quit = threading.Event()
        self._looked = time.monotonic()
        self._watcher = threading.Thread(
            target=self._watch, args=(readers, self._quit, asyncio.get_running_loop()), name="pcsc", daemon=True
        )
        self._watcher.start()

    async def _close(self) -> None:
        await self._halt()
        self._seen = Seen()

    async def _wipe(self) -> None:
        """Nothing of a card is kept here; a reading under way has been ended."""

    async def _check(self, level: HealthLevel) -> dict[str, str]:
        if time.monotonic() - self._looked > STILL_SECONDS:
            raise DeviceError(Trouble.DEADLINE, "pcscd does not answer")
        cards = len(self._seen.cards)
        return {"readers": ", ".join(self._seen.names), "cards": str(cards)}

    async def _halt(self) -> None:
        watcher, self._watcher = self._watcher, None
        self._quit.set()
        if watcher is not None:
            await asyncio.to_thread(watcher.join, 4 * LOOK_SECONDS + 2)

    def _find(self) -> PcscReaders:
        try:
            readers = PcscReaders(self.settings.reader)
        except ImportError:
            raise DeviceError(Trouble.MISCONFIGURED, "pyscard is not installed: pip install 'tramkit[card]'") from None
        except ReadersError as error:
            raise DeviceError(Trouble.UNPLUGGED, str(error)) from None
        try:
            self._seen = readers.look(0)
            self._serial = readers.serial()
        except ReadersError as error:
            readers.close()
            raise DeviceError(Trouble.UNPLUGGED, str(error)) from None
        return readers

    # ── the loop ──────────────────────────────────────────────────────────────────────────────────────────

    def _watch(self, readers: PcscReaders, quit: threading.Event, loop: asyncio.AbstractEventLoop) -> None:
        """Look at the readers until told to stop or they are gone; runs in a thread of its own."""
        missed = 0
        try:
            while not quit.is_set():
                try:
                    seen = readers.look(LOOK_SECONDS)
                except ReadersError as error:
                    missed += 1
                    if missed >= MISSED_LOOKS:
                        call_soon(loop, self._gone, quit)
                        return
                    if isinstance(error, ReadersGoneError):
                        with contextlib.suppress(ReadersError):
                            readers.connect_again()
                    quit.wait(LOOK_SECONDS)
                    continue
                missed = 0
                self._looked = time.monotonic()
                call_soon(loop, self._see, quit, seen)
        finally:
            readers.close()

    def _see(self, quit: threading.Event, seen: Seen) -> None:
        if quit is not self._quit or quit.is_set() or seen == self._seen:
            return
        before, self._seen = self._seen, seen
        gone = before.insertions != seen.insertions and bool(before.cards)
        if gone:
            self._removals += 1
        if seen.cards and (not before.cards or gone):
            self._emit("card_in")
        elif before.cards and not seen.cards:
            self._removals += 1
            self._emit("card_out")
        task = asyncio.get_running_loop().create_task(self._tell())
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _gone(self, quit: threading.Event) -> None:
        if quit is self._quit and not quit.is_set():
            self._seen = Seen()
            self._lost(Trouble.UNPLUGGED)

    # ── operations ────────────────────────────────────────────────────────────────────────────────────────

    async def wait_card(self, deadline: float = 60.0) -> None:
        async with self._operation(deadline), self._changed:
            await self._changed.wait_for(lambda: bool(self._seen.cards))

    async def wait_removed(self, deadline: float = 60.0) -> None:
        async with self._operation(deadline), self._changed:
            before = self._removals
            await self._changed.wait_for(lambda: not self._seen.cards or self._removals > before)

    async def read(
        self, access_key: str = "", groups: tuple[DataGroup, ...] = WHO, deadline: float = 20.0
    ) -> CardFiles:
        async with self._operation(deadline):
            try:
                keys = AccessKeys.parse(access_key)
            except ValueError as error:
                raise DeviceError(Trouble.UNSUPPORTED, str(error)) from None
            if not keys.cans and not keys.zones:
                raise DeviceError(Trouble.UNSUPPORTED, "this reader needs an access key")
            if not self._seen.cards:
                raise DeviceError(Trouble.UNREADABLE, "no card")
            stop = threading.Event()
            loop = asyncio.get_running_loop()
            reader = self._seen.cards[0]
            try:
                return await _CALLS.call(lambda: self._read(reader, keys, groups, stop, loop))
            except ChipError as error:
                raise device_error(error) from None
            except ReadersError as error:
                raise DeviceError(Trouble.UNREADABLE, str(error)) from None
            finally:
                stop.set()  # whatever ended it: the thread ends before its next APDU

    def _read(
        self,
        reader: str,
        keys: AccessKeys,
        groups: tuple[DataGroup, ...],
        stop: threading.Event,
        loop: asyncio.AbstractEventLoop,
    ) -> CardFiles:
        """Read a card; runs in a thread of its own, one at a time."""
        while not self._reading.acquire(timeout=LOOK_SECONDS):
            if stop.is_set():
                raise ReadersError("the reading was ended")
        try:
            for _try in range(CONTACT_TRIES):
                with contextlib.suppress(NoContactError), CardConnection(reader, stop) as connection:
                    return read_chip(
                        connection,
                        keys,
                        groups,
                        lambda _phase, share: call_soon(loop, self._emit, "progress", str(share)),
                        self.settings.answer_bytes,
                    )
                if stop.wait(LOOK_SECONDS):
                    break
            raise NoContactError("the card gives no contact")
        finally:
            self._reading.release()
