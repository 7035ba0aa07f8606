"""Memory of the server: resident memory after ten pages and after a thousand, and what Python's heap has kept."""

from __future__ import annotations

import asyncio
import gc
import sys
import tracemalloc
from asyncio.subprocess import PIPE
from collections.abc import Sequence

import aiohttp
from playwright.async_api import async_playwright

from bench.chromium import chromium
from bench.options import Options
from bench.records import emit, say
from bench.screens.applications import application
from bench.screens.form import CHANGES, PAGES
from bench.screens.station import Enrol, station_on
from bench.screens.web import HEIGHT, WIDTH, finger_on
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.device.roles import Role
from tramkit_hal.screens.web import WebScreen

VISITS, QUICK_VISITS = 100, 2
"""Times through the form of ten pages."""

HEAP_VISITS, QUICK_HEAP_VISITS = 200, 5


async def growth(options: Options, names: Sequence[str]) -> None:
    """Measure and print.

    :param names: the peers.
    """
    grown: dict[str, int] = {}
    visits = QUICK_VISITS if options.quick else VISITS
    async with async_playwright() as playwright, chromium(playwright, WIDTH, HEIGHT, touch=True) as browser:
        for name in ("Tramkit", *names):
            async with application(name) as app:
                finger = await finger_on(browser, app.address, app.day)
                few = 0
                for _ in range(visits):
                    await finger.begin()
                    for number in range(CHANGES):
                        await finger.rush(number)
                    few = few or app.memory()
                grown[name] = app.memory() - few
                say(f"{name}: {few / 1e6:.0f} MB, {grown[name] / 1e6:+.2f} MB after {visits * len(PAGES)} pages")
                emit("screens", f"memory_{name}", (few + grown[name]) / 1e6, "MB")
                await finger.page.context.close()
    ours = grown.pop("Tramkit")
    metric = f"memory_growth_{visits * len(PAGES)}_pages"
    if not grown:
        emit("screens", metric, ours / 1e6, "MB")
    for name, theirs in grown.items():
        emit("screens", metric, ours / 1e6, "MB", name, theirs / 1e6)
    emit("screens", "heap_growth_per_page", await _heap(options), "B")


async def _heap(options: Options) -> float:
    """Return the bytes that one more page leaves on the heap of a station, in a process of its own."""
    visits = QUICK_HEAP_VISITS if options.quick else HEAP_VISITS
    command = (sys.executable, "-m", "bench.screens.memory", str(visits))
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
    out, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError("the station whose heap is watched has failed")
    return float(out)


async def heap_growth(visits: int) -> float:
    """Return the bytes that a page leaves behind: traced after a warm-up and again after ``visits`` more.

    The resident uses the web screen's own routes, without a browser.
    """
    clock = SystemClock()
    screen = WebScreen(WebScreen.Settings(ghost_tap_ms=0), DeviceContext(Role.SCREEN, clock))
    station = station_on(screen, clock)
    running = asyncio.create_task(station.run())
    await station.opened()
    resident = Resident(screen.addresses["station"])
    await resident.enter()
    tracemalloc.start()
    try:
        for _ in range(visits // 4 + 2):
            await resident.visit()
        gc.collect()
        before, _peak = tracemalloc.get_traced_memory()
        for _ in range(visits):
            await resident.visit()
        gc.collect()
        after, _peak = tracemalloc.get_traced_memory()
    finally:
        await resident.leave()
        station.stop()
        await running
    return (after - before) / (visits * len(PAGES))


class Resident:
    """Goes through the form over the web screen's own routes, without a browser."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._base = address.partition("/?")[0]
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def enter(self) -> None:
        """Open the screen."""
        await (await self._session.get(self._address)).read()

    async def leave(self) -> None:
        """Close the connection."""
        await self._session.close()

    async def visit(self) -> None:
        """Go from the attract page through the form, and wait until it is wiped."""
        page = await self._at("attract", "")
        page = await self._answer(page, "continue")
        page = await self._answer(page, Enrol.id)
        for question in PAGES:
            value = question.answer
            if question.kind == "date":
                value = "/".join(reversed(value.split("-")))
            if question.kind == "yes_no":
                value = "no"
            choice = value if question.kind == "choice" else "continue"
            page = await self._answer(page, choice, {"value": value} if question.label else {})
        await self._at("attract", page["visit"])

    async def _view(self) -> dict[str, str]:
        answer = await self._session.get(f"{self._base}/view")
        found: dict[str, str] = await answer.json()
        return found

    async def _at(self, kind: str, visit: str) -> dict[str, str]:
        while True:
            view = await self._view()
            if view["kind"] == kind and (not visit or view["visit"] != visit):
                return view
            await asyncio.sleep(0.005)

    async def _answer(self, page: dict[str, str], choice: str, values: dict[str, str] | None = None) -> dict[str, str]:
        event = {"kind": "answered", "page": page["page"], "revision": page["revision"], "choice": choice}
        answer = await self._session.post(
            f"{self._base}/event", json=event | {"values": values or {}}, headers={"Origin": self._base}
        )
        if answer.status != 200:
            raise RuntimeError(f"{page['kind']}: {await answer.text()}")
        while True:
            view = await self._view()
            if (view["page"], view["visit"]) != (page["page"], page["visit"]):
                return view
            await asyncio.sleep(0)


if __name__ == "__main__":
    print(asyncio.run(heap_growth(int(sys.argv[1]))))
