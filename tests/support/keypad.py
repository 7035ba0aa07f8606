"""A resident with a keypad of five keys and no touch; and one who, besides, sees nothing and goes by what is said."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from playwright.async_api import Page
from playwright.async_api import TimeoutError as NotThere

from tramkit.testing.web_driver import LOOK_SECONDS, WebDriver, keys_of
from tramkit_hal.ui.verbalise import verbalise

from .site import PanelClient

STEPS = 250
"""More things than any page has."""


class KeypadDriver(WebDriver):
    """Previous, next, OK, back and help at the web screen: nothing else is ever touched."""

    async def begin(self) -> None:
        await self.at("attract")
        await self.page.keyboard.press("Enter")
        await self.at("choose")

    async def choose(self, value: str) -> None:
        await self.page.locator(f'[data-choice="{value}"]').wait_for(state="attached")
        await self.answering()
        await self.ok(f'[data-choice="{value}"]')

    async def pick(self, name: str, value: str = "yes") -> None:
        await self.ok(f'input[name="{name}"][value="{value}"]')

    async def type(self, name: str, text: str) -> None:
        await self.ok(f'[name="{name}"]')
        for letter in text:
            for key in keys_of(letter):
                await self.ok(f'[data-keys]:not([hidden]) [data-key="{key}"]')
        await self.page.keyboard.press("Escape")
        await self.typed(name, text)

    async def go_on(self) -> None:
        await self.choose("continue")

    async def press(self, button: str) -> None:
        if button == "back":
            await self.page.keyboard.press("Escape")
        elif button == "bar-help":
            await self.page.keyboard.press("F1")
        else:
            await self.ok(f"#{button}")

    async def ok(self, selector: str) -> None:
        """Move to something and press OK."""
        await self.move(selector)
        await self.page.keyboard.press("Enter")

    async def move(self, selector: str) -> None:
        """Press next until it is reached; where answers stand page by page, turn the page.

        :raises AssertionError: the keypad does not reach it.
        """
        passed: list[str] = []
        for _step in range(STEPS):
            there, turns, what = await self.page.evaluate(STANDS_AT, selector)
            if there:
                await self.arrived(selector)
                return
            passed.append(what)
            if turns:
                await self.page.keyboard.press("Enter")
            await self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"the keypad does not reach {selector}; it passed {passed[:60]}")

    async def arrived(self, selector: str) -> None:
        """Notice what one stands at now."""


STANDS_AT = """(selector) => {
    const at = document.activeElement;
    return [at.matches(selector), at.matches("[data-step='1']:enabled"), at.outerHTML.slice(0, 80)];
}"""
"""Whether the focus is there, or on what turns to more answers; and on what it is."""


class Ears(KeypadDriver):
    """Hears what the station's voice says, and presses OK when it says what is sought.

    :param panel: where the simulated voice shows its words.
    """

    def __init__(self, page: Page, panel: PanelClient) -> None:
        super().__init__(page)
        self.panel = panel

    async def begin(self) -> None:
        await self.at("attract")
        await self.panel.control("speaker", "headset", "on")
        await self.at("choose")

    async def at(self, kind: str, title: str = "") -> None:
        await super().at(kind, title)
        if kind != "attract":
            await self.hear_title()

    async def language(self) -> str:
        """Return the language of the page."""
        return await self.page.evaluate("() => document.documentElement.lang")

    async def hear_title(self) -> None:
        """Wait until the voice says the title that stands there: the page before may stand for a moment yet."""
        words = said = ""
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                while True:
                    words = verbalise(await self.title(), await self.language()).rstrip(".")
                    said = await self.panel.shown("voice")
                    if words in said:
                        return
                    await asyncio.sleep(0.02)
        raise AssertionError(f"{words!r} was not said, but {said!r}")

    async def arrived(self, selector: str) -> None:
        """Wait until the last that was said is what stands there: its name, as one hears it."""
        name = ""
        with suppress(NotThere, TimeoutError):
            name = await self.page.evaluate("() => NAME".replace("NAME", NAME))
            said = verbalise(name, await self.language())
            async with asyncio.timeout(LOOK_SECONDS):
                while not (await self.panel.shown("voice")).rpartition("\n")[2].startswith(said):
                    await asyncio.sleep(0.02)
            return
        raise AssertionError(f"nobody heard what stands at {selector}: {name!r}")


NAME = """(() => {
    const at = document.activeElement;
    const label = at.labels?.[0];
    const strong = at.querySelector("strong, .label") ?? label?.querySelector("strong, .label") ?? label ?? at;
    return (at.dataset.key?.trim() ? at.innerText || at.ariaLabel : at.ariaLabel ?? strong.innerText).split("\\n")[0];
})()"""
"""The name of what has the focus, as a sighted person reads it."""
