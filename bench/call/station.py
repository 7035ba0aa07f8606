"""The station's side of a call in a process of its own: the telehealth plugin's media, driven by the bench.

``python -m bench.call.station ADDRESS SEED``. Nothing of the media is replaced: a :class:`CallMedia` takes the pictures
of a camera's slot and the sound of a microphone's queue, and its output is read where the station's screen reads it.
Signalling is the bench's own (:mod:`bench.call.room`), as for the peer, so that only the media differ.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
import time
from collections.abc import AsyncGenerator
from random import Random
from typing import Any

import aiohttp
import numpy as np

from bench.call.room import MAX_MESSAGE
from bench.call.scene import FPS, HEAD_HEIGHT, HEAD_WIDTH, HEIGHT, WIDTH, Scene, head_at, make_scene
from tramkit_hal.contracts.audio import PIECE, SAMPLE_RATE, Sound, SoundQueue
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.sim import framecode
from tramkit_hal.video import NewestFrame
from tramkit_telehealth.media.call import CallMedia
from tramkit_telehealth.media.playout import Output
from tramkit_telehealth.media.tracks import SoundFan

NAME = "station"


class SceneCamera(threading.Thread):
    """A camera as its driver gives it: a thread that puts BGR pictures of the scene into the slot, 30 a second."""

    def __init__(self, scene: Scene, slot: NewestFrame) -> None:
        super().__init__(name="scene camera", daemon=True)
        self._room, self._head = scene.bgr()
        self._slot = slot
        self._stopped = threading.Event()

    def run(self) -> None:
        started = time.monotonic()
        number = 0
        luma = np.empty((HEIGHT, WIDTH), np.uint8)
        while not self._stopped.wait(max(0.0, started + number / FPS - time.monotonic())):
            now = time.monotonic()
            picture = self._room.copy()
            left, top = head_at(number)
            picture[top : top + HEAD_HEIGHT, left : left + HEAD_WIDTH] = self._head
            framecode.draw(luma, number, round(now * 1e6))
            for rows, columns in CODES:
                picture[rows, columns] = luma[rows, columns, None]
            self._slot.put(picture, "bgr24", now)
            number += 1

    def stop(self) -> None:
        self._stopped.set()
        self.join()


CELL = WIDTH // framecode.COLUMNS
CODES = [
    (
        slice(first * CELL, (first + framecode.LINES) * CELL),
        slice(framecode.FIRST_COLUMN * CELL, (framecode.FIRST_COLUMN + framecode.BITS + 2) * CELL),
    )
    for first in framecode.COPIES
]
"""Where the code stands in the picture."""


async def hum(sounds: SoundQueue, random: Random) -> None:
    """Be the microphone: a tone in noise, a piece every 20 ms."""
    noise = np.random.default_rng(random.randrange(2**32))
    steps = np.arange(PIECE) / SAMPLE_RATE
    started = time.monotonic()
    piece = 0
    while True:
        await asyncio.sleep(max(0.0, started + piece * PIECE / SAMPLE_RATE - time.monotonic()))
        tone = 6000 * np.sin(2 * np.pi * 440 * (steps + piece * PIECE / SAMPLE_RATE))
        samples = (tone + noise.normal(0, 300, PIECE)).astype(np.int16)
        sounds.put(Sound(samples, started + piece * PIECE / SAMPLE_RATE))
        piece += 1


class Call:
    """One call of the station.

    :param camera: the camera's slot, which runs all the time, as while a resident waits in the queue.
    """

    def __init__(self, camera: NewestFrame, fan: SoundFan, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._offer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.output = Output(speaker=lambda _: None)
        self.media = CallMedia(
            servers=lambda: (),
            picture=lambda: camera,
            fan=fan,
            output=self.output,
            send_offer=lambda _, sdp: self._offer.set_result(sdp),
            reachable=lambda: False,
            clock=SystemClock(),
            random=Random(1),
        )
        self.seen: list[tuple[int, float, float]] = []
        self.unreadable = 0
        self.size = (0, 0)
        self._tasks = [asyncio.create_task(self.media.run()), asyncio.create_task(self._watch())]

    async def prepare(self) -> None:
        """Gather candidates while the resident waits."""
        await self.media.prepare()

    async def offer(self) -> str:
        """Begin the first leg."""
        self.media.start_leg(1)
        return await self._offer

    async def _watch(self) -> None:
        """Read the code of every picture that the screen would get."""
        sequence = 0
        while (frame := await self.output.picture.next(sequence)) is not None:
            if sequence == 0:
                await self._socket.send_json({"event": "first", "at": frame.captured_at})
            sequence = frame.sequence
            self.size = (frame.width, frame.height)
            code = framecode.read(frame.image[: frame.height])
            if code is None:
                self.unreadable += 1
            else:
                self.seen.append((code[0], code[1] / 1e6, frame.captured_at))

    async def close(self) -> None:
        await self.media.close()
        self._tasks[0].cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class Kiosk:
    """Does what the bench tells it."""

    def __init__(self, camera: NewestFrame, fan: SoundFan, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._camera = camera
        self._fan = fan
        self._socket = socket
        self._call: Call | None = None

    @property
    def call(self) -> Call:
        if self._call is None:
            self._call = Call(self._camera, self._fan, self._socket)
        return self._call

    async def do(self, what: str, words: dict[str, Any]) -> dict[str, Any]:
        """Do it and return what there is to tell."""
        match what:
            case "prepare":
                await self.call.prepare()
            case "offer":
                return {"sdp": await self.call.offer()}
            case "accept":
                await self.call.media.answer(1, words["sdp"])
            case "count":
                self.call.seen.clear()
                self.call.unreadable = 0
            case "report":
                width, height = self.call.size
                seen = {"seen": self.call.seen, "unreadable": self.call.unreadable}
                return {**seen, "width": width, "height": height, "clock_error": 0.0}
            case "end":
                await self.call.close()
                self._call = None
            case _:
                raise ValueError(f"unknown: {what}")
        return {}


@contextlib.asynccontextmanager
async def devices(seed: int) -> AsyncGenerator[tuple[NewestFrame, SoundFan]]:
    """Run camera and microphone until the block ends."""
    slot, sounds, fan = NewestFrame(), SoundQueue(), SoundFan()
    camera = SceneCamera(make_scene(seed), slot)
    camera.start()
    tasks = [asyncio.create_task(hum(sounds, Random(seed))), asyncio.create_task(fan.run(sounds))]
    try:
        yield slot, fan
    finally:
        camera.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def main(address: str, seed: int) -> None:
    """Join the room and serve it until it closes."""
    async with (
        devices(seed) as (slot, fan),
        aiohttp.ClientSession() as session,
        session.ws_connect(f"http://{address}/side/{NAME}", max_msg_size=MAX_MESSAGE) as socket,
    ):
        kiosk = Kiosk(slot, fan, socket)
        async for message in socket:
            asked = message.json()
            id, what = asked.pop("id"), asked.pop("do")
            try:
                told = await kiosk.do(what, asked)
            except Exception as error:  # the edge of this process: the bench tells what went wrong
                told = {"error": repr(error)}
            await socket.send_json({"id": id, **told})


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
