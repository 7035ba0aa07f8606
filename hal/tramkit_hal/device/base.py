"""The contract every device keeps: states, errors that say who can mend them, claims, deadlines, wipe, events.

A driver subclasses one of the device classes (camera, receipt printer …), which subclass :class:`Device`.
A driver writes ``_open``, ``_close``, ``_reset``, ``_wipe``, ``_check`` and the operations of its class; the
base keeps what is the same for all of them.

Longer than 400 lines: the contract that every device keeps: its states, claims and deadlines hold together.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Literal, final

from pydantic import BaseModel, Field

from tramkit_hal.data import Data
from tramkit_hal.device.clock import Clock, SystemClock
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.words import Messages

_ = Messages("tramkit_hal")
_log = logging.getLogger(__name__)

EVENT_BACKLOG = 256
"""Events kept for a listener that is slow; the oldest go first."""


class DeviceState(StrEnum):
    """How a device is."""

    STARTING = "starting"
    READY = "ready"
    BUSY = "busy"
    DEGRADED = "degraded"
    OFFLINE = "offline"
    ABSENT = "absent"
    FAULT = "fault"

    @property
    def usable(self) -> bool:
        """Whether an operation may start."""
        return self in (DeviceState.READY, DeviceState.DEGRADED, DeviceState.BUSY)


_S = DeviceState
_DOWN = {_S.OFFLINE, _S.ABSENT, _S.FAULT}
LEGAL: Mapping[DeviceState, frozenset[DeviceState]] = {
    _S.OFFLINE: frozenset({_S.STARTING}),
    _S.STARTING: frozenset({_S.READY, _S.DEGRADED, *_DOWN}),
    _S.READY: frozenset({_S.BUSY, _S.DEGRADED, *_DOWN}),
    _S.BUSY: frozenset({_S.READY, _S.DEGRADED, *_DOWN}),
    _S.DEGRADED: frozenset({_S.READY, _S.BUSY, *_DOWN}),
    _S.ABSENT: frozenset({_S.STARTING, _S.OFFLINE}),
    _S.FAULT: frozenset({_S.STARTING, _S.OFFLINE, _S.ABSENT}),
}
"""From each state, the states that may follow."""


class DeviceInfo(Data):
    """Which device this is. Identity is driver and serial number (or port path), never ``ttyUSB0``."""

    driver: str
    model: str
    serial: str
    simulated: bool = False


class Capabilities(Data):
    """What a device can do; each device class adds its own fields."""


class Health(Data):
    """What a look at the device found.

    :param trouble: None means that none was found; never guessed.
    :param facts: readings for the operator (paper, firmware …), without personal data.
    """

    state: DeviceState
    trouble: Trouble | None
    checked_at: datetime
    facts: dict[str, str] = Field(default_factory=dict)


HealthLevel = Literal["quick", "full"]


class DeviceEvent(Data):
    """Something that happened at a device.

    :param name: from the class's table, e.g. ``card_in``, ``low``, ``left``; ``state`` for a change of state.
    :param value: a short value, e.g. the new state; never personal data.
    """

    name: str
    value: str = ""
    at: datetime


@dataclass(frozen=True)
class DeviceContext:
    """What the composition root hands to a driver.

    :param role: what the station uses this device for.
    :param clock: the station's clock.
    :param seed: makes a simulator repeatable.
    """

    role: Role
    clock: Clock = field(default_factory=SystemClock)
    seed: int = 0


class NoSettings(Data):
    """Settings of a driver that has none."""


class Device(ABC):
    """A piece of hardware behind a typed contract.

    Subclasses set ``Settings`` (a pydantic model with ``extra="forbid"``: the keys ``station.toml`` may give)
    and ``driver`` (the name in ``station.toml``).
    """

    Settings: ClassVar[type[BaseModel]] = NoSettings
    driver: ClassVar[str] = ""

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        self.settings: Any = settings
        self.context = context
        self.clock = context.clock
        self._state = DeviceState.OFFLINE
        self._trouble: Trouble | None = None
        self._detail = ""
        self._told: tuple[DeviceState, Trouble | None] | None = None
        """What the log was told of the device being down; None: it is there, or was never tried."""
        self._owner: str | None = None
        self._listeners: set[_Listener] = set()
        self._operations: dict[asyncio.Task[Any], Trouble | None] = {}
        self._lock = asyncio.Lock()

    # ── what a driver tells ───────────────────────────────────────────────────────────────────────────────

    @property
    @abstractmethod
    def info(self) -> DeviceInfo:
        """Which device this is."""

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What it can do."""

    @abstractmethod
    async def _open(self) -> None:
        """Find the device and make it ready; raise :class:`DeviceError` where that fails."""

    @abstractmethod
    async def _close(self) -> None:
        """Give back every handle and thread; never raises for a device that is gone."""

    async def _reset(self) -> None:
        """Bring the device back to a known state; by default close and open."""
        await self._close()
        await self._open()

    @abstractmethod
    async def _wipe(self) -> None:
        """Forget everything of the resident: buffers, stored readings, spools."""

    async def _check(self, level: HealthLevel) -> dict[str, str]:
        """Look at the device; return readings for the operator, raise :class:`DeviceError` for trouble."""
        return {}

    # ── state and events ──────────────────────────────────────────────────────────────────────────────────

    @property
    @final
    def state(self) -> DeviceState:
        """How the device is now."""
        return self._state

    @property
    @final
    def trouble(self) -> Trouble | None:
        """What is wrong now; None where nothing is known to be."""
        return self._trouble

    @property
    @final
    def detail(self) -> str:
        """What the driver said when it last failed to open, for the operator; empty: nothing, or it is open now."""
        return "" if self._state.usable else self._detail

    @final
    def _become(self, state: DeviceState, trouble: Trouble | None = None) -> None:
        if state is self._state and trouble is self._trouble:
            return
        if state is not self._state and state not in LEGAL[self._state]:
            raise RuntimeError(f"{type(self).__name__}: {self._state} may not become {state}")
        self._state, self._trouble = state, trouble
        self._log_state()
        self._emit("state", state.value)

    def _log_state(self) -> None:
        """Say once that the device has gone and once that it is back, however often it is tried meanwhile."""
        if self._state in (DeviceState.STARTING, DeviceState.OFFLINE):
            return  # on the way, or closed on purpose
        down = (self._state, self._trouble) if self._state in _DOWN else None
        was, self._told = self._told, down
        if down == was:
            return
        fields = {
            "role": self.context.role.value,
            "state": self._state.value,
            "trouble": self._trouble.value if self._trouble else "",
        }
        if down:
            _log.warning("device is down", extra=fields)
        else:
            _log.info("device is back", extra=fields)

    @final
    def _emit(self, name: str, value: str = "") -> None:
        event = DeviceEvent(name=name, value=value, at=self.clock.now())
        for listener in self._listeners:
            listener.put(event)

    @final
    @contextlib.asynccontextmanager
    async def events(self) -> AsyncGenerator[AsyncIterator[DeviceEvent]]:
        """Listen: ``async with device.events() as events: async for event in events``."""
        listener = _Listener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    # ── life ──────────────────────────────────────────────────────────────────────────────────────────────

    @final
    async def open(self, deadline: float = 10.0) -> None:
        """Find the device and make it ready.

        :param deadline: seconds.
        :raises DeviceError: the state then says ``absent`` or ``fault``.
        """
        async with self._lock:
            if self._state.usable:
                return
            self._become(DeviceState.STARTING)
            await self._arrive(self._open, deadline)

    @final
    async def close(self) -> None:
        """Give back every handle; may be called at any time and more than once."""
        async with self._lock:
            self._end_operations(Trouble.NOT_OPEN)
            try:
                await asyncio.wait_for(self._close(), 10)
            finally:
                self._owner = None
                if self._state is not DeviceState.OFFLINE:
                    self._become(DeviceState.OFFLINE)

    @final
    async def reset(self, deadline: float = 15.0) -> None:
        """Bring the device back to a known state; operations under way end with ``not_open``.

        :param deadline: seconds.
        """
        async with self._lock:
            self._end_operations(Trouble.NOT_OPEN)
            if self._state is not DeviceState.OFFLINE:
                self._become(DeviceState.OFFLINE)
            self._become(DeviceState.STARTING)
            await self._arrive(self._reset, deadline)

    async def _arrive(self, step: Any, deadline: float) -> None:
        """Run the step that opens or resets; whatever goes wrong, the state tells and a DeviceError is raised."""
        trouble = Trouble.FAULTY
        self._detail = ""
        try:
            async with asyncio.timeout(deadline):
                await step()
        except TimeoutError:
            trouble = Trouble.DEADLINE
        except DeviceError as error:
            self._detail = error.detail
            self._become(_state_for(error.trouble), error.trouble)
            raise
        except Exception as error:  # the driver's edge: a library may raise anything
            _log.exception("driver failed to open", extra={"role": self.context.role.value})
            self._become(DeviceState.FAULT, Trouble.FAULTY)
            raise DeviceError(Trouble.FAULTY, type(error).__name__) from error
        else:
            if self._state is DeviceState.STARTING:
                self._become(DeviceState.READY)
            return
        self._become(DeviceState.FAULT, trouble)
        raise DeviceError(trouble)

    @final
    async def health(self, level: HealthLevel = "quick", deadline: float = 5.0) -> Health:
        """Look at the device and tell what was found; never raises for what a device can have.

        :param level: ``quick`` asks what can be asked at any time, ``full`` may move parts.
        """
        trouble, facts = self._trouble, {}
        if self._state.usable:
            try:
                async with asyncio.timeout(deadline):
                    facts = await self._check(level)
            except DeviceError as error:
                trouble = error.trouble
            except TimeoutError:
                trouble = Trouble.DEADLINE
        return Health(state=self._state, trouble=trouble, checked_at=self.clock.now(), facts=facts)

    @final
    async def wipe(self, deadline: float = 5.0) -> None:
        """Forget everything of the resident; operations under way end with ``not_open``.

        :raises DeviceError: the device may still hold something: it must not serve the next resident.
        """
        self._end_operations(Trouble.NOT_OPEN)
        try:
            async with asyncio.timeout(deadline):
                await self._wipe()
        except TimeoutError:
            raise DeviceError(Trouble.DEADLINE, "wipe") from None

    # ── claim and operation ───────────────────────────────────────────────────────────────────────────────

    @property
    @final
    def owner(self) -> str | None:
        """The visit that has claimed the device."""
        return self._owner

    @final
    def claim(self, owner: str) -> None:
        """Take the device for a visit.

        :raises DeviceError: ``claimed`` where another visit has it.
        """
        if self._owner not in (None, owner):
            raise DeviceError(Trouble.CLAIMED)
        self._owner = owner

    @final
    def release(self, owner: str) -> None:
        """Give the device back; nothing happens where another owner has it."""
        if self._owner == owner:
            self._owner = None

    @final
    @contextlib.asynccontextmanager
    async def _operation(self, deadline: float, *, exclusive: bool = True) -> AsyncGenerator[None]:
        """Frame one operation of a driver: the device must be usable, is busy meanwhile, and keeps the deadline.

        :param deadline: seconds.
        :param exclusive: a second operation at the same time is refused with ``claimed``.
        :raises DeviceError: ``deadline`` when time is up; ``faulty`` for whatever a library raised.
        """
        if not self._state.usable:
            raise DeviceError(self._trouble or Trouble.NOT_OPEN)
        if exclusive and self._state is DeviceState.BUSY:
            raise DeviceError(Trouble.CLAIMED, "busy")
        task = asyncio.current_task()
        assert task is not None
        rest = self._state
        if exclusive:
            self._become(DeviceState.BUSY, self._trouble)
        self._operations[task] = None
        try:
            async with asyncio.timeout(deadline):
                yield
        except TimeoutError:
            raise DeviceError(Trouble.DEADLINE) from None
        except asyncio.CancelledError:
            ended = self._operations.get(task)
            if ended is None or task.uncancel() > 0:
                raise  # somebody else's cancellation
            raise DeviceError(ended) from None
        except DeviceError:
            raise
        except Exception as error:  # the driver's edge
            _log.exception("driver failed", extra={"role": self.context.role.value})
            raise DeviceError(Trouble.FAULTY, type(error).__name__) from error
        finally:
            self._operations.pop(task, None)
            if exclusive and self._state is DeviceState.BUSY:
                self._become(rest, self._trouble)

    @final
    def _lost(self, trouble: Trouble = Trouble.UNPLUGGED) -> None:
        """Tell that the device has gone or broken; operations under way end with that trouble."""
        if self._state is DeviceState.OFFLINE:
            return
        self._become(_state_for(trouble), trouble)
        self._end_operations(trouble)

    @final
    def _end_operations(self, trouble: Trouble) -> None:
        current = asyncio.current_task()
        for task, ended in tuple(self._operations.items()):
            if task is not current and ended is None:
                self._operations[task] = trouble
                task.cancel()


def _state_for(trouble: Trouble) -> DeviceState:
    return DeviceState.ABSENT if trouble is Trouble.UNPLUGGED else DeviceState.FAULT


class _Listener:
    """A bounded mailbox of events."""

    def __init__(self) -> None:
        self._events: deque[DeviceEvent] = deque(maxlen=EVENT_BACKLOG)
        self._some = asyncio.Event()

    def put(self, event: DeviceEvent) -> None:
        self._events.append(event)
        self._some.set()

    def __aiter__(self) -> _Listener:
        return self

    async def __anext__(self) -> DeviceEvent:
        while not self._events:
            self._some.clear()
            await self._some.wait()
        return self._events.popleft()
