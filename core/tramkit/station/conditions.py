"""What a service cannot do without, beside devices: a clock that can be right, and a ledger that can be written.

Looked at all the time, so that a service is closed with its reason before anybody starts, and opened again without a
restart once what was the matter is over.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from tramkit.host.plugin_side import ServiceDescriptor
from tramkit.orders.ledger import LedgerError
from tramkit.orders.runner import Runner
from tramkit_hal.device.clock import Clock
from tramkit_hal.words import Messages, Text

_ = Messages("tramkit")
_log = logging.getLogger(__name__)

RELEASED = datetime(2026, 1, 1, tzinfo=UTC)
"""This version did not exist before: a clock that says so was reset by a power cut."""
LIFE = timedelta(days=15 * 365)
"""A clock that is so much later is no less wrong."""
LOOK_SECONDS = 5.0

WRONG_CLOCK = _("The clock of this station is wrong, and this service needs the date. Staff have been told.")
NO_LEDGER = _("This station cannot keep orders now, so nothing can be paid or handed in here. Staff have been told.")


class Conditions:
    """Whether the station's clock can be right and its ledger can be used.

    :param runner: whose ledger it is; None: the station takes no orders, and its services know that by themselves.
    """

    def __init__(self, clock: Clock, runner: Runner | None = None) -> None:
        self._clock = clock
        self._runner = runner
        self._said: dict[str, str] = {}

    @property
    def clock_trouble(self) -> str:
        """Why the clock cannot be right, for the operator; empty: it can."""
        now = self._clock.now()
        if now < RELEASED:
            return f"it says {now:%Y-%m-%d}, before this version was made: set it, or let it be set by NTP"
        if now > RELEASED + LIFE:
            return f"it says {now:%Y-%m-%d}: set it, or let it be set by NTP"
        return ""

    @property
    def ledger_trouble(self) -> str:
        """Why no order can be written, for the operator; empty: it can."""
        return self._runner.ledger.trouble if self._runner is not None else ""

    def closes(self, service: ServiceDescriptor) -> Text | None:
        """Return why a service cannot be used now, for the resident; None: nothing here speaks against it."""
        if service.needs_date and self.clock_trouble:
            return WRONG_CLOCK
        if self.ledger_trouble and service.takes_orders:
            return NO_LEDGER
        return None

    async def watch(self) -> None:
        """Look again and again; tell the operator each time something has changed; put right what can be."""
        while True:
            await self._heal()
            self._tell("the clock cannot be right", self.clock_trouble)
            self._tell("the ledger cannot be used: services that take orders are closed", self.ledger_trouble)
            await self._clock.sleep(LOOK_SECONDS)

    async def _heal(self) -> None:
        """Notice a disk that has become full or read-only; open or try a ledger that could not be used."""
        runner = self._runner
        if runner is None:
            return
        ledger = runner.ledger
        try:
            if not ledger.opened:
                await ledger.open()
                await runner.start()
            elif not await ledger.look() and ledger.trouble:
                await ledger.probe()
        except LedgerError:
            return

    def _tell(self, what: str, trouble: str) -> None:
        before, self._said[what] = self._said.get(what, ""), trouble
        if trouble and trouble != before:
            _log.error(what, extra={"why": trouble, "alarm": True})
        elif before and not trouble:
            _log.warning("over: %s", what)
