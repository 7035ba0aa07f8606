"""A UPS through NUT's own ``upsd`` and its ``dummy-ups``."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tramkit_hal.device.base import Device, DeviceContext, DeviceState
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.drivers.nut import NutUps

from .conformance import DeviceConformance

NUT = Path("/lib/nut")
"""Where Debian keeps NUT's drivers and the daemon itself: ``/sbin/upsd`` starts only what ``/etc/nut`` enables."""
DUMMY, UPSD = NUT / "dummy-ups", NUT / "upsd"


class Upsd:
    """``dummy-ups`` and ``upsd`` in a folder, on a free port of loopback."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.values = {"ups.status": "OL", "battery.charge": "100", "battery.runtime": "1800", "device.model": "Test"}
        folder.joinpath("ups.conf").write_text("[ups]\ndriver = dummy-ups\nport = ups.dev\nmode = dummy-loop\n")
        folder.joinpath("upsd.conf").write_text(f"LISTEN 127.0.0.1 {self.port}\nMAXAGE 3\n")
        folder.joinpath("upsd.users").write_text("")
        for name in ("upsd.conf", "upsd.users", "ups.conf"):
            folder.joinpath(name).chmod(0o600)
        self.env = {
            **os.environ,
            "NUT_CONFPATH": str(folder),
            "NUT_STATEPATH": str(folder),
            "NUT_ALTPIDPATH": str(folder),
        }
        self._running: list[asyncio.subprocess.Process] = []

    def set(self, **values: str) -> None:
        self.values |= {name.replace("_", ".", 1): value for name, value in values.items()}
        lines = "".join(f"{name}: {value}\n" for name, value in self.values.items())
        self.folder.joinpath("ups.dev").write_text(lines + "TIMER 1\n")

    async def _run(self, *command: str) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *command, env=self.env, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        self._running.append(process)
        return process

    async def start(self) -> None:
        await asyncio.to_thread(self.set)
        await self._run(str(DUMMY), "-a", "ups", "-F", "-u", "root")
        await self._run(str(UPSD), "-F", "-u", "root")

    async def stop(self) -> None:
        for process in self._running:
            if process.returncode is None:
                process.kill()
            await process.wait()
        self._running.clear()


async def until(condition: Any) -> None:
    async with asyncio.timeout(15):
        while not await condition():
            await asyncio.sleep(0.05)


@pytest.mark.slow
@pytest.mark.skipif(not (DUMMY.exists() and UPSD.exists()), reason="nut-server is not installed")
class TestNutUps(DeviceConformance):
    """The driver over real NUT."""

    contract = NutUps

    pluggable = True

    @pytest_asyncio.fixture(autouse=True)
    async def _upsd(self, tmp_path: Path) -> AsyncIterator[None]:
        self.upsd = await asyncio.to_thread(Upsd, tmp_path)
        await self.upsd.start()

        async def answers() -> bool:
            device = self.make()
            try:
                await device.open()
            except DeviceError:
                return False
            await device.close()
            return True

        await until(answers)
        yield
        await self.upsd.stop()

    def make(self) -> Any:
        return NutUps(NutUps.Settings(port=self.upsd.port, poll=0.1), DeviceContext(Role.POWER))

    async def operate(self, device: Any) -> None:
        assert (await device.snapshot()).on_battery is False

    async def unplug(self, device: Device) -> None:
        await self.upsd.stop()

    async def plug(self, device: Device) -> None:
        await self.upsd.start()

        async def back() -> bool:
            try:
                await device.open()
            except DeviceError:
                return False
            return True

        await until(back)

    async def test_the_mains_go_the_battery_empties_and_the_mains_come_back(self) -> None:
        async with self.opened() as device, device.events() as events:
            names: list[str] = []
            for values in (
                {"ups_status": "OB DISCHRG"},
                {"ups_status": "OB LB", "battery_charge": "8"},
                {"ups_status": "OL CHRG"},
            ):
                await asyncio.to_thread(lambda values=values: self.upsd.set(**values))
                async with asyncio.timeout(10):
                    names.append((await anext(events)).name)
            assert names == ["on_battery", "low", "restored"]
            now = await device.snapshot()
            assert (now.on_battery, now.charge, now.runtime) == (False, 8, 1800)
            assert device.info.model == "Test"

    async def test_a_ups_that_upsd_has_lost_is_unknown_and_neither_mains_nor_battery(self) -> None:
        async with self.opened() as device:
            self.upsd._running[0].kill()

            async def unknown() -> bool:
                return (await device.snapshot()).on_battery is None

            await until(unknown)
            assert device.state is DeviceState.DEGRADED
            assert (await device.health()).trouble is Trouble.UNREADABLE

    async def test_a_name_that_upsd_does_not_have_is_misconfigured(self) -> None:
        device = NutUps(NutUps.Settings(port=self.upsd.port, ups="other"), DeviceContext(Role.POWER))
        with pytest.raises(DeviceError) as caught:
            await device.open()
        assert caught.value.trouble is Trouble.MISCONFIGURED
