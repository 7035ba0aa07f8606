"""What one service, device or screen does wrong costs no other resident anything."""

from __future__ import annotations

import asyncio
import gc
import io
import logging
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from tramkit import Document, Level, Messages, Service, Visit, Vital, log, verbatim
from tramkit.station.faults import MAX_FAULTS
from tramkit.testing.station import station
from tramkit_hal.device.base import Device, DeviceContext
from tramkit_hal.device.clock import ManualClock, SystemClock
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.screens.scripted import ScriptedScreen
from tramkit_hal.sim.code_scanner import SimCodeScanner
from tramkit_hal.sim.id_reader import SimIdReader
from tramkit_hal.sim.people import PEOPLE
from tramkit_hal.sim.receipt_printer import SimReceiptPrinter
from tramkit_hal.sim.vital_sensor import SimVitalSensor
from tramkit_hal.ui.events import Answered, Pressed, Touched
from tramkit_hal.ui.pages import Availability, Choose, View

_ = Messages("tests")

D = TypeVar("D", bound=Device)


def service(serve: Callable[[Visit], Awaitable[object]]) -> Service:
    """Return a service that does just this."""

    class Once(Service):
        id = "test.once"
        title = _("Once")

        async def serve(self, visit: Visit) -> None:
            await serve(visit)

    return Once()


def make(driver: type[D], role: Role, clock: ManualClock | SystemClock, **settings: object) -> D:
    return driver(driver.Settings.model_validate(settings), DeviceContext(role, clock))


async def until(true: Callable[[], bool], clock: ManualClock | None = None) -> None:
    """Wait until something holds, moving a hand-moved clock on."""
    async with asyncio.timeout(20):
        while not true():
            if clock is not None:
                await clock.advance(0.5)
            await asyncio.sleep(0.005)


async def test_a_service_that_outlives_its_visit_shows_the_next_resident_nothing() -> None:
    clock = ManualClock()
    printer = make(SimReceiptPrinter, Role.RECEIPT_PRINTER, clock)
    go_on = asyncio.Event()
    failed: list[str] = []

    async def serve(visit: Visit) -> None:
        if failed or go_on.is_set():
            await visit.tell(_("The next one"))
            return
        try:
            await visit.tell(_("The first one"))
        except asyncio.CancelledError:
            await go_on.wait()
            for late in (
                lambda: visit.tell(verbatim("late words")),
                lambda: visit.print(Document(title=verbatim("late paper")), name="late"),
            ):
                try:
                    await late()
                except Exception as error:
                    failed.append(type(error).__name__)
            try:
                await visit.camera()
            except Exception as error:
                failed.append(type(error).__name__)

    async with station([service(serve)], clock=clock, bound={Role.RECEIPT_PRINTER: [printer]}) as s:
        await s.menu()
        s.screen.answer("test.once")
        await s.page("tell", "The first one")
        s.screen.press("start_over")
        await s.page("leave")
        s.screen.answer("leave")
        await until(lambda: s.station.progress is None)
        assert not s.station.last_wipe_certain, "what it holds is not known"
        await s.attract()
        await s.menu()
        go_on.set()
        await until(lambda: len(failed) == 3)
        assert failed == ["VisitIsOverError"] * 3
        assert all("late" not in view.model_dump_json() for view in s.screen.history)
        assert printer.owner is None
        assert printer.printed == 0


async def test_a_service_that_does_not_stop_at_back_ends_the_visit() -> None:
    async def serve(visit: Visit) -> None:
        await visit.tell(_("One"))
        try:
            await visit.tell(_("Two"))
        except asyncio.CancelledError:
            await asyncio.sleep(30)

    async with station([service(serve)]) as s:
        await s.menu()
        s.screen.answer("test.once")
        await s.page("tell", "One")
        s.screen.answer()
        await s.page("tell", "Two")
        s.screen.press("back")
        sorry = await s.page("tell", "sorry")
        assert "Nothing was ordered" in sorry.body[0].id
        s.screen.answer()
        await s.attract()


async def test_after_a_fault_it_is_not_said_that_nothing_was_sent_where_something_was() -> None:
    async def serve(visit: Visit) -> None:
        await visit.commit(_("The clinic has your answers"))
        raise RuntimeError

    async with station([service(serve)]) as s:
        await s.menu()
        s.screen.answer("test.once")
        sorry = await s.page("tell", "sorry")
        assert "What was sent before the fault stays sent" in sorry.body[0].id


async def test_a_stop_that_comes_while_back_is_followed_is_not_lost() -> None:
    slow = asyncio.Event()

    async def serve(visit: Visit) -> None:
        await visit.tell(_("One"))
        try:
            await visit.tell(_("Two"))
        except asyncio.CancelledError:
            await slow.wait()
            raise

    async with station([service(serve)]) as s:
        await s.menu()
        s.screen.answer("test.once")
        await s.page("tell", "One")
        s.screen.answer()
        await s.page("tell", "Two")
        s.screen.press("back")
        for _turn in range(20):
            await asyncio.sleep(0)
        s.station.stop()
        slow.set()
        await until(lambda: s.station.progress is None)


class JamsAtTheMouth(SimReceiptPrinter):
    """A printer whose paper is printed and does not come out."""

    async def present(self, deadline: float = 5.0) -> None:
        raise DeviceError(Trouble.JAMMED)


async def test_paper_that_does_not_come_out_is_not_printed_elsewhere_once_more() -> None:
    clock = ManualClock()
    first = make(JamsAtTheMouth, Role.RECEIPT_PRINTER, clock)
    second = make(SimReceiptPrinter, Role.RECEIPT_PRINTER, clock)
    outcomes: list[str] = []

    async def serve(visit: Visit) -> None:
        outcomes.append((await visit.print(Document(title=verbatim("x")), name="paper")).outcome)
        await visit.done(_("Done"))

    async with station([service(serve)], clock=clock, bound={Role.RECEIPT_PRINTER: [first, second]}) as s:
        await s.menu()
        s.screen.answer("test.once")
        await s.page("done")
        assert (outcomes, first.printed, second.printed) == (["unknown"], 1, 0)


async def test_a_card_reader_that_comes_back_reads_the_card() -> None:
    clock = ManualClock()
    reader = make(SimIdReader, Role.ID_READER, clock)
    scanner = make(SimCodeScanner, Role.CODE_SCANNER, clock)

    async def serve(visit: Visit) -> None:
        await visit.identify(Level.CLAIMED)

    bound = {Role.ID_READER: [reader], Role.CODE_SCANNER: [scanner]}
    async with station([service(serve)], clock=clock, bound=bound) as s:
        await s.menu()
        s.screen.answer("test.once")
        await s.page("capture")
        await reader.control("plugged", "off")
        await until(lambda: not reader.state.usable)
        await reader.control("plugged", "on")
        await until(lambda: reader.state.usable, clock)
        await reader.control("card", PEOPLE[0].name)
        await until(lambda: s.screen.page.id.endswith("found"), clock)


async def test_a_measurement_is_not_interrupted_by_a_question_whether_somebody_is_there() -> None:
    clock = ManualClock()
    sensor = make(SimVitalSensor, Role.VITAL_SENSOR, clock, seconds=100)

    async def serve(visit: Visit) -> None:
        await visit.measure(Vital.BLOOD_PRESSURE, _("Measure"))

    async with station([service(serve)], clock=clock, bound={Role.VITAL_SENSOR: [sensor]}) as s:
        await s.menu()
        s.screen.answer("test.once")
        await s.page("capture")
        s.screen.answer()
        await s.screen.until(lambda page: page.id.endswith("busy"))
        for _second in range(99):
            await clock.advance(1)
        assert s.screen.page.id.endswith("busy")
        await until(lambda: s.screen.page.id.endswith("result"), clock)


class FailsOnce(ScriptedScreen):
    """A screen that fails in a way nobody foresaw."""

    failed = False

    async def next_event(self) -> Answered | Pressed | Touched:
        event = await super().next_event()
        if not self.failed:
            self.failed = True
            raise ValueError("nobody foresaw this")
        return event


async def test_a_screen_whose_events_fail_once_is_heard_again() -> None:
    async with station([service(lambda visit: visit.tell(_("Here")))], screen=FailsOnce) as s:
        s.screen.answer()
        assert isinstance(s.clock, ManualClock)
        await until(lambda: getattr(s.screen, "failed", False))
        await s.clock.advance(2)
        await s.menu()


def shows_again(screen: ScriptedScreen, before: View) -> bool:
    """Tell whether the attract page was shown anew since ``before``."""
    return bool(screen.history) and screen.view is not before and screen.page.kind == "attract"


async def test_a_screen_that_is_lost_and_comes_back_shows_the_station_again() -> None:
    clock = ManualClock()
    async with station([service(lambda visit: visit.tell(_("Here")))], clock=clock) as s:
        for visit in (False, True):
            if visit:
                await s.menu()
            before = s.screen.history[-1]
            s.screen.break_down()
            await until(partial(shows_again, s.screen, before), clock)
            await s.attract()
        await s.menu()


def test_what_nobody_caught_is_logged_without_its_words() -> None:
    root = logging.getLogger()
    before = root.handlers[:]
    root.handlers.clear()
    lines = io.StringIO()
    log.configure("info", stream=lines)

    async def forgotten() -> None:
        raise ValueError("Chim Vàng Anh 079152000321")

    async def main() -> None:
        task = asyncio.create_task(forgotten())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        del task
        gc.collect()

    def in_a_thread() -> None:
        raise ValueError("Chim Vàng Anh 079152000321")

    try:
        asyncio.run(main())
        thread = threading.Thread(target=in_a_thread)
        thread.start()
        thread.join()
    finally:
        root.handlers[:] = before
    assert "a background task failed" in lines.getvalue()
    assert "thread ended" in lines.getvalue()
    assert "ValueError at test_walls.py" in lines.getvalue()
    assert "Vàng Anh" not in lines.getvalue()
    assert "079152" not in lines.getvalue()


async def test_a_service_that_fails_again_and_again_is_closed_until_the_operator_opens_it() -> None:
    async def serve(visit: Visit) -> None:
        raise KeyError("none of anybody's business")

    class Other(Service):
        id = "test.other"
        title = _("Other")

        async def serve(self, visit: Visit) -> None:
            await visit.tell(_("Hello"))

    async with station([service(serve), Other()]) as s:
        for _visit in range(MAX_FAULTS):
            await s.menu()
            s.screen.answer("test.once")
            await s.screen.until(lambda page: page.id == "fault")
            s.screen.answer("continue")
            await s.attract()
        menu = await s.menu()
        assert isinstance(menu, Choose)
        states = {each.value: each.state for each in menu.options}
        assert states == {"test.once": Availability.CLOSED, "test.other": Availability.AVAILABLE}
        s.screen.answer("test.other")
        await s.page("tell", "Hello")
        s.screen.answer("continue")
        await s.attract()
        s.station.closed = True
        s.station.closed = False
        menu = await s.menu()
        assert isinstance(menu, Choose)
        states = {each.value: each.state for each in menu.options}
        assert states["test.once"] is Availability.AVAILABLE
