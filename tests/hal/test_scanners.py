"""Scanners of printed codes: on a serial line, as a keyboard, by camera."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import random
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import pytest_asyncio
import segno
import zxingcpp
from PIL import Image
from support.line import Line

from tramkit_hal.contracts.scanner import ScannedCode
from tramkit_hal.device.base import Device, DeviceContext, DeviceState
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.drivers import hid_scanner as hid
from tramkit_hal.drivers._reading import guessed, without_aim
from tramkit_hal.drivers.camera_scanner import CameraScanner
from tramkit_hal.drivers.serial_scanner import SerialScanner
from tramkit_hal.sim.people import PEOPLE, qr_text

from .conformance import DeviceConformance

CARD = qr_text(PEOPLE[0])
CONTEXT = DeviceContext(Role.CODE_SCANNER)


@contextlib.asynccontextmanager
async def scanning(device: Any, **asked: Any) -> AsyncGenerator[asyncio.Task[ScannedCode]]:
    """Scan meanwhile: the scan waits for its code, or has ended without one; it does not outlive this."""
    scan = asyncio.create_task(device.scan(**asked))
    try:
        async with asyncio.timeout(10):
            while device._waiting is None and not scan.done():
                await asyncio.sleep(0.002)
        yield scan
    finally:
        scan.cancel()
        await asyncio.gather(scan, return_exceptions=True)


async def trouble_of(step: Any) -> Trouble:
    with pytest.raises(DeviceError) as caught:
        await step
    return caught.value.trouble


class TestSerialScanner(DeviceConformance):
    """A scanner on a pseudo-terminal."""

    contract = SerialScanner

    pluggable = True

    @pytest_asyncio.fixture(autouse=True)
    async def _line(self, tmp_path: Path) -> AsyncIterator[None]:
        self.line = Line(str(tmp_path / "usb-Scanner_A1-if00"))
        self.line.plug()
        self.said = bytearray()
        self.line.heard = self.said.extend
        self.shows = True
        yield
        self.line.unplug()

    def make(self, **settings: Any) -> Device:
        return SerialScanner(SerialScanner.Settings(device=self.line.path, **settings), CONTEXT)

    async def scanned(self, device: Any, *sent: bytes, **asked: Any) -> ScannedCode:
        async with scanning(device, **{"deadline": 5, **asked}) as scan:
            for piece in sent:
                self.line.say(piece)
                await asyncio.sleep(0.01)
            return await scan

    async def operate(self, device: Device) -> None:
        if not device.state.usable or not self.shows:
            await device.scan(deadline=5)  # type: ignore[attr-defined]
        assert (await self.scanned(device, CARD.encode() + b"\r")).text == CARD

    async def unplug(self, device: Device) -> None:
        self.line.unplug()

    async def plug(self, device: Device) -> None:
        self.line.plug()

    async def hang(self, device: Device) -> bool:
        self.shows = False
        return True

    async def operate_shortly(self, device: Device) -> None:
        await device.scan(deadline=0.1)  # type: ignore[attr-defined]

    async def do(self, device: Device, name: str, value: str = "") -> None:
        self.line.say(value.encode() + b"\r")

    async def test_the_card_of_a_resident_comes_in_pieces_and_is_whole(self) -> None:
        async with self.opened() as device:
            data = CARD.encode() + b"\r"
            code = await self.scanned(device, *(data[at : at + 7] for at in range(0, len(data), 7)))
            assert code == ScannedCode(symbology="qr", text=CARD)

    async def test_a_code_of_before_is_never_the_next_residents(self) -> None:
        async with self.opened() as device:
            self.line.say(b"of the last resident\r")
            self.line.say(b"half of ano")
            await asyncio.sleep(0.05)
            assert (await self.scanned(device, b"mine\r")).text == "mine"
            self.line.say(b"later\r")
            await asyncio.sleep(0.05)
            await device.wipe()
            assert await trouble_of(device.scan(deadline=0.1)) is Trouble.DEADLINE

    async def test_a_code_of_another_kind_is_passed_over(self) -> None:
        async with self.opened() as device:
            code = await self.scanned(device, b"]C0ABC-1\r", b"8934563138165\r", b"]Q1xin chao\r")
            assert code == ScannedCode(symbology="qr", text="xin chao")
            code = await self.scanned(device, b"8934563138165\r", symbologies=("ean13",))
            assert code.symbology == "ean13"

    async def test_noise_is_no_code_and_does_not_fill_the_memory(self) -> None:
        async with self.opened() as device:
            dice = random.Random(5)
            noise = [bytes(b for b in dice.randbytes(3000) if b != 0x0D) for _ in range(20)]
            code = await self.scanned(device, *noise, b"\xff\xfe\r", b"good\r")
            assert code.text == "good"
            assert len(device._text) < 20_000

    async def test_the_beam_is_on_while_somebody_waits(self) -> None:
        device = self.make(on="1604 54 0d", off="1604 55 0d")
        await device.open()
        await self.scanned(device, b"code\r")
        assert bytes(self.said) == bytes.fromhex("1604540d1604550d")
        with pytest.raises(DeviceError):
            await device.scan(deadline=0.05)  # type: ignore[attr-defined]
        async with asyncio.timeout(5):
            while bytes(self.said).count(bytes.fromhex("1604550d")) != 2:
                await asyncio.sleep(0.005)
        await device.close()

    async def test_pulled_out_while_somebody_waits_it_says_so_at_once(self) -> None:
        async with self.opened() as device, scanning(device, deadline=30) as scan:
            self.line.unplug()
            assert await trouble_of(asyncio.wait_for(scan, 5)) is Trouble.UNPLUGGED
            assert device.state is DeviceState.ABSENT


def test_codes_say_what_kind_they_are() -> None:
    assert without_aim("]Q3abc") == ("qr", "abc")
    assert without_aim("]E08934563138165") == ("ean13", "8934563138165")
    assert without_aim("plain") == (None, "plain")
    assert guessed("8934563138165") == "ean13"
    assert guessed("8934563138166") == "qr"


# ── a keyboard that is none ──


def typed(text: str, *, how: str = "numpad") -> bytes:
    """Return the input events with which a scanner types a text: the wire format of linux/input.h."""
    plain = {letter: key for key, letter in hid.PLAIN.items()}
    shifted = {letter: key for key, letter in hid.SHIFTED.items() if letter not in plain}
    events: list[tuple[int, int]] = []

    def press(*keys: int) -> None:
        events.extend((key, 1) for key in keys)
        events.extend((key, 0) for key in reversed(keys))

    def held(holding: Iterable[int], *keys: int) -> None:
        events.extend((key, 1) for key in holding)
        for key in keys:
            press(key)
        events.extend((key, 0) for key in holding)

    for letter in text:
        if letter in plain:
            press(plain[letter])
        elif letter in shifted:
            held((42,), shifted[letter])
        elif how == "numpad":
            keypad = {digit: key for key, digit in hid.KEYPAD.items()}
            held((56,), *(keypad[int(digit)] for digit in f"0{ord(letter)}"))
        else:
            held((29, 42), hid.LETTER_U)
            for digit in f"{ord(letter):x}":
                press(plain[digit])
            press(hid.SPACE)
    press(28)
    packed = bytearray()
    for key, value in events:
        packed += hid.EVENT.pack(1, 2, 4, 4, key) + hid.EVENT.pack(1, 2, hid.EV_KEY, key, value)
        packed += hid.EVENT.pack(1, 2, 0, 0, 0)
    return bytes(packed)


@pytest.mark.parametrize("how", ["numpad", "hexadecimal"])
def test_keys_become_the_text_of_the_card_again(how: str) -> None:
    keys = hid.KeyDecoder()
    texts = [keys.feed(key, value) for key, value in hid.key_events(typed(CARD, how=how))]
    assert [text for text in texts if text] == [CARD]


def test_letters_that_come_as_bytes_of_utf8_become_letters() -> None:
    keys = hid.KeyDecoder()
    as_bytes = CARD.encode().decode("latin-1")
    assert [t for k, v in hid.key_events(typed(as_bytes)) if (t := keys.feed(k, v))] == [CARD]


def test_keys_that_repeat_or_are_unknown_type_nothing() -> None:
    keys = hid.KeyDecoder()
    for key, value in ((30, 1), (30, 2), (30, 2), (30, 0), (200, 1), (200, 0), (48, 1), (48, 0)):
        assert keys.feed(key, value) is None
    assert keys.feed(28, 1) == "ab"


class Fifo(hid.HidScanner):
    """The scanner on a pipe: this machine has no input devices, and a pipe cannot be grabbed."""

    def _grab(self, fd: int) -> None:
        return


class TestHidScanner(DeviceConformance):
    """A scanner that poses as a keyboard, its events through a pipe."""

    contract = hid.HidScanner

    pluggable = True

    @pytest_asyncio.fixture(autouse=True)
    async def _pipe(self, tmp_path: Path) -> AsyncIterator[None]:
        self.path = str(tmp_path / "usb-Scanner-event-kbd")
        self.fd = -1
        self.shows = True
        await self.plug(None)
        yield
        await self.unplug(None)

    async def plug(self, device: Device | None) -> None:
        os.mkfifo(self.path)
        self.fd = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)

    async def unplug(self, device: Device | None) -> None:
        if self.fd >= 0:
            os.unlink(self.path)
            os.close(self.fd)
            self.fd = -1

    def make(self) -> Device:
        return Fifo(Fifo.Settings(device=self.path), CONTEXT)

    async def operate(self, device: Device) -> None:
        if not device.state.usable or not self.shows:
            await device.scan(deadline=5)  # type: ignore[attr-defined]
        async with scanning(device, deadline=5) as scan:
            data = typed(CARD)
            for at in range(0, len(data), 1000):
                os.write(self.fd, data[at : at + 1000])
                await asyncio.sleep(0)
            assert (await scan).text == CARD

    async def hang(self, device: Device) -> bool:
        self.shows = False
        return True

    async def operate_shortly(self, device: Device) -> None:
        await device.scan(deadline=0.1)  # type: ignore[attr-defined]

    async def do(self, device: Device, name: str, value: str = "") -> None:
        data = typed(value)
        for at in range(0, len(data), 2000):
            os.write(self.fd, data[at : at + 2000])
            await asyncio.sleep(0.005)

    async def test_what_cannot_be_taken_from_other_programs_is_not_opened(self) -> None:
        device = hid.HidScanner(hid.HidScanner.Settings(device=self.path), CONTEXT)
        assert await trouble_of(device.open()) is Trouble.MISCONFIGURED

    async def test_what_was_typed_before_is_forgotten(self) -> None:
        async with self.opened() as device:
            os.write(self.fd, typed("before")[: hid.EVENT.size * 12])
            await asyncio.sleep(0.05)
            await self.operate(device)


# ── by camera ──


def picture(text: str, symbology: str = "qr") -> np.ndarray[Any, Any]:
    """Return a camera's picture of a code on white paper, a little turned, before grey."""
    if symbology == "qr":
        out = io.BytesIO()
        segno.make_qr(text, error="m").save(out, kind="png", scale=4)
        code = np.asarray(Image.open(out).convert("L"))
    else:
        barcode = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, symbology))
        code = np.asarray(zxingcpp.write_barcode_to_image(barcode, scale=4))
    scene = np.full((480, 640), 120, np.uint8)
    height, width = code.shape
    scene[40 : 40 + height, 60 : 60 + width] = code
    turn = cv2.getRotationMatrix2D((320, 240), 4, 1)
    return cv2.cvtColor(cv2.warpAffine(scene, turn, (640, 480), borderValue=(120,)), cv2.COLOR_GRAY2BGR)


class TestCameraScanner(DeviceConformance):
    """A film in place of a camera: an empty table, then a code is held before it."""

    contract = CameraScanner

    @pytest.fixture(autouse=True)
    def _film(self, tmp_path: Path) -> None:
        self.folder = tmp_path
        self.film = self.make_film("film.avi", [None] * 5 + [picture(CARD)] * 5)

    def make_film(self, name: str, pictures: list[Any]) -> str:
        path = str(self.folder / name)
        writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"MJPG"), 15, (640, 480))
        for each in pictures:
            writer.write(np.full((480, 640, 3), 120, np.uint8) if each is None else each)
        writer.release()
        return path

    def make(self, film: str = "") -> Device:
        return CameraScanner(CameraScanner.Settings(device=film or self.film), CONTEXT)

    async def operate(self, device: Device) -> None:
        assert await device.scan(deadline=10) == ScannedCode(symbology="qr", text=CARD)  # type: ignore[attr-defined]

    @pytest.mark.parametrize(
        ("kind", "text", "symbology"), [("EAN13", "8934563138165", "ean13"), ("Code128", "PE-0123", "code128")]
    )
    async def test_bars_are_read_too(self, kind: str, text: str, symbology: Any) -> None:
        device: Any = self.make(self.make_film("bars.avi", [picture(text, kind)] * 3))
        await device.open()
        assert await device.scan((symbology,), 10) == ScannedCode(symbology=symbology, text=text)
        assert await trouble_of(device.scan(("qr",), 10)) is Trouble.UNPLUGGED  # the film ends: no picture
        await device.close()

    async def test_its_thread_ends_with_the_deadline_and_with_a_wipe(self) -> None:
        device: Any = self.make(self.make_film("long.avi", [None] * 400))
        await device.open()
        assert await trouble_of(device.scan(deadline=0.1)) is Trouble.DEADLINE
        scan = asyncio.create_task(device.scan(deadline=60))
        await asyncio.sleep(0.05)
        await device.wipe()
        assert await trouble_of(scan) is Trouble.NOT_OPEN
        assert device.state.usable
        await device.close()

    async def test_without_a_camera_it_is_absent(self) -> None:
        device = self.make("/dev/v4l/by-id/none")
        assert await trouble_of(device.open()) is Trouble.UNPLUGGED
        assert device.state is DeviceState.ABSENT
