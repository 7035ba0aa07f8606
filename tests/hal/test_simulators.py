"""Every simulator keeps every case of its class; a case that cannot be tried on a simulator is named here."""

from __future__ import annotations

from typing import Any

import pytest
from support.mutants import MUTANTS, Mutant

from tramkit_hal.device.base import Device
from tramkit_hal.device.roles import Role
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
from tramkit_hal.testing import Case, NotApplicableError, SimRig, cases_for
from tramkit_hal.testing.suite import run_case

SIMULATORS: dict[type[Device], tuple[Role, dict[str, Any]]] = {
    SimCamera: (Role.CAMERA, {}),
    SimCodeScanner: (Role.CODE_SCANNER, {}),
    SimDocumentPrinter: (Role.DOCUMENT_PRINTER, {"seconds": 0.2}),
    SimEnclosure: (Role.ENCLOSURE, {}),
    SimFaceMatcher: (Role.FACE_MATCHER, {}),
    SimIdReader: (Role.ID_READER, {}),
    SimLights: (Role.LIGHTS, {}),
    SimMicrophone: (Role.MICROPHONE, {}),
    SimPaymentTerminal: (Role.PAYMENT_TERMINAL, {}),
    SimPower: (Role.POWER, {}),
    SimPresence: (Role.PRESENCE, {}),
    SimReceiptPrinter: (Role.RECEIPT_PRINTER, {}),
    SimSpeaker: (Role.SPEAKER, {}),
    SimVitalSensor: (Role.VITAL_SENSOR, {"seconds": 0.05}),
    SimVoice: (Role.VOICE, {}),
    SimSpeechRecogniser: (Role.SPEECH_RECOGNISER, {}),
}


class ScreenRig(SimRig):
    """The scripted screen, which nobody can pull out."""

    pluggable = False

    async def hang(self, device: Any) -> bool:
        return False


def rig_of(driver: type[Device]) -> SimRig:
    base: Any = driver
    while base not in SIMULATORS and base is not ScriptedScreen:
        base = base.__base__
    if base is ScriptedScreen:
        return ScreenRig(driver, Role.SCREEN)
    role, settings = SIMULATORS[base]
    return SimRig(driver, role, **settings)


ALL = [(driver, case) for driver in (*SIMULATORS, ScriptedScreen) for case in cases_for(driver)]


@pytest.mark.parametrize(("driver", "case"), ALL, ids=[f"{driver.__name__}-{case.id}" for driver, case in ALL])
async def test_a_simulator_keeps_each_case_of_its_class(driver: type[Device], case: Case) -> None:
    try:
        await case.run(rig_of(driver))
    except NotApplicableError as error:
        print(f"{driver.__name__} {case.id}: {error}")


async def test_every_case_is_tried_by_some_simulator() -> None:
    tried: set[str] = set()
    for driver, case in ALL:
        if case.id in tried:
            continue
        if (await run_case(case, rig_of(driver))).outcome == "passed":
            tried.add(case.id)
    (few,) = [case for case in cases_for(SimVitalSensor) if case.id == "HAL-VIT-004"]
    only_pulse = SimRig(SimVitalSensor, Role.VITAL_SENSOR, kinds=["pulse"], seconds=0)
    assert (await run_case(few, only_pulse)).outcome == "passed"
    assert {case.id for _driver, case in ALL} - tried == {few.id}


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
async def test_a_broken_driver_is_caught_by_the_case_meant_for_it(mutant: Mutant) -> None:
    case = next(each for each in cases_for(mutant.driver) if each.id == mutant.case)
    finding = await run_case(case, rig_of(mutant.driver))
    assert finding.outcome == "failed", f"{mutant.name} lives"


def test_there_are_two_mutants_of_each_class_and_forty_in_all() -> None:
    assert len(MUTANTS) >= 40
    for base in (*SIMULATORS, ScriptedScreen):
        assert sum(issubclass(mutant.driver, base) for mutant in MUTANTS) >= 2, base.__name__
