"""Two stations over a line that loses, delays and narrows, on real sockets; what a person would see and hear of it."""

from __future__ import annotations

import asyncio
import itertools
import time

import pytest
from impaired import PROFILES, ImpairedLink
from line_kit import connect, make_side, measure

from tramkit_telehealth.media.rate import Rung

pytestmark = pytest.mark.long


@pytest.mark.parametrize(
    ("name", "missing", "frozen"),
    [
        ("clean", 0.01, 0.05),
        ("2 %", 0.03, 0.08),
        ("5 %", 0.06, 0.08),
        ("10 %", 0.10, 0.15),
        ("20 %", 0.20, 0.35),
        ("burst 5 %", 0.06, 0.12),
        ("jitter", 0.03, 0.08),
    ],
)
async def test_sound_and_picture_come_through(name: str, missing: float, frozen: float) -> None:
    found, a, _ = await measure(PROFILES[name], 8.0)
    print(f"{name}: {found}")
    assert found.missing <= missing
    assert found.frozen <= frozen
    assert found.sound_delay < 0.15
    keys = a.pc.picture_sender.keyframes
    assert all(later - earlier >= 0.99 for earlier, later in itertools.pairwise(keys))


async def test_sound_and_picture_are_together() -> None:
    found, _, _ = await measure(PROFILES["5 %"], 6.0)
    assert found.apart is not None
    assert abs(found.apart) < 0.1


async def test_a_narrow_line_has_a_smaller_picture_and_all_of_the_sound() -> None:
    found, a, _ = await measure(PROFILES["350 kb/s"], 10.0, settle=8.0)
    print(found)
    assert found.missing < 0.08
    assert 0 < found.height <= 360
    assert a.pc.line.sent_rate < 500_000


async def test_at_64_kilobits_the_sound_lives() -> None:
    found, a, _ = await measure(PROFILES["64 kb/s"], 10.0, settle=8.0)
    print(found)
    assert a.pc.line.rate.rung is Rung.SOUND
    assert found.missing < 0.15


async def test_after_a_cut_the_leg_that_lives_shows_a_picture_within_a_second() -> None:
    async with ImpairedLink(PROFILES["clean"]) as link:
        a, b = make_side(1), make_side(2, small=True)
        try:
            await connect(a, b, link)
            async with asyncio.timeout(20):
                while not (len(b.seen) > 60 and len(a.seen) > 60):
                    await asyncio.sleep(0.02)
            link.cut = True
            await asyncio.sleep(5)
            link.cut = False
            returned, seen = time.monotonic(), len(b.seen)
            async with asyncio.timeout(5):
                while len(b.seen) == seen:
                    await asyncio.sleep(0.01)
            print(f"picture {time.monotonic() - returned:.2f} s after the return")
            assert time.monotonic() - returned < 1.0
        finally:
            for side in (a, b):
                for task in side.tasks:
                    task.cancel()
                await side.pc.close()
