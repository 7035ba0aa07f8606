"""A doctor at the desk's page in a browser, and the camera and microphone of that browser."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from playwright.async_api import Page

from tramkit.testing.web_driver import FRAMECODE
from tramkit_hal.sim import framecode

WIDTH, HEIGHT, FPS, FRAMES = 640, 360, 15, 30
SAMPLE_RATE = 48_000
FIRST_FRAME = 7000
"""The doctor's camera counts its frames from here."""
DOCTORS_TONE = 700.0
"""Hz, that the doctor's microphone hears."""

TONE = """async () => {
    const video = document.querySelector('[data-testid="remote-video"]');
    if (!video?.srcObject?.getAudioTracks().length) return 0;
    const context = new AudioContext();
    await context.resume();
    const analyser = new AnalyserNode(context, {fftSize: 8192});
    context.createMediaStreamSource(video.srcObject).connect(analyser);
    await new Promise((done) => setTimeout(done, 400));
    const levels = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(levels);
    const at = levels.indexOf(Math.max(...levels));
    const rate = context.sampleRate;
    await context.close();
    return levels[at] < -60 ? 0 : at * rate / 8192;
}"""
"""Returns the strongest frequency of the resident's sound, Hz; 0: silence."""

PICTURE = """() => {
    const video = document.querySelector('[data-testid="remote-video"]');
    if (!video || video.videoWidth < 64) return null;
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    const picture = canvas.getContext("2d", {willReadFrequently: true});
    picture.drawImage(video, 0, 0);
    return readFrameCode(picture.getImageData(0, 0, canvas.width, canvas.height));
}"""


def write_camera(file: Path, first: int) -> None:
    """Write what the doctor's camera sees: a grey room with a frame code, counting from ``first`` (YUV4MPEG2)."""
    with file.open("wb") as out:
        out.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FPS}:1 Ip A1:1 C420jpeg\n".encode())
        for number in range(FRAMES):
            luma = np.full((HEIGHT, WIDTH), 110, np.uint8)
            framecode.draw(luma, first + number, number)
            out.write(b"FRAME\n" + luma.tobytes() + bytes([128]) * (WIDTH * HEIGHT // 2))


def write_microphone(file: Path, frequency: float) -> None:
    """Write what the doctor's microphone hears: ten seconds of a tone in syllables (a steady one counts as noise)."""
    at = np.arange(SAMPLE_RATE * 10) / SAMPLE_RATE
    samples = (12_000 * np.sin(np.pi * 4 * at) ** 2 * np.sin(2 * np.pi * frequency * at)).astype("<i2")
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE)
        out.writeframes(samples.tobytes())


def chromium_args(camera: Path, microphone: Path) -> list[str]:
    """Return the arguments of a Chromium with that camera and microphone."""
    return [
        "--no-sandbox",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={camera}",
        f"--use-file-for-fake-audio-capture={microphone}",
        "--autoplay-policy=no-user-gesture-required",
    ]


class Doctor:
    """A doctor who works at the desk.

    :ivar problems: what the browser's console said and should not have.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.problems: list[str] = []
        page.set_default_timeout(30_000)
        page.on("console", lambda m: self.problems.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.problems.append(str(error)))

    async def sign_in(self, address: str, name: str, password: str, language: str = "vi") -> None:
        """Sign in and wait until the page is connected."""
        await self.page.goto(f"{address}/sign-in")
        if await self.page.get_attribute("html", "lang") != language:
            await self.page.click(f'button[name="lang"][value="{language}"]')
            await self.page.wait_for_selector(f'html[lang="{language}"]')
        await self.page.fill('[name="name"]', name)
        await self.page.fill('[name="password"]', password)
        await self.page.click('[type="submit"]')
        await self.connected()

    async def connected(self) -> None:
        """Wait until the page's line to the desk is up."""
        await self.page.wait_for_selector('[data-testid="line"][data-state="up"]')

    async def begin_shift(self) -> None:
        """Go on shift."""
        await self.page.click('[data-testid="shift"]')
        await self.page.wait_for_selector('[data-testid="shift"][aria-checked="true"]')

    async def accept(self, name: str) -> None:
        """Accept a waiting resident by name."""
        initials = ".".join(part[0] for part in name.split())
        await self.page.click(f'[data-testid="waiting"]:has-text("{initials}") button.accept')

    async def live(self) -> None:
        """Wait until the call is live at the doctor's side."""
        await self.page.wait_for_selector('[data-testid="call"][data-media="live"]')

    async def picture(self) -> dict[str, int] | None:
        """Return the code in the resident's picture; None: there is none."""
        await self.page.evaluate(f"() => {{ {FRAMECODE} window.readFrameCode = readFrameCode; }}")
        return await self.page.evaluate(PICTURE)

    async def tone(self) -> float:
        """Return the strongest frequency heard of the resident, Hz; 0: silence."""
        return await self.page.evaluate(TONE)

    async def write(self, field: str, text: str) -> None:
        """Write into a field of the record."""
        await self.page.fill(f"#{field}", text)

    async def prescribe(self, **parts: str) -> None:
        """Add a medicine: ``name``, ``strength``, ``amount``, ``directions``."""
        await self.page.click('[data-testid="add-medicine"]')
        row = self.page.locator('[data-testid="medicine"]').last
        for name, text in parts.items():
            await row.locator(f'[name="{name}"]').fill(text)

    async def close_case(self) -> None:
        """Close the case and confirm it."""
        await self.page.click('[data-testid="close-case"]')
        await self.page.click('[data-testid="close-yes"]')
