"""What the operator sees of devices: found, looked at, tested; and what plugs and power do to a running station."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from click.testing import CliRunner

from tramkit.app.cli import main
from tramkit.app.config import ConfigError, read_config
from tramkit.app.run import make_devices, run_station
from tramkit.operator.device_finding import find
from tramkit.operator.self_test import SelfTest, each_morning, last, save, self_test
from tramkit.operator.supervision import plugged_in, watch_plugs, watch_power
from tramkit.plugins.hookspecs import PluginContext
from tramkit.plugins.loader import load
from tramkit.station.devices import Devices
from tramkit_hal.device.base import DeviceContext, DeviceState
from tramkit_hal.device.clock import ManualClock
from tramkit_hal.device.roles import Role
from tramkit_hal.sim.lights import SimLights
from tramkit_hal.sim.power import SimPower
from tramkit_hal.sim.presence import SimPresence
from tramkit_hal.sim.receipt_printer import SimReceiptPrinter

STATION = """
[station]
id = "t-1"
site = "Thử"
agency = "UBND"

[[roles.screen]]
driver = "scripted"

[[roles.receipt_printer]]
driver = "sim_receipt_printer"

[[roles.presence]]
driver = "sim_presence"
plugged = {plugged}
"""


def station(folder: Path, plugged: str = "true") -> str:
    file = folder / "station.toml"
    file.write_text(STATION.format(plugged=plugged), encoding="utf-8")
    return str(file)


def with_sections(folder: Path, sections: str) -> Path:
    file = Path(station(folder))
    file.write_text(sections + file.read_text(encoding="utf-8"), encoding="utf-8")
    return file


def run(*words: str) -> Any:
    return CliRunner().invoke(main, list(words))


def machine(root: Path) -> Path:
    """Lay out what the kernel of a station would list."""
    for folder in ("dev/serial/by-id", "dev/input/by-id", "dev/v4l/by-id", "sys/class/usbmisc", "sys/bus/usb/devices"):
        (root / folder).mkdir(parents=True)
    (root / "dev/serial/by-id/usb-Honeywell_Barcode_Scanner_A1-if00").touch()
    (root / "dev/serial/by-id/usb-FTDI_FT232R_A50285BI-if00-port0").touch()
    (root / "dev/input/by-id/usb-Logitech_K120-event-kbd").touch()
    (root / "dev/v4l/by-id/usb-Cam_1-video-index0").touch()
    usb = root / "usb1"
    (usb / "1-1:1.0").mkdir(parents=True)
    for name, value in (("idVendor", "04b8"), ("idProduct", "0e28"), ("serial", "X5"), ("product", "TM-T82III")):
        (usb / name).write_text(value)
    (root / "sys/class/usbmisc/lp0").mkdir()
    (root / "sys/class/usbmisc/lp0/device").symlink_to(usb / "1-1:1.0")
    return root


def test_what_is_plugged_in_becomes_sections_and_what_is_not_sure_is_out_of_use(tmp_path: Path) -> None:
    found = find(machine(tmp_path))
    by_driver = {(each.driver, each.sure): each for each in found}
    assert by_driver["escpos", True].settings == {"usb": "04b8:0e28:X5"}
    assert by_driver["opencv", True].settings == {"device": "/dev/v4l/by-id/usb-Cam_1-video-index0"}
    sections = "\n\n".join(each.section() for each in found)
    assert '[[roles.receipt_printer]]\ndriver = "escpos"\nusb = "04b8:0e28:X5"' in sections
    assert '# driver = "hid_scanner"' in sections  # a keyboard may be the operator's
    assert '# device = "/dev/serial/by-id/usb-FTDI_FT232R_A50285BI-if00-port0"' in sections


def test_devices_are_listed_with_what_is_wrong_and_who_can_mend_it(tmp_path: Path) -> None:
    good = run("devices", "--config", station(tmp_path), "--json")
    assert good.exit_code == 0
    assert [row["driver"] for row in json.loads(good.output)] == ["sim_receipt_printer", "sim_presence"]
    bad = run("devices", "--config", station(tmp_path, "false"))
    assert bad.exit_code == 1
    assert "unplugged (technician)" in bad.output


def test_a_test_uses_the_devices_and_its_result_bears_a_date(tmp_path: Path) -> None:
    result = run("devices", "--config", station(tmp_path), "test", "--save", str(tmp_path / "self-test.json"))
    assert result.exit_code == 0, result.output
    assert "passed  receipt_printer  sim_receipt_printer  SIM-1  printed" in result.output
    kept = last(tmp_path / "self-test.json")
    assert kept is not None
    assert kept.at.tzinfo is not None
    failed = run("devices", "--config", station(tmp_path, "false"), "test", "presence", "--json")
    assert failed.exit_code == 1
    assert json.loads(failed.output)["tested"][0]["mend"] == "technician"
    assert run("devices", "--config", station(tmp_path), "test", "camera").exit_code == 1


def test_conformance_is_a_report(tmp_path: Path) -> None:
    result = run("conformance", "sim_lights", "--json")
    assert result.exit_code == 0
    report = json.loads(result.output)
    assert report["contract"] == "Lights"
    assert {"HAL-DEV-001", "HAL-LGT-002"} <= {each["id"] for each in report["findings"]}
    assert "needs settings" in run("conformance", "escpos").output


# ── a running station ──


async def settle() -> None:
    for _turn in range(50):
        await asyncio.sleep(0.002)


class Hall:
    """What a self-test knows of the station.

    :ivar tested: how often one has come to its end.
    """

    def __init__(self) -> None:
        self.progress: object | None = None
        self._testing = False
        self.tested = 0

    @property
    def testing(self) -> bool:
        return self._testing

    @testing.setter
    def testing(self, testing: bool) -> None:
        self.tested += self._testing and not testing
        self._testing = testing


@contextlib.asynccontextmanager
async def morning(clock: ManualClock, file: Path, hall: Hall) -> AsyncGenerator[SimLights]:
    lights = SimLights(SimLights.Settings(), DeviceContext(Role.LIGHTS, clock))
    await lights.open()
    task = asyncio.create_task(each_morning([lights], clock, time(5, 30), file, hall))
    try:
        yield lights
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def advance_until(clock: ManualClock, seconds: float, done: Callable[[], bool]) -> None:
    """Let the time of the station pass until something is so."""
    async with asyncio.timeout(60):
        while not done():
            await clock.advance(seconds)
            await settle()


async def test_the_morning_test_waits_until_nobody_is_there_and_lets_nobody_begin(tmp_path: Path) -> None:
    clock, hall, file = ManualClock(datetime(2026, 11, 30, 20, 0, tzinfo=UTC)), Hall(), tmp_path / "self-test.json"
    save(SelfTest(at=datetime(2026, 11, 30, 1, 0, tzinfo=UTC), tested=()), file)  # yesterday at eight
    async with morning(clock, file, hall):  # three in the morning in Việt Nam
        await settle()
        hall.progress = "a visit"
        await clock.advance(2.5 * 3600 - 1)
        await settle()
        assert not hall.testing
        await advance_until(clock, 1, lambda: hall.testing)
        for _while in range(10):
            await clock.advance(60)
            await settle()
        assert last(file) == SelfTest(at=datetime(2026, 11, 30, 1, 0, tzinfo=UTC), tested=())
        hall.progress = None
        await advance_until(clock, 5, lambda: not hall.testing)
        kept = last(file)
        assert kept is not None
        assert kept.passed
        assert kept.at.date() == clock.now().date()
        assert kept.tested[0].found == "7 lights"
        await clock.advance(20 * 3600)
        await settle()
        assert last(file) == kept  # once a day
        await advance_until(clock, 3600, lambda: last(file) != kept)


async def test_a_station_that_was_off_in_the_morning_makes_up_for_it(tmp_path: Path) -> None:
    clock, hall, file = ManualClock(datetime(2026, 12, 1, 3, 0, tzinfo=UTC)), Hall(), tmp_path / "self-test.json"
    async with morning(clock, file, hall):  # ten in the morning
        await advance_until(clock, 5, lambda: last(file) is not None)
    assert not hall.testing
    made = last(file)
    async with morning(clock, file, hall):  # started again the same day: it has been made
        for _while in range(10):
            await clock.advance(60)
            await settle()
        assert last(file) == made


async def test_a_self_test_that_cannot_be_kept_ends_nothing(tmp_path: Path) -> None:
    clock, hall = ManualClock(datetime(2026, 12, 1, 3, 0, tzinfo=UTC)), Hall()
    (tmp_path / "taken").write_text("a file where a folder should be")
    async with morning(clock, tmp_path / "taken" / "self-test.json", hall):
        for day in range(1, 4):  # once a day all the same
            await advance_until(clock, 6 * 3600, lambda day=day: hall.tested == day)
    assert clock.now() < datetime(2026, 12, 3, 12, 0, tzinfo=UTC)


async def test_a_station_tests_itself_at_the_hour_that_its_file_names(tmp_path: Path) -> None:
    clock = ManualClock(datetime(2026, 12, 1, 3, 0, tzinfo=UTC))
    kept = tmp_path / "kept" / "self-test.json"
    config = read_config(with_sections(tmp_path, f'[panel]\nport = 0\n[self_test]\nat = "05:30"\nfile = "{kept}"\n'))
    plugins = load((), {}, PluginContext(clock=clock, station="t-1", site="Thử"))
    told: asyncio.Queue[str] = asyncio.Queue()
    devices = make_devices(config, clock)
    running = asyncio.create_task(
        run_station(config, plugins, clock, lambda _name, address: told.put_nowait(address), devices)
    )
    try:
        async with asyncio.timeout(20), aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
            address = await told.get()
            await (await browser.get(address)).read()
            while last(kept) is None:
                await clock.advance(1)
                await asyncio.sleep(0.01)
            made = last(kept)
            assert made is not None
            assert {each.role: each.outcome for each in made.tested} == {
                "receipt_printer": "passed",
                "presence": "passed",
            }
            async with browser.get(f"{address.partition('?')[0]}api/state?language=en") as response:
                shown = (await response.json())["self_test"]
            assert shown["passed"] is True
            assert shown["at"] == "01/12/2026 10:00"
    finally:
        signal.raise_signal(signal.SIGTERM)
        while not running.done():
            await clock.advance(1)
            await asyncio.sleep(0.01)
        await running


def test_an_hour_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"self_test\.at"):
        read_config(with_sections(tmp_path, '[self_test]\nat = "25:00"\n'))


async def test_one_device_that_fails_does_not_keep_the_others_from_their_test() -> None:
    clock = ManualClock()
    away = SimPresence(SimPresence.Settings(plugged=False), DeviceContext(Role.PRESENCE, clock))
    printer = SimReceiptPrinter(SimReceiptPrinter.Settings(), DeviceContext(Role.RECEIPT_PRINTER, clock))
    await printer.open()
    result = await self_test([away, printer], clock)
    assert [each.outcome for each in result.tested] == ["failed", "passed"]
    assert not result.passed


async def test_a_device_that_is_plugged_in_is_tried_at_once_and_one_that_wobbles_is_not() -> None:
    clock = ManualClock()
    sensor = SimPresence(SimPresence.Settings(plugged=False), DeviceContext(Role.PRESENCE, clock))
    devices = Devices({Role.PRESENCE: [sensor]}, clock)
    await devices.open()
    for _attempt in range(8):  # until it is tried every minute only
        await clock.advance(60)
    listed: set[str] = set()
    watch = asyncio.create_task(watch_plugs(devices, clock, lambda: frozenset(listed)))
    await settle()
    sensor._plugged = True
    listed.add("a")
    await clock.advance(1)
    await settle()
    listed.clear()  # it wobbled
    await clock.advance(1)
    await settle()
    assert sensor.state is DeviceState.ABSENT
    listed.add("a")
    for _look in range(3):
        await clock.advance(1)
        await settle()
    assert sensor.state is DeviceState.READY
    watch.cancel()
    await asyncio.gather(watch, return_exceptions=True)
    await devices.close()


async def test_on_battery_no_payment_begins_and_an_empty_one_ends_the_station() -> None:
    clock = ManualClock()
    ups = SimPower(SimPower.Settings(), DeviceContext(Role.POWER, clock))
    devices = Devices({Role.POWER: [ups]}, clock)
    await devices.open()
    ended: list[bool] = []
    watch = asyncio.create_task(watch_power(devices, clock, lambda: ended.append(True)))
    await settle()
    assert not devices.on_battery
    await ups.control("supply", "battery")
    await settle()
    assert devices.on_battery
    await ups.control("supply", "cannot tell")
    await settle()
    assert devices.on_battery  # unknown is not mains
    await ups.control("supply", "mains")
    await settle()
    assert not devices.on_battery
    assert not ended
    await ups.control("supply", "battery is nearly empty")
    await settle()
    assert ended == [True]
    await asyncio.wait_for(watch, 5)
    await devices.close()


def test_what_the_kernel_lists_is_read_whole(tmp_path: Path) -> None:
    names = plugged_in(machine(tmp_path))
    assert "dev/serial/by-id/usb-Honeywell_Barcode_Scanner_A1-if00" in names


@pytest.mark.parametrize("process", ["true"])
def test_a_camera_cannot_run_in_a_process_of_its_own(tmp_path: Path, process: str) -> None:
    file = Path(station(tmp_path))
    file.write_text(f'{file.read_text()}\n[[roles.camera]]\ndriver = "sim_camera"\nprocess = {process}\n')
    result = run("config", "check", str(file))
    assert result.exit_code == 2
    assert "roles.camera.0.process" in result.output
