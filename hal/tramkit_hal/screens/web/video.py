"""Moving pictures to the browser: the newest frame as JPEG, the next one only when the last has been drawn."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable

from aiohttp import WSMsgType, web

from tramkit_hal.video import Frame, NewestFrame

JPEG_QUALITY = 78
SHORTEST = 1 / 30
"""Seconds between two frames at least."""

LOOK_AGAIN = 0.5
"""Seconds after which a wait for a frame looks whether the slot itself has changed."""

_log = logging.getLogger(__name__)
_SIZE = re.compile(r"([0-9]{2,4})x([0-9]{2,4})")


def encode(frame: Frame, width: int, height: int) -> bytes:
    """Return a frame as JPEG, reduced to fit ``width`` × ``height`` pixels; never enlarged. Runs in a thread."""
    import cv2  # heavy: only when a picture is shown

    image = frame.image
    if frame.pixel_format == "i420":
        image = cv2.cvtColor(image, cv2.COLOR_YUV2BGR_I420)
    rows, columns = image.shape[:2]
    ratio = min(width / columns, height / rows)
    if ratio < 1:
        size = (max(2, round(columns * ratio)), max(2, round(rows * ratio)))
        image = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    done, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise ValueError("the frame could not be encoded")
    return jpeg.tobytes()


async def feed(socket: web.WebSocketResponse, find: Callable[[], NewestFrame | None]) -> None:
    """Send the pictures of a slot until the browser goes.

    The browser sends ``WIDTHxHEIGHT`` (pixels it can draw) when it is ready for a frame; ``slate`` tells it that
    there is none.

    :param find: returns the slot, which may change or be missing at any time.
    """
    asked: asyncio.Queue[tuple[int, int]] = asyncio.Queue(1)
    sender = asyncio.create_task(_send(socket, find, asked))
    try:
        async for message in socket:
            size = _SIZE.fullmatch(message.data) if message.type is WSMsgType.TEXT else None
            if size is None or asked.full():
                await socket.close(code=1008, message=b"one WIDTHxHEIGHT for each frame expected")
                return
            asked.put_nowait((int(size[1]), int(size[2])))
    finally:
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)


async def _send(
    socket: web.WebSocketResponse, find: Callable[[], NewestFrame | None], asked: asyncio.Queue[tuple[int, int]]
) -> None:
    loop = asyncio.get_running_loop()
    slot: NewestFrame | None = None
    sequence = 0
    slate = False
    try:
        while True:
            width, height = await asked.get()
            started = loop.time()
            frame = None
            while frame is None:
                current = find()
                if current is not slot:
                    slot, sequence = current, 0
                frame = await _newer(slot, sequence)
                empty = slot is None or slot.closed or slot.frame is None
                if frame is None and empty and not slate:
                    slate = True
                    await socket.send_str("slate")
            slate = False
            sequence = frame.sequence
            await socket.send_bytes(await asyncio.to_thread(encode, frame, width, height))
            await asyncio.sleep(max(0.0, SHORTEST - (loop.time() - started)))
    except ConnectionError:
        return  # the browser has gone
    except Exception:  # top of the task: a picture that cannot be shown must not cost the screen
        _log.exception("picture feed failed")
        await socket.close(code=1011)


async def _newer(slot: NewestFrame | None, sequence: int) -> Frame | None:
    """Return a frame after ``sequence``; None: none came for a while."""
    if slot is None or slot.closed:
        await asyncio.sleep(LOOK_AGAIN / 5)
        return None
    try:
        async with asyncio.timeout(LOOK_AGAIN):
            return await slot.next(sequence)
    except TimeoutError:
        return None
