"""Presence, guide lights and housing on a serial line (docs/serial-protocol.md); one board may bear them all."""

from __future__ import annotations

from pydantic import BaseModel

from tramkit_hal.contracts.enclosure import Door, Enclosure, EnclosureCapabilities, EnclosureNow
from tramkit_hal.contracts.lights import Light, Lights, LightsCapabilities, Shine
from tramkit_hal.contracts.presence import Presence, PresenceCapabilities, PresenceNow
from tramkit_hal.device.base import DeviceContext, DeviceInfo, HealthLevel
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.drivers._line import BoardPart, Fields, number
from tramkit_hal.drivers._wire import WireSettings

FLAGS = {"1": True, "0": False}


class BoardPresence(BoardPart, Presence):
    """A presence sensor on a serial line: infrared, radar, or a mat."""

    driver = "board_presence"
    Settings = WireSettings

    @property
    def info(self) -> DeviceInfo:
        return DeviceInfo(driver=self.driver, model="presence sensor", serial=self.settings.identity)

    @property
    def capabilities(self) -> PresenceCapabilities:
        return PresenceCapabilities(distance="distance" in self._names("presence"))

    async def snapshot(self, deadline: float = 2.0) -> PresenceNow:
        async with self._operation(deadline, exclusive=False):
            told = await self._ask("PRESENCE", deadline + 1)
            confidence = number(told.get("confidence"))
            present = FLAGS.get(told.get("present", ""))
            sure = 1.0 if confidence is None else min(1.0, max(0.0, confidence))
            return PresenceNow(
                present=present, distance=number(told.get("distance")), confidence=sure if present is not None else 0.0
            )

    async def _open(self) -> None:
        await self._join()
        if not self._names("presence"):
            await self._part()
            raise DeviceError(Trouble.MISCONFIGURED, "the board has no presence sensor")

    async def _close(self) -> None:
        await self._part()

    async def _wipe(self) -> None:
        return

    async def _check(self, level: HealthLevel) -> dict[str, str]:
        return dict(await self._ask("STATUS", 3, part="presence"))

    def _hear(self, event: str, fields: Fields) -> None:
        if event == "PRESENCE" and (present := FLAGS.get(fields.get("present", ""))) is not None:
            self._emit("arrived" if present else "left")

    def _gone(self) -> None:
        self._lost(Trouble.UNPLUGGED)


class BoardLights(BoardPart, Lights):
    """Guide lights on a serial line."""

    driver = "board_lights"
    Settings = WireSettings

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._lights: tuple[Light, ...] = ()

    @property
    def info(self) -> DeviceInfo:
        return DeviceInfo(driver=self.driver, model="guide lights", serial=self.settings.identity)

    @property
    def capabilities(self) -> LightsCapabilities:
        return LightsCapabilities(lights=self._lights)

    async def set(self, light: Light, shine: Shine, deadline: float = 2.0) -> None:
        async with self._operation(deadline):
            if light not in self._lights:
                raise DeviceError(Trouble.UNSUPPORTED)
            await self._ask("LIGHT", deadline + 1, light=light.value, shine=shine.value)

    async def shining(self, deadline: float = 2.0) -> dict[Light, Shine]:
        async with self._operation(deadline, exclusive=False):
            told = await self._ask("LIGHTS", deadline + 1)
            known = {shine.value for shine in Shine}
            if any(told.get(light.value) not in known for light in self._lights):
                raise DeviceError(Trouble.FAULTY, "the board does not say how each light shines")
            return {light: Shine(told[light.value]) for light in self._lights}

    async def _open(self) -> None:
        await self._join()
        known = {light.value for light in Light}
        self._lights = tuple(Light(name) for name in self._names("lights") if name in known)
        if not self._lights:
            await self._part()
            raise DeviceError(Trouble.MISCONFIGURED, "the board has no lights")

    async def _close(self) -> None:
        if self._board is not None and self.state.usable:
            await self._quietly("DARK", 0.5)
        await self._part()

    async def _wipe(self) -> None:
        if self._board is not None and self.state.usable:
            await self._ask("DARK", 2)

    async def _check(self, level: HealthLevel) -> dict[str, str]:
        return dict(await self._ask("STATUS", 3, part="lights"))

    def _gone(self) -> None:
        self._lost(Trouble.UNPLUGGED)


class BoardEnclosure(BoardPart, Enclosure):
    """Doors and tamper sensor on a serial line."""

    driver = "board_enclosure"
    Settings = WireSettings

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._doors: tuple[Door, ...] = ()

    @property
    def info(self) -> DeviceInfo:
        return DeviceInfo(driver=self.driver, model="housing", serial=self.settings.identity)

    @property
    def capabilities(self) -> EnclosureCapabilities:
        return EnclosureCapabilities(doors=self._doors, tamper="tamper" in self._names("enclosure"))

    async def snapshot(self, deadline: float = 2.0) -> EnclosureNow:
        async with self._operation(deadline, exclusive=False):
            told = await self._ask("ENCLOSURE", deadline + 1)
            return EnclosureNow(
                open={door: FLAGS.get(told.get(door.value, "")) for door in self._doors},
                tampered=FLAGS.get(told.get("tampered", "")),
                temperature=number(told.get("temperature")),
            )

    async def acknowledge(self, deadline: float = 2.0) -> None:
        async with self._operation(deadline):
            await self._ask("ACKNOWLEDGE", deadline + 1)

    async def _open(self) -> None:
        await self._join()
        known = {door.value for door in Door}
        self._doors = tuple(Door(name) for name in self._names("enclosure") if name in known)
        if not self._names("enclosure"):
            await self._part()
            raise DeviceError(Trouble.MISCONFIGURED, "the board has no sensors of the housing")

    async def _close(self) -> None:
        await self._part()

    async def _wipe(self) -> None:
        return

    async def _check(self, level: HealthLevel) -> dict[str, str]:
        return dict(await self._ask("STATUS", 3, part="enclosure"))

    def _hear(self, event: str, fields: Fields) -> None:
        if event == "TAMPER":
            self._emit("tamper")
        elif event == "DOOR" and (open_ := FLAGS.get(fields.get("open", ""))) is not None:
            door = fields.get("door", "")
            if door in {each.value for each in self._doors}:
                self._emit("opened" if open_ else "closed", door)

    def _gone(self) -> None:
        self._lost(Trouble.UNPLUGGED)
