"""Broken drivers: simulators with one fault each, and the case that is meant to catch it."""

from __future__ import annotations

import logging
import os
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from tramkit_hal.contracts.audio import PIECE, Sound
from tramkit_hal.contracts.document_printer import JobState, PrintJob
from tramkit_hal.contracts.enclosure import EnclosureNow
from tramkit_hal.contracts.face import FaceFinding
from tramkit_hal.contracts.lights import Shine
from tramkit_hal.contracts.payment_terminal import Charge, TerminalResult
from tramkit_hal.contracts.power import PowerNow
from tramkit_hal.contracts.presence import PresenceNow
from tramkit_hal.contracts.printer import Printed
from tramkit_hal.contracts.scanner import ScannedCode
from tramkit_hal.contracts.vital import Vital
from tramkit_hal.device.base import DeviceState
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.screens.scripted import ScriptedScreen
from tramkit_hal.sim.audio import SimMicrophone, SimSpeaker
from tramkit_hal.sim.camera import SimCamera
from tramkit_hal.sim.code_scanner import SimCodeScanner
from tramkit_hal.sim.document_printer import SimDocumentPrinter
from tramkit_hal.sim.enclosure import SimEnclosure
from tramkit_hal.sim.face_matcher import SimFaceMatcher
from tramkit_hal.sim.id_reader import SimIdReader
from tramkit_hal.sim.lights import SimLights
from tramkit_hal.sim.payment_terminal import SimPaymentTerminal
from tramkit_hal.sim.power import SimPower
from tramkit_hal.sim.presence import SimPresence
from tramkit_hal.sim.receipt_printer import SimReceiptPrinter
from tramkit_hal.sim.speech_recogniser import SimSpeechRecogniser
from tramkit_hal.sim.vital_sensor import SimVitalSensor
from tramkit_hal.sim.voice import SimVoice


@dataclass(frozen=True)
class Mutant:
    """A broken driver and the case that must catch it."""

    driver: Any
    case: str

    @property
    def name(self) -> str:
        return self.driver.__name__


MUTANTS: list[Mutant] = []


def caught_by(case: str) -> Any:
    def register(driver: Any) -> Any:
        MUTANTS.append(Mutant(driver, case))
        return driver

    return register


# ── every device ──


@caught_by("HAL-DEV-003")
class CannotBeReset(SimPresence):
    async def _reset(self) -> None:
        raise DeviceError(Trouble.FAULTY)


@caught_by("HAL-DEV-004")
class ChangesItsSerial(SimPresence):
    @property
    def info(self) -> Any:
        return super().info.model_copy(update={"serial": str(time.monotonic_ns())})


@caught_by("HAL-DEV-006")
class TellsNumbersAsFacts(SimPower):
    async def _check(self, level: Any) -> Any:
        raise TypeError("a library's own error")


@caught_by("HAL-DEV-010")
class WorksOnce(SimVoice):
    async def say(self, words: str, language: str, deadline: float = 10.0) -> Any:
        said = await super().say(words, language, deadline)
        self._lost(Trouble.FAULTY)
        return said


@caught_by("HAL-DEV-011")
class WipeBreaksIt(SimLights):
    async def _wipe(self) -> None:
        self._lost(Trouble.FAULTY)


@caught_by("HAL-DEV-012")
class CancelBreaksIt(SimVitalSensor):
    async def measure(self, kind: Vital, deadline: float = 60.0) -> Any:
        try:
            return await super().measure(kind, deadline)
        except BaseException:
            self._lost(Trouble.FAULTY)
            raise


@caught_by("HAL-DEV-013")
class KeepsNoDeadline(SimEnclosure):
    async def snapshot(self, deadline: float = 2.0) -> EnclosureNow:
        return await super().snapshot(deadline + 5)


@caught_by("HAL-DEV-014")
class NeverTellsItsState(SimPower):
    def _become(self, state: DeviceState, trouble: Trouble | None = None) -> None:  # type: ignore[override, misc]
        self._state, self._trouble = state, trouble
        self._emit("state", DeviceState.READY.value if state is DeviceState.STARTING else state.value)


@caught_by("HAL-DEV-015")
class AnotherAfterReplug(SimReceiptPrinter):
    times = 0

    async def _open(self) -> None:
        self.times += 1
        await super()._open()

    @property
    def info(self) -> Any:
        return super().info.model_copy(update={"serial": f"ttyUSB{self.times}"})


@caught_by("HAL-DEV-017")
class LeavesDescriptors(SimCodeScanner):
    async def _open(self) -> None:
        os.open("/dev/null", os.O_RDONLY)
        await super()._open()


@caught_by("HAL-DEV-018")
class WorksThroughAWipe(SimVitalSensor):
    async def wipe(self, deadline: float = 5.0) -> None:  # type: ignore[override, misc]
        return


@caught_by("HAL-DEV-019")
class BlocksEverybody(SimReceiptPrinter):
    async def print(self, *given: Any, **named: Any) -> Printed:
        time.sleep(1.5)  # noqa: ASYNC251 - that is the fault
        return await super().print(*given, **named)


@caught_by("HAL-DEV-020")
class LogsTheReceipt(SimReceiptPrinter):
    async def print(self, document: Any, language: str, operation: str, deadline: float = 30.0) -> Printed:
        logging.getLogger("mutant").warning("printing %s", " ".join(document.lines(language)))
        return await super().print(document, language, operation, deadline)


@caught_by("HAL-DEV-020")
class KeepsTheLastCode(SimCodeScanner):
    last: Any = None

    async def scan(self, *given: Any, **named: Any) -> ScannedCode:
        self.last = await super().scan(*given, **named)
        return self.last


@caught_by("HAL-DEV-020")
class KeepsWhatItSaid(SimVoice):
    async def _wipe(self) -> None:
        return


# ── printers ──


@caught_by("HAL-PRN-001")
class PrintsAgain(SimReceiptPrinter):
    async def print(self, *given: Any, **named: Any) -> Printed:
        self._done.clear()
        return await super().print(*given, **named)


@caught_by("HAL-PRN-002")
class PrintsOnNothing(SimReceiptPrinter):
    async def print(self, *given: Any, **named: Any) -> Printed:
        self._paper = "ok"
        return await super().print(*given, **named)


@caught_by("HAL-PRN-003")
class UnknownIsFine(SimReceiptPrinter):
    async def print(self, *given: Any, **named: Any) -> Printed:
        try:
            return await super().print(*given, **named)
        except DeviceError:
            return Printed(medium="paper")


@caught_by("HAL-DOC-001")
class SubmitsAgain(SimDocumentPrinter):
    async def submit(self, pdf: bytes, operation: str, deadline: float = 60.0) -> PrintJob:
        self._jobs.pop(operation, None)
        self.printed += 1
        return await super().submit(pdf, operation, deadline)


@caught_by("HAL-DOC-002")
class KnowsEveryJob(SimDocumentPrinter):
    async def job(self, operation: str, deadline: float = 10.0) -> PrintJob:
        return PrintJob(operation=operation, state=JobState.DONE)


@caught_by("HAL-DOC-003")
class PrintsAfterAWipe(SimDocumentPrinter):
    async def _wipe(self) -> None:
        return


# ── scanner, reader ──


@caught_by("HAL-SCN-001")
class GivesTheOldCode(SimCodeScanner):
    old = ""

    async def _control(self, name: str, value: str) -> None:
        self.old = self.old or value
        await super()._control(name, value)

    async def scan(self, *given: Any, **named: Any) -> ScannedCode:
        if self.old:
            return ScannedCode(symbology="qr", text=self.old)
        return await super().scan(*given, **named)


@caught_by("HAL-SCN-002")
class LosesItsAccents(SimCodeScanner):
    async def scan(self, *given: Any, **named: Any) -> ScannedCode:
        code = await super().scan(*given, **named)
        return code.model_copy(update={"text": code.text.encode("ascii", "replace").decode()})


@caught_by("HAL-SCN-003")
class GivesTheLastResidentsCode(SimCodeScanner):
    last: Any = None

    async def scan(self, *given: Any, **named: Any) -> ScannedCode:
        if self.last is None:
            self.last = await super().scan(*given, **named)
        return self.last


@caught_by("HAL-IDR-001")
class KeepsTheCard(SimIdReader):
    async def _wipe(self) -> None:
        return


@caught_by("HAL-IDR-002")
class SeesACardThatIsNotThere(SimIdReader):
    async def wait_card(self, deadline: float = 60.0) -> None:
        return


# ── terminal ──


@caught_by("HAL-PAY-001")
class TakesAnyAmount(SimPaymentTerminal):
    def _row(self, ref: str) -> Any:
        state, amount, approval = super()._row(ref)
        return state, amount if state == Charge.NOT_FOUND else 60_000, approval


@caught_by("HAL-PAY-002")
class KnowsEveryNumber(SimPaymentTerminal):
    async def inquire(self, ref: str, deadline: float = 10.0) -> TerminalResult:
        told = await super().inquire(ref, deadline)
        return told if told.charge is not Charge.NOT_FOUND else TerminalResult(charge=Charge.DECLINED)


@caught_by("HAL-PAY-003")
class GivesBackTooMuch(SimPaymentTerminal):
    async def refund(self, ref: str, refund_ref: str, amount: int, deadline: float = 10.0) -> TerminalResult:
        return TerminalResult(charge=Charge.SETTLED, amount=amount)


@caught_by("HAL-PAY-004")
class CancelsInWordsOnly(SimPaymentTerminal):
    async def cancel(self, ref: str, deadline: float = 10.0) -> TerminalResult:
        return TerminalResult(charge=Charge.DECLINED)


@caught_by("HAL-PAY-005")
class GuessesThatItFailed(SimPaymentTerminal):
    async def inquire(self, ref: str, deadline: float = 10.0) -> TerminalResult:
        told = await super().inquire(ref, deadline)
        return TerminalResult(charge=Charge.DECLINED) if told.charge is Charge.UNKNOWN else told


@caught_by("HAL-PAY-006")
class TakesTwoAtOnce(SimPaymentTerminal):
    async def start(self, ref: str, amount: int, deadline: float = 10.0) -> TerminalResult:
        self._prompting = ""
        return await super().start(ref, amount, deadline)


# ── sensors ──


@caught_by("HAL-VIT-001")
class MeasuresPounds(SimVitalSensor):
    async def measure(self, kind: Vital, deadline: float = 60.0) -> Any:
        reading = await super().measure(kind, deadline)
        return reading.model_copy(update={"unit": "lb"}) if kind is Vital.WEIGHT else reading


@caught_by("HAL-VIT-002")
class GivesStoredReadings(SimVitalSensor):
    async def measure(self, kind: Vital, deadline: float = 60.0) -> Any:
        self._stale = False
        return await super().measure(kind, deadline)


@caught_by("HAL-VIT-003")
class NeverPurges(SimVitalSensor):
    async def _wipe(self) -> None:
        return


@caught_by("HAL-VIT-005")
class CannotBeStopped(SimVitalSensor):
    async def abort(self) -> None:
        return


@caught_by("HAL-PRS-001")
class GuessesPresence(SimPresence):
    async def snapshot(self, deadline: float = 2.0) -> PresenceNow:
        return PresenceNow(present=bool((await super().snapshot(deadline)).present))


@caught_by("HAL-PRS-002")
class TellsTwice(SimPresence):
    async def _control(self, name: str, value: str) -> None:
        self._emit("arrived" if value == "on" else "left")
        await super()._control(name, value)


@caught_by("HAL-PWR-001")
class GuessesTheMains(SimPower):
    async def snapshot(self, deadline: float = 5.0) -> PowerNow:
        return PowerNow(on_battery=bool((await super().snapshot(deadline)).on_battery))


@caught_by("HAL-PWR-003")
class NeverLow(SimPower):
    async def snapshot(self, deadline: float = 5.0) -> PowerNow:
        return (await super().snapshot(deadline)).model_copy(update={"low": False})


@caught_by("HAL-LGT-001")
class LightsThemAll(SimLights):
    async def set(self, light: Any, shine: Shine, deadline: float = 2.0) -> None:
        for each in self.capabilities.lights:
            await super().set(each, shine, deadline)


@caught_by("HAL-LGT-002")
class ShinesOn(SimLights):
    async def _wipe(self) -> None:
        return


@caught_by("HAL-ENC-001")
class WipeForgetsTampering(SimEnclosure):
    async def _wipe(self) -> None:
        self._tampered = False


@caught_by("HAL-ENC-002")
class TellsNoDoor(SimEnclosure):
    async def _control(self, name: str, value: str) -> None:
        await super()._control(name, value)
        self._door_open = False


# ── pictures, sound, screen ──


@caught_by("HAL-CAM-001")
class PictureStands(SimCamera):
    async def _frames(self) -> None:
        image = np.zeros((270, 320), np.uint8)
        self.picture.put(image, "i420", 0.0)


@caught_by("HAL-CAM-002")
class KeepsThePicture(SimCamera):
    async def _wipe(self) -> None:
        return


@caught_by("HAL-MIC-001")
class HearsOn(SimMicrophone):
    async def stop(self) -> None:
        return


@caught_by("HAL-MIC-002")
class TwoListeners(SimMicrophone):
    async def start(self, deadline: float = 5.0) -> Any:
        await self.stop()
        return await super().start(deadline)


@caught_by("HAL-SPK-001")
class StaysLoud(SimSpeaker):
    async def _wipe(self) -> None:
        await self.stop()


@caught_by("HAL-SPK-002")
class LouderThanAll(SimSpeaker):
    async def set_volume(self, volume: float) -> None:
        self._volume = volume


@caught_by("HAL-VOC-001")
class IsSilent(SimVoice):
    async def say(self, *given: Any, **named: Any) -> Any:
        return np.zeros_like(await super().say(*given, **named))


@caught_by("HAL-VOC-002")
class SpeaksEverything(SimVoice):
    async def say(self, words: str, language: str, deadline: float = 10.0) -> Any:
        return await super().say(words, "vi", deadline)


@caught_by("HAL-REC-001")
class UnderstandsEverything(SimSpeechRecogniser):
    async def start(self, language: str, deadline: float = 5.0) -> None:
        await super().start("vi", deadline)


@caught_by("HAL-REC-002")
class HearsWordsInSilence(SimSpeechRecogniser):
    def hear(self, sound: Any) -> None:
        super().hear(Sound(np.full(PIECE, 3000, np.int16), sound.captured_at))


@caught_by("HAL-FAC-001")
class NobodyIsTheSame(SimFaceMatcher):
    async def compare(self, portrait: Any, frames: Any, deadline: float = 10.0) -> FaceFinding:
        return await super().compare(portrait, frames, deadline) if frames else FaceFinding.SAME


@caught_by("HAL-FAC-002")
class AnyPortraitWillDo(SimFaceMatcher):
    async def compare(self, portrait: Any, frames: Any, deadline: float = 10.0) -> FaceFinding:
        if not frames:
            raise ValueError("no picture")
        return FaceFinding.SAME


@caught_by("HAL-SCR-001")
class KeepsThePage(ScriptedScreen):
    async def _wipe(self) -> None:
        return


@caught_by("HAL-SCR-002")
class DescribesTheFirstPage(ScriptedScreen):
    @property
    def view(self) -> Any:
        return self.history[0]
