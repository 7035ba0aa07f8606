"""The scanner on a pseudo-terminal keeps every case of the conformance suite; nothing else of the house is imported."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import tty
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tramkit_serial_scanner.driver import LineScanner

from tramkit_hal.contracts.device import Device, DeviceContext, DeviceError, DeviceState, Role, Trouble
from tramkit_hal.contracts.scanner import ScannedCode
from tramkit_hal.testing import DeviceConformance, run_suite

CARD = "079152000123|024012345|Trần Thị Sáo|17051952|Nữ|12 Nguyễn Văn Hưởng|10122021"


class Line:
    """The scanner's end of a pseudo-terminal, whose name stays when it is pulled out and put in again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ends: tuple[int, int] = (-1, -1)

    def plug(self) -> None:
        """Put it in."""
        self.ends = pty.openpty()
        tty.setraw(self.ends[1])
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(self.ends[1]))

    def unplug(self) -> None:
        """Pull it out."""
        for end in self.ends:
            with contextlib.suppress(OSError):
                os.close(end)
        self.path.unlink(missing_ok=True)

    def say(self, code: str, kind: str = "]Q1") -> None:
        """Hold a code up."""
        os.write(self.ends[0], f"{kind}{code}\r".encode())


class TestLineScanner(DeviceConformance):
    """Every case for code scanners."""

    contract = LineScanner
    pluggable = True

    @pytest_asyncio.fixture(autouse=True)
    async def _line(self, tmp_path: Path) -> AsyncIterator[None]:
        self.line = Line(tmp_path / "usb-Scanner_A1-if00")
        self.line.plug()
        self.shows = True
        yield
        self.line.unplug()

    def make(self) -> Device:
        self.shows = True
        if not self.line.path.exists():  # the case before has pulled it out
            self.line.plug()
        return LineScanner(LineScanner.Settings(device=str(self.line.path)), DeviceContext(Role.CODE_SCANNER))

    async def scanned(self, device: Any, *codes: tuple[str, str]) -> ScannedCode:
        """Wait for a code while these are held up."""
        task = asyncio.create_task(device.scan(deadline=5))
        while device.state is not DeviceState.BUSY and not task.done():
            await asyncio.sleep(0.001)
        for code, kind in codes:
            self.line.say(code, kind)
        return await task

    async def operate(self, device: Any) -> None:
        if not device.state.usable or not self.shows:
            await device.scan(deadline=5)
        assert (await self.scanned(device, (CARD, "]Q1"))).text == CARD

    async def operate_shortly(self, device: Any) -> None:
        await device.scan(deadline=0.1)

    async def hang(self, device: Any) -> bool:
        self.shows = False
        return True

    async def unplug(self, device: Any) -> None:
        self.line.unplug()

    async def plug(self, device: Any) -> None:
        self.line.plug()

    async def do(self, device: Any, name: str, value: str = "") -> None:
        self.line.say(value)

    async def test_a_code_of_another_kind_is_passed_over(self) -> None:
        async with self.opened() as device:
            code = await self.scanned(device, ("8934563138165", "]E0"), ("xin chào", "]Q1"))
            assert code == ScannedCode(symbology="qr", text="xin chào")

    async def test_pulled_out_while_somebody_waits_it_says_so(self) -> None:
        async with self.opened() as device:
            task = asyncio.create_task(device.scan(deadline=30))
            while device.state is not DeviceState.BUSY:
                await asyncio.sleep(0.001)
            self.line.unplug()
            with pytest.raises(DeviceError) as gone:
                await asyncio.wait_for(task, 5)
            assert gone.value.trouble is Trouble.UNPLUGGED


async def test_a_report_can_be_made_without_pytest(tmp_path: Path) -> None:
    rig = TestLineScanner()
    rig.line, rig.shows = Line(tmp_path / "scanner"), True
    rig.line.plug()
    try:
        report = await run_suite(rig)
    finally:
        rig.line.unplug()
    assert report.conforms, [each for each in report.findings if each.outcome == "failed"]
    assert report.contract == "CodeScanner"
