"""What a plugin's process may call beside the host of a visit: the way out, and the station's clock."""

from __future__ import annotations

from typing import Protocol

from tramkit.host.calls import Calls
from tramkit.host.egress import Egress


class Sleeping(Protocol):
    """The station's clock, as far as it crosses."""

    async def sleep(self, seconds: float) -> None:
        """Wait for that many seconds."""
        ...


CLOCK = Calls(Sleeping)
EGRESS = Calls(Egress)
