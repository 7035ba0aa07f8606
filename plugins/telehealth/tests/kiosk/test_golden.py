"""What the plugin ships as its golden pages is what a resident sees today, page by page: one of each kind and state."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from clinic import SERVICE, Clinic, clinic, summary_of

import tramkit_telehealth
from tramkit.testing.golden import StandingClock, hold, met
from tramkit_hal.device.roles import Role
from tramkit_hal.ui.pages import Call, View
from tramkit_telehealth.protocol import CaseState, OpenCase


class Walk(NamedTuple):
    """What a resident does, and the names of the pages that are written down."""

    steps: Callable[[Clinic], Awaitable[object]]
    pages: tuple[str, ...]
    clinic: Mapping[str, Any] = {}


async def seen_by_a_doctor(c: Clinic) -> None:
    await c.to_identity()
    await c.known_by_card()
    await c.consent(contact_phone="yes")
    await c.page("ask", "At which number")
    c.screen.answer(phone="0912345678")
    await c.to_measurements()
    await c.step("choose", "Would you like to take measurements", "measure")
    await c.measured()
    await c.finish_intake()
    await c.page("wait", "You are being registered")
    await c.desk.heard(OpenCase)
    await c.says(CaseState.WAITING, position=3, estimate=24)
    await c.page("wait", "You are in the queue")
    c.screen.answer("leave")
    await c.step("wait", "Do you really want", "stay")
    await c.call(77)
    await c.screen.until(lambda page: isinstance(page, Call) and page.connection == "live" and not page.body, 20)
    await c.close_case(summary_of(c.desk))
    await c.page("tell", "The doctor's summary for you", "please take the paper")
    c.screen.answer()
    await c.page("done", "Your consultation is finished")


async def without_paper(c: Clinic) -> None:
    await c.to_queue()
    await c.call()
    await c.close_case(summary_of(c.desk))
    await c.page("tell", "The doctor's summary for you", "Scan the code with your phone")


async def in_danger(c: Clinic) -> None:
    await c.station.menu()
    c.screen.answer(SERVICE)
    await c.step("choose", "Do you have any of these", "chest_pain")
    await c.page("tell", "You need emergency help now")


async def far_from_usual(c: Clinic) -> None:
    await c.to_identity()
    await c.known_by_card()
    await c.consent()
    await c.to_measurements()
    await c.control(Role.VITAL_SENSOR, "blood_pressure", "230/120")
    await c.step("choose", "Would you like to take measurements", "measure")
    await c.measured()
    await c.page("tell", "A measurement is far from the usual range")


async def with_a_child(c: Clinic) -> None:
    await c.to_identity()
    await c.known_by_card("Đặng Minh Khôi")
    await c.consent()
    await c.page("ask", "A parent or guardian comes with the child")


async def without_consent(c: Clinic) -> None:
    await c.to_identity()
    await c.known_by_card()
    await c.consent(health_data="")
    await c.page("tell", "Without the first two consents")


async def desk_down(c: Clinic) -> None:
    await c.station.menu()
    c.screen.answer(SERVICE)
    await c.step("choose", "Do you have any of these", "none")
    await c.page("tell", "The doctors cannot be reached now")


WALKS: Mapping[str, Walk] = {
    "seen": Walk(
        seen_by_a_doctor,
        (
            "choose · Do you have any of these right now?",
            "capture · Please place your identity card on the reader",
            "capture · Is this you? · result",
            "read · Before you see a doctor",
            "ask · Do you agree?",
            "ask · At which number can the facility call you back?",
            "choose · Which doctor would you like to see?",
            "tell · What it costs and who answers for it",
            "ask · What brings you to the doctor?",
            "ask · What the doctor should know about you",
            "choose · Would you like to take measurements for the doctor?",
            "capture · Measure your blood pressure",
            "capture · Measure your blood pressure · result",
            "capture · Can the doctor see and hear you?",
            "check · Is everything right?",
            "wait · You are being registered with the doctors",
            "wait · You are in the queue for the doctor",
            "wait · Do you really want to leave the queue?",
            "call · Talking with {doctor} · live",
            "tell · The doctor's summary for you · success",
            "done · Your consultation is finished",
        ),
    ),
    "no paper": Walk(
        without_paper,
        ("tell · The doctor's summary for you · codes · warning",),
        {"without": (Role.RECEIPT_PRINTER,)},
    ),
    "danger": Walk(in_danger, ("tell · You need emergency help now · emergency",)),
    "measured": Walk(far_from_usual, ("tell · A measurement is far from the usual range · warning",)),
    "child": Walk(with_a_child, ("ask · A parent or guardian comes with the child",)),
    "refused": Walk(without_consent, ("tell · Without the first two consents you cannot see a doctor here",)),
    "desk down": Walk(desk_down, ("tell · The doctors cannot be reached now · warning",), {"up": False}),
}
"""By name. ``make golden`` writes down what they show."""


def passing(view: View) -> bool:
    """Return whether a page tells what comes and goes in a call, such as a camera whose first picture is late."""
    return isinstance(view.page, Call) and view.page.connection == "live" and bool(view.page.body)


async def test_the_golden_pages_of_telehealth_are_those_that_it_shows() -> None:
    pages: dict[str, Any] = {}
    for name, walk in WALKS.items():
        async with clinic(clock=StandingClock(), **walk.clinic) as c:
            await walk.steps(c)
            pages |= met(name, [view for view in c.screen.history if not passing(view)], walk.pages)
    hold(Path(tramkit_telehealth.__file__).with_name("golden.json"), pages)
