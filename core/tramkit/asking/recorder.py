"""A question as a step of the journal: shown, answered, recorded; replayed, resumed, prefilled as the journal says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Protocol

from tramkit.asking.idle import Idle
from tramkit.asking.journal import Journal, JournalEntry
from tramkit_hal.ui.events import Answered
from tramkit_hal.ui.pages import AnyPage


class Exchange(Protocol):
    """Shows a page and returns its answer."""

    async def __call__(self, page: AnyPage, idle: Idle, *, scanned: str = "") -> Answered:
        """Show a page until it is answered.

        :param scanned: the field of an Ask page that a code before the scanner answers too; empty: none.
        """
        ...


class Recorder:
    """Runs the steps of a conversation over its journal.

    :ivar current: key of the step that is asked now.
    :ivar scope: tells its pages from those of other journals in the same visit.
    """

    def __init__(self, journal: Journal, exchange: Exchange) -> None:
        self.journal = journal
        self.exchange = exchange
        self.current = ""
        self.scope = ""

    def page_id(self, key: str) -> str:
        """Return the id of the page of a step."""
        return page_id(key, self.scope)

    async def step(
        self,
        kind: str,
        page: Callable[[Any], AnyPage],
        read: Callable[[Answered], Any],
        idle: Idle,
        *,
        base: str,
        name: str = "",
        scanned: str = "",
    ) -> Any:
        """Show a page until ``read`` makes a value of its answer; replay, resume and prefill as the journal says.

        :param page: makes the page from the answer that was given or typed before, None at first.
        :param read: makes the value; None: not yet, show the page again.
        :param base: tells the step from others of its kind.
        :param name: what a Change link calls the answer.
        """
        key = self.journal.key(f"{kind}:{base}")
        entry = self.journal.replay(key)
        if entry is not None:
            return entry.value
        shape = digest(page(None).model_dump_json())
        resumed = self.journal.resumed(key, shape)
        value = resumed.value if resumed is not None else None
        if value is None:
            kept = self.journal.kept(key)
            value = await self._until_read(key, page, read, idle, kept.value if kept else None, scanned)
        self.journal.record(JournalEntry(key, name, value, answer=True, shape=shape))
        return value

    async def _until_read(
        self,
        key: str,
        page: Callable[[Any], AnyPage],
        read: Callable[[Answered], Any],
        idle: Idle,
        kept: Any,
        scanned: str,
    ) -> Any:
        self.current = key
        while True:
            shown = page(kept).model_copy(update={"id": self.page_id(key)})
            value = read(await self.exchange(shown, idle, scanned=scanned))
            if value is not None:
                return value

    def note(self, base: str, make: Callable[[], Any]) -> Any:
        """Return what was noted here before, in this run or in one that was taken back; otherwise make it and note it.

        For what is found out without asking the resident: Back does not stop there.
        """
        key = self.journal.key(base)
        entry = self.journal.replay(key)
        if entry is not None:
            return entry.value
        kept = self.journal.kept(key)
        value = kept.value if kept is not None else make()
        self.journal.record(JournalEntry(key, "", value, answer=False))
        return value


def digest(text: str) -> str:
    """Return a short digest of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def page_id(key: str, scope: str = "") -> str:
    """Return the id of the page of a step, its own in its scope."""
    return f"{key.split(':', maxsplit=1)[0]}-{digest(scope + key)[:10]}"
