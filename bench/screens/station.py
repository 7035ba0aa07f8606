"""A station with the form as a service, in a process of its own: ``python -m bench.screens.station web|terminal``.

With the web screen it prints the address. It runs until it is terminated.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from datetime import date
from typing import Annotated

from pydantic import create_model

from bench.screens.form import AGAIN, GO_ON, LONG, PAGES, SERVICE, Question, facts
from tramkit import Fact, Form, Option, Service, Visit, verbatim
from tramkit.conversation.staff import StaffBell
from tramkit.conversation.timeouts import Timeouts
from tramkit.forms import day, digits, text, yes_no
from tramkit.station.devices import Devices
from tramkit.station.profile import Profile
from tramkit.station.station import Station
from tramkit.visit.inline import InlinePlugin
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.device.roles import Role
from tramkit_hal.screens.terminal import TerminalScreen
from tramkit_hal.screens.web import WebScreen
from tramkit_hal.ui.screen import Screen


def _asked(number: int, page: Question) -> type[Form]:
    """Return the form of one page."""
    label = verbatim(page.label)
    match page.kind:
        case "number":
            asked = Annotated[str, digits(label)]
        case "date":
            asked = Annotated[date, day(label)]
        case "yes_no":
            asked = Annotated[bool, yes_no(label)]
        case _:
            asked = Annotated[str, text(label)]
    return create_model(f"Page{number}", __base__=Form, value=(asked, ...))


FORMS = {page.heading: _asked(number, page) for number, page in enumerate(PAGES) if page.label}


class Enrol(Service):
    """The form."""

    id = "bench.enrol"
    title = verbatim(SERVICE)

    async def serve(self, visit: Visit) -> None:
        for page in PAGES:
            heading = verbatim(page.heading)
            match page.kind:
                case "tell":
                    await visit.tell(heading, verbatim(LONG), action=verbatim(GO_ON))
                case "choice":
                    await visit.choose(heading, [Option(value=each, label=verbatim(each)) for each in page.choices])
                case "check":
                    shown = [Fact(label=verbatim(label), value=verbatim(value)) for label, value in facts()]
                    await visit.check(heading, shown, action=verbatim(GO_ON))
                case "done":
                    await visit.done(heading, verbatim(LONG), action=verbatim(AGAIN))
                case _:
                    await visit.ask(FORMS[page.heading], heading, action=verbatim(GO_ON))


def station_on(screen: Screen, clock: SystemClock) -> Station:
    """Return a station whose only service is the form."""
    patient = Timeouts(menu=3600, question=3600, reading=3600, farewell=0.1)
    profile = Profile("bench-1", "UBND phường Bình Trưng", "Đảo Kim Cương")
    return Station(
        profile,
        Devices({Role.SCREEN: [screen]}, clock),
        [InlinePlugin([Enrol()])],
        StaffBell(clock, "1022"),
        clock,
        patient,
        seed=1,
    )


async def main(kind: str) -> None:
    """Run until SIGTERM."""
    clock = SystemClock()
    driver = WebScreen if kind == "web" else TerminalScreen
    screen = driver(driver.Settings(), DeviceContext(Role.SCREEN, clock))
    station = station_on(screen, clock)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, station.stop)
    running = asyncio.create_task(station.run())
    if isinstance(screen, WebScreen):
        while not screen.addresses:
            await asyncio.sleep(0.01)
        print(screen.addresses["station"], flush=True)
    await running


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
