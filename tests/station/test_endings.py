"""However a visit ends, on whatever page: the station is back at its first page and holds nothing of the resident."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import io
import json
import logging
import types
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import pytest
from support.cards import believing

from tramkit import (
    Call,
    Document,
    Fact,
    Form,
    Level,
    Messages,
    NotIdentifiedError,
    Option,
    Row,
    Service,
    Visit,
    Vital,
    Wait,
    forms,
    log,
    verbatim,
)
from tramkit.conversation.timeouts import Timeouts
from tramkit.testing.station import Running, station
from tramkit.testing.wipe_search import found_in, found_in_files
from tramkit_hal.card.groups import CardData
from tramkit_hal.device.base import Device, DeviceContext
from tramkit_hal.device.clock import ManualClock, SystemClock
from tramkit_hal.device.roles import Role
from tramkit_hal.device.simulated import Simulated
from tramkit_hal.sim.audio import SimMicrophone, SimSpeaker
from tramkit_hal.sim.camera import SimCamera
from tramkit_hal.sim.chip import portrait
from tramkit_hal.sim.code_scanner import SimCodeScanner
from tramkit_hal.sim.face_matcher import SimFaceMatcher
from tramkit_hal.sim.id_reader import SimIdReader
from tramkit_hal.sim.presence import SimPresence
from tramkit_hal.sim.receipt_printer import SimReceiptPrinter
from tramkit_hal.sim.vital_sensor import SimVitalSensor
from tramkit_hal.ui.pages import Bar

pytestmark = pytest.mark.young

_ = Messages("tests")

SECRET = ["Chim", "Sơn", "Ca"]  # in parts, so that the search does not find the test itself; no other test has it
NUMBER = ["079152", "000947"]

SOON = 0.3
FAST = Timeouts.model_construct(
    menu=SOON,
    question=SOON,
    reading=SOON,
    accessibility=SOON,
    countdown=SOON,
    presence=SOON,
    waiting=SOON,
    farewell=0.1,
)
"""Shorter than an operator may make them, and seconds of a real clock, since simulators live by it."""
SLOW = Timeouts(farewell=0.1)
AWAY = SLOW.model_copy(update={"presence": SOON, "countdown": SOON})


class Details(Form):
    """One personal question."""

    name: Annotated[str, forms.name(_("Your name"))]


def personal() -> str:
    """Return what the resident has said, made anew so that only the visit holds it."""
    return " ".join(SECRET)


def card() -> str:
    """Return what the chip of the resident's card says."""
    said = {"number": "".join(NUMBER), "name": personal(), "born": "1952-05-17", "sex": "female"}
    return json.dumps(said)


def canaries() -> list[str]:
    return [personal(), "".join(NUMBER)]


def portrait_canary() -> bytes:
    """Return a piece of the picture on the card's chip."""
    return portrait(CardData.model_validate_json(card()))[1000:1032]


class Everything(Service):
    """Shows one page of a kind, with something personal on it, and stays there."""

    id = "test.everything"
    title = _("Everything")

    def __init__(self) -> None:
        self.kind = ""
        self.raises = False
        self.worked = asyncio.Event()
        """Set: the outside world has answered, at last."""

    async def serve(self, visit: Visit) -> None:
        said = verbatim(personal())
        await visit.fetch(self._known, personal())
        options = [Option(value="a", label=said)]
        match self.kind:
            case "choose":
                await visit.choose(said, options)
            case "ask":
                await visit.ask(Details, _("Who are you?"), prefill={"name": personal()})
            case "read":
                await visit.read(_("Read"), said)
            case "check":
                await visit.check(_("Check"), [Fact(label=_("Name"), value=said)], action=_("Send"))
            case "tell":
                await visit.tell(_("Tell"), said)
            case "identity":
                await visit.identify(Level.CLAIMED)
            case "chip":
                with contextlib.suppress(NotIdentifiedError):
                    await visit.identify(Level.CHIP_FACE)
            case "measure":
                await visit.measure(Vital.PULSE, _("Measure"), said)
            case "camera":
                await visit.try_camera(_("Camera"), said)
            case "wait":
                await visit.fetch(self._work, personal(), title=_("Waiting"))
            case "work":
                await visit.meanwhile(self._work(personal()), said)
            case "queue":
                await visit.commit(_("It is sent."))
                leave_queue = Option(value="leave_queue", label=_("Leave"))
                async with visit.live(Wait(title=_("Queue"), body=(said,), options=(leave_queue,))) as live:
                    await live.answer()
            case "call":
                await visit.camera()
                await visit.commit(_("It is sent."))
                async with visit.live(Call(title=said, video="doctor", own_video="self", connection="live")) as live:
                    await live.answer()
            case "paper":
                await visit.print(Document(title=said, blocks=(Row(label=said, value=said),)), name="paper")
                await visit.tell(_("Paper"), said)
            case "done":
                await visit.done(_("Done"), said)
        if self.raises:
            raise RuntimeError(personal())

    async def _known(self, said: str) -> str:
        return said

    async def _work(self, _said: str) -> None:
        await self.worked.wait()


KINDS = (
    "choose",
    "ask",
    "read",
    "check",
    "tell",
    "identity",
    "chip",
    "measure",
    "camera",
    "wait",
    "work",
    "queue",
    "call",
    "paper",
    "done",
)
SHOWS = {
    "identity": "capture",
    "chip": "capture",
    "measure": "capture",
    "camera": "capture",
    "work": "wait",
    "queue": "wait",
} | {"paper": "tell"}
WITHOUT_TIMEOUT = ("call", "chip")
"""Nobody touches the screen in a call: only the presence sensor tells that the resident has gone. And a chip is read
and confirmed on the way to the page, which may take longer than these time-outs."""

USES: Mapping[str, Role] = {
    "identity": Role.ID_READER,
    "chip": Role.ID_READER,
    "measure": Role.VITAL_SENSOR,
    "camera": Role.CAMERA,
    "call": Role.CAMERA,
    "paper": Role.RECEIPT_PRINTER,
}


@pytest.fixture
def log_lines(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """The station's log as it is written; pytest's own handlers are put back afterwards, and take nothing meanwhile.

    What they take pytest keeps to the end of its run, with the words of every exception: a later test would find it.
    """
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    stream = io.StringIO()
    log.configure("debug", stream=stream)
    logging_plugin = request.config.pluginmanager.get_plugin("logging-plugin")
    pytests = (logging_plugin.report_handler, logging_plugin.caplog_handler)
    for handler in pytests:
        handler.addFilter(_nothing)
    yield stream
    for handler in pytests:
        handler.removeFilter(_nothing)
    root.handlers[:] = handlers
    root.setLevel(level)


def _nothing(_record: logging.LogRecord) -> bool:
    return False


def make_devices(folder: Path) -> dict[Role, Sequence[Device]]:
    clock = SystemClock()
    found: dict[Role, Sequence[Device]] = {}
    for role, driver in (
        (Role.ID_READER, SimIdReader),
        (Role.CODE_SCANNER, SimCodeScanner),
        (Role.CAMERA, SimCamera),
        (Role.FACE_MATCHER, SimFaceMatcher),
        (Role.MICROPHONE, SimMicrophone),
        (Role.SPEAKER, SimSpeaker),
        (Role.RECEIPT_PRINTER, SimReceiptPrinter),
        (Role.VITAL_SENSOR, SimVitalSensor),
        (Role.PRESENCE, SimPresence),
    ):
        found[role] = [driver(driver.Settings(), DeviceContext(role, clock))]
    return found


@contextlib.asynccontextmanager
async def at_page(
    kind: str, folder: Path, *, raises: bool = False, timeouts: Timeouts = SLOW
) -> AsyncGenerator[tuple[Running, Everything]]:
    """A station whose resident is on a page of a kind and has laid a card."""
    service = Everything()
    service.kind, service.raises = kind, raises
    bound = make_devices(folder)
    trust = believing(bound[Role.ID_READER], folder)
    async with station([service], clock=SystemClock(), bound=bound, timeouts=timeouts, trust=trust) as s:
        await s.menu()
        s.screen.answer("test.everything")
        shows = SHOWS.get(kind, kind)
        await s.screen.until(lambda page: page.kind == shows and not page.title.id.startswith("What would you like"))
        if kind in ("identity", "chip"):
            await control(s, Role.ID_READER, "card_data", card())
            await s.screen.until(lambda page: page.id.endswith("found"))
        if kind == "chip":
            s.screen.answer()
            await s.screen.until(lambda page: page.id.endswith("look"))
        yield s, service


async def control(s: Running, role: Role, name: str, value: str) -> None:
    (device, *_others) = s.devices.of(role)
    await device.control(name, value)  # type: ignore[attr-defined]


async def nothing_stays(s: Running, folder: Path, log_lines: io.StringIO, *, certain: bool = True) -> None:
    """Wait for the first page and look everywhere for what the resident said.

    :param certain: whether the station may say that all of it is gone.
    """
    await s.attract()
    assert s.station.last_wipe_certain is certain
    assert found_in([view.model_dump_json() for view in s.screen.history], canaries()) == [], "the screen holds it"
    assert not s.screen.videos
    for device in s.devices:
        assert found_in([device.shown()] if isinstance(device, Simulated) else [], canaries()) == []
        assert device.owner is None, f"{device.info.driver} is still claimed"
    (sensor,) = s.devices.of(Role.VITAL_SENSOR)
    if sensor.state.usable:
        assert (await sensor.health()).facts["stored readings"] == "0"
    assert found_in([log_lines.getvalue()], canaries()) == [], "a log line holds it"
    assert found_in_files(folder, canaries()) == []
    assert not reachable(s), "the station's memory holds it"


def sought() -> tuple[list[str], list[bytes]]:
    """Return what the resident said and, last, a piece of the picture on their chip."""
    names = canaries()
    return names, [*(name.encode() for name in names), portrait_canary()]


def held(things: Iterable[object], names: list[str], pieces: list[bytes]) -> tuple[bool, bool]:
    """Tell whether any of these words or bytes holds what was said, and whether one holds the picture.

    They are joined, as that is quicker by far.
    """
    texts, data = [], []
    for thing in things:
        if isinstance(thing, str):
            texts.append(thing)
        elif isinstance(thing, bytes | bytearray):
            data.append(thing)
    text, bytes_ = "\0".join(texts), b"\0".join(data)
    *said, picture = pieces
    return any(name in text for name in names) or any(piece in bytes_ for piece in said), picture in bytes_


def reachable(s: Running) -> bool:
    """Tell whether the resident's words can still be reached from the station, its devices and its screen."""
    gc.collect()
    names, pieces = sought()
    seen: set[int] = {id(each) for each in (names, pieces, *names, *pieces)}
    todo: list[object] = [s.station, s.screen, *s.devices]
    found: list[object] = []
    while todo:
        new: dict[int, object] = {id(thing): thing for thing in todo if id(thing) not in seen}
        seen |= new.keys()
        found += [thing for thing in new.values() if isinstance(thing, str | bytes | bytearray)]
        todo = []
        for thing in new.values():
            if isinstance(thing, types.FunctionType):  # what it closes over, not the module it stands in
                todo += [thing.__closure__, thing.__defaults__, thing.__kwdefaults__]
        ends = str | bytes | bytearray | type | types.ModuleType | types.CodeType | types.FunctionType
        todo += gc.get_referents(*(thing for thing in new.values() if not isinstance(thing, ends)))
    return any(held(found, names, pieces))


def somewhere() -> tuple[bool, bool]:
    """Tell whether anything in this whole process still holds what the resident said, and the picture on their chip."""
    gc.collect()
    names, pieces = sought()
    mine = {id(names), id(pieces)}
    holders = [each for each in gc.get_objects() if not isinstance(each, types.FrameType) and id(each) not in mine]
    things = {id(each): each for each in gc.get_referents(*holders)}
    # mappings and tuples that the collector does not track
    untracked = [each for each in things.values() if not gc.is_tracked(each)]
    things |= {id(each): each for each in gc.get_referents(*untracked)}
    return held(things.values(), names, pieces)


async def leave(s: Running) -> None:
    s.screen.press("start_over")
    await s.page("leave")
    s.screen.answer("leave")


@pytest.mark.parametrize("kind", KINDS)
async def test_leaving(kind: str, tmp_path: Path, log_lines: io.StringIO) -> None:
    async with at_page(kind, tmp_path) as (s, _service):
        assert somewhere() == (True, kind == "chip")  # the picture is read only where a face is compared with it
        await leave(s)
        await nothing_stays(s, tmp_path, log_lines)
        assert somewhere() == (False, False)
        await s.menu()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in WITHOUT_TIMEOUT])
async def test_walking_away_without_a_word(kind: str, tmp_path: Path, log_lines: io.StringIO) -> None:
    async with at_page(kind, tmp_path, timeouts=FAST) as (s, _service):
        warning = await s.page("timeout")
        assert found_in([s.screen.view.model_dump_json()], canaries()) == [], "the warning hides what stood there"
        assert not warning.model_dump().get("options")
        await nothing_stays(s, tmp_path, log_lines)


@pytest.mark.parametrize("kind", KINDS)
async def test_walking_away_before_the_presence_sensor(kind: str, tmp_path: Path, log_lines: io.StringIO) -> None:
    async with at_page(kind, tmp_path, timeouts=AWAY) as (s, _service):
        await control(s, Role.PRESENCE, "present", "off")
        await s.page("timeout")
        await nothing_stays(s, tmp_path, log_lines)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_service_that_raises(kind: str, tmp_path: Path, log_lines: io.StringIO) -> None:
    choices = {"choose": "a", "chip": "neither", "queue": "leave_queue", "call": "end", "measure": "skip"}
    async with at_page(kind, tmp_path, raises=True) as (s, service):
        service.worked.set()
        if kind not in ("wait", "work"):
            s.screen.answer(choices.get(kind, "continue"), **({"name": personal()} if kind == "ask" else {}))
        sorry = await s.page("tell", "sorry")
        assert personal() not in sorry.model_dump_json()
        s.screen.answer()
        await nothing_stays(s, tmp_path, log_lines)
        await s.menu()


@pytest.mark.parametrize("kind", list(USES))
async def test_a_device_that_is_pulled_out(kind: str, tmp_path: Path, log_lines: io.StringIO) -> None:
    async with at_page(kind, tmp_path) as (s, _service):
        await control(s, USES[kind], "plugged", "off")
        await leave(s)
        farewell = await s.page("tell", "Your visit has ended")
        assert "Not everything could be cleared at once" in farewell.body[0].id, "what it holds cannot be looked at"
        await nothing_stays(s, tmp_path, log_lines, certain=False)
        await control(s, USES[kind], "plugged", "on")
        (device, *_others) = s.devices.of(USES[kind])
        async with asyncio.timeout(20):
            while device not in s.devices.usable(USES[kind], Device):
                await asyncio.sleep(0.05)
        assert not reachable(s), "what came back with the device"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_station_that_is_stopped(kind: str, tmp_path: Path, log_lines: io.StringIO) -> None:
    async with at_page(kind, tmp_path) as (s, _service):
        s.station.stop()
        async with asyncio.timeout(10):
            while s.station.progress is not None:
                await asyncio.sleep(0.01)
        assert not reachable(s)
        assert s.station.last_wipe_certain
        assert found_in([log_lines.getvalue()], canaries()) == []
        assert found_in_files(tmp_path, canaries()) == []


OWN = {Bar.HELP: "help", Bar.SETTINGS: "settings", Bar.START_OVER: "leave"}
"""The station's own pages, by the button that shows them."""


@contextlib.asynccontextmanager
async def at_own_page(button: Bar, folder: Path, timeouts: Timeouts = SLOW) -> AsyncGenerator[Running]:
    """A station whose resident has pressed a button of the bar."""
    async with at_page("tell", folder, timeouts=timeouts) as (s, _service):
        s.screen.press(button)
        await s.page(OWN[button])
        yield s


@pytest.mark.parametrize("button", OWN)
async def test_walking_away_from_a_page_of_the_stations_own(
    button: Bar, tmp_path: Path, log_lines: io.StringIO
) -> None:
    async with at_own_page(button, tmp_path, FAST) as s:
        await nothing_stays(s, tmp_path, log_lines)


@pytest.mark.parametrize("button", OWN)
async def test_walking_away_before_the_presence_sensor_from_a_page_of_the_stations_own(
    button: Bar, tmp_path: Path, log_lines: io.StringIO
) -> None:
    async with at_own_page(button, tmp_path, AWAY) as s:
        await control(s, Role.PRESENCE, "present", "off")
        await nothing_stays(s, tmp_path, log_lines)


@pytest.mark.parametrize("button", OWN)
async def test_leaving_from_a_page_of_the_stations_own(button: Bar, tmp_path: Path, log_lines: io.StringIO) -> None:
    async with at_own_page(button, tmp_path) as s:
        await leave(s)
        await nothing_stays(s, tmp_path, log_lines)


@pytest.mark.parametrize("button", OWN)
async def test_a_station_that_is_stopped_on_a_page_of_its_own(button: Bar, tmp_path: Path) -> None:
    async with at_own_page(button, tmp_path) as s:
        s.station.stop()
        async with asyncio.timeout(10):
            while s.station.progress is not None:
                await asyncio.sleep(0.01)
        assert not reachable(s)


@pytest.mark.parametrize("second", OWN)
@pytest.mark.parametrize("first", OWN)
async def test_every_button_of_the_bar_works_on_the_stations_own_pages_too(
    first: Bar, second: Bar, tmp_path: Path
) -> None:
    async with at_own_page(first, tmp_path) as s:
        s.screen.press(second)
        await s.page(OWN[second])
        s.screen.press(Bar.LOWER)
        await s.screen.until(lambda page: s.screen.view.mode.lowered)
        assert s.screen.page.kind == OWN[second]
        s.screen.answer("stay" if second is Bar.START_OVER else "continue")
        await s.page("tell", "Tell")


async def test_any_button_on_the_warning_says_that_the_resident_is_there(tmp_path: Path) -> None:
    clock = ManualClock()
    service = Everything()
    service.kind = "tell"
    async with station([service], clock=clock) as s:
        await s.menu()
        s.screen.answer("test.everything")
        await s.page("tell", "Tell")
        for button, kind in ((Bar.HELP, "help"), (Bar.LOWER, "tell"), (Bar.SETTINGS, "settings")):
            await clock.advance(SLOW.reading + 1)
            await s.page("timeout")
            s.screen.press(button)
            await s.page(kind)
            if kind != "tell":
                s.screen.answer()
                await s.page("tell", "Tell")
        await clock.advance(SLOW.accessibility + 1)
        await s.page("timeout")
        s.screen.answer("leave")
        await s.page("tell", "deleted")


async def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    async with at_page("tell", tmp_path) as (s, _service):
        assert reachable(s)
        await leave(s)
        await s.attract()
