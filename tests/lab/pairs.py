"""Who calls whom in the lab: the station's media or, beside it, a Chromium; the doctor is a Chromium in both."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
import time
from asyncio import create_subprocess_exec
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from playwright.async_api import Browser, Playwright, async_playwright

from bench.call.room import Room, Side
from bench.call.scene import make_scene
from bench.chromium import ARGS, EXECUTABLE
from bench.records import say
from tests.lab.network import DOOR, Lab
from tests.lab.station import NAME

STATIC = Path(__file__).parent / "static"
SET_UP_SECONDS = 20.0
"""How long a call may take to come up before it counts as one that did not."""

Servers = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class SetUp:
    """Seconds from the doctor's accept until each side saw the other's first picture; None: it never did."""

    doctor: float | None
    station: float | None

    @property
    def both(self) -> float | None:
        """The later of the two."""
        return max(self.doctor, self.station) if self.doctor is not None and self.station is not None else None


@dataclass
class Pair:
    """A kiosk and the doctor's page, ready for calls.

    :param name: ``station`` or ``browsers``.
    """

    name: str
    kiosk: Side
    doctor: Side
    servers: Servers = ()
    policy: str = "all"
    prepared: float = 0.0
    """Seconds that the station took to gather its addresses, while the resident waits."""
    _carrying: asyncio.Task[None] | None = field(default=None)

    async def set_up(self) -> SetUp:
        """Make a call; the kiosk offers. Offer and answer are carried past the relay."""
        for side in (self.kiosk, self.doctor):
            side.expect_first()
        if self.name == NAME:
            asked = time.monotonic()
            await self.kiosk.ask("prepare", servers=list(self.servers))
            self.prepared = time.monotonic() - asked
            await self.kiosk.ask("go_on", reachable=True)  # a leg that does not come up is followed by another
            self._carrying = asyncio.create_task(self._carry())
        accepted = time.monotonic()
        if self.name == NAME:
            await self.kiosk.ask("start")
        else:
            offer = await self.kiosk.ask("offer", servers=list(self.servers), policy=self.policy)
            answer = await self._answer(offer["sdp"])
            await self.kiosk.ask("accept", sdp=answer["sdp"])
        waits = [asyncio.shield(side.first) for side in (self.doctor, self.kiosk)]
        await asyncio.wait(waits, timeout=SET_UP_SECONDS)
        for wait in waits:
            wait.cancel()
        doctor, station = (
            side.first.result() - accepted if side.first.done() else None for side in (self.doctor, self.kiosk)
        )
        return SetUp(doctor, station)

    async def _answer(self, sdp: str, **words: Any) -> dict[str, Any]:
        return await self.doctor.ask("answer", sdp=sdp, servers=list(self.servers), policy=self.policy, **words)

    async def _carry(self) -> None:
        """Carry the offers of the station's legs to the doctor and the answers back, as a desk does."""
        while True:
            said = await self.kiosk.events.get()
            if said["event"] == "offer":
                answer = await self._answer(said["sdp"])
                await self.kiosk.ask("accept", sdp=answer["sdp"], leg=said["leg"])

    async def state(self) -> dict[str, Any]:
        """Return how the call is as each side sees it: for a call that did not come up."""
        asked: dict[str, Any] = {"doctor": self.doctor.ask("state", deadline=3)}
        if self.name == NAME:
            asked["station"] = self.kiosk.ask("state", deadline=3)
        told = await asyncio.gather(*asked.values(), return_exceptions=True)
        return {
            side: str(said) if isinstance(said, Exception) else said for side, said in zip(asked, told, strict=True)
        }

    async def count(self) -> None:
        """Begin to measure."""
        await asyncio.gather(self.kiosk.ask("count"), self.doctor.ask("count"))

    async def report(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what the doctor and the kiosk have seen and heard since."""
        return await self.doctor.ask("report"), await self.kiosk.ask("report")

    async def path(self) -> list[str] | None:
        """Return the kinds of address that carry the media, as the doctor's browser tells."""
        return (await self.doctor.ask("path"))["path"]

    async def end(self) -> None:
        """End the call on both sides."""
        if self._carrying is not None:
            self._carrying.cancel()
            await asyncio.gather(self._carrying, return_exceptions=True)
            self._carrying = None
        while not self.kiosk.events.empty():
            self.kiosk.events.get_nowait()
        await asyncio.gather(self.kiosk.ask("end"), self.doctor.ask("end"), return_exceptions=True)


@contextlib.asynccontextmanager
async def pairs(
    lab: Lab, seed: int, servers: Servers = (), env: dict[str, str] | None = None
) -> AsyncGenerator[tuple[Pair, Pair]]:
    """Run the doctor's browser, the kiosk's browser and the station's process in their networks.

    :param servers: STUN and TURN servers of both sides.
    :param env: more environment of the station's process.
    """
    room = Room(make_scene(seed))
    async with (
        async_playwright() as playwright,
        room.served(STATIC) as runner,
        contextlib.AsyncExitStack() as stack,
    ):
        for netns in ("station", "doctor"):
            await web.SockSite(runner, lab.door(netns)).start()
        await stack.enter_async_context(_page(playwright, lab, "station", "page"))
        await stack.enter_async_context(_page(playwright, lab, "doctor", "doctor"))
        await stack.enter_async_context(_station(lab, seed, env or {}))
        doctor = room.side("doctor")
        for side in (doctor, room.side("page"), room.side(NAME)):
            await side.ready()
        yield (Pair(NAME, room.side(NAME), doctor, servers), Pair("browsers", room.side("page"), doctor, servers))


@contextlib.asynccontextmanager
async def _station(lab: Lab, seed: int, env: dict[str, str]) -> AsyncGenerator[None]:
    import os

    process = await create_subprocess_exec(
        *lab.command("station"),
        *(sys.executable, "-m", "tests.lab.station", f"127.0.0.1:{DOOR}", str(seed)),
        env={**os.environ, **env},
    )
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


@contextlib.asynccontextmanager
async def browser(playwright: Playwright, lab: Lab, netns: str, flags: Sequence[str]) -> AsyncGenerator[Browser]:
    """Run a Chromium in a namespace until the block ends."""
    with tempfile.TemporaryDirectory(prefix="tramkit-lab-") as folder:
        starter = Path(folder) / "chromium"
        starter.write_text(f'#!/bin/sh\nexec {" ".join(lab.command(netns))} {EXECUTABLE} "$@"\n')
        starter.chmod(0o755)
        running = await playwright.chromium.launch(executable_path=str(starter), args=list(flags))
        try:
            yield running
        finally:
            await running.close()


@contextlib.asynccontextmanager
async def _page(playwright: Playwright, lab: Lab, netns: str, name: str) -> AsyncGenerator[None]:
    """Run a Chromium in a namespace with one page of the lab."""
    async with browser(playwright, lab, netns, [*ARGS, "--ignore-certificate-errors"]) as chromium:
        context = await chromium.new_context(permissions=["camera", "microphone"])
        page = await context.new_page()
        page.on("pageerror", lambda error: say(f"{name}: {error}"))
        await page.goto(f"http://127.0.0.1:{DOOR}/pages/side.html?name={name}")
        yield
