"""One call between a kiosk and a doctor's page, and what was measured of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from bench.call.room import Side

FROZEN = 0.2
"""Seconds between two new pictures that a person notices as a freeze."""


@dataclass(frozen=True)
class Setup:
    """Seconds from the doctor's accept until each side saw the other's first picture."""

    doctor: float
    kiosk: float

    @property
    def both(self) -> float:
        return max(self.doctor, self.kiosk)


@dataclass(frozen=True)
class Picture:
    """What one side saw of the other.

    :param delays: seconds from capture to picture, one for each frame.
    :param fps: different frames a second.
    :param frozen: share of the time in which no new picture came for more than 200 ms.
    """

    delays: list[float]
    fps: float
    frozen: float
    width: int
    height: int


@dataclass(frozen=True)
class Live:
    """What was measured while a call was live.

    :param to_doctor: what the doctor saw.
    :param to_kiosk: what the kiosk saw.
    :param cores: CPU of the kiosk's side, cores.
    :param clock_error: greatest error of the sides' clocks, seconds.
    """

    to_doctor: Picture
    to_kiosk: Picture
    cores: float
    clock_error: float
    raw: dict[str, Any]


@dataclass(frozen=True)
class Pair:
    """A kiosk and the doctor's page, ready for calls.

    :param cpu: CPU seconds of the kiosk's side so far.
    :param prepares: whether the kiosk gathers candidates while the resident waits.
    """

    name: str
    kiosk: Side
    doctor: Side
    cpu: Callable[[], float]
    prepares: bool = False

    async def set_up(self, *, prepare: bool = False) -> Setup:
        """Make a call; the kiosk offers, as the station does. The bench carries offer and answer.

        :param prepare: the kiosk gathers candidates before the accept.
        """
        if prepare:
            await self.kiosk.ask("prepare")
        self.kiosk.expect_first()
        self.doctor.expect_first()
        accepted = time.monotonic()
        offer = await self.kiosk.ask("offer")
        answer = await self.doctor.ask("answer", sdp=offer["sdp"])
        await self.kiosk.ask("accept", sdp=answer["sdp"])
        async with asyncio.timeout(30):
            doctor, kiosk = await asyncio.gather(self.doctor.first, self.kiosk.first)
        return Setup(doctor - accepted, kiosk - accepted)

    async def watch(self, settle: float, seconds: float) -> Live:
        """Measure the live call.

        :param settle: seconds that the bit rate has to rise before.
        :param seconds: how long is measured.
        """
        await asyncio.sleep(settle)
        await asyncio.gather(self.kiosk.ask("count"), self.doctor.ask("count"))
        started, cpu = time.monotonic(), self.cpu()
        await asyncio.sleep(seconds)
        spent, took = self.cpu() - cpu, time.monotonic() - started
        kiosk, doctor = await asyncio.gather(self.kiosk.ask("report"), self.doctor.ask("report"))
        return Live(
            to_doctor=_picture(doctor),
            to_kiosk=_picture(kiosk),
            cores=spent / took,
            clock_error=max(kiosk["clock_error"], doctor["clock_error"]),
            raw={"kiosk": kiosk, "doctor": doctor},
        )

    async def end(self) -> None:
        """End the call on both sides."""
        await asyncio.gather(self.kiosk.ask("end"), self.doctor.ask("end"))


def _picture(seen: dict[str, Any]) -> Picture:
    """Count each frame once, when it was seen first."""
    first: dict[int, tuple[float, float]] = {}
    for number, captured, at in seen["seen"]:
        first.setdefault(int(number), (captured, at))
    moments = sorted(at for _, at in first.values())
    if len(moments) < 2:
        raise RuntimeError("no picture with a readable code came through")
    span = moments[-1] - moments[0]
    gaps = [b - a for a, b in pairwise(moments)]
    return Picture(
        delays=[at - captured for captured, at in first.values()],
        fps=(len(moments) - 1) / span,
        frozen=sum(gap for gap in gaps if gap > FROZEN) / span,
        width=seen["width"],
        height=seen["height"],
    )
