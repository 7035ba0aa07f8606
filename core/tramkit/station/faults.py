"""How often a service has failed: one that fails again and again is closed until the operator opens it."""

from __future__ import annotations

import logging
from collections import Counter

from tramkit.host.service_state import ServiceState
from tramkit_hal.ui.pages import Availability
from tramkit_hal.words import Messages

_ = Messages("tramkit")
_log = logging.getLogger(__name__)

MAX_FAULTS = 3
"""Visits in a row that a service may end by a fault."""


class Faults:
    """The faults of a station's services, visit after visit."""

    def __init__(self) -> None:
        self._in_a_row: Counter[str] = Counter()

    def failed(self, service: str) -> None:
        """Count a visit that a service ended by a fault."""
        self._in_a_row[service] += 1
        if self._in_a_row[service] == MAX_FAULTS:
            _log.error("service closed after faults", extra={"service": service, "faults": MAX_FAULTS})

    def close(self, service: str) -> None:
        """Close a service at once: it has blocked the station."""
        self._in_a_row[service] = MAX_FAULTS
        _log.error("service closed after faults", extra={"service": service, "faults": MAX_FAULTS})

    def worked(self, service: str) -> None:
        """Forget the faults of a service: a visit went well."""
        if self._in_a_row[service] < MAX_FAULTS:
            del self._in_a_row[service]

    def closes(self, service: str) -> ServiceState | None:
        """Return why a service is closed; None: it is not, for its faults."""
        if self._in_a_row[service] < MAX_FAULTS:
            return None
        return ServiceState(
            availability=Availability.CLOSED, reason=_("This service has had faults. Our staff have been told.")
        )

    def open_all(self) -> None:
        """Open all of them again: the operator has looked."""
        self._in_a_row.clear()
