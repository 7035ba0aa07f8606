"""``python -m bench call``: the station's call beside a call between two Chromiums.

The doctor's side is the same page in Chromium in both. The kiosk's side is the station's media in a process of their
own, or, as the peer, a page in Chromium. Rounds alternate. Both cameras show the same moving scene in 720p30, in every
frame a code with the moment of its capture.

``accept_to_first_frame_*``
    from the doctor's accept (the bench tells the kiosk to offer) until that side has the other's first picture. The
    station gathers candidates while the resident waits in the queue; ``…_unprepared`` is without that, as after a
    reload of the doctor's page.
``picture_delay_*``
    from capture to picture: in Chromium when it is submitted for display, at the station when it stands in the slot
    that the screen shows from. Greatest error of the clocks: ``clock_error``.
``fps_*``, ``frozen_*``
    different frames a second; share of the time in which no new picture came for more than 200 ms.
``media_cpu``
    of the process of the station's media with its camera, in cores, without the screen that shows the picture; the
    peer's is Chromium's process tree with camera and display: the two do not do the same work.
"""

from __future__ import annotations

import contextlib
import sys
from asyncio import create_subprocess_exec
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import psutil
from playwright.async_api import async_playwright

from bench.call.room import Room
from bench.call.rounds import Live, Pair, Picture, Setup
from bench.call.scene import make_scene
from bench.call.station import NAME
from bench.chromium import Chromium, chromium, cpu_seconds
from bench.options import Options
from bench.records import emit, median, percentile, say

PEER = "Chromium to Chromium"
SETUPS, QUICK_SETUPS = 12, 1
ROUNDS, QUICK_ROUNDS = 4, 1
SETTLE, QUICK_SETTLE = 3.0, 0.2
SECONDS, QUICK_SECONDS = 8.0, 1.0


@dataclass
class Measured:
    """What was measured of one pair over all rounds."""

    setups: list[Setup] = field(default_factory=list)
    unprepared: list[Setup] = field(default_factory=list)
    lives: list[Live] = field(default_factory=list)


async def run(options: Options) -> None:
    """Measure and print."""
    async with pairs(options.seed) as (station, peer):
        ours, theirs = Measured(), Measured()
        await _set_ups(options, station, peer, ours, theirs)
        await _lives(options, station, peer, ours, theirs)
    emit("call", "seed", options.seed, "")
    _print_set_up(ours, theirs)
    _print_live(ours, theirs)


@contextlib.asynccontextmanager
async def pairs(seed: int) -> AsyncGenerator[tuple[Pair, Pair]]:
    """Run two browsers and the station's process; the station's pair and the peer's share the doctor."""
    room = Room(make_scene(seed))
    async with (
        async_playwright() as playwright,
        room.open(),
        chromium(playwright, 800, 600) as kiosk,
        chromium(playwright, 800, 600) as doctor,
    ):
        await _open(room, kiosk, "page")
        await _open(room, doctor, "doctor")
        process = await create_subprocess_exec(sys.executable, "-m", "bench.call.station", room.address, str(seed))
        measured = psutil.Process(process.pid)
        try:
            yield (
                Pair(NAME, room.side(NAME), room.side("doctor"), lambda: cpu_seconds(measured), prepares=True),
                Pair(PEER, room.side("page"), room.side("doctor"), kiosk.cpu_seconds),
            )
        finally:
            process.terminate()
            await process.wait()


async def _open(room: Room, browser: Chromium, name: str) -> None:
    page = await browser.context.new_page()
    page.on("pageerror", lambda error: say(f"{name}: {error}"))
    await page.goto(f"http://{room.address}/side.html?name={name}")


async def _set_ups(options: Options, station: Pair, peer: Pair, ours: Measured, theirs: Measured) -> None:
    """Make many short calls; the first of each pair warms up and does not count."""
    for pair in (station, peer):
        await pair.set_up()
        await pair.end()
    for number in range(QUICK_SETUPS if options.quick else SETUPS):
        for pair, prepare, into in (
            (station, True, ours.setups),
            (peer, False, theirs.setups),
            (station, False, ours.unprepared),
        ):
            into.append(await pair.set_up(prepare=prepare))
            await pair.end()
        mine, other = ours.setups[-1].both * 1000, theirs.setups[-1].both * 1000
        say(f"set-up {number + 1}: station {mine:.0f} ms, peer {other:.0f} ms")


async def _lives(options: Options, station: Pair, peer: Pair, ours: Measured, theirs: Measured) -> None:
    settle, seconds = (QUICK_SETTLE, QUICK_SECONDS) if options.quick else (SETTLE, SECONDS)
    for number in range(QUICK_ROUNDS if options.quick else ROUNDS):
        for pair, into in ((station, ours), (peer, theirs)):
            await pair.set_up(prepare=pair.prepares)
            live = await pair.watch(settle, seconds)
            await pair.end()
            into.lives.append(live)
            say(
                f"live {number + 1}, {pair.name}: {live.to_doctor.fps:.1f} and {live.to_kiosk.fps:.1f} fps, "
                f"{median(live.to_doctor.delays) * 1000:.0f} and {median(live.to_kiosk.delays) * 1000:.0f} ms, "
                f"{live.cores:.2f} cores"
            )


def _print_set_up(ours: Measured, theirs: Measured) -> None:
    def line(name: str, mine: list[float], other: list[float]) -> None:
        for share, value in (("p50", median), ("p95", lambda values: percentile(values, 0.95))):
            emit("call", f"{name}_{share}", value(mine) * 1000, "ms", PEER, value(other) * 1000)

    for side in ("doctor", "kiosk", "both"):
        mine, other = ([getattr(setup, side) for setup in measured.setups] for measured in (ours, theirs))
        line(f"accept_to_first_frame_{side}", mine, other)
    line(
        "accept_to_first_frame_both_unprepared",
        [setup.both for setup in ours.unprepared],
        [setup.both for setup in theirs.setups],
    )


def _print_live(ours: Measured, theirs: Measured) -> None:
    for way in ("to_doctor", "to_kiosk"):
        mine, other = ([getattr(live, way) for live in measured.lives] for measured in (ours, theirs))
        _print_picture(way, mine, other)
    cores, peer_cores = ([live.cores for live in measured.lives] for measured in (ours, theirs))
    emit("call", "media_cpu", median(cores), "cores", PEER, median(peer_cores))
    error = max(live.clock_error for measured in (ours, theirs) for live in measured.lives)
    emit("call", "clock_error", error * 1000, "ms")


def _print_picture(way: str, mine: list[Picture], other: list[Picture]) -> None:
    delays, peer_delays = ([delay for picture in side for delay in picture.delays] for side in (mine, other))
    for share in (0.5, 0.95):
        name = f"picture_delay_{way}_p{share * 100:.0f}"
        emit("call", name, percentile(delays, share) * 1000, "ms", PEER, percentile(peer_delays, share) * 1000)
    emit("call", f"fps_{way}", median([p.fps for p in mine]), "1/s", PEER, median([p.fps for p in other]))
    emit("call", f"frozen_{way}", median([p.frozen for p in mine]), "", PEER, median([p.frozen for p in other]))
    emit("call", f"height_{way}", min(p.height for p in mine), "px", PEER, min(p.height for p in other))
