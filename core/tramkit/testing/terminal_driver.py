"""A resident at the terminal screen: a mouse, and the keys of the on-screen keyboard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tramkit.testing.drivers import Looking, button_of, keys_of
from tramkit.testing.needs import needs
from tramkit_hal.ui.pages import View
from tramkit_hal.ui.screen import Shown

with needs("textual"):
    from textual import events
    from textual._context import active_app

    from tramkit_hal.screens.terminal import TerminalScreen
    from tramkit_hal.screens.terminal.app import TerminalApp
    from tramkit_hal.screens.terminal.keyboard import Keyboard
    from tramkit_hal.screens.terminal.parts import Part
    from tramkit_hal.screens.terminal.sheet import Sheet


class TerminalDriver(Looking):
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
        kind, value = button_of(button)
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


def zones(app: TerminalApp) -> list[Sheet | Keyboard]:
    """Return what the glass is made of, from top to bottom."""
    return [zone for zone in app.screen.children if isinstance(zone, Sheet | Keyboard) and zone.display]


async def laid_out(app: TerminalApp) -> None:
    """Wait until every zone has the room that it was given."""
    while any(zone.size.height != (zone.lines if isinstance(zone, Sheet) else zone.height) for zone in zones(app)):
        await asyncio.sleep(0.002)


async def click(app: TerminalApp, part: Part) -> None:
    """Click where a part stands, as a mouse or a finger does; return when the screen has taken it."""
    await laid_out(app)
    across, down = app.reach(part)
    widget, region = app.screen.get_widget_at(across, down)
    at = (across - region.x, down - region.y)
    widget.post_message(
        events.Click(widget, *at, 0, 0, 1, shift=False, meta=False, ctrl=False, screen_x=across, screen_y=down)
    )
    taken = asyncio.Event()
    widget.call_later(taken.set)
    await taken.wait()
