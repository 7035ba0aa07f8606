"""Takes the pictures of README and docs from a running site: ``make pictures``."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

import numpy as np
from journeys.conftest import STATION, run_site
from journeys.steps import CONCLUSION, NAME, intake
from playwright.async_api import Browser, async_playwright

from support.doctor import FPS, FRAMES, HEIGHT, WIDTH, chromium_args, write_microphone
from support.golden_pages import golden_pages, view_of
from tramkit.testing.browser_screen import PORTRAIT, BrowserScreen
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.roles import Role
from tramkit_hal.screens.web import WebScreen
from tramkit_hal.sim.camera import draw_person

PAGES = {"page-attract": "attract", "page-ask": "ask_identity", "page-pay": "pay", "page-check": "check"}
"""Pictures of golden pages, by file."""
PERSON = 'driver = "sim_camera"'


def write_person(file: Path) -> None:
    """Write what a doctor's camera sees: somebody at a desk (YUV4MPEG2)."""
    poses = [np.ascontiguousarray(pose) for pose in draw_person(WIDTH, HEIGHT, 0.9)]
    with file.open("wb") as out:
        out.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FPS}:1 Ip A1:1 C420jpeg\n".encode())
        for number in range(FRAMES):
            out.write(b"FRAME\n" + poses[number * len(poses) // FRAMES % len(poses)].tobytes())


async def take_pages(browser: Browser, target: Path) -> None:
    """Take golden pages of the gallery, half as large."""
    screen = WebScreen(WebScreen.Settings(ghost_tap_ms=0, port=0), DeviceContext(Role.SCREEN))
    await screen.open()
    context = await browser.new_context(viewport=PORTRAIT, device_scale_factor=0.5)
    resident = BrowserScreen(screen, await context.new_page())
    await resident.open()
    for file, name in PAGES.items():
        await resident.show(view_of(golden_pages()[name]))
        await resident.page.screenshot(path=target / f"{file}.png", animations="disabled")
    await context.close()
    await screen.close()


async def main(target: Path) -> None:
    """Live through the journey and take its pictures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_person(folder / "doctor.y4m")
        write_microphone(folder / "doctor.wav", 440)
        args = chromium_args(folder / "doctor.y4m", folder / "doctor.wav")
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=args)
            async with run_site(folder, browser, STATION.replace(PERSON, f"{PERSON}\ncode = false")) as site:
                doctor = await site.doctor()
                resident = await site.resident()
                await resident.page.screenshot(path=target / "attract.png")
                await intake(site, resident)
                await resident.says("Thứ tự của ông/bà")
                await resident.page.screenshot(path=target / "queue.png")
                await doctor.accept(NAME)
                await doctor.live()
                await resident.at("call")
                await resident.says("Đã kết nối")
                await doctor.write("diagnosis", "I10")
                await doctor.write("conclusion", CONCLUSION)
                await doctor.write("advice", "Đứng dậy từ từ, uống đủ nước.")
                await doctor.prescribe(
                    name="Paracetamol", strength="500 mg", amount="10 viên", directions="Khi đau đầu"
                )
                await asyncio.sleep(3)  # the picture grows sharper in the first seconds
                await resident.page.screenshot(path=target / "station.png")
                await doctor.page.screenshot(path=target / "desk.png")
                page = await site.page()
                await page.goto(await site.station.address("panel"))
                await page.wait_for_timeout(1500)
                await page.screenshot(path=target / "panel.png")
            await take_pages(browser, target)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
