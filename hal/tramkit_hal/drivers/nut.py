"""A UPS through Network UPS Tools (``upsd``, RFC 9271), which speaks to nearly every UPS there is."""

from __future__ import annotations

import asyncio
import contextlib

from pydantic import BaseModel, Field

from tramkit_hal.contracts.power import Power, PowerCapabilities, PowerNow
from tramkit_hal.data import Data
from tramkit_hal.device.base import DeviceContext, DeviceInfo, DeviceState, HealthLevel
from tramkit_hal.device.errors import DeviceError, Trouble

MAX_LINE = 4096
MISSED_POLLS = 3


class NutSettings(Data):
    """Settings of a UPS through NUT.

    :param ups: its name in ``ups.conf``.
    :param poll: seconds between two looks; ``upsd`` itself looks every two seconds or so.
    """

    host: str = "127.0.0.1"
    port: int = Field(3493, ge=1, le=65535)
    ups: str = Field("ups", pattern=r"^[A-Za-z0-9_.-]+$")
    poll: float = Field(2.0, ge=0.05, le=60)


class NutUps(Power):
    """A UPS through NUT."""

    driver = "nut"
    Settings = NutSettings

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._turn = asyncio.Lock()
        self._watcher: asyncio.Task[None] | None = None
        self._before: PowerNow | None = None
        self._values: dict[str, str] = {}

    @property
    def info(self) -> DeviceInfo:
        model = self._values.get("device.model") or self._values.get("ups.model") or "UPS"
        serial = self._values.get("device.serial") or f"{self.settings.ups}@{self.settings.host}"
        return DeviceInfo(driver=self.driver, model=model.strip(), serial=serial.strip())

    @property
    def capabilities(self) -> PowerCapabilities:
        return PowerCapabilities(runtime="battery.runtime" in self._values)

    async def snapshot(self, deadline: float = 5.0) -> PowerNow:
        async with self._operation(deadline, exclusive=False):
            return await self._look()

    async def _look(self) -> PowerNow:
        values = await self._list()
        now = _power(values)
        if now.on_battery is not None:
            self._values = values
        self._tell(now)
        return now

    def _tell(self, now: PowerNow) -> None:
        before, self._before = self._before, now
        if now.on_battery and not (before and before.on_battery):
            self._emit("on_battery")
        if now.low and not (before and before.low):
            self._emit("low")
        if now.on_battery is False and before and before.on_battery:
            self._emit("restored")
        if self.state in (DeviceState.READY, DeviceState.DEGRADED):
            unknown = now.on_battery is None
            self._become(
                DeviceState.DEGRADED if unknown else DeviceState.READY, Trouble.UNREADABLE if unknown else None
            )

    async def _list(self) -> dict[str, str]:
        """Return the UPS's variables; empty where ``upsd`` has lost the UPS: then nothing is known of it."""
        if self._line is None:
            raise DeviceError(Trouble.UNPLUGGED)
        reader, writer = self._line
        async with self._turn:
            try:
                writer.write(f"LIST VAR {self.settings.ups}\n".encode())
                await writer.drain()
                return await self._read(reader)
            except asyncio.CancelledError:
                writer.close()  # an answer that comes later must not be taken for the next
                raise
            except OSError:
                raise DeviceError(Trouble.UNPLUGGED) from None

    async def _read(self, reader: asyncio.StreamReader) -> dict[str, str]:
        values: dict[str, str] = {}
        while True:
            try:
                line = (await reader.readline()).decode("utf-8", "replace").strip()
            except ValueError:
                raise DeviceError(Trouble.FAULTY, "no NUT") from None
            if not line:
                raise DeviceError(Trouble.UNPLUGGED, "upsd hung up")
            if line.startswith("ERR"):
                if line.split()[1:2] in (["DATA-STALE"], ["DRIVER-NOT-CONNECTED"]):
                    return {}
                raise DeviceError(Trouble.MISCONFIGURED, line.lower())
            if line.startswith("END LIST"):
                return values
            words = line.split(" ", 3)
            if words[0] == "VAR" and len(words) == 4:
                values[words[2]] = words[3].strip('"')

    async def _open(self) -> None:
        await self._close()
        try:
            self._line = await asyncio.open_connection(self.settings.host, self.settings.port, limit=MAX_LINE)
        except OSError as error:
            raise DeviceError(Trouble.UNPLUGGED, error.strerror or "upsd does not answer") from None
        self._before = None
        try:
            if (await self._look()).on_battery is None:
                raise DeviceError(Trouble.UNPLUGGED, "upsd has no contact with the UPS")
        except BaseException:
            await self._close()
            raise
        self._watcher = asyncio.create_task(self._watch(), name="nut watch")

    async def _close(self) -> None:
        watcher, self._watcher = self._watcher, None
        if watcher is not None and watcher is not asyncio.current_task():
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)
        line, self._line = self._line, None
        if line is not None:
            line[1].close()
            with contextlib.suppress(OSError, TimeoutError):
                await asyncio.wait_for(line[1].wait_closed(), 1)

    async def _wipe(self) -> None:
        return

    async def _check(self, level: HealthLevel) -> dict[str, str]:
        now = await self._look()
        if now.on_battery is None:
            raise DeviceError(Trouble.UNREADABLE, "upsd has no contact with the UPS")
        charge = "unknown" if now.charge is None else f"{now.charge:.0f} %"
        return {"power": "battery" if now.on_battery else "mains", "charge": charge}

    async def _watch(self) -> None:
        missed = 0
        while True:
            await self.clock.sleep(self.settings.poll)
            try:
                async with asyncio.timeout(5):
                    await self._look()
                missed = 0
            except (DeviceError, TimeoutError) as error:
                gone = isinstance(error, DeviceError) and error.trouble is Trouble.UNPLUGGED
                missed = MISSED_POLLS if gone else missed + 1
            if missed >= MISSED_POLLS:
                self._lost(Trouble.UNPLUGGED)
                return


def _power(values: dict[str, str]) -> PowerNow:
    """Return what ``ups.status`` says: OL mains, OB battery, LB nearly empty, FSD ``upsd`` ends everything now."""
    words = values.get("ups.status", "").split()
    on_battery = True if "OB" in words or "FSD" in words else False if "OL" in words else None
    low = "FSD" in words or ("LB" in words and on_battery is True)
    charge, runtime = _number(values.get("battery.charge")), _number(values.get("battery.runtime"))
    return PowerNow(
        on_battery=on_battery,
        low=low,
        charge=charge if charge is not None and charge <= 100 else None,
        runtime=runtime,
    )


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value < 1e7 else None
