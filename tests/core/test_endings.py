"""However a visit ends, on whatever page: the station is back at its first page and holds nothing of the resident."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import io
import logging
import types
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import pytest
from support.memory import found_in_files
from support.station import Running, station

from tramkit import (
    Call,
    Document,
    Fact,
    Form,
    Level,
    Messages,
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
from tramkit.conversation import Timeouts
from tramkit_hal.clock import SystemClock
from tramkit_hal.device import Device, DeviceContext
from tramkit_hal.roles import Role
from tramkit_hal.sim.audio import SimMicrophone, SimSpeaker
from tramkit_hal.sim.camera import SimCamera
from tramkit_hal.sim.id_reader import SimIdReader
from tramkit_hal.sim.presence import SimPresence
from tramkit_hal.sim.receipt_printer import SimReceiptPrinter
from tramkit_hal.sim.vital_sensor import SimVitalSensor

_ = Messages("tests")

CANARY = "Chim Hoàng Yến"
CARD = '{"number": "079152000123", "name": "Chim Hoàng Yến", "born": "1952-05-17", "sex": "female", "authentic": true}'
SECRET = ["Chim", "Hoàng", "Yến"]  # in parts, so that the search does not find the test itself

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


class Everything(Service):
    """Shows one page of a kind, with something personal on it, and stays there."""

    id = "test.everything"
    title = _("Everything")

    def __init__(self) -> None:
        self.kind = ""
        self.raises = False

    async def serve(self, visit: Visit) -> None:
        said = verbatim(personal())
        visit.journal.keep_draft("draft", personal())
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
            case "measure":
                await visit.measure(Vital.PULSE, _("Measure"), said)
            case "camera":
                await visit.try_camera(_("Camera"), said)
            case "wait":
                await visit.fetch(self._never, personal(), title=_("Waiting"))
            case "work":
                await visit.meanwhile(self._never(personal()), said)
            case "queue":
                await visit.commit(_("It is sent."))
                leave_queue = Option(value="leave_queue", label=_("Leave"))
                async with visit.live(Wait(title=_("Queue"), body=(said,), options=(leave_queue,))) as live:
                    await live.answer()
            case "call":
                visit.device(Role.CAMERA, SimCamera)
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

    async def _never(self, _said: str) -> None:
        await asyncio.get_running_loop().create_future()


KINDS = (
    "choose",
    "ask",
    "read",
    "check",
    "tell",
    "identity",
    "measure",
    "camera",
    "wait",
    "work",
    "queue",
    "call",
    "paper",
    "done",
)
SHOWS = {"identity": "capture", "measure": "capture", "camera": "capture", "work": "wait", "queue": "wait"} | {
    "paper": "tell"
}
WITHOUT_TIMEOUT = ("call",)
"""A call has a deadline of its own: the other side."""

USES: Mapping[str, Role] = {
    "identity": Role.ID_READER,
    "measure": Role.VITAL_SENSOR,
    "camera": Role.CAMERA,
    "call": Role.CAMERA,
    "paper": Role.RECEIPT_PRINTER,
}


@pytest.fixture
def log_lines() -> Iterator[io.StringIO]:
    """The station's log as it is written; pytest's own handlers are put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    stream = io.StringIO()
    log.configure("debug", stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def make_devices() -> dict[Role, Sequence[Device]]:
    clock = SystemClock()
    found: dict[Role, Sequence[Device]] = {}
    for role, driver in (
        (Role.ID_READER, SimIdReader),
        (Role.CAMERA, SimCamera),
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
    kind: str, *, raises: bool = False, timeouts: Timeouts = SLOW
) -> AsyncGenerator[tuple[Running, Everything]]:
    """A station whose resident is on a page of a kind and has laid a card."""
    service = Everything()
    service.kind, service.raises = kind, raises
    bound = make_devices()
    async with station([service], clock=SystemClock(), bound=bound, timeouts=timeouts) as s:
        await s.menu()
        s.screen.answer("test.everything")
        shows = SHOWS.get(kind, kind)
        await s.screen.until(lambda page: page.kind == shows and not page.title.id.startswith("What would you like"))
        if kind == "identity":
            await control(s, Role.ID_READER, "card_data", CARD)
            await s.screen.until(lambda page: page.id.endswith("found"))
        yield s, service


async def control(s: Running, role: Role, name: str, value: str) -> None:
    (device, *_others) = s.devices.of(role)
    await device.control(name, value)  # type: ignore[attr-defined]


async def nothing_stays(s: Running, folder: Path, log_lines: io.StringIO) -> None:
    """Wait for the first page and look everywhere for what the resident said."""
    await s.attract()
    assert s.station.last_wipe_certain
    name = personal()
    assert not [view for view in s.screen.history if name in view.model_dump_json()], "the screen holds it"
    for device in s.devices:
        shown = device.shown() if hasattr(device, "shown") else ""  # type: ignore[attr-defined]
        assert name not in (shown or ""), f"{device.info.driver} shows it"
        assert device.owner is None, f"{device.info.driver} is still claimed"
    assert name not in log_lines.getvalue(), "a log line holds it"
    assert found_in_files(folder, [name]) == []
    assert reachable(s) == [], "the station's memory holds it"


def reachable(s: Running) -> list[str]:
    """Return what of the resident's words can still be reached from the station, its devices and its screen."""
    gc.collect()
    name = personal()
    seen: set[int] = {id(name)}
    todo: list[object] = [s.station, s.screen, *s.devices]
    found: list[str] = []
    while todo:
        thing = todo.pop()
        if id(thing) in seen or isinstance(thing, type | types.ModuleType | types.FunctionType | types.CodeType):
            continue
        seen.add(id(thing))
        if isinstance(thing, str):
            if name in thing:
                found.append(type(thing).__name__)
            continue
        todo += gc.get_referents(thing)
    return found


async def leave(s: Running) -> None:
    s.screen.press("start_over")
    await s.page("leave")
    s.screen.answer("leave")


@pytest.mark.parametrize("kind", KINDS)
async def test_leaving(kind: str, tmp_path: Path, log_lines: io.StringIO) -> None:
    async with at_page(kind) as (s, _service):
        await leave(s)
        await nothing_stays(s, tmp_path, log_lines)
        await s.menu()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in WITHOUT_TIMEOUT])
async def test_walking_away_without_a_word(kind: str, tmp_path: Path, log_lines: io.StringIO) -> None:
    async with at_page(kind, timeouts=FAST) as (s, _service):
        warning = await s.page("timeout")
        assert personal() not in warning.model_dump_json(), "the warning hides what stood there"
        await nothing_stays(s, tmp_path, log_lines)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in WITHOUT_TIMEOUT])
async def test_walking_away_before_the_presence_sensor(kind: str, tmp_path: Path, log_lines: io.StringIO) -> None:
    async with at_page(kind, timeouts=AWAY) as (s, _service):
        await control(s, Role.PRESENCE, "present", "off")
        await s.page("timeout")
        await nothing_stays(s, tmp_path, log_lines)


@pytest.mark.parametrize(
    "kind", ["choose", "ask", "read", "check", "tell", "identity", "camera", "queue", "call", "paper"]
)
async def test_a_service_that_raises(kind: str, tmp_path: Path, log_lines: io.StringIO) -> None:
    async with at_page(kind, raises=True) as (s, _service):
        page = s.screen.page
        choice = "a" if kind == "choose" else sorted(page.answers())[0] if kind in ("queue", "call") else "continue"
        s.screen.answer(choice, **({"name": personal()} if kind == "ask" else {}))
        sorry = await s.page("tell", "sorry")
        assert personal() not in sorry.model_dump_json()
        s.screen.answer()
        await nothing_stays(s, tmp_path, log_lines)
        await s.menu()


@pytest.mark.parametrize("kind", list(USES))
async def test_a_device_that_is_pulled_out(kind: str, tmp_path: Path, log_lines: io.StringIO) -> None:
    async with at_page(kind) as (s, _service):
        await control(s, USES[kind], "plugged", "off")
        await leave(s)
        await nothing_stays(s, tmp_path, log_lines)
        await control(s, USES[kind], "plugged", "on")
        (device, *_others) = s.devices.of(USES[kind])
        async with asyncio.timeout(20):
            while device not in s.devices.usable(USES[kind], Device):
                await asyncio.sleep(0.05)
        assert reachable(s) == [], "what came back with the device"


@pytest.mark.parametrize("kind", ["ask", "identity", "measure", "call", "wait"])
async def test_a_station_that_is_stopped(kind: str, tmp_path: Path, log_lines: io.StringIO) -> None:
    async with at_page(kind) as (s, _service):
        s.station.stop()
        async with asyncio.timeout(10):
            while s.station.progress is not None:
                await asyncio.sleep(0.01)
        assert reachable(s) == []
        assert s.station.last_wipe_certain


@pytest.mark.parametrize("button", ["help", "settings", "start_over"])
async def test_walking_away_from_a_page_of_the_stations_own(
    button: str, tmp_path: Path, log_lines: io.StringIO
) -> None:
    async with at_page("tell", timeouts=FAST) as (s, _service):
        s.screen.press(button)  # type: ignore[arg-type]
        await s.page({"help": "help", "settings": "settings", "start_over": "leave"}[button])
        await nothing_stays(s, tmp_path, log_lines)


async def test_the_search_finds_what_is_there() -> None:
    async with at_page("tell") as (s, _service):
        assert reachable(s) != []
        await leave(s)
        await s.attract()
