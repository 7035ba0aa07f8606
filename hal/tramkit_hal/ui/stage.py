"""What stands on the screen now: one view, what has been typed into it, and who is watching."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from tramkit_hal import TramkitError
from tramkit_hal.ui import labels
from tramkit_hal.ui.events import Answered, Pressed, Touched
from tramkit_hal.ui.keyboard.typing import Typing
from tramkit_hal.ui.pages import Ask, Call, Check, View, Wait, fields_of

EVENTS = 64
"""Events kept for the core; when it takes none for so long, newer ones are refused."""
TOUCHES = 32
"""Events that wait when touches are no longer kept, so that there is room for an answer."""

BLANK = View(page=Wait(title=labels.NOT_READY, body=(labels.NOT_READY_BODY,)))
"""Shown before the first view and after a wipe."""


class StaleEventError(TramkitError):
    """The event was made on a page that is not shown any more."""


class EventRefusedError(TramkitError):
    """The page shown does not take this answer, or the core takes no more events; the words say which."""


class ShownView:
    """The one view shown.

    :ivar serial: rises with each view, so that a browser knows whether it has seen it.
    :ivar typing: how the resident types, until the next one.
    :ivar typed: the text that the last key made, which remembers how; see :func:`tramkit_hal.keyboard.typing.press`.
    :ivar drafts: what was typed into the fields of this page, kept so that a reload loses nothing.
    """

    def __init__(self) -> None:
        self.view = BLANK
        self.serial = 0
        self.drafts: dict[str, str] = {}
        self.typing = Typing.DIRECT
        self.typed = ""
        self.events: asyncio.Queue[Answered | Pressed | Touched] = asyncio.Queue(EVENTS)
        self.closed = True
        self._changed = asyncio.Event()

    def open(self) -> None:
        """Be ready for watchers."""
        self.closed = False

    def show(self, view: View) -> None:
        """Replace the view; drafts live on while the page stays the same and the core gave no newer value."""
        before, self.view = self.view, view
        if (before.visit, before.page.id, before.page.kind) == (view.visit, view.page.id, view.page.kind):
            given, now = _given(before), _given(view)
            self.drafts = {name: v for name, v in self.drafts.items() if given.get(name) == now.get(name, "")}
        else:
            self.drafts = {}
            self.typed = ""
        self._wake()

    def wipe(self) -> None:
        """Forget the view, the drafts and every waiting event."""
        self.view = BLANK
        self.drafts = {}
        self.typing = Typing.DIRECT
        self.typed = ""
        while not self.events.empty():
            self.events.get_nowait()
        self._wake()

    def close(self) -> None:
        """End every watcher's wait."""
        self.closed = True
        self._wake()

    async def changed(self, after: int) -> None:
        """Wait until there is a view newer than ``after``, or the stage is closed."""
        while self.serial <= after and not self.closed:
            changed = self._changed
            await changed.wait()

    def accept(self, event: Answered | Pressed | Touched) -> None:
        """Take an event for the core.

        :raises StaleEventError: made on another page or revision.
        :raises EventRefusedError: not an answer of the page shown, or the queue is full.
        """
        page = self.view.page
        if (event.page, event.revision) != (page.id, page.revision) or self.view is BLANK:
            raise StaleEventError
        if not _takes(self.view, event):
            raise EventRefusedError("the page does not take this answer")
        names = _given(self.view)
        self.drafts |= {name: value for name, value in event.values.items() if name in names}
        if isinstance(event, Touched) and self.events.qsize() >= TOUCHES:
            return  # the core has plenty of touches to know that somebody is here
        if self.events.full():
            raise EventRefusedError("too many events are waiting")
        self.events.put_nowait(event)

    def _wake(self) -> None:
        self.serial += 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def _given(view: View) -> Mapping[str, str]:
    """Return the fields and what the core gave them; in a call that only repeats what was typed."""
    return {field.name: "" if isinstance(view.page, Call) else field.value for field in fields_of(view.page)}


def _takes(view: View, event: Answered | Pressed | Touched) -> bool:
    page = view.page
    if isinstance(event, Touched):
        return True
    if isinstance(event, Answered):
        return event.choice in page.answers()
    match event.button:
        case "back":
            return view.back
        case "language":
            return event.value in view.languages
        case "change":
            return isinstance(page, Check) and event.value in {f.change for f in page.facts if f.change}
        case "help":
            return event.button in view.bar or (isinstance(page, Ask) and page.attempts >= 3)
        case button:
            return button in view.bar
