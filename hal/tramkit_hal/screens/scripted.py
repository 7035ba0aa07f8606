"""A robot resident: a screen without pixels, which sees every view and answers as it is told, or by itself."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Literal

from pydantic import BaseModel, Field

from tramkit_hal.data import Data
from tramkit_hal.device.base import DeviceContext, DeviceInfo
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.screens.robot import Act, Walker
from tramkit_hal.ui.accessibility import describe
from tramkit_hal.ui.events import Answered, Pressed, Touched
from tramkit_hal.ui.pages import AnyPage, Bar, View
from tramkit_hal.ui.screen import Screen, ScreenCapabilities, Shown
from tramkit_hal.video import NewestFrame

HISTORY = 1_000
"""Views kept; the oldest go first."""


class ScriptedSettings(Data):
    """Settings of the driver ``scripted``: what the robot does by itself; with none of them it waits for a test.

    :param answers: what it does, page by page, from the attract page on; afterwards it stands still.
    :param seed: it does anything that the screen lets it do, visit after visit, the same for the same seed.
    :param pause: seconds that it looks at a page.
    """

    answers: tuple[Act, ...] = ()
    seed: int | None = None
    pause: float = Field(default=0.3, ge=0.01, le=60)


class ScriptedScreen(Screen):
    """A screen that a test drives, or that drives itself by its settings.

    ::

        page = await screen.until(lambda page: page.kind == "ask")
        screen.answer(complaint="đau đầu")
        screen.press("back")
    """

    driver = "scripted"
    Settings = ScriptedSettings

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._robot: asyncio.Task[None] | None = None
        self.history: deque[View] = deque(maxlen=HISTORY)
        self.videos: dict[str, NewestFrame] = {}
        self._shown = asyncio.Event()
        self._events: asyncio.Queue[Answered | Pressed | Touched] = asyncio.Queue()

    # ── the contract ──────────────────────────────────────────────────────────────────────────────────────

    @property
    def info(self) -> DeviceInfo:
        return DeviceInfo(driver=self.driver, model="robot resident", serial="0", simulated=True)

    @property
    def capabilities(self) -> ScreenCapabilities:
        return ScreenCapabilities()

    async def _open(self) -> None:
        settings = self.settings
        if isinstance(settings, ScriptedSettings) and (settings.answers or settings.seed is not None):
            self._robot = asyncio.create_task(self._live(settings), name="robot resident")

    async def _close(self) -> None:
        robot, self._robot = self._robot, None
        if robot is not None:
            robot.cancel()
            await asyncio.gather(robot, return_exceptions=True)

    async def _wipe(self) -> None:
        self.history.clear()
        self.videos.clear()
        while not self._events.empty():
            self._events.get_nowait()

    async def show(self, view: View) -> None:
        if not self.state.usable:
            raise DeviceError(self.trouble or Trouble.NOT_OPEN)
        self.history.append(view)
        shown, self._shown = self._shown, asyncio.Event()
        shown.set()

    async def next_event(self) -> Answered | Pressed | Touched:
        return await self._events.get()

    def set_video(self, name: str, picture: NewestFrame | None) -> None:
        if picture is None:
            self.videos.pop(name, None)
        else:
            self.videos[name] = picture

    async def describe(self) -> list[Shown]:
        return describe(self.view) if self.history else []

    async def _live(self, settings: ScriptedSettings) -> None:
        """Do what the settings say, one thing for each page that is shown."""
        todo = deque(settings.answers)
        walker = Walker(settings.seed) if settings.seed is not None else None
        while todo or walker is not None:
            view, shown = self.history[-1] if self.history else None, self._shown
            await self.context.clock.sleep(settings.pause)
            if view is None or view is not (self.history[-1] if self.history else None):
                continue
            act = todo.popleft() if todo else walker.act(view) if walker is not None else Act(do="wait")
            if (event := act.event(view.page)) is None:
                continue
            self._events.put_nowait(event)
            if act.do != "touch":
                await shown.wait()

    # ── the robot ─────────────────────────────────────────────────────────────────────────────────────────

    @property
    def view(self) -> View:
        """The view shown now.

        :raises LookupError: nothing is shown (before the first page and after a wipe).
        """
        if not self.history:
            raise LookupError("nothing is shown")
        return self.history[-1]

    @property
    def page(self) -> AnyPage:
        """The page shown now."""
        return self.view.page

    async def until(self, predicate: Callable[[AnyPage], bool], deadline: float = 60.0) -> AnyPage:
        """Wait for a page, which may be the one shown now, and return it.

        :param deadline: seconds of real time.
        :raises TimeoutError: it did not come; the message names the kind of page that is shown.
        """
        try:
            async with asyncio.timeout(deadline):
                while True:
                    shown = self._shown
                    if self.history and predicate(self.page):
                        return self.page
                    await shown.wait()
        except TimeoutError:
            kind = type(self.page).__name__ if self.history else "nothing"
            raise TimeoutError(f"the page did not come; shown is {kind}") from None

    async def changed(self, deadline: float = 10.0) -> View:
        """Wait for the next view, even one like the one shown now, and return it."""
        async with asyncio.timeout(deadline):
            await self._shown.wait()
        return self.view

    def answer(self, choice: str = "continue", /, **values: str) -> None:
        """Answer the page shown now; values go into the fields of an Ask page."""
        page = self.page
        self._events.put_nowait(Answered(page=page.id, revision=page.revision, choice=choice, values=values))

    def press(self, button: Bar | Literal["back", "language", "change"], value: str = "", /, **values: str) -> None:
        """Press a button of the bar, ``back``, ``language`` or ``change``."""
        page = self.page
        self._events.put_nowait(
            Pressed(page=page.id, revision=page.revision, button=button, value=value, values=values)
        )

    def touch(self, **values: str) -> None:
        """Touch the screen beside every button, perhaps having typed something."""
        page = self.page
        self._events.put_nowait(Touched(page=page.id, revision=page.revision, values=values))

    def break_down(self) -> None:
        """Be faulty, as a display whose cable was pulled; the station opens it again."""
        self._lost(Trouble.FAULTY)

    def send(self, event: Answered | Pressed | Touched) -> None:
        """Send any event, a stale or foreign one too."""
        self._events.put_nowait(event)
