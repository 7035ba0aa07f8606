"""A call through the real desk and the real doctor's page, over the lab's networks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from pathlib import Path

from aiohttp import web
from playwright.async_api import Page, async_playwright

from bench.call.room import Room, Side
from bench.call.scene import make_scene
from bench.chromium import ARGS
from tests.lab.desk import ADDRESS, DOCTOR, PASSWORD
from tests.lab.network import DOOR, Lab
from tests.lab.pairs import browser
from tests.lab.patient import NAME
from tests.lab.turn_server import SECRET, TurnServer

LIVE_SECONDS = 30.0

COUNT = """() => {
  window.labFrames = [];
  for (const video of document.querySelectorAll("video.remote")) {
    const count = () => {
      if (video.classList.contains("front")) labFrames.push(performance.now());
      video.requestVideoFrameCallback(count);
    };
    video.requestVideoFrameCallback(count);
  }
}"""
TAKE = "() => ({ frames: labFrames.splice(0), now: performance.now() })"


class Consultation:
    """A resident at a station and a doctor at the desk's page."""

    def __init__(self, patient: Side, page: Page) -> None:
        self.patient = patient
        self.page = page

    async def begin(self) -> float:
        """Make a call; return seconds from accept to the picture on both sides.

        :raises TimeoutError: it does not come up.
        """
        await self.patient.ask("queue")
        await self.page.click("button.accept:visible", timeout=15_000)
        accepted = time.monotonic()
        async with asyncio.timeout(LIVE_SECONDS):
            await self.page.wait_for_selector('[data-testid="call"][data-media="live"]', timeout=LIVE_SECONDS * 1000)
            while (await self.patient.ask("state"))["connection"] != "live":
                await asyncio.sleep(0.05)
        return time.monotonic() - accepted

    async def frames(self) -> dict[str, list[float]]:
        """Return when each side has got pictures since this was asked last, seconds of ``time.monotonic()``."""
        asked = time.monotonic()
        told = await self.page.evaluate(TAKE)
        offset = (asked + time.monotonic()) / 2 - told["now"] / 1000
        station = (await self.patient.ask("state"))["frames"]
        return {"doctor": [offset + at / 1000 for at in told["frames"]], "station": station}


@contextlib.asynccontextmanager
async def consultations(lab: Lab, seed: int, server: TurnServer | None) -> AsyncGenerator[Consultation]:
    """Run desk, station and the doctor's browser in their networks.

    :param server: the TURN server that the desk gives tickets for; None: it names none.
    """
    ice = [{"urls": urls, **({"secret": SECRET} if "turn" in urls[0] else {})} for urls in _urls(server)]
    environment = {**os.environ, **(server.environment() if server else {})}
    room = Room(make_scene(seed))
    async with (
        contextlib.AsyncExitStack() as stack,
        async_playwright() as playwright,
        room.served() as runner,
    ):
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tramkit-lab-desk-"))
        await web.SockSite(runner, lab.door("station")).start()
        await stack.enter_async_context(_process(lab, "servers", "tests.lab.desk", folder, json.dumps(ice), wait=True))
        at = (f"127.0.0.1:{DOOR}", str(seed))
        await stack.enter_async_context(_process(lab, "station", "tests.lab.patient", *at, environment=environment))
        flags = [*ARGS, "--ignore-certificate-errors", f"--unsafely-treat-insecure-origin-as-secure={ADDRESS}"]
        chromium = await stack.enter_async_context(browser(playwright, lab, "doctor", flags))
        page = await (await chromium.new_context(permissions=["camera", "microphone"])).new_page()
        await _sign_in(page)
        await room.side(NAME).ready()
        yield Consultation(room.side(NAME), page)


def _urls(server: TurnServer | None) -> list[list[str]]:
    return [list(each["urls"]) for each in server.servers()] if server else []


async def _sign_in(page: Page) -> None:
    await page.goto(f"{ADDRESS}/sign-in")
    await page.fill('[name="name"]', DOCTOR)
    await page.fill('[name="password"]', PASSWORD)
    await page.click('[type="submit"]')
    await page.wait_for_selector('[data-testid="line"][data-state="up"]')
    await page.click('[data-testid="shift"]')
    await page.wait_for_selector('[data-testid="shift"][aria-checked="true"]')
    await page.evaluate(COUNT)


@contextlib.asynccontextmanager
async def _process(
    lab: Lab, netns: str, module: str, *words: str, environment: dict[str, str] | None = None, wait: bool = False
) -> AsyncGenerator[None]:
    """Run one of the lab's own programs in a namespace until the block ends.

    :param wait: until it has said that it is ready.
    """
    process = await asyncio.create_subprocess_exec(
        *lab.command(netns),
        *(sys.executable, "-m", module, *words),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE if wait else None,
        env=environment,
        cwd=Path(__file__).parents[2],
    )
    try:
        if wait:
            assert process.stdout is not None
            if not await process.stdout.readline():
                raise RuntimeError(f"{module} did not start")
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
