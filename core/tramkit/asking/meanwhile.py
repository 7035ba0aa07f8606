"""Waiting for work without leaving the resident before a page that does nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")

QUIET_SECONDS = 0.4
"""How long the outside world may take before the resident is told to wait."""


async def meanwhile(
    work: Awaitable[T], sleep: Callable[[float], Awaitable[None]], tell: Callable[[], Awaitable[Any]]
) -> T:
    """Wait for work, telling the resident so where it takes longer than a moment.

    :param sleep: by the station's clock.
    :param tell: shows a page that is not answered.
    """
    task = asyncio.ensure_future(work)
    shown: asyncio.Task[Any] | None = None

    async def say() -> None:
        await sleep(QUIET_SECONDS)
        await tell()

    try:
        shown = asyncio.create_task(say())
        return await task
    finally:
        for each in (task, shown):
            if each is not None and not each.done():
                each.cancel()
