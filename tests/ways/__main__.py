"""``python -m tests.ways``: the ways of six things through the code, as JSON lines; ``--files`` names the files too.

It runs in older trees as well, so that before and after are measured by the same run.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "plugins/telehealth/tests/kiosk")]

from tests.ways.tracing import Way, traced  # noqa: E402
from tramkit import Level, Messages, Option, Order, Outcome, Service, Visit, Vital, verbatim  # noqa: E402
from tramkit.testing.station import Running, station  # noqa: E402

try:
    from tramkit.app.config import read_config
    from tramkit.orders.ledger import Ledger
    from tramkit_hal.device.base import DeviceContext
    from tramkit_hal.device.clock import SystemClock
    from tramkit_hal.device.roles import Role
except ImportError:  # before the rooms
    from tramkit.config import read_config  # type: ignore[import-not-found,no-redef]
    from tramkit.orders.ledger import Ledger
    from tramkit_hal.clock import SystemClock  # type: ignore[import-not-found,no-redef]
    from tramkit_hal.device import DeviceContext  # type: ignore[no-redef]
    from tramkit_hal.roles import Role  # type: ignore[import-not-found,no-redef]
from tramkit.orders.runner import Runner  # noqa: E402
from tramkit.orders.seal import Seal  # noqa: E402
from tramkit_hal.sim.id_reader import SimIdReader  # noqa: E402
from tramkit_hal.sim.people import PEOPLE  # noqa: E402
from tramkit_hal.sim.vital_sensor import SimVitalSensor  # noqa: E402

_ = Messages("tests")

CHOICES = [Option(value="a", label=verbatim("a")), Option(value="b", label=verbatim("b"))]
CONFIG = '[station]\nid = "x"\nsite = "y"\nagency = "z"\n[timeouts]\nmenu = 61\n[[roles.screen]]\ndriver = "scripted"\n'


class Asks(Service):
    """Asks one thing of the station and tells that it is done."""

    id = "test.asks"
    title = _("Asks")

    def __init__(self, ask: Callable[[Visit], Awaitable[object]]) -> None:
        self._ask = ask

    async def serve(self, visit: Visit) -> None:
        await visit.read(_("Before"))
        await self._ask(visit)
        await visit.tell(_("After"))

    async def fulfil(self, order: Order, key: str) -> Outcome:
        return Outcome(state="done")

    async def inquire(self, order: Order, key: str) -> Outcome:
        return Outcome(state="not_found")


async def _until(running: Running, title: str) -> None:
    await running.screen.until(lambda page: title in page.title.id)


async def _through(service: Service, act: Callable[[Running], Awaitable[None]], **options: object) -> Way:
    """Record the way from the page before to the page after."""
    way = Way()
    async with station([service], clock=SystemClock(), **options) as running:  # type: ignore[arg-type]
        await running.menu()
        running.screen.answer(service.id)
        await _until(running, "Before")
        with traced(way):
            running.screen.answer()
            await act(running)
            await _until(running, "After")
    return way


async def tap() -> Way:
    async def act(running: Running) -> None:
        await _until(running, "Which")
        running.screen.answer("a")

    return await _through(Asks(lambda visit: visit.choose(_("Which?"), CHOICES)), act)


async def order() -> Way:
    placed = Order(service="test.asks", payee="", amount=0, title=_("An order"), done=_("It is done"))
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "ledger.sqlite", Seal(b"k" * 32))
        service = Asks(lambda visit: visit.place(placed))
        runner = Runner(ledger, {service.id: service}, {}, SystemClock(), pauses=(0.01,))
        await ledger.open()
        await runner.start()

        async def act(running: Running) -> None:
            await running.screen.until(lambda page: page.kind == "done")
            running.screen.answer()

        try:
            return await _through(service, act, runner=runner)
        finally:
            await runner.stop()
            await ledger.close()


async def reading() -> Way:
    sensor = SimVitalSensor(SimVitalSensor.Settings(seconds=0), DeviceContext(Role.VITAL_SENSOR, SystemClock()))

    async def act(running: Running) -> None:
        await _until(running, "Measure")
        running.screen.answer()
        await running.screen.until(lambda page: page.id.endswith("-result"))
        running.screen.answer()

    measure = Asks(lambda visit: visit.measure(Vital.PULSE, _("Measure")))
    return await _through(measure, act, bound={Role.VITAL_SENSOR: [sensor]})


async def configuration() -> Way:
    way = Way()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "station.toml"
        file.write_text(CONFIG, encoding="utf-8")
        with traced(way):
            assert read_config(file).timeouts.menu == 61
    return way


async def identification() -> Way:
    reader = SimIdReader(SimIdReader.Settings(), DeviceContext(Role.ID_READER, SystemClock()))

    async def act(running: Running) -> None:
        await _until(running, "identity card")
        await reader.control("card", PEOPLE[0].name)
        await _until(running, "Is this you")
        running.screen.answer()

    known = Asks(lambda visit: visit.identify(Level.CLAIMED))
    return await _through(known, act, bound={Role.ID_READER: [reader]})


async def doctors_message() -> Way:
    from clinic import CaseState, clinic  # type: ignore[import-not-found]

    way = Way()
    async with clinic() as place:
        await place.to_queue()
        with traced(way):
            await place.says(CaseState.WAITING, position=7)
            await place.screen.until(lambda page: "7" in page.model_dump_json() and page.kind == "wait")
    return way


WAYS: dict[str, Callable[[], Awaitable[Way]]] = {
    "tap": tap,
    "order": order,
    "reading": reading,
    "configuration value": configuration,
    "identification": identification,
    "doctor's message": doctors_message,
}


async def ways() -> AsyncIterator[tuple[str, Way]]:
    """Yield each way by its name."""
    for name, run in WAYS.items():
        yield name, await run()


async def main() -> None:
    async for name, way in ways():
        line = {
            "way": name,
            "files": way.files,
            "rooms": way.rooms,
            "entries": len(way.entered),
            "returns": way.returns,
        }
        print(
            json.dumps(line | ({"entered": way.entered} if "--files" in sys.argv else {}), ensure_ascii=False),
            flush=True,
        )


if __name__ == "__main__":
    asyncio.run(main())
