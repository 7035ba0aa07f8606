"""Sensors over Bluetooth's own health profiles (1810h, 1822h, 1809h, 181Dh), through BlueZ."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, Field

from tramkit_hal.contracts.vital import UNITS, Reading, Vital, VitalSensor, VitalSensorCapabilities
from tramkit_hal.data import Data
from tramkit_hal.device.base import DeviceContext, DeviceInfo, HealthLevel
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.drivers import _gatt_codes as gatt

SETTLE_SECONDS = 2.0
"""A sensor without a clock sends what it has stored as soon as one listens: that is not of this resident."""

LOCAL = timedelta(hours=7)
"""Việt Nam's time: a sensor's clock names no zone."""

CLOCK_SECONDS = 90.0
"""So far a sensor's clock may be wrong; what is older was measured before the resident was asked."""

SEEN = 200


class BleVitalsSettings(Data):
    """Settings of a sensor over Bluetooth.

    :param address: as ``bluetoothctl devices`` prints it.
    :param clock: the sensor's clock is set, so its readings bear a time that can be believed.
    :param calibration_due: the day its certificate ends.
    """

    address: str = Field(pattern=r"^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$")
    clock: bool = True
    calibration_due: datetime | None = None


class BleVitals(VitalSensor):
    """A sensor of vital signs over Bluetooth."""

    driver = "ble_vitals"
    Settings = BleVitalsSettings

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._client: Any = None
        self._kinds: tuple[Vital, ...] = ()
        self._model, self._serial = "Bluetooth sensor", str(self.settings.address)
        self._waiting: asyncio.Future[Reading] | None = None
        self._wanted = Vital.PULSE
        self._since = 0.0
        self._asked_at = self.clock.now()
        self._seen: list[bytes] = []

    @property
    def info(self) -> DeviceInfo:
        return DeviceInfo(driver=self.driver, model=self._model, serial=self._serial)

    @property
    def capabilities(self) -> VitalSensorCapabilities:
        return VitalSensorCapabilities(kinds=self._kinds, calibration_due=self.settings.calibration_due)

    async def measure(self, kind: Vital, deadline: float = 60.0) -> Reading:
        async with self._operation(deadline):
            if kind not in self._kinds:
                raise DeviceError(Trouble.UNSUPPORTED)
            self._wanted, self._since, self._asked_at = kind, self.clock.monotonic(), self.clock.now()
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                return await self._waiting
            finally:
                self._waiting = None

    def _heard(self, uuid: str, data: bytes) -> None:
        """Take what the sensor sent; what nobody waits for is forgotten, and never given later."""
        waiting = self._waiting
        known = data in self._seen
        self._seen = [*self._seen[-SEEN:], data]
        if waiting is None or waiting.done() or known:
            return
        try:
            measured = gatt.PROFILES[uuid][0](data)
        except ValueError:
            return
        if self._wanted not in measured.values or not self._is_fresh(measured):
            return
        reading = Reading(
            kind=self._wanted,
            values=measured.values[self._wanted],
            unit=UNITS[self._wanted],
            quality=0.5 if measured.doubtful else 1.0,
            taken_at=self.clock.now(),
            device=f"{self.driver} {self._serial}",
            calibration_due=self.settings.calibration_due,
        )
        if reading.plausible:
            waiting.set_result(reading)
        else:
            waiting.set_exception(DeviceError(Trouble.UNREADABLE, "not plausible"))

    def _is_fresh(self, measured: gatt.Measured) -> bool:
        """Tell whether a reading is of the resident who was asked."""
        if self.settings.clock and measured.at is not None:
            asked = (self._asked_at + LOCAL).replace(tzinfo=None)
            return measured.at >= asked - timedelta(seconds=CLOCK_SECONDS)
        return self.clock.monotonic() - self._since >= SETTLE_SECONDS

    async def abort(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(DeviceError(Trouble.UNREADABLE, "aborted"))

    async def purge_memory(self) -> None:
        """Delete the sensor's stored readings, where it lets one."""
        client = self._client
        if client is not None and client.services.get_characteristic(gatt.RECORDS) is not None:
            await client.write_gatt_char(gatt.RECORDS, gatt.DELETE_ALL, response=True)

    async def _wipe(self) -> None:
        if self.state.usable:
            await self.purge_memory()

    # ── life ──────────────────────────────────────────────────────────────────────────────────────────────

    def _connect_to(self, gone: Any) -> Any:
        """Return a client of BlueZ; a library that is missing is looked for anew at the next opening."""
        try:
            from bleak import BleakClient
        except ImportError:
            raise DeviceError(Trouble.MISCONFIGURED, "the library bleak is not installed") from None
        return BleakClient(self.settings.address, disconnected_callback=gone)

    async def _open(self) -> None:
        await self._close()
        client = self._connect_to(self._gone)
        try:
            await client.connect()
        except DeviceError:
            raise
        except Exception as error:  # bleak's edge: no adapter, no daemon, out of reach, not paired
            raise DeviceError(Trouble.UNPLUGGED, type(error).__name__) from None
        self._client = client
        kinds: list[Vital] = []
        for uuid, (_read, measures) in gatt.PROFILES.items():
            if client.services.get_characteristic(uuid) is not None:
                await client.start_notify(uuid, self._listener(uuid))
                kinds += [kind for kind in measures if kind not in kinds]
        if not kinds:
            await self._close()
            raise DeviceError(Trouble.MISCONFIGURED, "it has none of Bluetooth's health profiles")
        self._kinds = tuple(kinds)
        self._model = await self._text(gatt.MODEL) or self._model
        self._serial = await self._text(gatt.SERIAL) or self._serial

    def _listener(self, uuid: str) -> Any:
        def heard(_characteristic: Any, data: bytearray) -> None:
            self._heard(uuid, bytes(data))

        return heard

    async def _text(self, uuid: str) -> str:
        if self._client.services.get_characteristic(uuid) is None:
            return ""
        return bytes(await self._client.read_gatt_char(uuid)).decode("utf-8", "replace").strip("\0 ")

    def _gone(self, client: Any) -> None:
        """Take note that a connection has ended; bleak tells it of one that was ended here too."""
        if client is self._client:
            self._lost(Trouble.UNPLUGGED)

    async def _close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(Exception):  # bleak's edge: it may be gone already
                await client.disconnect()

    async def _check(self, level: HealthLevel) -> dict[str, str]:
        client = self._client
        if client is None or not client.is_connected:
            raise DeviceError(Trouble.UNPLUGGED)
        if client.services.get_characteristic(gatt.BATTERY) is None:
            return {"battery": "unknown"}
        charge = bytes(await client.read_gatt_char(gatt.BATTERY))
        if charge and charge[0] < 15:
            self._emit("battery_low")
        return {"battery": f"{charge[0]} %" if charge else "unknown"}
