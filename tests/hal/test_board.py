"""Devices on a board at the end of a serial line: health booth, presence, guide lights, housing."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from support.fake_board import FakeBoard
from support.line import Line

from tramkit_hal.contracts.enclosure import Door
from tramkit_hal.contracts.lights import Light, Shine
from tramkit_hal.contracts.vital import UNITS, Vital
from tramkit_hal.device.base import Device, DeviceContext, DeviceState
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.drivers._line import Board, checksum, line, parse
from tramkit_hal.drivers.board_parts import BoardEnclosure, BoardLights, BoardPresence
from tramkit_hal.drivers.booth import Booth
from tramkit_hal.testing.case import Case

from .conformance import DeviceConformance


async def trouble_of(step: Any) -> Trouble:
    with pytest.raises(DeviceError) as caught:
        await step
    return caught.value.trouble


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


def test_a_line_carries_its_check_sum_and_a_disturbed_one_is_none() -> None:
    assert checksum("123456789") == "29B1"  # the catalogue's check value of CRC-16/CCITT-FALSE
    sent = line(">7", "MEASURE", kind="pulse", note="a b=c*%°")
    assert parse(sent) == ([">7", "MEASURE"], {"kind": "pulse", "note": "a b=c*%°"})
    dice = random.Random(11)
    for _time in range(500):
        at = dice.randrange(len(sent) - 1)
        spoilt = bytearray(sent)
        spoilt[at] ^= 1 << dice.randrange(8)
        assert parse(bytes(spoilt)) in (None, parse(sent))


class OnBoard(DeviceConformance):
    """A part of the board on a pseudo-terminal."""

    pluggable = True
    driver: type[Device]
    role: Role
    verb = ""

    @pytest_asyncio.fixture(autouse=True)
    async def _board(self, tmp_path: Path) -> AsyncIterator[None]:
        self.line = Line(str(tmp_path / "usb-Booth_B-0042-if00"))
        self.line.plug()
        self.board = FakeBoard(self.line)
        yield
        self.line.unplug()
        assert not Board._open

    def make(self) -> Any:
        return self.driver(self.driver.Settings(device=self.line.path), DeviceContext(self.role))

    async def unplug(self, device: Device) -> None:
        self.line.unplug()

    async def plug(self, device: Device) -> None:
        self.line.plug()

    async def hang(self, device: Device) -> bool:
        self.board.mute.add(self.verb)
        return True

    async def test_a_board_that_does_not_have_the_part_is_misconfigured(self) -> None:
        self.board.has = {"protocol": "1"}
        assert await trouble_of(self.make().open()) is Trouble.MISCONFIGURED

    async def test_a_board_of_another_version_or_none_at_all_is_not_used(self) -> None:
        self.board.has["protocol"] = "2"
        assert await trouble_of(self.make().open()) is Trouble.MISCONFIGURED
        self.board.mute.add("HELLO")
        assert await trouble_of(self.make().open()) is Trouble.DEADLINE

    async def test_an_answer_that_is_disturbed_is_no_answer(self) -> None:
        async with self.opened() as device:
            self.board.spoil = True
            assert await trouble_of(self.operate_shortly(device)) is Trouble.DEADLINE
            self.board.spoil = False


class TestBooth(OnBoard):
    driver, role, verb = Booth, Role.VITAL_SENSOR, "MEASURE"

    async def operate(self, device: Any) -> None:
        assert (await device.measure(Vital.PULSE, deadline=5)).values == (76,)

    async def operate_shortly(self, device: Any) -> None:
        await device.measure(Vital.PULSE, deadline=0.1)

    async def test_case(self, hal_case: Case) -> None:
        if hal_case.id == "HAL-VIT-005":
            self.board.hold = asyncio.Event()  # a real one takes its time: there is something to stop
        await super().test_case(hal_case)

    async def test_every_vital_sign_comes_with_unit_device_calibration_and_signature(self) -> None:
        async with self.opened() as device:
            for kind in Vital:
                reading = await device.measure(kind)
                assert (reading.kind, reading.unit) == (kind, UNITS[kind])
                assert reading.device == "booth B-0042"
                assert reading.signature == b"\x00\x01\x02\x03"
                assert reading.calibration_due.date().isoformat() == "2027-06-30"
                assert "signature" not in repr(reading)
            assert (await device.measure(Vital.BLOOD_PRESSURE)).values == (128, 82)
            assert device.info.model == "Booth 2"

    @pytest.mark.parametrize("value", ["", "nan", "inf", "7600", "76/80", "abc", "-5"])
    async def test_what_is_no_reading_is_never_shown(self, value: str) -> None:
        async with self.opened() as device:
            self.board.values["pulse"] = (value, "/min")
            assert await trouble_of(device.measure(Vital.PULSE)) is Trouble.UNREADABLE

    async def test_a_reading_of_another_kind_or_unit_is_none(self) -> None:
        async with self.opened() as device:
            self.board.values["weight"] = ("135", "lb")
            assert await trouble_of(device.measure(Vital.WEIGHT)) is Trouble.UNREADABLE

    async def test_the_reading_of_the_person_before_is_never_given_again(self) -> None:
        async with self.opened() as device:
            self.board.same_id = True
            await device.measure(Vital.PULSE)
            assert await trouble_of(device.measure(Vital.PULSE)) is Trouble.UNREADABLE

    async def test_a_wipe_purges_the_boards_memory(self) -> None:
        async with self.opened() as device:
            await device.wipe()
            assert self.board.purged == 1

    async def test_who_leaves_while_the_cuff_is_tight_is_let_out(self) -> None:
        async with self.opened() as device:
            self.board.hold = asyncio.Event()
            measuring = asyncio.create_task(device.measure(Vital.BLOOD_PRESSURE))
            await until(lambda: "MEASURE" in self.board.heard)
            await device.wipe()
            assert await trouble_of(measuring) is Trouble.NOT_OPEN
            assert self.board.aborted >= 1
            self.board.hold.set()  # the late answer is to nobody
            self.board.hold = None
            assert (await device.measure(Vital.PULSE)).kind is Vital.PULSE

    async def test_who_stops_a_measurement_gets_no_reading_though_the_board_had_one(self) -> None:
        async with self.opened() as device:
            self.board.hold = asyncio.Event()
            measuring = asyncio.create_task(device.measure(Vital.PULSE))
            await until(lambda: "MEASURE" in self.board.heard)
            stopping = asyncio.create_task(device.abort())
            await asyncio.sleep(0)
            self.board.hold.set()
            assert await trouble_of(measuring) is Trouble.UNREADABLE
            await stopping
            assert self.board.aborted == 1

    async def test_a_board_that_says_nothing_of_an_abort_keeps_nobody_waiting(self) -> None:
        async with self.opened() as device:
            self.board.mute |= {"MEASURE", "ABORT"}
            measuring = asyncio.create_task(device.measure(Vital.PULSE, deadline=15))
            await until(lambda: "MEASURE" in self.board.heard)
            await device.abort()
            assert await trouble_of(measuring) is Trouble.UNREADABLE

    async def test_what_the_board_refuses_says_who_can_mend_it(self) -> None:
        async with self.opened() as device:
            for code, trouble in (("unreadable", Trouble.UNREADABLE), ("fault", Trouble.FAULTY), ("x", Trouble.FAULTY)):
                self.board.refuse["MEASURE"] = code
                assert await trouble_of(device.measure(Vital.PULSE)) is trouble


class TestBoardPresence(OnBoard):
    driver, role, verb = BoardPresence, Role.PRESENCE, "PRESENCE"

    async def operate(self, device: Any) -> None:
        assert (await device.snapshot()).present is True

    async def operate_shortly(self, device: Any) -> None:
        await device.snapshot(deadline=0.1)

    async def test_unknown_is_neither_yes_nor_no(self) -> None:
        async with self.opened() as device:
            self.board.present, self.board.distance = "?", ""
            now = await device.snapshot()
            assert (now.present, now.distance, now.confidence) == (None, None, 0.0)

    async def test_coming_and_going_are_events(self) -> None:
        async with self.opened() as device, device.events() as events:
            for text in ("PRESENCE present=1", "PRESENCE present=?", "PRESENCE present=0"):
                self.board.event(text)
            assert [(await anext(events)).name for _ in range(2)] == ["arrived", "left"]


class TestBoardLights(OnBoard):
    driver, role, verb = BoardLights, Role.LIGHTS, "LIGHT"

    async def operate(self, device: Any) -> None:
        await device.set(Light.RECEIPT, Shine.BLINK)
        assert (await device.shining())[Light.RECEIPT] is Shine.BLINK

    async def operate_shortly(self, device: Any) -> None:
        await device.set(Light.RECEIPT, Shine.ON, deadline=0.1)

    async def test_a_wipe_darkens_and_a_light_that_is_not_there_is_refused(self) -> None:
        async with self.opened() as device:
            await device.set(Light.CARD_READER, Shine.ON)
            await device.wipe()
            assert set((await device.shining()).values()) == {Shine.OFF}
            assert await trouble_of(device.set(Light.PAYMENT, Shine.ON)) is Trouble.UNSUPPORTED


class TestBoardEnclosure(OnBoard):
    driver, role, verb = BoardEnclosure, Role.ENCLOSURE, "ENCLOSURE"

    async def operate(self, device: Any) -> None:
        now = await device.snapshot()
        assert now.open == {Door.SERVICE: False, Door.PAPER: None}
        assert now.temperature == 31.5

    async def operate_shortly(self, device: Any) -> None:
        await device.snapshot(deadline=0.1)

    async def test_tampering_stays_until_the_operator_has_seen_it(self) -> None:
        async with self.opened() as device, device.events() as events:
            self.board.tampered = "1"
            self.board.event("TAMPER")
            self.board.event("DOOR door=service open=1")
            told = [await anext(events), await anext(events)]
            assert [(event.name, event.value) for event in told] == [("tamper", ""), ("opened", "service")]
            await device.wipe()
            assert (await device.snapshot()).tampered is True
            await device.acknowledge()
            assert (await device.snapshot()).tampered is False


async def test_one_board_serves_every_role_over_one_line(tmp_path: Path) -> None:
    wire = Line(str(tmp_path / "board"))
    wire.plug()
    board = FakeBoard(wire)
    kinds = ((Booth, Role.VITAL_SENSOR), (BoardLights, Role.LIGHTS), (BoardPresence, Role.PRESENCE))
    devices: list[Any] = [kind(kind.Settings(device=wire.path), DeviceContext(role)) for kind, role in kinds]
    await asyncio.gather(*(device.open() for device in devices))
    assert board.heard.count("HELLO") == 1
    await asyncio.gather(devices[0].measure(Vital.HEIGHT), devices[1].set(Light.STATUS, Shine.ON))
    await devices[0].close()
    assert (await devices[2].snapshot()).present
    wire.unplug()
    await until(lambda: all(device.state is DeviceState.ABSENT for device in devices[1:]))
    await asyncio.gather(*(device.close() for device in devices))
    assert not Board._open
