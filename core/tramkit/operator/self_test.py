"""The self-test that a station makes in the morning: print, scan, picture, sound, card; its result bears a date."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from datetime import datetime, time, timedelta, timezone
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from tramkit_hal.contracts.audio import PIECE, SAMPLE_RATE, Microphone, Sound, Speaker
from tramkit_hal.contracts.camera import Camera
from tramkit_hal.contracts.enclosure import Enclosure
from tramkit_hal.contracts.lights import Lights, Shine
from tramkit_hal.contracts.power import Power
from tramkit_hal.contracts.presence import Presence
from tramkit_hal.contracts.printer import ReceiptPrinter
from tramkit_hal.contracts.voice import Voice
from tramkit_hal.data import Data
from tramkit_hal.device.base import Device
from tramkit_hal.device.clock import Clock
from tramkit_hal.device.errors import DeviceError, Mend, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.document.document import Code, Document, Row
from tramkit_hal.words import verbatim

_log = logging.getLogger(__name__)

VIETNAM = timezone(timedelta(hours=7))

SETTLE_SECONDS = 10.0
"""After a station has started or has closed for the test: a device that is being opened, a touch on its way."""

LOOK_SECONDS = 5.0
"""Between two looks whether the last visit is over."""

TONE_HZ = 1000
HEARD_LEVEL = 0.005
"""Loudness, 0 to 1, above which the microphone has heard the speaker."""


class DeviceResult(Data):
    """What the test of one device found.

    :param outcome: ``passed``, ``failed``, or ``looked``: it answers, and nobody was there to use it.
    :param mend: who can mend it; empty: nothing is wrong.
    """

    role: str
    driver: str
    serial: str
    outcome: Literal["passed", "looked", "failed"]
    found: str = ""
    mend: str = ""


class SelfTest(Data):
    """A whole self-test.

    :param at: when it was made.
    """

    at: datetime
    tested: tuple[DeviceResult, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing failed and something was tested."""
        return bool(self.tested) and all(each.outcome != "failed" for each in self.tested)


async def self_test(devices: Iterable[Device], clock: Clock, deadline: float = 30.0) -> SelfTest:
    """Test every device, one after the other; one that fails does not keep the others from their test.

    :param devices: opened; one that is down fails.
    :param deadline: seconds for each.
    """
    given = tuple(devices)
    tested = [await _test(device, given, deadline) for device in given]
    return SelfTest(at=clock.now(), tested=tuple(tested))


async def _test(device: Device, others: tuple[Device, ...], deadline: float) -> DeviceResult:
    outcome: Literal["passed", "looked", "failed"] = "failed"
    found, mend = "", ""
    try:
        async with asyncio.timeout(deadline):
            if not device.state.usable:
                raise DeviceError(device.trouble or Trouble.NOT_OPEN, device.detail)
            looked = await device.health("full")
            if looked.trouble is not None:
                raise DeviceError(looked.trouble)
            used = await _use(device, others)
        outcome, found = ("passed" if used else "looked"), used
    except DeviceError as error:
        found, mend = str(error), error.mend.value
    except TimeoutError:
        found, mend = Trouble.DEADLINE.value, Mend.RETRY.value
    except Exception as error:  # the driver's edge: the other devices are tested all the same
        found, mend = type(error).__name__, Mend.TECHNICIAN.value
    role, info = device.context.role.value, device.info
    return DeviceResult(role=role, driver=device.driver, serial=info.serial, outcome=outcome, found=found, mend=mend)


async def _use(device: Device, others: tuple[Device, ...]) -> str:
    """Use a device as far as nobody's hand is needed; return what was seen, empty: it was only looked at."""
    match device:
        case ReceiptPrinter():
            return await _print(device)
        case Camera():
            await device.start(640, 360, 15)
            try:
                frame = await device.picture.next(0)
            finally:
                await device.stop()
            if frame is None:
                raise DeviceError(Trouble.FAULTY, "no picture")
            return f"picture of {frame.width} × {frame.height}"
        case Speaker():
            microphone = next((each for each in others if isinstance(each, Microphone) and each.state.usable), None)
            return await _sound_loop(device, microphone) if microphone is not None else ""
        case Voice():
            return f"{len(await device.say('một hai ba', 'vi')) / SAMPLE_RATE:.1f} s of speech"
        case Presence() | Power() | Enclosure():
            return (await device.snapshot()).model_dump_json()
        case Lights():
            for light in device.capabilities.lights:
                await device.set(light, Shine.ON)
            shining = await device.shining()
            await device.wipe()
            if set(shining.values()) != {Shine.ON}:
                raise DeviceError(Trouble.FAULTY, "a light does not shine")
            return f"{len(shining)} lights"
        case _:
            return ""


async def _print(printer: ReceiptPrinter) -> str:
    now = printer.clock.now()
    document = Document(
        title=verbatim("TỰ KIỂM TRA"),
        blocks=(
            Row(label=verbatim("Thời gian"), value=verbatim(f"{now:%d/%m/%Y %H:%M} UTC")),
            Row(label=verbatim("Chữ"), value=verbatim("ẵ Ữ Ợ đ ₫")),
            Code(content=f"TRAMKIT-SELF-TEST {now.isoformat()}"),
        ),
    )
    printed = await printer.print(document, "vi", f"self-test:{now.isoformat()}")
    return "printed" if printed.medium == "paper" else "shows it on the screen"


async def _sound_loop(speaker: Speaker, microphone: Microphone) -> str:
    """Play a tone and hear whether the microphone hears it: only at that pitch, so that a noisy hall does not pass."""
    at = np.arange(PIECE) / SAMPLE_RATE
    piece = (12_000 * np.sin(2 * np.pi * TONE_HZ * at)).astype(np.int16)
    sounds = await microphone.start()
    loudest = 0.0
    try:
        await speaker.start()
        for _piece in range(50):
            speaker.play(Sound(piece, 0.0))
            sound = await sounds.get()
            if sound is not None and len(sound.samples):
                samples = sound.samples / 32768.0
                wave = np.exp(-2j * np.pi * TONE_HZ * np.arange(len(samples)) / SAMPLE_RATE)
                loudest = max(loudest, float(abs(np.dot(samples, wave))) * 2 / len(samples))
    finally:
        await speaker.stop()
        await microphone.stop()
    if loudest < HEARD_LEVEL:
        raise DeviceError(Trouble.FAULTY, "the microphone does not hear the speaker")
    return f"the microphone hears the speaker at {loudest:.3f}"


def save(test: SelfTest, file: Path) -> None:
    """Write a result where the operator finds it; a power cut leaves the one before."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text(test.model_dump_json(indent=2) + "\n", encoding="utf-8")
    part.replace(file)


def last(file: Path) -> SelfTest | None:
    """Return the last result; None: there is none that can be read."""
    with contextlib.suppress(OSError, ValueError):
        return SelfTest.model_validate_json(file.read_text(encoding="utf-8"))
    return None


class StationUnderTest(Protocol):
    """The station, as far as a self-test must know it.

    :ivar testing: set while it is tested: nobody can begin a visit.
    """

    testing: bool

    @property
    def progress(self) -> object | None:
        """The visit under way; None: nobody is here."""
        ...


async def each_morning(
    devices: Iterable[Device], clock: Clock, at: time, file: Path, station: StationUnderTest
) -> None:
    """Make the self-test each day at that time of Việt Nam (UTC+7), until cancelled.

    A station that was off at that time makes it up as soon as it is on. A visit under way goes on to its end; no other
    begins while the devices are tested.

    :param devices: the screen is left out: opening it is all that can be tested of it.
    :param file: where the result goes.
    """
    given = tuple(device for device in devices if device.context.role is not Role.SCREEN)
    before = await asyncio.to_thread(last, file)
    while True:
        await clock.sleep(_seconds_until_due(clock.now(), at, before.at if before else None))
        station.testing = True
        try:
            await clock.sleep(SETTLE_SECONDS)
            while station.progress is not None or any(device.owner is not None for device in given):
                await clock.sleep(LOOK_SECONDS)
            before = await self_test(given, clock)
        finally:
            station.testing = False
        failed = [each.role for each in before.tested if each.outcome == "failed"]
        if failed:
            _log.warning("self-test failed", extra={"roles": ", ".join(failed)})
        else:
            _log.info("self-test passed", extra={"devices": len(before.tested)})
        try:
            await asyncio.to_thread(save, before, file)
        except OSError as error:
            _log.warning("self-test cannot be kept", extra={"reason": error.strerror})


def _seconds_until_due(now: datetime, at: time, before: datetime | None) -> float:
    """Return how long to wait: 0 where today's is due and was not made."""
    local = now.astimezone(VIETNAM)
    due = local.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    if due <= local and before is not None and before >= due:
        due += timedelta(days=1)
    return max(0.0, (due - local).total_seconds())
