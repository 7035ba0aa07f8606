"""What a resident does at :class:`support.web_driver.WebDriver`, before the terminal screen and the scripted one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal, Protocol

from textual._context import active_app

from tramkit_hal.screens.scripted import ScriptedScreen
from tramkit_hal.screens.terminal import TerminalScreen
from tramkit_hal.screens.terminal.app import TerminalApp
from tramkit_hal.screens.terminal.parts import Part
from tramkit_hal.ui.pages import Ask, Bar, View
from tramkit_hal.ui.screen import Shown
from tramkit_hal.words import render

from .cells import click
from .web_driver import LOOK_SECONDS, keys_of

SIGNATURE = "1z4s2u353p1w4k1q5f3c6a5b7c3u865r8y2m9s4kam3ubh5ece3uf04iha3w 3k7s7l6qcc6ahg6skm5z"
"""As a screen tells what was drawn."""


class AnyDriver(Protocol):
    """A resident before any screen; a journey is written with these alone."""

    async def at(self, kind: str, title: str = "") -> None: ...
    async def title(self) -> str: ...
    async def read(self) -> str: ...
    async def says(self, words: str) -> None: ...
    async def begin(self) -> None: ...
    async def choose(self, value: str) -> None: ...
    async def gone(self, value: str) -> None: ...
    async def pick(self, name: str, value: str = "yes") -> None: ...
    async def type(self, name: str, text: str) -> None: ...
    async def sign(self, name: str) -> None: ...
    async def go_on(self) -> None: ...
    async def press(self, button: str) -> None: ...


class _Looking:
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


def _button(name: str) -> tuple[str, str]:
    """Return a button of the frame as the button and its value, from the name it has in the browser."""
    name = name.removeprefix("bar-")
    kind, dash, value = name.partition("-")
    return (kind, value) if dash else (name, "")


class ScriptedDriver(_Looking):
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
        standing = {field.name: field.value for field in page.fields} if isinstance(page, Ask) else {}
        values, self._typed = standing | self._typed, {}
        self.screen.answer("continue", **values)
        await self.screen.changed(LOOK_SECONDS)

    async def press(self, button: str) -> None:
        kind, value = _button(button)
        which: Bar | Literal["back", "language", "change"]
        which = kind if kind in ("back", "language", "change") else Bar(kind)  # type: ignore[assignment]
        self.screen.press(which, value)
        await self.screen.changed(LOOK_SECONDS)


class TerminalDriver(_Looking):
    """A mouse and the keys of the on-screen keyboard, before the terminal screen."""

    def __init__(self, screen: TerminalScreen) -> None:
        self.screen = screen
        self._pressed_at = 0

    @property
    def app(self) -> TerminalApp:
        assert self.screen.app is not None
        active_app.set(self.screen.app)
        return self.screen.app

    def view(self) -> View | None:
        app = self.screen.app
        if app is None or app.serial != self.screen.serial:
            return None  # not drawn yet
        return self.screen.view

    async def describe(self) -> list[Shown]:
        return await self.screen.describe()

    async def begin(self) -> None:
        await self.at("attract")
        await self.click(lambda items: _first(items, "continue"))
        await self.at("choose")

    async def choose(self, value: str) -> None:
        await self.has(value)
        self._under = await self.title()
        await self.click(lambda items: _first(items, value))
        await self.answered()

    async def pick(self, name: str, value: str = "yes") -> None:
        await self.has(name)
        await self.click(lambda items: _answer(items, name, value))

    async def type(self, name: str, text: str) -> None:
        await self.has(name)
        await self.click(lambda items: _first(items, name))
        for letter in text:
            for key in keys_of(letter):
                self.app.type_key(key)

    async def sign(self, name: str) -> None:
        """Sign with the name: a terminal cannot be drawn on."""
        await self.type("name", name)

    async def go_on(self) -> None:
        await self.choose("continue")

    async def press(self, button: str) -> None:
        kind, value = _button(button)
        action = f"{kind}:{value}" if value else kind
        await self.has(action)
        await self.click(lambda items: _first(items, action))
        await self.answered()

    async def answered(self) -> None:
        """Wait until the station has shown something for what was just pressed."""

        async def newer() -> bool:
            return self.screen.serial > self._pressed_at

        await self.until(newer)

    async def click(self, which: Callable[[list[Part]], Part]) -> None:
        """Click one of the page's parts."""
        app = self.app
        part = which(app.parts())
        self._pressed_at = self.screen.serial
        await click(app, part)


def _first(parts: list[Part], action: str) -> Part:
    return next(part for part in parts if part.item.action == action)


def _answer(parts: list[Part], question: str, value: str) -> Part:
    """Return an answer to one question of a page with several; a consent is its own answer."""
    asked = next(number for number, part in enumerate(parts) if part.item.action == question)
    after = parts[asked + 1 :]
    if parts[asked].press is not None or not after or after[0].item.role != "option":
        return parts[asked]
    return _first(after, value)
