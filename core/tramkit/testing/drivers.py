"""What a resident does at a station, one interface whatever the screen is; and the robot before the scripted screen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal, Protocol

from tramkit_hal.screens.scripted import ScriptedScreen
from tramkit_hal.ui.keyboard.syllables import split_tone
from tramkit_hal.ui.pages import Bar, View, fields_of
from tramkit_hal.ui.screen import Shown
from tramkit_hal.words import render

LOOK_SECONDS = 60.0
"""So long is looked for what should be on the screen."""

SIGNATURE = "1z4s2u353p1w4k1q5f3c6a5b7c3u865r8y2m9s4kam3ubh5ece3uf04iha3w 3k7s7l6qcc6ahg6skm5z"
"""As a screen tells what was drawn."""


def keys_of(letter: str) -> tuple[str, ...]:
    """Return the keys of a letter on the keyboard for direct typing."""
    bare, tone = split_tone(letter.lower())
    return (bare, tone.value) if tone else (bare,)


class AnyDriver(Protocol):
    """A resident before any screen; a journey is written with these alone."""

    async def at(self, kind: str, title: str = "") -> None:
        """Wait for a page of a kind, perhaps with words of its title."""
        ...

    async def title(self) -> str:
        """Return the title that stands there."""
        ...

    async def read(self) -> str:
        """Return all the words of the page."""
        ...

    async def says(self, words: str) -> None:
        """Wait until the page says something."""
        ...

    async def begin(self) -> None:
        """Touch the first page and wait for the menu."""
        ...

    async def choose(self, value: str) -> None:
        """Touch an answer."""
        ...

    async def gone(self, value: str) -> None:
        """Wait until the page that had an answer has given way to the next."""
        ...

    async def pick(self, name: str, value: str = "yes") -> None:
        """Answer one question of a page with several."""
        ...

    async def type(self, name: str, text: str) -> None:
        """Type into a field."""
        ...

    async def sign(self, name: str) -> None:
        """Sign, with the finger or with a name."""
        ...

    async def go_on(self) -> None:
        """Touch the button that goes on."""
        ...

    async def press(self, button: str) -> None:
        """Touch a button of the frame: ``bar-help``, ``back``, ``language-en`` …"""
        ...


class Looking:
    """What a resident does with eyes only, the same at every screen."""

    _under = ""

    async def describe(self) -> list[Shown]:
        raise NotImplementedError

    def view(self) -> View | None:
        raise NotImplementedError

    async def until(self, true: Callable[[], Awaitable[bool]]) -> None:
        """Look again until something holds."""
        async with asyncio.timeout(LOOK_SECONDS):
            while not await true():
                await asyncio.sleep(0.02)

    async def at(self, kind: str, title: str = "") -> None:
        async def there() -> bool:
            view = self.view()
            return view is not None and view.page.kind == kind and title in await self.title()

        await self.until(there)

    async def title(self) -> str:
        view = self.view()
        return render(view.page.title, view.language) if view is not None else ""

    async def read(self) -> str:
        return "\n".join(f"{item.name}\n{item.value}" for item in await self.describe())

    async def says(self, words: str) -> None:
        async def said() -> bool:
            return words in await self.read()

        await self.until(said)

    async def gone(self, value: str) -> None:
        async def other() -> bool:
            return self.view() is not None and await self.title() != self._under

        await self.until(other)

    async def has(self, action: str) -> None:
        """Wait until the page offers something."""

        async def offers() -> bool:
            return any(item.action == action for item in await self.describe())

        await self.until(offers)


def button_of(name: str) -> tuple[str, str]:
    """Return a button of the frame as the button and its value, from the name it has in the browser."""
    name = name.removeprefix("bar-")
    kind, dash, value = name.partition("-")
    return (kind, value) if dash else (name, "")


class ScriptedDriver(Looking):
    """A robot before the scripted screen."""

    def __init__(self, screen: ScriptedScreen) -> None:
        self.screen = screen
        self._typed: dict[str, str] = {}

    def view(self) -> View | None:
        return self.screen.view if self.screen.history else None

    async def describe(self) -> list[Shown]:
        return await self.screen.describe()

    async def begin(self) -> None:
        await self.at("attract")
        self.screen.answer()
        await self.screen.changed(LOOK_SECONDS)
        await self.at("choose")

    async def choose(self, value: str) -> None:
        await self.has(value)
        self._under = await self.title()
        self.screen.answer(value)
        await self.screen.changed(LOOK_SECONDS)

    async def pick(self, name: str, value: str = "yes") -> None:
        await self.has(name)
        self._typed[name] = value

    async def type(self, name: str, text: str) -> None:
        await self.pick(name, text)

    async def sign(self, name: str) -> None:
        """Sign with a finger."""
        await self.type("signature", SIGNATURE)

    async def go_on(self) -> None:
        await self.has("continue")
        self._under = await self.title()
        page = self.screen.page
        standing = {field.name: field.value for field in fields_of(page)}
        values, self._typed = standing | self._typed, {}
        self.screen.answer("continue", **values)
        await self.screen.changed(LOOK_SECONDS)

    async def press(self, button: str) -> None:
        kind, value = button_of(button)
        which: Bar | Literal["back", "language", "change"]
        which = kind if kind in ("back", "language", "change") else Bar(kind)  # type: ignore[assignment]
        self.screen.press(which, value)
        await self.screen.changed(LOOK_SECONDS)
