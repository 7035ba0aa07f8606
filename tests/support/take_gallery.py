"""Takes a picture of every golden page in every way it can look, with an index: ``make gallery``.

``make gallery ONLY='*attract* *.vi.portrait.normal'`` takes those whose name fits one of the patterns.
"""

from __future__ import annotations

import asyncio
import html
import sys
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from playwright.async_api import async_playwright

from support.golden_pages import golden_pages, view_of
from support.resident import LANDSCAPE, PORTRAIT, Resident
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.roles import Role
from tramkit_hal.screens.web import WebScreen
from tramkit_hal.ui.pages import Contrast, Mode

SHAPES = {"portrait": PORTRAIT, "landscape": LANDSCAPE}
MODES = {"normal": Mode(), "largest": Mode(text_scale=2.0), "high": Mode(contrast=Contrast.HIGH)}
LANGUAGES = ("vi", "en")


async def main(folder: Path, only: Sequence[str] = ()) -> None:
    """Take the pictures into a folder and write ``index.html`` beside them.

    :param only: patterns of names without their ending, such as ``attract.vi.*``; none: all.
    """
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    screen = WebScreen(WebScreen.Settings(ghost_tap_ms=0, port=0), DeviceContext(Role.SCREEN))
    await screen.open()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for shape, viewport in SHAPES.items():
            resident = Resident(screen, await browser.new_page(viewport=viewport))
            await resident.open()
            for name, page in golden_pages().items():
                for language in LANGUAGES:
                    for mode, how in MODES.items():
                        if only and not any(fnmatch(file_of(name, language, shape, mode)[:-4], each) for each in only):
                            continue
                        await resident.show(view_of(page, language=language, mode=how))
                        picture = folder / file_of(name, language, shape, mode)
                        await resident.page.screenshot(path=picture, animations="disabled")
            await resident.page.close()
        await browser.close()
    await screen.close()
    (folder / "index.html").write_text(index(), encoding="utf-8")
    print(f"{folder / 'index.html'}")


def file_of(name: str, language: str, shape: str, mode: str) -> str:
    """Return the name of a picture's file."""
    return f"{name}.{language}.{shape}.{mode}.png"


def index() -> str:
    """Return the page that shows all pictures, one row a golden page."""
    rows: list[str] = []
    for name in golden_pages():
        pictures = [
            f'<figure><a href="{file}"><img loading="lazy" height="360" alt="{file}" src="{file}"></a>'
            f"<figcaption>{language}, {shape}, {mode}</figcaption></figure>"
            for mode in MODES
            for shape in SHAPES
            for language in LANGUAGES
            for file in (html.escape(file_of(name, language, shape, mode)),)
        ]
        rows.append(f"<h2>{html.escape(name)}</h2><div>{''.join(pictures)}</div>")
    style = "body{font-family:sans-serif}div{display:flex;flex-wrap:wrap;gap:8px}figure{margin:0}"
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Tramkit: every page</title>'
        f"<style>{style}</style><h1>Every page</h1>{''.join(rows)}</html>\n"
    )


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2:]))
