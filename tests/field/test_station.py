"""A clock that cannot be right and a ledger that cannot be used close what needs them, and are told; both heal."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from support.site import panel, program

from tramkit import Messages, Order, Outcome, Service, Visit, verbatim
from tramkit.facts import CALENDAR, DatedValue
from tramkit.operator.panel.report import Reporter
from tramkit.operator.panel.watch import Watch
from tramkit.orders.ledger import Ledger, LedgerError
from tramkit.orders.runner import Runner
from tramkit.orders.seal import Seal
from tramkit.station.conditions import LOOK_SECONDS, NO_LEDGER, WRONG_CLOCK, Conditions, made_on
from tramkit.testing.station import Running, station
from tramkit.visit.declared import describe
from tramkit_hal.device.clock import ManualClock
from tramkit_hal.ui.pages import Availability, Option
from tramkit_hal.words import render

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
            if page.kind in ("attract", "timeout"):  # on a busy machine more time goes by than a visit lasts
                site.screen.answer("stay" if page.kind == "timeout" else "continue")
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
    made_on() - timedelta(seconds=1),
    datetime(2099, 1, 1, tzinfo=UTC),
]


@pytest.mark.parametrize("at", WRONG, ids=lambda at: at.date().isoformat())
async def test_a_clock_that_cannot_be_right_closes_what_needs_the_date_and_is_told(
    at: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    clock = MovedClock(at)
    async with station([Handing(), Looking()], clock=clock, made=made_on()) as site:
        await site.menu()
        closed = await menu_as(site, "test.handing", Availability.CLOSED)
        assert closed.reason == WRONG_CLOCK
        await menu_as(site, "test.looking", Availability.AVAILABLE)
        await told(clock, caplog, "the clock cannot be right")
        caplog.set_level(logging.WARNING)
        clock.set(made_on() + timedelta(days=1))
        await menu_as(site, "test.handing", Availability.AVAILABLE)
        await told(clock, caplog, "over: the clock")


@pytest.mark.parametrize("at", [made_on(), datetime(2030, 6, 1, tzinfo=UTC)], ids=str)
def test_a_clock_that_can_be_right_closes_nothing(at: datetime) -> None:
    assert Conditions(MovedClock(at), made=made_on()).clock_trouble is None


def test_a_version_was_made_when_the_newest_of_its_values_was_held_against_its_source() -> None:
    def value(checked: date | None) -> DatedValue:
        return DatedValue("tramkit", "x.toml", "x", "Luật 1", checked, "", None, None)

    days = [None, date(2027, 5, 1), date(2028, 2, 29)]
    assert made_on(value(day) for day in days) == datetime(2028, 2, 28, 17, tzinfo=UTC)  # midnight in Vietnam
    assert made_on() >= datetime(2026, 11, 29, 17, tzinfo=UTC)
    assert made_on() <= datetime.now(UTC)  # nothing was looked up tomorrow


@pytest.mark.parametrize(
    ("language", "clock", "ledger"),
    [
        ("vi", "Đồng hồ chỉ ngày 01/01/1970", "Sổ đơn"),
        ("en", "It says 01/01/1970; this version was made on", "Ledger of orders"),
    ],
)
async def test_the_panel_shows_how_clock_and_ledger_are(tmp_path: Path, language: str, clock: str, ledger: str) -> None:
    moved = MovedClock(datetime(1970, 1, 1, tzinfo=UTC))
    service = Handing()
    book = Ledger(tmp_path / "ledger.sqlite", Seal(KEY))
    await book.open()
    runner = Runner(book, {service.id: service}, {}, moved)
    try:
        async with station([service], clock=moved, runner=runner, made=made_on()) as site:
            report = Reporter(site.station, Watch(site.devices, moved), None).report
            assert [each.state for each in report(language).conditions] == ["closed", "available"]
            assert report(language).conditions[0].reason.startswith(clock)
            assert report(language).conditions[1].title == ledger
            moved.set(made_on() + timedelta(days=1))
            assert [each.state for each in report(language).conditions] == ["available", "available"]
            (tmp_path / "ledger.sqlite").rename(tmp_path / "away")
            await book.look()
            assert [each.state for each in report(language).conditions] == ["available", "closed"]
            assert "the file is gone" in report(language).conditions[1].reason
    finally:
        await runner.stop()
        await book.close()


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
    assert Conditions(ManualClock()).closes(describe(Handing())) is None
    assert [each.well for each in Conditions(ManualClock()).now] == [True, None]


def test_a_disk_that_is_really_full_or_read_only_closes_what_takes_orders_and_heals(tmp_path: Path) -> None:
    alone = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    if subprocess.run([*alone, "mount", "-t", "tmpfs", "none", str(tmp_path)], check=False).returncode:
        pytest.skip("nobody may mount a disk here")
    done = subprocess.run(
        [*alone, sys.executable, "-m", "tests.field.ledger_disk", str(tmp_path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["trouble"] for each in told] == ["full", "read-only"]
    for each in told:
        assert each["resident"] == render(NO_LEDGER, "en")
        assert str(tmp_path) in each["operator"]
        assert each["healed"]


RUN = """
[station]
id = "demo-1"
site = "A"
agency = "B"
[panel]
port = 0
[plugins]
enabled = ["procedures"]
[settings.procedures]
gateway_url = "http://127.0.0.1:9"
[orders]
data = "{folder}/orders"
key = "{folder}/station.key"
[[roles.screen]]
driver = "web"
port = 0
"""


@pytest.mark.parametrize(("checked", "state"), [("2099-01-01", "closed"), ("2026-11-30", "available")])
async def test_a_station_that_is_run_knows_when_it_was_made(tmp_path: Path, checked: str, state: str) -> None:
    """The machine's clock is as it is; it is the day on which this version was made that is moved."""
    calendar = CALENDAR.read_text(encoding="utf-8").replace("checked = 2026-11-30", f"checked = {checked}")
    (tmp_path / "calendar.toml").write_text(calendar, encoding="utf-8")
    (tmp_path / "sitecustomize.py").write_text(
        "from pathlib import Path\nfrom tramkit.station import conditions\n"
        "conditions.CALENDAR = Path(__file__).with_name('calendar.toml')\n",
        encoding="utf-8",
    )
    (tmp_path / "station.toml").write_text(RUN.format(folder=tmp_path), encoding="utf-8")
    arguments = ["run", "--config", str(tmp_path / "station.toml")]
    async with (
        program(arguments, tmp_path, environ={"PYTHONPATH": str(tmp_path)}) as running,
        panel(await running.address("panel")) as seen,
    ):
        told = await seen.state()
        assert told["conditions"][0]["state"] == state
        fines = next(each for each in told["services"] if each["id"] == "procedures.fines")
        assert (fines["reason"] == render(WRONG_CLOCK, "en")) is (state == "closed")
