"""The station's devices: each role bound to an ordered list of drivers, kept open, and failing over."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from tramkit_hal.device.base import Device, DeviceState
from tramkit_hal.device.clock import Clock
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.ui.pages import Availability
from tramkit_hal.words import Messages, Text

_ = Messages("tramkit")
_log = logging.getLogger(__name__)

D = TypeVar("D", bound=Device)

BACK_OFF = (1.0, 2.0, 5.0, 15.0, 60.0)
"""Seconds between attempts to open a device that is down; the last one repeats."""

FAULTS_BEFORE_STOP = 3
FAULT_WINDOW = 600.0
"""After three faults in ten minutes a device is left alone until the operator resets it."""


class Devices:
    """Every device of the station, by role, in the order of ``station.toml``."""

    def __init__(self, bound: Mapping[Role, Sequence[Device]], clock: Clock) -> None:
        self._bound = {role: tuple(devices) for role, devices in bound.items()}
        self._clock = clock
        self._keepers: list[asyncio.Task[None]] = []
        self._unclean: set[Device] = set()
        self._owed: set[Device] = set()

    def __iter__(self) -> Iterator[Device]:
        return (device for devices in self._bound.values() for device in devices)

    def of(self, role: Role) -> tuple[Device, ...]:
        """Return the devices bound to a role, first choice first."""
        return self._bound.get(role, ())

    def usable(self, role: Role, contract: type[D]) -> list[D]:
        """Return the devices of a role that can be used now, first choice first."""
        return [
            device
            for device in self.of(role)
            if isinstance(device, contract) and device.state.usable and device not in self._unclean | self._owed
        ]

    def availability(self, role: Role) -> tuple[Availability, Text | None]:
        """Return whether a role can be filled, and why not: unknown is neither ``available`` nor ``closed``."""
        devices = self.of(role)
        if not devices:
            return Availability.CLOSED, _("This station does not have the device.")
        if self.usable(role, Device):
            first = self.usable(role, Device)[0]
            if first.state is DeviceState.DEGRADED and first.trouble:
                return Availability.LIMITED, first.trouble.words
            return Availability.AVAILABLE, None
        if any(device.state is DeviceState.STARTING for device in devices):
            return Availability.LIMITED, _("The device is starting.")
        trouble = devices[0].trouble or Trouble.NOT_OPEN
        return Availability.CLOSED, trouble.words

    def quarantine(self, device: Device) -> None:
        """Keep a device away from residents: it could not be wiped."""
        self._unclean.add(device)

    def is_quarantined(self, device: Device) -> bool:
        return device in self._unclean

    def owe_wipe(self, device: Device) -> None:
        """Note that a device was away at the end of a visit: it is wiped before it meets the next resident."""
        self._owed.add(device)

    async def reset(self, device: Device) -> None:
        """Reset a device for the operator; a clean reset ends its quarantine."""
        await device.reset()
        await device.wipe()
        self._unclean.discard(device)
        self._owed.discard(device)

    # ── keeping them open ─────────────────────────────────────────────────────────────────────────────────

    async def open(self) -> None:
        """Open every device; one that does not answer is tried again in the background."""
        await asyncio.gather(*(self._try(device) for device in self))
        self._keepers = [asyncio.create_task(self._keep(device), name="device keeper") for device in self]

    async def close(self) -> None:
        """Close every device."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for device in self:
            try:
                await device.close()
            except Exception:  # the driver's edge: the others must be closed all the same
                _log.exception("device did not close", extra={"role": device.context.role.value})

    async def _try(self, device: Device) -> bool:
        try:
            await device.open()
        except DeviceError as error:
            _log.debug("device not opened", extra={"role": device.context.role.value, "trouble": error.trouble.value})
            return False
        except Exception:  # the driver's edge
            _log.exception("device not opened", extra={"role": device.context.role.value})
            return False
        return True

    async def _keep(self, device: Device) -> None:
        """Open the device again whenever it is down, with growing pauses."""
        faults: deque[float] = deque(maxlen=FAULTS_BEFORE_STOP)
        async with device.events() as events:
            attempt = 0
            while True:
                await self._pay_wipe(device)
                if device.state in (DeviceState.ABSENT, DeviceState.FAULT):
                    if device.state is DeviceState.FAULT and self._too_many(device, faults):
                        _log.error("device left alone after faults", extra={"role": device.context.role.value})
                        faults.clear()
                        await self._until_mended(device)
                        continue
                    await self._clock.sleep(BACK_OFF[min(attempt, len(BACK_OFF) - 1)])
                    attempt += 1
                    if device.state in (DeviceState.ABSENT, DeviceState.FAULT):
                        await self._try(device)
                else:
                    attempt = 0
                    with contextlib.suppress(StopAsyncIteration):
                        await anext(events)

    async def _pay_wipe(self, device: Device) -> None:
        if device not in self._owed or not device.state.usable:
            return
        try:
            await device.wipe()
        except Exception:  # the driver's edge: it may still hold something, so it meets nobody
            _log.exception("device kept from residents", extra={"role": device.context.role.value})
            self.quarantine(device)
        self._owed.discard(device)

    def _too_many(self, device: Device, faults: deque[float]) -> bool:
        if device.trouble is Trouble.MISCONFIGURED:  # nothing wears out by trying, and what is in the way may go
            return False
        now = self._clock.monotonic()
        faults.append(now)
        return len(faults) == FAULTS_BEFORE_STOP and now - faults[0] < FAULT_WINDOW

    async def _until_mended(self, device: Device) -> None:
        async with device.events() as events:
            async for _event in events:
                if device.state not in (DeviceState.ABSENT, DeviceState.FAULT, DeviceState.STARTING):
                    return
