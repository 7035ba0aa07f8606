"""A printed code is read: by the scanner, or by the camera where no scanner works."""

from __future__ import annotations

import asyncio
from functools import partial

from tramkit.conversation.codes import scanner_works
from tramkit.conversation.station_visit import StationVisit
from tramkit.station.devices import Devices
from tramkit_hal import qr_detect
from tramkit_hal.contracts.camera import Camera
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.ui.events import Answered
from tramkit_hal.ui.pages import Capture, Option
from tramkit_hal.words import Messages, Text

_ = Messages("tramkit")

PAUSE_SECONDS = 0.2
"""Between two pictures that are looked through: a code is held still for longer, and the machine has more to do."""

SIZE = (1280, 720, 15)
VIDEO = "self"
NO_CAMERA = _("The camera does not work now.")


def camera_reads(devices: Devices) -> bool:
    """Tell whether codes are read by a camera now: one works, and no scanner does."""
    return (
        not scanner_works(devices)
        and qr_detect.available()
        and any(devices.usable(role, Camera) for role in (Role.DOCUMENT_CAMERA, Role.CAMERA))
    )


async def show_to_camera(
    visit: StationVisit, key: str, title: Text, body: tuple[Text, ...], other: Option
) -> str | None:
    """Show the camera's picture until a code is seen in it; None: the resident does the other thing.

    :param key: of the page.
    :raises DeviceError: no camera works.
    """
    camera = await visit.start_camera(Role.DOCUMENT_CAMERA, Role.CAMERA, size=SIZE)
    if camera is None:
        raise DeviceError(Trouble.UNPLUGGED, "camera")
    page = Capture(id=key, source="code", title=title, body=body, video=VIDEO, options=(other,))
    visit.set_video(VIDEO, camera.picture)
    try:
        found = await visit.page_or_device(page, [partial(_look, camera)])
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
