"""The ESC/POS printer: what is on the paper, what is told of it, and that nothing is printed twice."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator
from typing import Any

import cv2
import numpy as np
import pytest
import pytest_asyncio
from PIL import Image, ImageChops
from support.fake_escpos import Paper, SerialPrinter, TcpPrinter

from tramkit_hal.device.base import Device, DeviceContext, DeviceState
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.document.document import Code, Document, Heading, Paragraph, Row
from tramkit_hal.document.raster import raster
from tramkit_hal.drivers import _escpos_codes as codes
from tramkit_hal.drivers._wire import usb_printer
from tramkit_hal.drivers.escpos import EscPosPrinter
from tramkit_hal.testing import NotApplicableError
from tramkit_hal.words import verbatim

from .conformance import DeviceConformance

CONTENT = "https://example.vn/bien-nhan/4F7K2"
DOCUMENT = Document(
    title=verbatim("BIÊN NHẬN"),
    blocks=(
        Heading(text=verbatim("ẵ Ữ Ợ đ ₫")),
        Row(label=verbatim("Số tiền"), value=verbatim("250.000 ₫")),
        Paragraph(text=verbatim("Cảm ơn ông/bà đã sử dụng trạm công dân số.")),
        Code(content=CONTENT, caption=verbatim("Mã hồ sơ")),
    ),
)
SHORT = Document(title=verbatim("Biên nhận"))


def printer_at(port: int, **settings: Any) -> EscPosPrinter:
    given = EscPosPrinter.Settings(host="127.0.0.1", port=port, poll=60, **settings)
    return EscPosPrinter(given, DeviceContext(Role.RECEIPT_PRINTER))


def differing(paper: Paper, document: Document, dots: int = 576) -> int:
    """Return in how many dots the paper differs from the document's picture."""
    wanted = raster(document, "vi", dots)
    printed = paper.picture()
    assert printed.size == wanted.size
    return int(np.count_nonzero(np.asarray(ImageChops.logical_xor(printed, wanted.convert("1")))))


@pytest_asyncio.fixture
async def fake() -> AsyncIterator[TcpPrinter]:
    printer = TcpPrinter()
    await printer.start()
    yield printer
    await printer.stop()


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


async def trouble_of(step: Any) -> Trouble:
    with pytest.raises(DeviceError) as caught:
        await step
    return caught.value.trouble


# ── what is on the paper ──


async def test_the_paper_bears_the_picture_of_the_document_and_its_code_can_be_read(fake: TcpPrinter) -> None:
    device = printer_at(fake.port)
    await device.open()
    begin = time.perf_counter()
    await device.print(DOCUMENT, "vi", "visit:1")
    print(f"seconds from order to cut: {time.perf_counter() - begin:.3f}")
    (paper,) = fake.papers
    assert differing(paper, DOCUMENT) == 0
    found, *_rest = cv2.QRCodeDetector().detectAndDecode(np.asarray(paper.picture().convert("L")))
    assert found == CONTENT
    assert not fake.text
    await device.close()


async def test_vietnamese_letters_are_ink_of_their_own_shape(fake: TcpPrinter) -> None:
    device = printer_at(fake.port)
    await device.open()
    for number, letter in enumerate("ẵăữượơđd₫ỌO"):
        await device.print(Document(title=verbatim(letter)), "vi", f"visit:{number}")
    shapes = {paper.picture().tobytes() for paper in fake.papers}
    assert len(shapes) == 11
    assert all(paper.picture().getextrema() == (0, 255) for paper in fake.papers)
    await device.close()


def test_no_dots_are_taken_for_a_command_that_a_printer_obeys_within_a_picture() -> None:
    noise = random.Random(7).randbytes(72 * 4096) + b"\x10\x14\x08\x10\x04\x01\x10\x05\x02" * 8
    picture = Image.frombytes("1", (576, len(noise) // 72), noise[: len(noise) // 72 * 72])
    sent = b"".join(codes.bands(picture))
    assert not any(bytes((0x10, second)) in sent for second in (0x04, 0x05, 0x14))
    assert bytes((0x10, 0x14)) in ImageChops.invert(picture.convert("L")).convert("1").tobytes()


async def test_narrow_paper_gets_a_narrow_picture(fake: TcpPrinter) -> None:
    device = printer_at(fake.port, dots=384)
    await device.open()
    await device.print(DOCUMENT, "vi", "visit:1")
    assert differing(fake.papers[0], DOCUMENT, 384) == 0
    await device.close()


# ── what is told ──


async def test_without_paper_or_with_an_open_cover_nothing_is_begun(fake: TcpPrinter) -> None:
    device = printer_at(fake.port)
    await device.open()
    for flag, trouble in (("out", Trouble.OUT_OF_PAPER), ("cover", Trouble.COVER_OPEN), ("cutter", Trouble.JAMMED)):
        fake.set(**{flag: True})
        await until(lambda trouble=trouble: device.trouble is trouble)
        assert device.state is DeviceState.DEGRADED
        assert await trouble_of(device.print(SHORT, "vi", "visit:1")) is trouble
        assert (await device.health()).trouble is trouble
        fake.set(**{flag: False})
        await until(lambda: device.trouble is None)
    assert not fake.papers
    await device.print(SHORT, "vi", "visit:1")
    assert len(fake.papers) == 1
    await device.close()


async def test_paper_that_ends_in_the_middle_is_unknown_and_the_rest_never_meets_the_next_resident(
    fake: TcpPrinter,
) -> None:
    device = printer_at(fake.port)
    await device.open()
    real = fake.feed

    def feed(data: bytes) -> None:
        real(data)
        if len(fake.now.rows) > 100 and not fake.out and not fake.papers:
            fake.set(out=True)

    fake.feed = feed  # type: ignore[method-assign]
    assert await trouble_of(device.print(DOCUMENT, "vi", "visit:1")) is Trouble.OUTCOME_UNKNOWN
    await device.wipe()
    fake.feed = real  # type: ignore[method-assign]
    fake.set(out=False)
    await device.print(SHORT, "vi", "visit:2")
    assert differing(fake.papers[-1], SHORT) == 0
    assert sum(len(paper.rows) > 100 for paper in fake.papers[:-1]) <= 1
    await device.close()


async def test_low_paper_is_told_once_and_prints_all_the_same(fake: TcpPrinter) -> None:
    device = printer_at(fake.port)
    names: list[str] = []
    async with device.events() as events:
        await device.open()
        fake.set(low=True)
        fake.set(low=True)
        await until(lambda: device.state is DeviceState.DEGRADED)
        assert device.trouble is None
        assert (await device.health()).facts["paper"] == "low"
        await device.print(SHORT, "vi", "visit:1")
        await device.close()
        async for event in events:
            names.append(event.name)
            if event.value == "offline":
                break
    assert names.count("low") == 1


async def test_a_printer_that_says_nothing_is_not_ready(fake: TcpPrinter) -> None:
    fake.mute = True
    device = printer_at(fake.port)
    assert await trouble_of(device.open()) is Trouble.DEADLINE
    assert not device.state.usable
    fake.mute = False
    await device.open()
    fake.mute = True
    assert await trouble_of(device.print(SHORT, "vi", "visit:1")) is Trouble.DEADLINE
    assert not fake.papers
    await device.close()


async def test_a_job_that_is_not_confirmed_is_unknown(fake: TcpPrinter) -> None:
    fake.knows_process_ids = False
    device = printer_at(fake.port)
    await device.open()
    assert await trouble_of(device.print(SHORT, "vi", "visit:1", deadline=0.5)) is Trouble.OUTCOME_UNKNOWN
    await device.close()


async def test_a_model_without_process_numbers_confirms_by_its_status(fake: TcpPrinter) -> None:
    fake.knows_process_ids = False
    device = printer_at(fake.port, confirm="status")
    await device.open()
    await device.print(SHORT, "vi", "visit:1")
    assert len(fake.papers) == 1
    await device.close()


async def test_garbage_from_the_printer_is_neither_paper_nor_a_confirmation(fake: TcpPrinter) -> None:
    device = printer_at(fake.port)
    await device.open()
    fake.garbage = random.Random(3).randbytes(40)
    fake.knows_process_ids = False
    assert await trouble_of(device.print(SHORT, "vi", "visit:1", deadline=1)) is not None
    assert not [job for job in device._jobs.values() if job]
    await device.close()


# ── at most once ──


async def test_the_same_job_is_printed_once_whatever_is_asked(fake: TcpPrinter) -> None:
    device = printer_at(fake.port)
    await device.open()
    for _again in range(3):
        await device.print(SHORT, "vi", "visit:1")
    await device.wipe()
    await device.print(SHORT, "vi", "visit:1")
    assert len(fake.papers) == 1
    await device.close()


async def cut(seed: int, fake: TcpPrinter, total: int) -> None:
    """Pull the plug after some byte, plug it in again, try again as a resident would, then print for somebody else."""
    dice = random.Random(seed)
    device = printer_at(fake.port)
    await device.open()
    fake.papers.clear()
    fake.now, fake.text = Paper(), b""
    fake.keeps_buffer, fake.clears = dice.random() < 0.5, dice.random() < 0.5
    fake.cut_after = fake.received + dice.randrange(total + 1)
    try:
        await device.print(SHORT, "vi", "visit:1", deadline=5)
        told = None
    except DeviceError as error:
        told = error.trouble
    fake.cut_after = None
    await device.reset()
    if told is not None:
        again = await printing(device, "visit:1")
        if told is Trouble.OUTCOME_UNKNOWN:
            assert again is Trouble.OUTCOME_UNKNOWN, f"seed {seed}"
    await device.print(SHORT, "vi", "visit:2")
    await device.close()
    whole = [paper for paper in fake.papers if paper.rows and is_whole(paper)]
    assert whole, f"seed {seed}"
    assert len(whole) <= 2, f"seed {seed}: printed twice"
    assert differing(fake.papers[-1], SHORT) == 0, f"seed {seed}: the next resident's receipt is spoilt"
    assert not fake.text, f"seed {seed}"


async def printing(device: EscPosPrinter, operation: str) -> Trouble | None:
    try:
        await device.print(SHORT, "vi", operation)
    except DeviceError as error:
        return error.trouble
    return None


def is_whole(paper: Paper) -> bool:
    return len(paper.rows) == raster(SHORT, "vi", 576).height and differing(paper, SHORT) == 0


async def job_bytes(fake: TcpPrinter) -> int:
    device = printer_at(fake.port)
    await device.open()
    before = fake.received
    await device.print(SHORT, "vi", "visit:0")
    await device.close()
    return fake.received - before


@pytest.mark.parametrize("first", range(0, 60, 20))
async def test_a_printer_that_vanishes_at_any_byte_of_a_job_never_prints_it_twice(first: int, fake: TcpPrinter) -> None:
    total = await job_bytes(fake)
    for seed in range(first, first + 20):
        await cut(seed, fake, total)


@pytest.mark.long
async def test_in_a_thousand_cuts_nothing_is_printed_twice(fake: TcpPrinter) -> None:
    total = await job_bytes(fake)
    for seed in range(1000):
        await cut(seed, fake, total)


async def test_an_answer_that_is_lost_leaves_the_job_unknown_though_it_hangs_out(fake: TcpPrinter) -> None:
    device = printer_at(fake.port)
    await device.open()
    real = fake._answer

    def lose(data: bytes) -> None:
        if data.startswith(b"\x37"):
            fake.pulled()
        else:
            real(data)

    fake._answer = lose  # type: ignore[method-assign]
    assert await trouble_of(device.print(SHORT, "vi", "visit:1")) is Trouble.OUTCOME_UNKNOWN
    fake._answer = real  # type: ignore[method-assign]
    await device.reset()
    assert await trouble_of(device.print(SHORT, "vi", "visit:1")) is Trouble.OUTCOME_UNKNOWN
    assert sum(bool(paper.rows) for paper in fake.papers) == 1
    await device.close()


# ── other wires ──


async def test_it_prints_over_a_serial_line_too() -> None:
    fake = SerialPrinter()
    await fake.start()
    device = EscPosPrinter(EscPosPrinter.Settings(device=fake.path, baud=115200), DeviceContext(Role.RECEIPT_PRINTER))
    await device.open()
    await device.print(DOCUMENT, "vi", "visit:1")
    assert differing(fake.papers[0], DOCUMENT) == 0
    await fake.stop()
    await until(lambda: device.state is DeviceState.ABSENT)
    await device.close()


async def test_a_usb_printer_is_found_by_what_it_is_and_not_by_its_number(tmp_path: Any) -> None:
    for number, (vendor, product, serial) in enumerate((("04b8", "0e28", "X1"), ("0416", "5011", "A7"))):
        usb = tmp_path / f"usb{number}"
        (usb / "1-1:1.0").mkdir(parents=True)
        for name, value in (("idVendor", vendor), ("idProduct", product), ("serial", serial)):
            (usb / name).write_text(value + "\n")
        entry = tmp_path / "usbmisc" / f"lp{number + 3}"
        entry.mkdir(parents=True)
        (entry / "device").symlink_to(usb / "1-1:1.0")
    listed = tmp_path / "usbmisc"
    assert usb_printer("0416:5011", listed) == "/dev/usb/lp4"
    assert usb_printer("04B8:0E28:X1", listed) == "/dev/usb/lp3"
    with pytest.raises(FileNotFoundError):
        usb_printer("04b8:0e28:X2", listed)


async def test_a_node_that_another_program_has_is_told_and_one_that_is_away_is_absent(tmp_path: Any) -> None:
    fake = SerialPrinter()
    await fake.start()
    settings = EscPosPrinter.Settings(device=fake.path)
    one, other = (EscPosPrinter(settings, DeviceContext(Role.RECEIPT_PRINTER)) for _ in range(2))
    await one.open()
    assert await trouble_of(other.open()) is Trouble.MISCONFIGURED
    await one.close()
    await fake.stop()
    gone = EscPosPrinter(EscPosPrinter.Settings(device="/dev/serial/by-id/none"), DeviceContext(Role.RECEIPT_PRINTER))
    assert await trouble_of(gone.open()) is Trouble.UNPLUGGED
    assert gone.state is DeviceState.ABSENT


@pytest.mark.parametrize("times", [100, pytest.param(1000, marks=pytest.mark.long)])
async def test_openings_leave_no_descriptor_and_no_task(times: int, fake: TcpPrinter) -> None:
    device = printer_at(fake.port)
    await device.open()
    await device.close()
    before, tasks = len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks())
    for _time in range(times):
        await device.open()
        await device.close()
    await until(lambda: len(os.listdir("/proc/self/fd")) <= before + 1)
    await until(lambda: len(asyncio.all_tasks()) <= tasks)


class TestEscPosPrinter(DeviceConformance):
    """The driver over a real socket."""

    contract = EscPosPrinter

    pluggable = True

    @pytest_asyncio.fixture(autouse=True)
    async def _fake(self) -> AsyncIterator[None]:
        self.fake = TcpPrinter()
        await self.fake.start()
        self.jobs = 0
        yield
        await self.fake.stop()

    def make(self) -> Device:
        return printer_at(self.fake.port)

    async def operate(self, device: Device, deadline: float = 10) -> None:
        self.jobs += 1
        await device.print(SHORT, "vi", f"visit:{self.jobs}", deadline)  # type: ignore[attr-defined]

    async def unplug(self, device: Device) -> None:
        await self.fake.unplug()

    async def plug(self, device: Device) -> None:
        await self.fake.start()

    async def hang(self, device: Device) -> bool:
        self.fake.mute = True
        return True

    async def operate_shortly(self, device: Device) -> None:
        await self.operate(device, 0.1)

    async def count(self, device: Device, what: str) -> int:
        return sum(bool(paper.rows) for paper in self.fake.papers)

    async def do(self, device: Device, name: str, value: str = "") -> None:
        if name == "out_of_paper":
            self.fake.set(out=True)
        elif name == "outcome_unknown":
            self.fake.cut_after = self.fake.received + 2000
        else:
            raise NotApplicableError(name)
