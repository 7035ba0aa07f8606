"""A simulated camera: a person at a desk, each frame carrying its number and time."""

from __future__ import annotations

import asyncio
import time

import numpy as np
import segno
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from tramkit_hal.contracts.camera import Camera, CameraCapabilities
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.simulated import SimControl
from tramkit_hal.sim import framecode
from tramkit_hal.sim._base import COMMON_FAULTS, SimSettings, Simulator
from tramkit_hal.sim.people import PEOPLE, by_name, qr_text
from tramkit_hal.video import NewestFrame
from tramkit_hal.words import noted

POSES = 8
"""Pictures that are drawn once and shown in turn: the person moves a little."""

STALL_SECONDS = 1.0
NOTHING = noted("none")


class CameraSettings(SimSettings):
    """Settings of the simulated camera.

    :param width: pixels, even.
    :param height: pixels, even.
    :param code: each frame bears a code by which a test can tell it; without, it shows only the person.
    """

    width: int = Field(1280, ge=160, le=3840, multiple_of=2)
    height: int = Field(720, ge=120, le=2160, multiple_of=2)
    fps: int = Field(30, ge=1, le=60)
    code: bool = True


class SimCamera(Simulator, Camera):
    """A camera whose frames can be told apart: see :mod:`tramkit_hal.sim.framecode`."""

    driver = "sim_camera"
    model = noted("simulated camera")
    Settings = CameraSettings
    faults = (*COMMON_FAULTS,)

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._slot: NewestFrame | None = None
        self._wanted: tuple[int, int, int] | None = None
        self._taking: asyncio.Task[None] | None = None
        self._stalled = False
        self._count = 0
        self._held: NDArray[np.uint8] | None = None

    @property
    def capabilities(self) -> CameraCapabilities:
        s = self.settings
        return CameraCapabilities(width=s.width, height=s.height, fps=s.fps, privacy_led=True)

    @property
    def picture(self) -> NewestFrame:
        if self._slot is None:
            self._slot = NewestFrame()
        return self._slot

    async def start(self, width: int, height: int, fps: int, deadline: float = 5.0) -> None:
        async with self._simulate(deadline, exclusive=False):
            s = self.settings
            wanted = (min(width, s.width), min(height, s.height), min(fps, s.fps))
            if wanted != self._wanted or self._taking is None:
                await self._stop()
                self._wanted = wanted
                self._take()
            if not self._stalled:
                await self.picture.next()

    async def stop(self) -> None:
        self._wanted = None
        await self._stop()

    async def _start(self) -> None:
        if self._wanted is not None:  # it was pulled while it ran: it goes on by itself
            self._take()

    async def _stop(self) -> None:
        taking, self._taking = self._taking, None
        if taking is not None:
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)
        if self._slot is not None:
            self._slot.clear()

    async def _wipe(self) -> None:
        self._held = None
        await self.stop()

    def _take(self) -> None:
        self._taking = asyncio.create_task(self._frames(), name="simulated camera")

    async def _frames(self) -> None:
        assert self._wanted is not None
        width, height, fps = self._wanted
        poses = await asyncio.to_thread(draw_person, width, height, self.random.random())
        begin, taken = time.monotonic(), 0
        stalled_since: float | None = None
        while True:
            taken += 1
            await asyncio.sleep(max(0.0, begin + taken / fps - time.monotonic()))
            now = time.monotonic()
            if self._stalled:
                stalled_since = stalled_since or now
                if now - stalled_since >= STALL_SECONDS and self.picture.frame is not None:
                    self.picture.clear()
                    self._emit("frame_stalled")
                continue
            stalled_since = None
            self._count += 1
            image = poses[self._count * POSES // (fps * 2) % POSES].copy()
            if self._held is not None:
                hold(image, height, self._held)
            if self.settings.code:
                framecode.draw(image[:height], self._count, int(now * 1e6))
            self.picture.put(image, "i420", now)

    def _facts(self) -> dict[str, str]:
        frame = self._slot.frame if self._slot else None
        age = f"{time.monotonic() - frame.captured_at:.2f} s" if frame else "no frame"
        return {noted("frames"): str(self._count), noted("age of the last frame"): age}

    def _controls(self) -> tuple[SimControl, ...]:
        names = (NOTHING, *(person.name for person in PEOPLE))
        return (
            SimControl(
                name="stalled",
                label=noted("Gives no new picture"),
                kind="switch",
                value="on" if self._stalled else "off",
            ),
            SimControl(name="card", label=noted("Hold the QR of a card before it"), kind="choice", options=names),
            SimControl(name="code", label=noted("Hold a code with this text before it"), kind="text"),
        )

    async def _control(self, name: str, value: str) -> None:
        if name == "stalled":
            self._stalled = value == "on"
            return
        person = by_name(value) if name == "card" else None
        text = qr_text(person) if person else value if name == "code" else ""
        self._held = draw_code(text, self.settings.height * 3 // 5) if text else None

    def shown(self) -> str:
        return noted("The light beside the lens is on.") if self._taking is not None else ""


def draw_code(text: str, side: int) -> NDArray[np.uint8]:
    """Draw a QR code with its quiet zone, as bright as paper.

    :param side: pixels at most.
    :returns: luma, square.
    :raises ValueError: the text is too long for a code of that size.
    """
    modules = np.array(list(segno.make(text, micro=False, error="m").matrix_iter(border=4)), np.uint8)
    if side < len(modules) * 2:
        raise ValueError("too long for a code of that size")
    size = side // len(modules)
    return np.kron(np.where(modules, 30, 225).astype(np.uint8), np.ones((size, size), np.uint8))


def hold(image: NDArray[np.uint8], height: int, code: NDArray[np.uint8]) -> None:
    """Put a drawn code into the middle of an I420 picture."""
    side, width = len(code) // 2 * 2, image.shape[1]
    top, left = (height - side) // 4 * 2, (width - side) // 4 * 2
    image[top : top + side, left : left + side] = code[:side, :side]
    colour = image[height:].reshape(2, height // 2, width // 2)
    colour[:, top // 2 : (top + side) // 2, left // 2 : (left + side) // 2] = 128


def draw_person(width: int, height: int, shade: float) -> list[NDArray[np.uint8]]:
    """Draw the person in several poses, each an I420 picture (height * 3 / 2, width)."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = columns / height - width / height / 2, rows / height - 0.5
    poses: list[NDArray[np.uint8]] = []
    for pose in range(POSES):
        sway = 0.02 * np.sin(2 * np.pi * pose / POSES)
        luma = 150 + 40 * y + 10 * shade
        blue = np.full_like(luma, 132)
        red = np.full_like(luma, 122)
        body = (((x - sway / 2) / 0.34) ** 2 + ((y - 0.55) / 0.36) ** 2) < 1
        neck = (np.abs(x - sway) < 0.06) & (y > 0) & (y < 0.3)
        head = (((x - sway) / 0.14) ** 2 + ((y + 0.1) / 0.18) ** 2) < 1
        hair = (((x - sway) / 0.15) ** 2 + ((y + 0.14) / 0.19) ** 2 < 1) & (y < -0.14)
        eyes = ((np.abs(np.abs(x - sway) - 0.05) < 0.014) & (np.abs(y + 0.1) < 0.01)) & (pose != 3)
        mouth = (((x - sway) / 0.05) ** 2 + ((y - 0.0) / 0.012) ** 2) < 1
        for where, value in (
            (body, (92, 150, 110)),
            (neck | head, (178, 112, 150)),
            (hair, (70, 128, 130)),
            (eyes, (40, 128, 128)),
            (mouth, (120, 116, 165)),
        ):
            luma[where], blue[where], red[where] = value
        picture = np.empty((height * 3 // 2, width), np.uint8)
        picture[:height] = np.clip(luma, 16, 235)
        picture[height : height * 5 // 4] = blue[::2, ::2].astype(np.uint8).reshape(-1, width)
        picture[height * 5 // 4 :] = red[::2, ::2].astype(np.uint8).reshape(-1, width)
        poses.append(picture)
    return poses
