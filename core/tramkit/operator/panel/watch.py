"""Watches the devices for the panel: looks at their health now and then, and wakes the panel when one changes."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import secrets
from collections.abc import Generator
from typing import Protocol, runtime_checkable

from tramkit.operator.open_orders import OpenOrders
from tramkit.station.devices import Devices
from tramkit_hal.device.base import Device, Health
from tramkit_hal.device.clock import Clock
from tramkit_hal.device.simulated import Simulated

LOOK_SECONDS = 2.0
"""Between two looks at all devices, while somebody has the panel open."""

LOOK_DEADLINE = 3.0
"""Seconds that one device may take to answer a look."""

TICK_SECONDS = 0.5
"""Between two looks at what tells nobody that it changed: the page of the visit, staff calls, simulators."""

_log = logging.getLogger(__name__)


@runtime_checkable
class Paper(Protocol):
    """A simulated printer that can show the paper in its slot."""

    def paper_png(self) -> bytes | None:
        """Return the paper as a PNG image; None: no paper hangs out."""
        ...


class Watch:
    """What the panel knows of the devices beyond their state.

    :ivar serial: rises whenever something may have changed.
    """

    def __init__(self, devices: Devices, clock: Clock, orders: OpenOrders | None = None) -> None:
        self._orders = orders
        self.serial = 0
        self.closed = False
        self._devices = devices
        self._clock = clock
        self._viewers = 0
        self._wanted = asyncio.Event()
        self._changed = asyncio.Event()
        self._health: dict[Device, Health | None] = {}
        self._silent: set[Device] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._secret = secrets.token_bytes(16)
        self._papers: dict[Device, tuple[str, bool]] = {}

    # ── life ──────────────────────────────────────────────────────────────────────────────────────────────

    def start(self) -> None:
        """Begin to watch."""
        self._tasks = [asyncio.create_task(self._listen(device)) for device in self._devices]
        self._tasks += [asyncio.create_task(self._look_again()), asyncio.create_task(self._tick())]

    async def stop(self) -> None:
        """Stop watching and end every wait for a change."""
        self.closed = True
        self.mark()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @contextlib.contextmanager
    def viewer(self) -> Generator[None]:
        """Count somebody who has the panel open: the devices are looked at only then."""
        self._viewers += 1
        self._wanted.set()
        try:
            yield
        finally:
            self._viewers -= 1
            if not self._viewers:
                self._wanted.clear()

    @property
    def viewers(self) -> int:
        return self._viewers

    def mark(self) -> None:
        """Say that something may have changed."""
        self.serial += 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def changed(self, after: int) -> None:
        """Wait until :attr:`serial` is above ``after``, or watching has stopped."""
        while self.serial <= after and not self.closed:
            await self._changed.wait()

    async def _listen(self, device: Device) -> None:
        async with device.events() as events:
            async for _event in events:
                self.mark()

    async def _tick(self) -> None:
        while True:
            await self._wanted.wait()
            await self._clock.sleep(TICK_SECONDS)
            self.mark()

    async def _look_again(self) -> None:
        while True:
            await self._wanted.wait()
            await self.look()
            self.mark()
            await self._clock.sleep(LOOK_SECONDS)

    # ── what is seen ──────────────────────────────────────────────────────────────────────────────────────

    async def look(self) -> None:
        """Look at every device now; one that does not answer is waited for :data:`LOOK_DEADLINE` at most."""
        if self._orders is not None:
            await self._orders.look(self._clock.now())
        await asyncio.gather(*(self._look_at(device) for device in self._devices))

    async def _look_at(self, device: Device) -> None:
        try:
            self._health[device] = await device.health("quick", LOOK_DEADLINE)
            self._silent.discard(device)
        except Exception as error:  # the driver's edge; said once, not at every look
            self._health[device] = None
            if device not in self._silent:
                self._silent.add(device)
                _log.exception(
                    "device not looked at", extra={"role": device.context.role.value, "error": type(error).__name__}
                )

    def health(self, device: Device) -> Health | None:
        """Return what the last look found; None: nothing is known."""
        return self._health.get(device)

    def paper(self, device: Device) -> str:
        """Return a mark that changes with the paper in a simulated printer's slot; empty: there is none.

        The paper itself is not kept here: it is the resident's, and goes when the printer is wiped.
        """
        if not (isinstance(device, Simulated) and isinstance(device, Paper)):
            return ""
        mark = hashlib.blake2b(device.shown().encode(), key=self._secret, digest_size=8).hexdigest()
        known = self._papers.get(device)
        if known is None or known[0] != mark:
            known = self._papers[device] = (mark, device.paper_png() is not None)
        return known[0] if known[1] else ""
