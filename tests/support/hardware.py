"""Virtual hardware for a station with real drivers: a wire's other end for each, and hands that use it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from cryptography.hazmat.primitives.asymmetric import ed25519
from PIL import Image

from tramkit_hal.card.groups import CardData
from tramkit_hal.sim.chip import Country, face_group
from tramkit_hal.sim.issued_card import issue
from tramkit_hal.sim.people import qr_text
from tramkit_hal.sim.vpcd import VirtualSlot

from .fake_acquirer import FakeAcquirer
from .fake_escpos import TcpPrinter
from .line import Line
from .onnx_detector import FACE, write_bright_square_detector, write_brightness_recognizer
from .pcscd import Pcscd

WIDTH, HEIGHT = 640, 480
SECTIONS = """
[identity]
country_certificates = "{folder}/country"
country_list_key = "{signer}"
[[roles.id_reader]]
driver = "pcsc"
place = "right"
[[roles.code_scanner]]
driver = "serial_scanner"
device = "{folder}/scanner"
[[roles.receipt_printer]]
driver = "escpos"
host = "127.0.0.1"
port = {printer}
[[roles.payment_terminal]]
driver = "socket_terminal"
path = "{folder}/terminal.sock"
command = ["{python}", "-m", "tramkit_hal.drivers.terminal_adapter", "--listen", "{folder}/terminal.sock",
           "--journal", "{folder}/terminal.sqlite", "--acquirer", "127.0.0.1:{acquirer}"]
[[roles.camera]]
driver = "opencv"
device = "{folder}/resident.avi"
[[roles.face_matcher]]
driver = "opencv_face"
detector = "{folder}/detector.onnx"
recognizer = "{folder}/recognizer.onnx"
smallest = 0.05
"""
"""Sections of ``station.toml``: real drivers on virtual hardware."""


def face_of(number: str) -> Any:
    """Return a picture of a person: what the models of the tests take for a face, of its own kind for each number."""
    dice = np.random.default_rng(int(number))
    picture = np.full((HEIGHT, WIDTH, 3), 20, np.uint8)
    face = np.kron(dice.integers(0, 2, (6, 6)) * 55 + 200, np.ones((FACE // 6, FACE // 6))).astype(np.uint8)
    top, left = 208 - FACE // 2, 272 - FACE // 2  # its middle in the middle of a cell
    picture[top : top + FACE, left : left + FACE] = face[..., None]
    return picture


@dataclass
class Hardware:
    """What stands at the other ends of the wires."""

    folder: Path
    country: Country
    signer: str
    slot: VirtualSlot
    scanner: Line
    printer: TcpPrinter
    acquirer: FakeAcquirer

    @property
    def sections(self) -> str:
        """The sections of ``station.toml`` for it."""
        return SECTIONS.format(
            folder=self.folder,
            signer=self.signer,
            printer=self.printer.port,
            acquirer=self.acquirer.port,
            python=sys.executable,
        )

    def hold_code(self, person: CardData) -> None:
        """Hold the code printed on somebody's card before the scanner."""
        self.scanner.say(qr_text(person).encode() + b"\r")

    async def lay_card(self, person: CardData) -> None:
        """Lay somebody's card on the reader; its portrait is :func:`face_of` their number."""
        file = io.BytesIO()
        Image.fromarray(face_of(person.number)[:, :, ::-1]).save(file, "JPEG", quality=95)
        card = issue(person, self.country, changes={"dg2": face_group(file.getvalue())})
        await asyncio.to_thread(self.slot.lay, card.chip())

    async def take_card(self) -> None:
        """Take it away."""
        await asyncio.to_thread(self.slot.take)


@contextlib.asynccontextmanager
async def hardware(folder: Path, pcscd: Pcscd, before_the_camera: CardData) -> AsyncGenerator[Hardware]:
    """Build it up.

    :param before_the_camera: who stands there.
    """
    country, key = Country(datetime.now(UTC)), ed25519.Ed25519PrivateKey.generate()
    await asyncio.to_thread(_files, folder, country, key, before_the_camera)
    printer, acquirer, scanner = TcpPrinter(), FakeAcquirer(), Line(str(folder / "scanner"))
    await printer.start()
    await acquirer.start()
    acquirer.card.clear()
    scanner.plug()
    slot = VirtualSlot(pcscd.ports[0])
    signer = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    try:
        yield Hardware(folder, country, signer, slot, scanner, printer, acquirer)
    finally:
        await asyncio.to_thread(slot.take)
        scanner.unplug()
        await acquirer.stop()
        await printer.unplug()


def _files(folder: Path, country: Country, key: ed25519.Ed25519PrivateKey, person: CardData) -> None:
    (folder / "country").mkdir()
    (folder / "country" / "csca.pem").write_bytes(country.pem())
    (folder / "country" / "csca.pem.sig").write_bytes(key.sign(country.pem()))
    write_bright_square_detector(folder / "detector.onnx", WIDTH, HEIGHT)
    write_brightness_recognizer(folder / "recognizer.onnx")
    writer = cv2.VideoWriter(str(folder / "resident.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 15, (WIDTH, HEIGHT))
    for _frame in range(30):
        writer.write(face_of(person.number))
    writer.release()
