"""A doctor's morning: forty cases by seed, in the order in which the desk shows them."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from desk.kit import ANSWER, Clinic

from tramkit_telehealth.desk.cases import turn
from tramkit_telehealth.desk.tables import CaseRow

SEED, CASES = 20261130, 40
START = datetime(2026, 11, 30, 1, 0, tzinfo=UTC)
MINUTES_EACH = 7.0


@dataclass(frozen=True)
class Arrival:
    """A resident of the morning."""

    id: str
    minute: float
    urgency: int


def morning(seed: int) -> list[Arrival]:
    """Return forty residents who come within four hours, a little faster than one doctor sees them."""
    draw = random.Random(seed)
    minutes = sorted(draw.uniform(0, 240) for _ in range(CASES))
    return [Arrival(f"case-{n}", minute, draw.choices((1, 2, 3), (1, 3, 6))[0]) for n, minute in enumerate(minutes)]


def seen(arrivals: list[Arrival], order: Callable[[CaseRow], object]) -> list[tuple[Arrival, float, list[Arrival]]]:
    """Return who is seen in turn, after how many minutes, and who was left waiting then."""
    now, left, waiting = 0.0, list(arrivals), list[Arrival]()
    found: list[tuple[Arrival, float, list[Arrival]]] = []
    while left or waiting:
        if not waiting:
            now = max(now, left[0].minute)
        while left and left[0].minute <= now:
            waiting.append(left.pop(0))
        waiting.sort(key=lambda each: order(_row(each)))  # type: ignore[arg-type,return-value]
        first = waiting.pop(0)
        found.append((first, now - first.minute, list(waiting)))
        now += MINUTES_EACH
    return found


def _row(arrival: Arrival) -> CaseRow:
    opened = START + timedelta(minutes=arrival.minute)
    return CaseRow(id=arrival.id, urgency=arrival.urgency, front=False, opened_at=opened)


def before(row: CaseRow) -> object:
    """The rule before: a head start by urgency, made up for by waiting."""
    start = {1: timedelta(minutes=30), 2: timedelta(minutes=10), 3: timedelta()}
    return not row.front, row.opened_at - start[row.urgency]


def overtaken(order: Callable[[CaseRow], object], seed: int) -> int:
    """Return how often somebody was seen while somebody more urgent waited."""
    return sum(any(other.urgency < each.urgency for other in rest) for each, _, rest in seen(morning(seed), order))


@pytest.mark.parametrize("seed", range(SEED, SEED + 20))
def test_in_no_morning_does_an_urgent_case_wait_behind_a_lesser_one(seed: int) -> None:
    assert overtaken(turn, seed) == 0, f"seed {seed}"


def test_under_the_rule_before_urgent_cases_were_overtaken() -> None:
    assert sum(overtaken(before, seed) for seed in range(SEED, SEED + 20)) > 0, "the test can tell the two rules apart"


def test_the_most_urgent_wait_no_longer_than_a_consultation_and_sooner_than_before() -> None:
    now: dict[int, list[float]] = {1: [], 2: [], 3: []}
    then: dict[int, list[float]] = {1: [], 2: [], 3: []}
    for seed in range(SEED, SEED + 20):
        for waits, order in ((now, turn), (then, before)):
            for each, minutes, _rest in seen(morning(seed), order):
                waits[each.urgency].append(minutes)
    for urgency in (1, 2, 3):
        medians = (statistics.median(each[urgency]) for each in (now, then))
        print("class {}: median {:.0f} min, before {:.0f}".format(urgency, *medians))
    assert statistics.median(now[1]) <= MINUTES_EACH
    assert max(now[1]) <= max(then[1])


async def test_at_the_desk_itself_forty_cases_are_offered_most_urgent_first(clinic: Clinic) -> None:
    kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
    arrivals = morning(SEED)
    print(f"seed {SEED}")
    for arrival in arrivals:
        await kiosk.open(arrival.id, urgency=arrival.urgency)
        await clinic.pass_time(0.5)
    shown = await doctor.sees(lambda state: len(state.queue) == CASES)
    expected = sorted(arrivals, key=lambda each: (each.urgency, each.minute))
    assert [waiting.case for waiting in shown.queue] == [each.id for each in expected]
    for each in expected[:5]:  # and so it stays while they are seen
        await doctor.accept(each.id)
        await doctor.must("close", case=each.id, draft=ANSWER)
    left = await doctor.sees(lambda state: len(state.queue) == CASES - 5)
    assert [waiting.case for waiting in left.queue] == [each.id for each in expected[5:]]
