"""A printed code is read: by the scanner, or by the camera where no scanner works."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from tramkit.conversation.steps import page_or_device, while_there
from tramkit.conversation.timeouts import Idle
from tramkit.station.devices import Devices
from tramkit_hal import qr_detect
from tramkit_hal.contracts.camera import Camera
from tramkit_hal.contracts.scanner import CodeScanner, Symbology
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.ui.events import Answered
from tramkit_hal.ui.pages import Ask, Capture, Option
from tramkit_hal.words import Messages, Text, nfc

if TYPE_CHECKING:
    from tramkit.visit.visit import Visit

_ = Messages("tramkit")

SCAN_SECONDS = 120.0
"""How long one wait for a code lasts before it starts again; the page's time-out is the conversation's."""

PAUSE_SECONDS = 0.2
"""Between two pictures that are looked through: a code is held still for longer, and the machine has more to do."""

SIZE = (1280, 720, 15)
VIDEO = "self"
PRINTED: tuple[Symbology, ...] = ("qr", "code128", "ean13")
"""Codes that stand on bills and other papers."""

MOST_LETTERS = 2000
"""Of a code that are looked at; a QR code holds up to 4,296."""

OR_SCAN = _("Or hold the code on the paper in front of the scanner.")
NO_CAMERA = _("The camera does not work now.")


def scanner_works(devices: Devices) -> bool:
    """Tell whether a scanner reads codes now."""
    return bool(devices.usable(Role.CODE_SCANNER, CodeScanner))


def camera_reads(devices: Devices) -> bool:
    """Tell whether codes are read by a camera now: one works, and no scanner does."""
    return not scanner_works(devices) and qr_detect.available() and bool(_cameras(devices))


async def ask_or_scan(visit: Visit, page: Ask, idle: Idle, field: str) -> Answered:
    """Show a page with one question until it is answered, or its code is held before the scanner.

    :param field: the question that a code answers.
    """
    if scanner_works(visit.devices):
        page = page.model_copy(update={"body": (*page.body, OR_SCAN)})
    while True:
        source = partial(while_there, visit, Role.CODE_SCANNER, CodeScanner, partial(scan, kinds=PRINTED))
        try:
            found = await page_or_device(visit, page, [source], idle)
        except DeviceError:  # unreadable: it is held before the scanner again, or typed
            continue
        if isinstance(found, Answered):
            return found
        return Answered(page=page.id, revision=page.revision, values={field: nfc(found)[:MOST_LETTERS]})


async def scan(scanner: CodeScanner, kinds: tuple[Symbology, ...] = ("qr",)) -> str:
    """Wait for a code before the scanner.

    :param kinds: of code that it looks for; those that it cannot read are left out.

    :raises DeviceError: the scanner went away, or the code cannot be read.
    """
    able: tuple[Symbology, ...] = tuple(kind for kind in kinds if kind in scanner.capabilities.symbologies)
    while True:
        try:
            return (await scanner.scan(able, deadline=SCAN_SECONDS)).text
        except DeviceError as error:
            if error.trouble is not Trouble.DEADLINE:
                raise


async def show_to_camera(visit: Visit, key: str, title: Text, body: tuple[Text, ...], other: Option) -> str | None:
    """Show the camera's picture until a code is seen in it; None: the resident does the other thing.

    :param key: of the page.
    :raises DeviceError: no camera works.
    """
    camera = await _start(visit)
    page = Capture(id=key, source="code", title=title, body=body, video=VIDEO, options=(other,))
    visit.set_video(VIDEO, camera.picture)
    try:
        found = await page_or_device(visit, page, [partial(_look, camera)])
        return None if isinstance(found, Answered) else found
    finally:
        visit.set_video(VIDEO, None)
        await camera.stop()


async def _look(camera: Camera) -> str:
    """Look through one picture after the other until there is a code in it; pictures are kept nowhere."""
    seen = 0
    while True:
        frame = await camera.picture.next(seen)
        if frame is None:
            raise DeviceError(Trouble.FAULTY, "no picture")
        seen = frame.sequence
        if text := await asyncio.to_thread(qr_detect.find_code, frame):
            return text
        await asyncio.sleep(PAUSE_SECONDS)


def _cameras(devices: Devices) -> list[Role]:
    return [role for role in (Role.DOCUMENT_CAMERA, Role.CAMERA) if devices.usable(role, Camera)]


async def _start(visit: Visit) -> Camera:
    """Start the camera that sees best what is held before it: the one for papers first."""
    for role in _cameras(visit.devices):
        try:
            camera = visit.device(role, Camera)
            await camera.start(*SIZE)
        except DeviceError:
            continue
        return camera
    raise DeviceError(Trouble.UNPLUGGED, "camera")
