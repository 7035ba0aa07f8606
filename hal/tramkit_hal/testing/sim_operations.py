"""What a simulator of each class is for, with its controls as the resident's hands."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np

from tramkit_hal.card.portrait import Portrait
from tramkit_hal.contracts.audio import PIECE, Microphone, Sound, Speaker
from tramkit_hal.contracts.camera import Camera
from tramkit_hal.contracts.document_printer import DocumentPrinter
from tramkit_hal.contracts.enclosure import Enclosure
from tramkit_hal.contracts.face import FaceMatcher
from tramkit_hal.contracts.id_reader import IdReader
from tramkit_hal.contracts.lights import Lights, Shine
from tramkit_hal.contracts.payment_terminal import PaymentTerminal
from tramkit_hal.contracts.power import Power
from tramkit_hal.contracts.presence import Presence
from tramkit_hal.contracts.printer import ReceiptPrinter
from tramkit_hal.contracts.recogniser import SpeechRecogniser
from tramkit_hal.contracts.scanner import CodeScanner
from tramkit_hal.contracts.vital import Vital, VitalSensor
from tramkit_hal.contracts.voice import Voice
from tramkit_hal.testing.case import NotApplicableError, check
from tramkit_hal.testing.rig import PDF, RECEIPT, Rig
from tramkit_hal.ui.pages import Tell, View
from tramkit_hal.ui.screen import Screen
from tramkit_hal.video import Frame
from tramkit_hal.words import verbatim

CODE = "079399000001|Nguyễn Thị Hoàng Yến"
PORTRAIT = Portrait(image=b"\xff\xd8\xff\xd9", kind="jpeg")
FRAME = Frame(np.zeros((180, 320, 3), np.uint8), "bgr24", 0.0, 1)


def view(words: str) -> View:
    """Return a page with those words."""
    return View(
        page=Tell(id="t", title=verbatim(words)),
        language="vi",
        languages=("vi", "en"),
        head=verbatim("UBND"),
        site=verbatim("Trạm"),
    )


async def scanned(device: CodeScanner, rig: Rig, text: str = CODE, deadline: float = 5.0) -> str:
    """Wait for a code and hold it up."""
    scan = asyncio.create_task(device.scan(deadline=deadline))
    try:
        for _look in range(50):
            await asyncio.sleep(0)
            if scan.done():
                break
        if not scan.done():
            await rig.do(device, "code", text)
        return (await scan).text
    finally:
        scan.cancel()
        await asyncio.gather(scan, return_exceptions=True)


async def operate(device: Any, rig: Rig) -> bool:
    """Do what the device is for, where a hand is needed for it; False: none is."""
    match device:
        case IdReader():
            await device.control("card", "Nguyễn Văn An")  # type: ignore[attr-defined]
            check(await device.read(deadline=5), "the card has no groups")
        case CodeScanner():
            check(await scanned(device, rig) == CODE, "the code is another one")
        case Camera():
            await device.start(320, 180, 15)
            check(await asyncio.wait_for(device.picture.next(0), 10) is not None, "there is no picture")
            await device.stop()
        case Microphone():
            await device.start()
            await device.stop()
        case Speaker():
            await device.start()
            device.play(Sound(np.zeros(PIECE, np.int16), 0.0))
            await device.stop()
        case SpeechRecogniser():
            await device.start("vi")
            device.hear(Sound(np.zeros(PIECE, np.int16), 0.0))
            await device.stop()
        case FaceMatcher():
            await device.compare(PORTRAIT, [FRAME])
        case VitalSensor():
            await device.measure(Vital.PULSE)
        case PaymentTerminal():
            rig._operations += 1  # pyright: ignore[reportPrivateUsage]
            await device.start(f"ref-{id(device)}-{rig._operations}", 10_000)  # pyright: ignore[reportPrivateUsage]
            await rig.do(device, "card")
        case Screen():
            await device.show(view("Xin chào"))
        case _:
            return False
    return True


async def operate_shortly(device: Any, deadline: float = 0.1) -> None:
    """Do what the device is for with a short deadline."""
    match device:
        case IdReader():
            await device.read(deadline=deadline)
        case CodeScanner():
            await device.scan(deadline=deadline)
        case FaceMatcher():
            await device.compare(PORTRAIT, [FRAME], deadline=deadline)
        case VitalSensor():
            await device.measure(Vital.PULSE, deadline=deadline)
        case PaymentTerminal():
            await device.inquire("ref-none", deadline=deadline)
        case ReceiptPrinter():
            await device.print(RECEIPT, "vi", f"short:{id(device)}", deadline)
        case DocumentPrinter():
            await device.submit(PDF, f"short:{id(device)}", deadline)
        case Presence() | Power() | Enclosure():
            await device.snapshot(deadline=deadline)
        case Lights():
            await device.set(device.capabilities.lights[0], Shine.ON, deadline=deadline)
        case Voice():
            await device.say("một", "vi", deadline=deadline)
        case SpeechRecogniser():
            await device.start("vi", deadline=deadline)
        case Camera():
            await device.start(320, 180, 15, deadline=deadline)
        case Microphone() | Speaker():
            await device.start(deadline=deadline)
        case _:
            raise NotApplicableError("the operation has no deadline")
