"""Calling staff: who asked for help, when somebody acknowledged it, and the number to call meanwhile."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime
from itertools import count

from tramkit_hal.device.clock import Clock
from tramkit_hal.words import Text

_log = logging.getLogger(__name__)


class StaffCall:
    """One call for staff.

    :param reason: for staff, without personal data.
    :param phone: the number that the resident can call.
    """

    def __init__(self, id: int, reason: Text, asked_at: datetime, phone: str) -> None:
        self.id = id
        self.reason = reason
        self.asked_at = asked_at
        self.phone = phone
        self.urgent = False
        """Somebody is in danger."""
        self.acknowledged_at: datetime | None = None
        self._acknowledged = asyncio.Event()

    async def acknowledged(self) -> datetime:
        """Wait until somebody says that they come; return when."""
        await self._acknowledged.wait()
        assert self.acknowledged_at is not None
        return self.acknowledged_at

    def acknowledge(self, at: datetime) -> None:
        if self.acknowledged_at is None:
            self.acknowledged_at = at
            self._acknowledged.set()


class StaffBell:
    """Where calls for staff arrive; the operator's panel shows and acknowledges them.

    :param phone: the number shown to residents, from ``[help]`` in ``station.toml``.
    """

    def __init__(self, clock: Clock, phone: str) -> None:
        self._clock = clock
        self._ids = count(1)
        self.phone = phone
        self.calls: list[StaffCall] = []

    def ring(self, reason: Text) -> StaffCall:
        """Call staff."""
        call = StaffCall(next(self._ids), reason, self._clock.now(), self.phone)
        self.calls = [*self.calls[-49:], call]
        _log.warning("staff called", extra={"call": call.id, "reason": reason.id})
        return call

    def now(self) -> datetime:
        """Return the time by which calls are counted."""
        return self._clock.now()

    def escalate(self) -> None:
        """Make every call urgent that nobody has answered: the resident's page says that somebody is in danger."""
        for call in self.calls:
            if call.acknowledged_at is None and not call.urgent:
                call.urgent = True
                _log.critical("emergency", extra={"call": call.id})

    def acknowledge(self, id: int) -> bool:
        """Say that somebody comes; False: there is no such call."""
        for call in self.calls:
            if call.id == id:
                call.acknowledge(self._clock.now())
                _log.info("staff acknowledged", extra={"call": id})
                return True
        return False
