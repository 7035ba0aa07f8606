"""A call for staff, as a service holds it."""

from __future__ import annotations

from datetime import datetime

from tramkit.host.host import Host, StaffCalled
from tramkit_hal.words import Text


class StaffCall:
    """One call for staff.

    :ivar reason: for staff, without personal data.
    :ivar asked_at: when, aware.
    :ivar phone: the number that the resident can call meanwhile.
    """

    def __init__(self, host: Host, called: StaffCalled) -> None:
        self._host = host
        self._id = called.id
        self.reason: Text = called.reason
        self.asked_at: datetime = called.asked_at
        self.phone: str = called.phone

    async def acknowledged(self) -> datetime:
        """Wait until somebody says that they come; return when."""
        return await self._host.staff_comes(self._id)
