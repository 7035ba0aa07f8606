"""A resident at the web screen: touches what is on the glass, types on the keyboard that stands there."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from tramkit.testing.drivers import LOOK_SECONDS, keys_of
from tramkit.testing.needs import needs

with needs("playwright"):
    from playwright.async_api import ConsoleMessage, Page
    from playwright.async_api import TimeoutError as NotThere

FRAMECODE = (Path(__file__).parent / "framecode.js").read_text(encoding="utf-8")

LOOKS = 10
"""So often is a page looked at anew before an answer counts as out of reach."""


def _is_problem(message: ConsoleMessage) -> bool:
    """Tell whether the console says what it should not; that pixels are read is the test's own doing."""
    return message.type in ("error", "warning") and "readback operations" not in message.text


class WebDriver:
    """A resident before a station's web screen.

    :ivar problems: what the browser's console said and should not have.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.problems: list[str] = []
        self._touched_under = ""
        self._answered = ""
        """The number of the view that was answered: what comes next is another one."""
        page.set_default_timeout(LOOK_SECONDS * 1000)
        page.on("console", lambda m: self.problems.append(m.text) if _is_problem(m) else None)
        page.on("pageerror", lambda error: self.problems.append(str(error)))

    async def open(self, address: str) -> None:
        """Open the station's screen."""
        await self.page.goto(address)
        self._answered = ""
        await self.at("attract")

    async def at(self, kind: str, title: str = "") -> None:
        """Wait for a page of a kind, perhaps with words of its title, until it takes touches; not for the one answered.

        :raises AssertionError: another one stands there; the words say which.
        """
        try:
            await self.page.wait_for_function(
                """([kind, title, answered]) => document.getElementById("main")?.classList.contains(kind)
                    && document.documentElement.dataset.shown !== answered
                    && document.getElementById("title").textContent.replaceAll("\\u00a0", " ").includes(title)
                    && !document.body.classList.contains("settling")""",
                arg=[kind, title, self._answered],
            )
            self._answered = ""
        except NotThere as error:
            raise AssertionError(f"no page {kind} {title!r}, but: {await self.read()!r}") from error

    async def answering(self) -> None:
        """Note which view is answered."""
        self._touched_under = await self.title()
        self._answered = await self.page.evaluate("() => document.documentElement.dataset.shown")

    async def title(self) -> str:
        """Return the title that stands there."""
        return await self.page.inner_text("#title")

    async def read(self) -> str:
        """Return all the words of the page, those that stand in its fields too."""
        return await self.page.evaluate(
            """() => [document.getElementById("main").innerText,
                ...[...document.querySelectorAll("#main input[type=text]")].map((field) => field.value)]
                .join("\\n").replaceAll("\\u00a0", " ")"""
        )

    async def says(self, words: str) -> None:
        """Wait until the page says something."""
        await self.page.wait_for_function(
            "(words) => document.getElementById('main')?.innerText.replaceAll('\\u00a0', ' ').includes(words)",
            arg=words,
        )

    async def begin(self) -> None:
        """Touch the attract page and wait for the menu."""
        await self.at("attract")
        await self.page.click("#title")  # anywhere but on a service's tile
        await self.at("choose")

    async def choose(self, value: str) -> None:
        """Touch an answer, turning to the page of answers that has it."""
        answer = self.page.locator(f'[data-choice="{value}"]')
        await answer.wait_for(state="attached")
        await self.answering()
        for _ in range(LOOKS):  # the page may move while one looks: then one looks again
            with suppress(NotThere):
                while not await answer.is_visible():
                    await self.page.click("[data-step='1']", timeout=LOOK_SECONDS * 1000 / LOOKS)
                await answer.click(timeout=LOOK_SECONDS * 1000 / LOOKS)
                return
        raise AssertionError(f"cannot touch {value!r} on: {await self.read()!r}")

    async def gone(self, value: str) -> None:
        """Wait until the page that had an answer has given way to the next, which may have it again."""
        await self.page.wait_for_function(
            """([value, title]) => document.getElementById("title").textContent !== title
                && !document.body.classList.contains("settling")""",
            arg=[value, self._touched_under],
        )

    async def pick(self, name: str, value: str = "yes") -> None:
        """Touch an answer to one question of a page with several."""
        await self.page.locator(f'label:has(input[name="{name}"][value="{value}"])').click()

    async def type(self, name: str, text: str) -> None:
        """Type into a field on the keyboard of the screen, letter by letter and each tone after its vowel."""
        field = self.page.locator(f'[name="{name}"]')
        await field.click()
        for letter in text:
            for key in keys_of(letter):
                await self.page.locator(f'[data-keys]:not([hidden]) [data-key="{key}"]').click()
        await self.typed(name, text)

    async def typed(self, name: str, text: str) -> None:
        """Wait until a field says what was typed; how it is grouped does not matter."""
        await self.page.wait_for_function(
            """([name, text]) => [" ", "/", "."].reduce((value, each) => value.split(each).join(""),
                document.getElementsByName(name)[0].value.toLowerCase()) === text""",  # a RegExp remembers what it read
            arg=[name, re.sub("[ /.]", "", text.lower())],
        )

    async def sign(self, name: str) -> None:
        """Sign with the finger in the box."""
        box = await self.page.locator("[data-pad]").bounding_box()
        assert box is not None
        for start, end in (((0.1, 0.7), (0.5, 0.2)), ((0.5, 0.2), (0.8, 0.8))):
            await self.page.mouse.move(box["x"] + start[0] * box["width"], box["y"] + start[1] * box["height"])
            await self.page.mouse.down()
            await self.page.mouse.move(box["x"] + end[0] * box["width"], box["y"] + end[1] * box["height"], steps=6)
            await self.page.mouse.up()

    async def go_on(self) -> None:
        """Touch the button that goes on."""
        await self.answering()
        await self.page.click("#continue")

    async def press(self, button: str) -> None:
        """Touch a button of the frame: ``bar-help``, ``back``, ``language-en`` …"""
        await self.page.click(f"#{button}")

    async def picture(self, name: str) -> dict[str, int] | None:
        """Return the code in the moving picture of that name; None: it has none now."""
        await self.page.evaluate(f"() => {{ {FRAMECODE} window.readFrameCode = readFrameCode; }}")
        return await self.page.evaluate(
            """(name) => {
                const canvas = document.querySelector(`canvas[data-video="${name}"]`);
                if (!canvas || canvas.width < 64) return null;
                return readFrameCode(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height));
            }""",
            name,
        )
