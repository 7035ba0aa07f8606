"""The trial of the station's connection while the resident waits."""

from __future__ import annotations

import logging

from tramkit import Clock
from tramkit_telehealth.case_link import CaseLink
from tramkit_telehealth.gateway import DeskGateway
from tramkit_telehealth.media.connection_check import check_connection
from tramkit_telehealth.protocol import ConnectionCheck, ConnectionChecked

_log = logging.getLogger(__name__)

AGAIN_SECONDS = 60.0
"""Between two trials: networks change, and one costs about 20 kB."""


class ConnectionTrial:
    """Tries the desk's servers again and again and tells the desk what came of it.

    :ivar check: what the last trial has found; None: none was made, or the desk names no server.
    """

    def __init__(self, gateway: DeskGateway, case: CaseLink, clock: Clock) -> None:
        self.check: ConnectionCheck | None = None
        self._gateway = gateway
        self._case = case
        self._clock = clock

    async def run(self) -> None:
        """Try until cancelled."""
        while True:
            if self._gateway.connected:
                await self._try()
            await self._clock.sleep(AGAIN_SECONDS if self.check is not None else 1.0)

    async def _try(self) -> None:
        check = await check_connection(self._gateway.ice_servers)
        if check is None:
            return
        _log.info("telehealth.connection.checked", extra={"verdict": check.verdict, "relay": check.relay})
        self.check = check
        self._case.send(ConnectionChecked(case=self._case.id, check=check))
