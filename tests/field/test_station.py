"""A clock that cannot be right and a ledger that cannot be used close what needs them, and are told; both heal."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tramkit import Messages, Order, Outcome, Service, Visit, verbatim
from tramkit.orders.ledger import Ledger, LedgerError
from tramkit.orders.runner import Runner
from tramkit.orders.seal import Seal
from tramkit.station.conditions import LOOK_SECONDS, NO_LEDGER, WRONG_CLOCK, Conditions
from tramkit.testing.station import Running, station
from tramkit_hal.device.clock import ManualClock
from tramkit_hal.ui.pages import Availability, Option

_ = Messages("tests")


class Handing(Service):
    """Takes orders."""

    id = "test.handing"
    title = _("Handing in")

    async def serve(self, visit: Visit) -> None:
        await visit.done(verbatim("Done"))

    async def fulfil(self, order: Order, key: str) -> Outcome:
        """Hand it in."""
        return Outcome(state="done")

    async def inquire(self, order: Order, key: str) -> Outcome:
        """Ask what became of it."""
        return Outcome(state="not_found")


class Looking(Service):
    """Looks something up."""

    id = "test.looking"
    title = _("Looking up")
    needs_date = False

    async def serve(self, visit: Visit) -> None:
        await visit.done(verbatim("Done"))


class MovedClock(ManualClock):
    """A clock that somebody sets."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self.by = at - super().now()

    def now(self) -> datetime:
        return super().now() + self.by

    def set(self, at: datetime) -> None:
        self.by += at - self.now()


async def menu_as(site: Running, id: str, state: Availability) -> Option:
    """Wait until a service stands in the menu so."""
    async with asyncio.timeout(20):
        while True:
            page = site.screen.page
            for option in getattr(page, "options", ()):
                if option.value == id and option.state is state:
                    return option
            assert isinstance(site.clock, ManualClock)
            await site.clock.advance(LOOK_SECONDS)
            await asyncio.sleep(0.01)


async def told(clock: ManualClock, caplog: pytest.LogCaptureFixture, words: str) -> None:
    """Wait until the log says so."""
    async with asyncio.timeout(20):
        while not any(words in each.getMessage() for each in caplog.records):
            await clock.advance(LOOK_SECONDS)
            await asyncio.sleep(0.01)


WRONG = [
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(1970, 1, 1, 7, 0, tzinfo=UTC),
    datetime(2000, 1, 1, tzinfo=UTC),
    datetime(2020, 2, 29, tzinfo=UTC),
    datetime(2025, 12, 31, tzinfo=UTC),
    datetime(2099, 1, 1, tzinfo=UTC),
]


@pytest.mark.parametrize("at", WRONG, ids=lambda at: at.date().isoformat())
async def test_a_clock_that_cannot_be_right_closes_what_needs_the_date_and_is_told(
    at: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    clock = MovedClock(at)
    async with station([Handing(), Looking()], clock=clock) as site:
        await site.menu()
        closed = await menu_as(site, "test.handing", Availability.CLOSED)
        assert closed.reason == WRONG_CLOCK
        await menu_as(site, "test.looking", Availability.AVAILABLE)
        await told(clock, caplog, "the clock cannot be right")
        caplog.set_level(logging.WARNING)
        clock.set(datetime(2026, 11, 30, tzinfo=UTC))
        await menu_as(site, "test.handing", Availability.AVAILABLE)
        await told(clock, caplog, "over: the clock")


@pytest.mark.parametrize("at", [datetime(2026, 1, 1, tzinfo=UTC), datetime(2030, 6, 1, tzinfo=UTC)], ids=str)
def test_a_clock_that_can_be_right_closes_nothing(at: datetime) -> None:
    assert Conditions(MovedClock(at)).clock_trouble == ""


# ── the ledger ────────────────────────────────────────────────────────────────────────────────────────────────

KEY = b"k" * 32


async def made(file: Path, key: bytes = KEY) -> None:
    """Make a ledger under a key."""
    ledger = Ledger(file, Seal(key))
    await ledger.open()
    order = Order(service=Handing.id, payee="UBND", amount=0, title=verbatim("Giấy"), request={})
    await ledger.place("order-1", order, "", datetime(2026, 11, 30, tzinfo=UTC))
    await ledger.close()


def corrupt(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)


def nonsense(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("this is no ledger " * 400, encoding="utf-8")


def another_key(file: Path) -> None:
    asyncio.run(made(file, b"x" * 32))


def a_folder(file: Path) -> None:
    file.mkdir(parents=True)


def no_folder(file: Path) -> None:
    file.parent.parent.mkdir(parents=True, exist_ok=True)
    file.parent.write_text("a file where the folder should be", encoding="utf-8")


def away(path: Path) -> None:
    """Take away what was in the way."""
    for each in (path, path.parent):
        for beside in (each, *each.parent.glob(f"{each.name}-*")):
            if beside.is_file():
                beside.unlink()
    if path.is_dir():
        path.rmdir()


@pytest.mark.parametrize("spoil", [corrupt, nonsense, another_key, a_folder, no_folder], ids=lambda each: each.__name__)
async def test_a_ledger_that_cannot_be_used_closes_what_takes_orders_before_anybody_starts_and_heals(
    spoil: Callable[[Path], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "data" / "ledger.sqlite"
    await asyncio.to_thread(spoil, file)
    clock = ManualClock()
    service = Handing()
    ledger = Ledger(file, Seal(KEY))
    with pytest.raises(LedgerError):
        await ledger.open()
    runner = Runner(ledger, {service.id: service}, {}, clock)
    try:
        async with station([service, Looking()], clock=clock, runner=runner) as site:
            await site.menu()
            assert (await menu_as(site, service.id, Availability.CLOSED)).reason == NO_LEDGER
            await menu_as(site, "test.looking", Availability.AVAILABLE)
            await told(clock, caplog, "ledger cannot be used")
            away(file)
            await menu_as(site, service.id, Availability.AVAILABLE)
            assert ledger.trouble == ""
    finally:
        await runner.stop()
        await ledger.close()


async def test_a_file_that_goes_away_while_the_station_runs_closes_what_takes_orders(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite"
    clock = ManualClock()
    service = Handing()
    ledger = Ledger(file, Seal(KEY))
    await ledger.open()
    runner = Runner(ledger, {service.id: service}, {}, clock)
    try:
        async with station([service], clock=clock, runner=runner) as site:
            await site.menu()
            await menu_as(site, service.id, Availability.AVAILABLE)
            file.rename(tmp_path / "taken-away")
            assert (await menu_as(site, service.id, Availability.CLOSED)).reason == NO_LEDGER
            (tmp_path / "taken-away").rename(file)
            await menu_as(site, service.id, Availability.AVAILABLE)
    finally:
        await runner.stop()
        await ledger.close()


def test_a_station_without_orders_has_no_ledger_to_miss() -> None:
    assert Conditions(ManualClock()).closes(Handing()) is None
    assert Conditions(MovedClock(datetime(2026, 6, 1, tzinfo=UTC) + timedelta(days=1))).closes(Handing()) is None
