"""Steps of a visit that take several pages, or a page and a device, and count as one answer for Back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from tramkit.conversation.timeouts import Idle
from tramkit.host.journal import Entry
from tramkit_hal.device.base import Device
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.ui.events import Answered
from tramkit_hal.ui.pages import AnyPage

if TYPE_CHECKING:
    from tramkit.visit.visit import Visit

_log = logging.getLogger(__name__)

D = TypeVar("D", bound=Device)
T = TypeVar("T")

LOOK_SECONDS = 1.0
"""How often to look whether a device that has gone is back."""


async def one_step(visit: Visit, base: str, name: str, run: Callable[[], Awaitable[Any]]) -> Any:
    """Run a step of several pages as one entry of the journal.

    :param base: names the step within the visit.
    :param name: what a Change link calls it.
    :param run: shows the pages and returns the value.
    """
    key = visit.journal.key(base)
    entry = visit.journal.replay(key)
    if entry is not None:
        return entry.value
    resumed = visit.journal.resumed(key, base)
    visit.current = key
    value = resumed.value if resumed is not None else await run()
    visit.journal.record(Entry(key, name, value, answer=value is not None, shape=base))
    return value


async def while_there(visit: Visit, role: Role, contract: type[D], read: Callable[[D], Awaitable[T]]) -> T:
    """Read from the first usable device of a role, whenever there is one: it may go away and come back.

    :raises DeviceError: ``unreadable``, the resident's try has failed.
    """
    while True:
        try:
            return await read(visit.device(role, contract))
        except DeviceError as error:
            if error.trouble is Trouble.UNREADABLE:
                raise
            _log.info("cannot read now", extra={"role": role.value, "trouble": error.trouble.value})
            while True:
                await visit.clock.sleep(LOOK_SECONDS)
                if visit.devices.usable(role, contract):
                    break


async def page_or_device(
    visit: Visit, page: AnyPage, sources: Sequence[Callable[[], Awaitable[T]]], idle: Idle = Idle.QUESTION
) -> Answered | T:
    """Show a page until it is answered or one of the devices delivers or fails, whichever comes first.

    :param idle: ``NONE`` while a device works on the resident, who must sit still: it has a deadline of its own.
    """
    shown = asyncio.create_task(visit.conversation.exchange(page, idle, back=visit.can_go_back))
    readers = [asyncio.ensure_future(source()) for source in sources]
    try:
        done, _waiting = await asyncio.wait({shown, *readers}, return_when=asyncio.FIRST_COMPLETED)
        if shown in done:
            return shown.result()
        return next(reader for reader in readers if reader in done).result()
    finally:
        for task in (shown, *readers):
            task.cancel()
        await asyncio.gather(shown, *readers, return_exceptions=True)
