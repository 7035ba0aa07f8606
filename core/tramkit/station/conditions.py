"""What a service cannot do without, beside devices: a clock that can be right, and a ledger that can be written.

Looked at all the time, so that a service is closed with its reason before anybody starts, and opened again without a
restart once what was the matter is over.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from tramkit.facts import CALENDAR, CORE, DatedValue, values_of
from tramkit.host.plugin_side import ServiceDescriptor
from tramkit.orders.ledger import LedgerError
from tramkit.orders.runner import Runner
from tramkit_hal.device.clock import Clock
from tramkit_hal.words import VIETNAM, Day, Messages, Text, render, verbatim

_ = Messages("tramkit")
_log = logging.getLogger(__name__)

LIFE = timedelta(days=15 * 365)
"""A clock that is so much later than the day on which this version was made is no less wrong."""
LOOK_SECONDS = 5.0

WRONG_CLOCK = _("This station's clock shows a wrong date. Staff have been told.")
NO_LEDGER = _("This station cannot keep orders now. Staff have been told.")


CLOCK, LEDGER = _("Clock"), _("Ledger of orders")


@dataclass(frozen=True)
class Condition:
    """One of them as it is now, for the operator.

    :param well: None: this station does without it.
    """

    name: Text
    well: bool | None
    says: Text


def made_on(values: Iterable[DatedValue] | None = None) -> datetime:
    """Return a moment before which this version cannot have run: a clock that says so was reset by a power cut.

    It is the newest day on which a value that comes with it was held against its source.

    :param values: that come with it; None: those of the core's own calendar.
    :raises FileError: the core's calendar cannot be read.
    :raises ValueError: none of them was ever held against its source.
    """
    own = values if values is not None else values_of(CORE, CALENDAR)
    newest = max(each.checked for each in own if each.checked is not None)
    return datetime.combine(newest, time(), VIETNAM)


class Conditions:
    """Whether the station's clock can be right and its ledger can be used.

    :param runner: whose ledger it is; None: the station takes no orders, and its services know that by themselves.
    :param made: a moment before which this version cannot have run (:func:`made_on`); None: any clock can be right.
    """

    def __init__(self, clock: Clock, runner: Runner | None = None, made: datetime | None = None) -> None:
        self._clock = clock
        self._runner = runner
        self._made = made
        self._said: dict[str, str] = {}
        self._looked_at = clock.monotonic()

    @property
    def clock_trouble(self) -> Text | None:
        """Why the clock cannot be right, for the operator; None: it can."""
        now, made = self._clock.now(), self._made
        if made is not None and now < made:
            return _(
                "It says {day}; this version was made on {made}. Set it, or let it be set over the network (NTP).",
                day=_day(now),
                made=_day(made),
            )
        if made is not None and now > made + LIFE:
            return _("It says {day}, years ahead. Set it, or let it be set over the network (NTP).", day=_day(now))
        return None

    @property
    def ledger_trouble(self) -> str:
        """Why no order can be written, for the operator; empty: it can."""
        return self._runner.ledger.trouble if self._runner is not None else ""

    @property
    def unlooked_for(self) -> float:
        """Seconds since clock and ledger were looked at last: where they grow, the ledger's disk or thread hangs."""
        return self._clock.monotonic() - self._looked_at

    @property
    def now(self) -> tuple[Condition, ...]:
        """The clock and the ledger as they are."""
        wrong, why = self.clock_trouble, self.ledger_trouble
        clock = Condition(CLOCK, wrong is None, wrong or _("It says {day}.", day=_day(self._clock.now())))
        if self._runner is None:
            return clock, Condition(LEDGER, None, _("This station takes no orders."))
        said = _("It is tried again every five seconds. What is wrong: {why}", why=verbatim(why))
        return clock, Condition(LEDGER, not why, said if why else verbatim(""))

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
            self._looked_at = self._clock.monotonic()
            wrong = self.clock_trouble
            self._tell("the clock cannot be right", render(wrong, "en") if wrong else "")
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


def _day(at: datetime) -> Day:
    return Day(day=at.astimezone(VIETNAM).date())
