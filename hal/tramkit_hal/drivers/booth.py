"""A health booth on a serial line: every vital sign that its board says it can take (docs/serial-protocol.md)."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from datetime import UTC, datetime

from pydantic import BaseModel

from tramkit_hal.contracts.vital import UNITS, Reading, Vital, VitalSensor, VitalSensorCapabilities
from tramkit_hal.device.base import DeviceContext, DeviceInfo, HealthLevel
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.drivers._line import BoardPart, Fields, number
from tramkit_hal.drivers._wire import WireSettings


class Booth(BoardPart, VitalSensor):
    """A health booth on a serial line."""

    driver = "booth"
    Settings = WireSettings

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._kinds: tuple[Vital, ...] = ()
        self._serial = self.settings.identity
        self._model = "health booth"
        self._due: datetime | None = None
        self._stopped: asyncio.Future[None] | None = None
        self._last = ""

    @property
    def info(self) -> DeviceInfo:
        return DeviceInfo(driver=self.driver, model=self._model, serial=self._serial)

    @property
    def capabilities(self) -> VitalSensorCapabilities:
        return VitalSensorCapabilities(kinds=self._kinds, calibration_due=self._due)

    async def measure(self, kind: Vital, deadline: float = 60.0) -> Reading:
        async with self._operation(deadline):
            if kind not in self._kinds:
                raise DeviceError(Trouble.UNSUPPORTED)
            stopped = self._stopped = asyncio.get_running_loop().create_future()
            asked = asyncio.create_task(self._ask("MEASURE", deadline + 1, kind=kind.value))
            try:
                await asyncio.wait((asked, stopped), return_when=asyncio.FIRST_COMPLETED)
                if stopped.done():  # whatever the board answers now is no reading
                    raise DeviceError(Trouble.UNREADABLE, "aborted")
                return self._reading(kind, asked.result())
            except asyncio.CancelledError:
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.shield(self._quietly("ABORT", 0.3))  # a cuff never stays blown up
                raise
            finally:
                self._stopped = None
                asked.cancel()
                await asyncio.gather(asked, return_exceptions=True)

    def _reading(self, kind: Vital, told: Fields) -> Reading:
        """Take a measured value; one of another kind, without its unit, or seen before is none."""
        values = [number(part) for part in told.get("value", "").split("/")]
        fresh = told.get("id", "")
        if told.get("kind") != kind.value or told.get("unit") != UNITS[kind] or None in values:
            raise DeviceError(Trouble.UNREADABLE, "the board's answer is no such reading")
        if not fresh or fresh == self._last:
            raise DeviceError(Trouble.UNREADABLE, "a reading that was given before")
        self._last = fresh
        quality = number(told.get("quality"))
        reading = Reading(
            kind=kind,
            values=tuple(value for value in values if value is not None),
            unit=UNITS[kind],
            quality=min(1.0, max(0.0, quality if quality is not None else 0.0)),
            taken_at=self.clock.now(),
            device=f"{self.driver} {self._serial}",
            calibration_due=self._due,
            signature=_signature(told.get("signature", "")),
        )
        if not reading.plausible:
            raise DeviceError(Trouble.UNREADABLE, "not plausible")
        return reading

    async def abort(self) -> None:
        if self._stopped is not None and not self._stopped.done():
            self._stopped.set_result(None)
        await self._quietly("ABORT")

    async def purge_memory(self) -> None:
        await self._ask("PURGE", 2)

    async def _wipe(self) -> None:
        if self._board is not None and self.state.usable:
            await self._quietly("ABORT")
            await self.purge_memory()

    async def _open(self) -> None:
        board = await self._join()
        known = {kind.value for kind in Vital}
        self._kinds = tuple(Vital(name) for name in self._names("vitals") if name in known)
        self._serial = board.hello.get("serial") or self.settings.identity
        self._model = board.hello.get("model") or self._model
        self._due = _day(board.hello.get("calibration_due", ""))
        if not self._kinds:
            await self._part()
            raise DeviceError(Trouble.MISCONFIGURED, "the board takes no vital signs")

    async def _close(self) -> None:
        await self._part()

    async def _check(self, level: HealthLevel) -> dict[str, str]:
        facts = dict(await self._ask("STATUS", 3, part="vitals"))
        due = self._due.date().isoformat() if self._due else "unknown"
        return {"battery": facts.get("battery", "unknown"), "calibration due": due}

    def _hear(self, event: str, fields: Fields) -> None:
        if event == "BATTERY_LOW":
            self._emit("battery_low")

    def _gone(self) -> None:
        self._lost(Trouble.UNPLUGGED)


def _day(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _signature(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True) or None
    except ValueError:
        return None
