"""Simulated devices for every role, that answer at once and whose chance follows a seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tramkit_hal.device.base import Device, DeviceContext
from tramkit_hal.device.clock import Clock
from tramkit_hal.device.roles import Role
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

SIMULATORS: Mapping[Role, type[Device]] = {
    Role.ID_READER: SimIdReader,
    Role.CODE_SCANNER: SimCodeScanner,
    Role.CAMERA: SimCamera,
    Role.DOCUMENT_CAMERA: SimCamera,
    Role.MICROPHONE: SimMicrophone,
    Role.SPEAKER: SimSpeaker,
    Role.VOICE: SimVoice,
    Role.SPEECH_RECOGNISER: SimSpeechRecogniser,
    Role.FACE_MATCHER: SimFaceMatcher,
    Role.RECEIPT_PRINTER: SimReceiptPrinter,
    Role.DOCUMENT_PRINTER: SimDocumentPrinter,
    Role.VITAL_SENSOR: SimVitalSensor,
    Role.PRESENCE: SimPresence,
    Role.PAYMENT_TERMINAL: SimPaymentTerminal,
    Role.POWER: SimPower,
    Role.LIGHTS: SimLights,
    Role.ENCLOSURE: SimEnclosure,
}
USUAL = (
    Role.ID_READER,
    Role.CODE_SCANNER,
    Role.CAMERA,
    Role.FACE_MATCHER,
    Role.RECEIPT_PRINTER,
    Role.VITAL_SENSOR,
    Role.PRESENCE,
    Role.PAYMENT_TERMINAL,
)
"""What most stations have."""


def simulated(
    folder: Path,
    clock: Clock,
    *,
    roles: Iterable[Role] = USUAL,
    seed: int = 1,
    settings: Mapping[Role, Mapping[str, Any]] | None = None,
) -> dict[Role, Sequence[Device]]:
    """Return a simulated device for each role, none opened.

    :param folder: where those that keep something keep it.
    :param settings: of some of them; see the simulator's ``Settings``.
    """
    given: dict[Role, dict[str, Any]] = {
        Role.VITAL_SENSOR: {"seconds": 0},
        Role.PAYMENT_TERMINAL: {"journal": str(folder / "terminal.sqlite")},
    }
    for role, more in (settings or {}).items():
        given[role] = given.get(role, {}) | dict(more)
    bound: dict[Role, Sequence[Device]] = {}
    for role in roles:
        driver = SIMULATORS[role]
        context = DeviceContext(role, clock, seed=seed)
        bound[role] = [driver(driver.Settings.model_validate(given.get(role, {})), context)]
    return bound
