"""The station's side of a call in a process and a network of its own: the telehealth plugin's media, nothing replaced.

``python -m tests.lab.station ADDRESS SEED``. Its camera shows the scene of :mod:`bench.call.scene`, its microphone says
:mod:`tests.lab.sound_code`; what its screen and its speaker would get is kept and handed over. It begins new legs by
itself; each offer goes out as an event, as it goes to the desk in a real station.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from random import Random
from typing import Any

import aiohttp
import numpy as np
from numpy.typing import NDArray

from bench.call.room import MAX_MESSAGE
from bench.call.scene import make_scene
from bench.call.station import SceneCamera
from tests.lab import sound_code
from tramkit_hal.contracts.audio import SAMPLE_RATE, Sound, SoundQueue
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.sim import framecode
from tramkit_hal.video import NewestFrame
from tramkit_telehealth.media.call import CallMedia
from tramkit_telehealth.media.playout import Output
from tramkit_telehealth.media.tracks import SoundFan
from tramkit_telehealth.protocol import IceServer
from tramkit_telehealth.settings import EngineName

NAME = "station"
ENGINE: EngineName = "wrtc" if os.environ.get("TRAMKIT_LAB_ENGINE") == "wrtc" else "aiortc"
"""What makes the station's calls."""


async def speak(sounds: SoundQueue) -> None:
    """Be the microphone: a symbol every 20 ms, given when it is over, as a sound card does."""
    number = int(time.monotonic() / sound_code.SECONDS)
    while True:
        await asyncio.sleep(max(0.0, (number + 1) * sound_code.SECONDS - time.monotonic()))
        sounds.put(Sound(sound_code.symbol(number), number * sound_code.SECONDS))
        number += 1


class Call:
    """One call of the station.

    :param tell: says something to the lab that was not asked for.
    """

    def __init__(self, camera: NewestFrame, fan: SoundFan, servers: Sequence[IceServer], tell: Any) -> None:
        self._tell = tell
        self.output = Output(speaker=self._play)
        self.reachable = False
        self.media = CallMedia(
            servers=lambda: tuple(servers),
            picture=lambda: camera,
            fan=fan,
            output=self.output,
            send_offer=self._offered,
            reachable=lambda: self.reachable,
            clock=SystemClock(),
            random=Random(1),
            engine=ENGINE,
        )
        self.seen: list[tuple[int, float, float]] = []
        self.heard: list[tuple[float, NDArray[np.int16]]] = []
        self.unreadable = 0
        self.size = (0, 0)
        self._tasks = [asyncio.create_task(self.media.run()), asyncio.create_task(self._watch())]
        self._telling: set[asyncio.Task[None]] = set()

    def _offered(self, leg: int, sdp: str) -> None:
        self._say(event="offer", leg=leg, sdp=sdp)

    def _say(self, **words: Any) -> None:
        task = asyncio.create_task(self._tell(words))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    def _play(self, sound: Sound) -> None:
        self.heard.append((time.monotonic(), np.asarray(sound.samples)))

    async def _watch(self) -> None:
        """Read the code of every picture that the screen would get."""
        sequence = 0
        while (frame := await self.output.picture.next(sequence)) is not None:
            if sequence == 0:
                self._say(event="first", at=frame.captured_at)
            sequence = frame.sequence
            self.size = (frame.width, frame.height)
            code = framecode.read(frame.image[: frame.height])
            if code is None:
                self.unreadable += 1
            else:
                self.seen.append((code[0], code[1] / 1e6, frame.captured_at))

    def count(self) -> None:
        """Forget what was seen and heard so far."""
        self.seen.clear()
        self.heard.clear()
        self.unreadable = 0

    def report(self) -> dict[str, Any]:
        """Return what was seen and heard since."""
        samples = np.concatenate([piece for _, piece in self.heard]) if self.heard else np.zeros(0, np.int16)
        return {
            "seen": self.seen,
            "unreadable": self.unreadable,
            "width": self.size[0],
            "height": self.size[1],
            "clock_error": 0.0,
            "heard": {
                "moments": [(at, SAMPLE_RATE, len(piece)) for at, piece in self.heard],
                "samples": base64.b64encode(samples.astype("<i2").tobytes()).decode(),
            },
        }

    async def close(self) -> None:
        await self.media.close()
        self._tasks[0].cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class Kiosk:
    """Does what the lab tells it."""

    def __init__(self, camera: NewestFrame, fan: SoundFan, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._camera = camera
        self._fan = fan
        self._socket = socket
        self._call: Call | None = None

    def call(self, servers: Sequence[dict[str, Any]] = ()) -> Call:
        """Return the call, which begins when it is asked for first."""
        if self._call is None:
            known = [IceServer.model_validate(server) for server in servers]
            self._call = Call(self._camera, self._fan, known, self._socket.send_json)
        return self._call

    async def do(self, what: str, words: dict[str, Any]) -> dict[str, Any]:
        """Do it and return what there is to tell."""
        call = self.call(words.get("servers") or ())
        match what:
            case "prepare":
                await call.media.prepare()
            case "start":
                call.media.start_leg(words.get("leg", 1))
            case "accept":
                await call.media.answer(words.get("leg", 1), words["sdp"])
            case "go_on":  # from now on new legs are made as the call needs them
                call.reachable = words["reachable"]
            case "count":
                call.count()
            case "report":
                return call.report()
            case "state":
                legs = {
                    number: [leg.state.name, leg._connection.state, leg._connection.state]
                    for number, leg in call.media._legs.items()
                }
                return {"connection": call.media.connection, "leg": call.media.leg, "legs": legs}
            case "end":
                await call.close()
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
    tasks = [asyncio.create_task(speak(sounds)), asyncio.create_task(fan.run(sounds))]
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
            except Exception as error:  # the edge of this process: the lab tells what went wrong
                told = {"error": repr(error)}
            await socket.send_json({"id": id, **told})


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
