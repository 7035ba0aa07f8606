"""Pages over IPP: through CUPS's own ``ippeveprinter``, and through a printer that misbehaves."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from PIL import Image, ImageDraw
from support.bus import PrivateBus, stand_in_for_avahi

from tramkit_hal.contracts.document_printer import JobState
from tramkit_hal.device.base import Device, DeviceContext, DeviceState
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.drivers import _ipp_codes as ipp
from tramkit_hal.drivers.ipp import IppPrinter

from .conformance import DeviceConformance

CONTEXT = DeviceContext(Role.DOCUMENT_PRINTER)


def page() -> bytes:
    """Return a PDF of one page."""
    picture = Image.new("L", (595, 842), 255)
    ImageDraw.Draw(picture).text((60, 60), "PHIẾU TIẾP NHẬN", fill=0)
    out = io.BytesIO()
    picture.save(out, "PDF")
    return out.getvalue()


PAGE = page()


def printer_at(port: int, **settings: Any) -> Any:
    url = f"ipp://127.0.0.1:{port}/ipp/print"
    return IppPrinter(IppPrinter.Settings(url=url, **{"poll": 60, **settings}), CONTEXT)


async def trouble_of(step: Any) -> Trouble:
    with pytest.raises(DeviceError) as caught:
        await step
    return caught.value.trouble


async def until(condition: Any) -> None:
    async with asyncio.timeout(15):
        while not condition():
            await asyncio.sleep(0.02)


PRINT = """#!/bin/sh
sleep {seconds}
cp "$1" {folder}/printed-$$.pdf
"""


class EvePrinter:
    """CUPS's IPP Everywhere printer, on a free port, with a folder that keeps what it prints."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._process: asyncio.subprocess.Process | None = None
        self._bus: PrivateBus | None = None

    async def start(self, seconds: float = 0) -> None:
        if self._bus is None:
            self._bus = PrivateBus(self.folder)
            await self._bus.start()
            self._avahi = await self._bus.connect()
            await stand_in_for_avahi(self._avahi)
        command = self.folder / "print.sh"
        await asyncio.to_thread(
            command.write_text, f'#!/bin/sh\nsleep {seconds}\ncp "$1" {self.folder}/printed-$$.pdf\n'
        )
        command.chmod(0o755)
        spool = self.folder / "spool"
        spool.mkdir(exist_ok=True)
        self._process = await asyncio.create_subprocess_exec(
            "ippeveprinter", "-p", str(self.port), "-n", "localhost", "-f", "application/pdf", "-d", str(spool),
            "-c", str(command), "-r", "off", "Tramkit test",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self._bus.address},
        )  # fmt: skip
        async with asyncio.timeout(15):
            while True:
                with contextlib.suppress(OSError):
                    _reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    writer.close()
                    return
                await asyncio.sleep(0.05)

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            await process.wait()

    async def end(self) -> None:
        await self.stop()
        if self._bus is not None:
            self._avahi.disconnect()
            await self._bus.stop()

    @property
    def printed(self) -> list[bytes]:
        return [file.read_bytes() for file in self.folder.glob("printed-*.pdf")]


@pytest.mark.skipif(shutil.which("ippeveprinter") is None, reason="ippeveprinter is not installed")
class TestIppPrinter(DeviceConformance):
    """The driver over CUPS's printer."""

    contract = IppPrinter

    pluggable = True

    @pytest_asyncio.fixture(autouse=True)
    async def _eve(self, tmp_path: Path) -> AsyncIterator[None]:
        self.eve = EvePrinter(tmp_path)
        self.jobs = 0
        await self.eve.start()
        yield
        await self.eve.end()

    def make(self) -> Device:
        return printer_at(self.eve.port, poll=0.1)

    async def operate(self, device: Any) -> None:
        self.jobs += 1
        job = await device.submit(PAGE, f"visit:{self.jobs}", deadline=10)
        assert job.state is not JobState.NOT_FOUND

    async def unplug(self, device: Device) -> None:
        await self.eve.stop()

    async def plug(self, device: Device) -> None:
        await self.eve.start()

    async def test_the_page_reaches_the_printer_once_and_whole(self) -> None:
        async with self.opened() as device:
            for _again in range(3):
                await device.submit(PAGE, "visit:1")
            async with asyncio.timeout(15):
                while not (await device.job("visit:1")).state.ended:
                    await asyncio.sleep(0.05)
            assert (await device.job("visit:1")).state is JobState.DONE
            assert await asyncio.to_thread(lambda: self.eve.printed) == [PAGE]
            assert device.capabilities.duplex in (True, False)
            assert device.info.serial.startswith("urn:uuid:")

    async def test_a_job_that_was_never_sent_is_unheard(self) -> None:
        async with self.opened() as device:
            assert (await device.job("visit:none")).state is JobState.NOT_FOUND

    async def test_a_wipe_cancels_what_was_not_printed_yet(self) -> None:
        await self.eve.stop()
        await self.eve.start(seconds=20)
        async with self.opened() as device:
            await device.submit(PAGE, "visit:1")
            await device.wipe()
            async with asyncio.timeout(40):
                while not (await device.job("visit:1")).state.ended:
                    await asyncio.sleep(0.05)
            assert (await device.job("visit:1")).state is JobState.CANCELLED

    async def test_what_is_no_document_is_refused_here(self) -> None:
        async with self.opened() as device:
            assert await trouble_of(device.submit(b"hello", "visit:1")) is Trouble.UNSUPPORTED


# ── a printer that misbehaves ──


class BadPrinter:
    """An IPP printer whose faults are set."""

    def __init__(self) -> None:
        self.reasons = ["none"]
        self.formats = ["application/pdf"]
        self.jobs: list[tuple[int, str]] = []
        self.lose_answer = self.forget = False
        self.garbage: bytes | None = None
        self.hang = asyncio.Event()
        self.hang.set()

    async def start(self) -> int:
        app = web.Application(client_max_size=10_000_000)
        app.router.add_post("/ipp/print", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        self.hang.set()
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        data = await request.read()
        await self.hang.wait()
        if self.garbage is not None:
            return web.Response(body=self.garbage)
        operation = int.from_bytes(data[2:4], "big")
        out = bytearray(b"\x02\x00\x00\x00" + data[4:8])
        if operation == ipp.GET_PRINTER:
            out.append(ipp.PRINTER)
            self._add(out, ipp.KEYWORD, "printer-state-reasons", self.reasons)
            self._add(out, ipp.MIME, "document-format-supported", self.formats)
        elif operation == ipp.PRINT_JOB:
            name = data.split(b"job-name", 1)[1][2:26].decode()
            self.jobs.append((len(self.jobs) + 1, name))
            if self.lose_answer:
                assert request.transport is not None
                request.transport.abort()
            self._job(out, *self.jobs[-1])
        elif operation == ipp.GET_JOBS and not self.forget and b"not-completed" not in data:
            for job in self.jobs:
                self._job(out, *job)
        out.append(ipp.END)
        return web.Response(body=bytes(out))

    def _job(self, out: bytearray, number: int, name: str) -> None:
        out.append(ipp.JOB)
        self._add(out, ipp.INTEGER, "job-id", [number])
        self._add(out, ipp.NAME, "job-name", [name])
        self._add(out, ipp.ENUM, "job-state", [9])

    def _add(self, out: bytearray, tag: int, name: str, values: list[Any]) -> None:
        whole = ipp.request(0, 0, "", [(tag, name, values)])
        out += whole[whole.index(name.encode()) - 3 : -1]


@pytest_asyncio.fixture
async def bad() -> AsyncIterator[tuple[BadPrinter, Any]]:
    printer = BadPrinter()
    device = printer_at(await printer.start(), poll=0.05)
    yield printer, device
    await device.close()
    await printer.stop()


async def test_an_answer_that_is_lost_is_unknown_and_found_again_by_its_name(bad: Any) -> None:
    printer, device = bad
    await device.open()
    printer.lose_answer = True
    assert await trouble_of(device.submit(PAGE, "visit:1")) is Trouble.OUTCOME_UNKNOWN
    assert (await device.job("visit:1")).state is JobState.DONE
    assert (await device.submit(PAGE, "visit:1")).state is JobState.DONE
    assert len(printer.jobs) == 1


async def test_a_printer_that_forgot_the_job_is_not_given_it_again(bad: Any) -> None:
    printer, device = bad
    await device.open()
    printer.lose_answer = printer.forget = True
    for _again in range(2):
        assert await trouble_of(device.submit(PAGE, "visit:1")) is Trouble.OUTCOME_UNKNOWN
    assert len(printer.jobs) == 1


@pytest.mark.parametrize(
    ("reason", "trouble"),
    [
        ("media-empty-error", Trouble.OUT_OF_PAPER),
        ("media-jam", Trouble.JAMMED),
        ("cover-open-warning", Trouble.COVER_OPEN),
        ("toner-empty", Trouble.OUT_OF_TONER),
    ],
)
async def test_what_is_wrong_is_told_before_anything_is_sent(bad: Any, reason: str, trouble: Trouble) -> None:
    printer, device = bad
    await device.open()
    printer.reasons = [reason]
    await until(lambda: device.trouble is trouble)
    assert await trouble_of(device.submit(PAGE, "visit:1")) is trouble
    assert (await device.health()).trouble is trouble
    printer.reasons = ["media-low-report"]
    await until(lambda: device.state is DeviceState.READY)
    assert not printer.jobs


@pytest.mark.parametrize("garbage", [b"", b"<html>", b"\x02\x00\x00\x00\x00\x00\x00\x01\x04\x44\xff\xff", b"\x02" * 40])
async def test_an_answer_that_is_no_ipp_is_a_fault(bad: Any, garbage: bytes) -> None:
    printer, device = bad
    printer.garbage = garbage
    assert await trouble_of(device.open()) is Trouble.FAULTY


async def test_a_printer_that_takes_no_pdf_is_misconfigured(bad: Any) -> None:
    printer, device = bad
    printer.formats = ["image/urf"]
    assert await trouble_of(device.open()) is Trouble.MISCONFIGURED


async def test_a_printer_that_hangs_leaves_the_job_unknown_in_time(bad: Any) -> None:
    printer, device = bad
    await device.open()
    await device.submit(PAGE, "visit:0")
    device._watcher.cancel()
    printer.hang.clear()
    assert await trouble_of(device.submit(PAGE, "visit:1", deadline=0.2)) is Trouble.DEADLINE
    printer.hang.set()
    assert (await device.submit(PAGE, "visit:1")).state is JobState.DONE  # it had not begun


async def test_the_name_that_the_printer_shows_tells_nothing(bad: Any) -> None:
    printer, device = bad
    await device.open()
    await device.submit(PAGE, "079203001234:form")
    assert "079203001234" not in printer.jobs[0][1]
