"""What the station tells the service manager that started it: ready, alive, stopping (sd_notify(3))."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
from collections.abc import Mapping

from tramkit.operator.health import StationHealth
from tramkit_hal.device.clock import Clock
from tramkit_hal.words import render

_log = logging.getLogger(__name__)


class ServiceManager:
    """systemd, where it started this program and wants to hear from it; otherwise nobody.

    :param environ: ``NOTIFY_SOCKET`` says where it listens, ``WATCHDOG_USEC`` how often it wants a sign of life.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        watched = environ.get("WATCHDOG_PID", "") in ("", str(os.getpid()))
        microseconds = environ.get("WATCHDOG_USEC", "") if watched else ""
        self.watchdog_seconds = int(microseconds) / 1e6 if microseconds.isdigit() else 0.0
        """Within so many seconds a sign of life is due; 0: none is wanted."""

    def tell(self, **said: str) -> None:
        """Send a message of lines such as ``READY=1``; one that cannot be sent is dropped."""
        if not self._address:
            return
        lines = "\n".join(f"{name}={' '.join(value.split())}" for name, value in said.items())
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
            there.connect(self._address)
            there.sendall(lines.encode())

    async def watch(self, health: StationHealth, clock: Clock) -> None:
        """Say how the station is, and that it lives while nothing hangs; a blocked loop says nothing by itself."""
        if not self._address:
            return
        every = self.watchdog_seconds / 3 or 10.0
        said = ""
        while True:
            wrong = [f"{check.name}: {render(check.says, 'en')}" for check in health.checks() if not check.well]
            status = "; ".join(wrong) or "serving residents"
            if status != said:
                self.tell(STATUS=status)
                said = status
            if health.live:
                self.tell(WATCHDOG="1")
            else:
                _log.critical("the station hangs; the service manager starts it again", extra={"alarm": True})
            await clock.sleep(every)
