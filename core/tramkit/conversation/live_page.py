"""A page that changes while it stands: the place in a queue, the state of a call."""

from __future__ import annotations

import asyncio
import contextlib

from tramkit.asking.idle import Idle
from tramkit.conversation.conversation import Conversation
from tramkit_hal.ui.pages import AnyPage, Call, Pay, Wait


class LivePage:
    """A page that changes while it stands, shown from the start until :meth:`close`."""

    def __init__(self, conversation: Conversation, page: Wait | Call | Pay, idle: Idle) -> None:
        self._conversation = conversation
        self._page = page
        self._idle = idle
        self._choices: asyncio.Queue[str] = asyncio.Queue(16)
        self._typed = ""
        self._typing = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name="live page")

    def update(self, page: Wait | Call | Pay) -> None:
        """Show another state of the page; nothing happens where it is the same."""
        page = page.model_copy(update={"id": self._page.id})
        if page != self._page:
            self._page = page
            self._conversation.replace(page)

    async def answer(self) -> str:
        """Return the next choice that the resident presses, waiting for it."""
        return await self._choices.get()

    async def typed(self) -> str:
        """Return what stands in the page's field, once it is different from what was returned before."""
        await self._typing.wait()
        self._typing.clear()
        return self._typed

    async def close(self) -> None:
        """End it."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)  # a visit that ends just now is not swallowed

    async def _run(self) -> None:
        while True:
            answered = await self._conversation.exchange(self._page, self._idle, typed=self._take)
            with contextlib.suppress(asyncio.QueueFull):  # a resident who presses faster than the service reads
                self._choices.put_nowait(answered.choice)

    def _take(self, page: AnyPage) -> None:
        """Keep what has been typed into the page: the service hears the newest only."""
        if isinstance(page, Call) and page.reply is not None and page.reply != self._typed:
            self._typed = page.reply
            self._typing.set()
