"""Whether a running station serves residents, as one answer for a supervisor, a load balancer, an operator."""

from __future__ import annotations

from dataclasses import dataclass

from tramkit.station.station import Station
from tramkit_hal.device.roles import Role
from tramkit_hal.ui.screen import Screen
from tramkit_hal.words import Messages, Text, render, verbatim

_ = Messages("tramkit")

STALE_SECONDS = 60
"""For so long the look at clock and ledger, made every five seconds, may be missing until something counts as hung."""


@dataclass(frozen=True)
class Check:
    """One thing that a station needs to serve residents.

    :param name: for programs.
    :param says: for the operator; empty where it is well.
    """

    name: str
    well: bool
    says: Text


class StationHealth:
    """Looks at a station: ``live`` while nothing hangs, ``ready`` while a resident who comes can begin a visit."""

    def __init__(self, station: Station) -> None:
        self._station = station

    def checks(self) -> tuple[Check, ...]:
        """Return what there is to know now: loop, screen, clock, ledger, whether it is open."""
        station = self._station
        screens = station.devices.of(Role.SCREEN)
        usable = bool(station.devices.usable(Role.SCREEN, Screen))
        trouble = "; ".join(each.detail or each.state.value for each in screens)
        clock, ledger = station.conditions.clock_trouble, station.conditions.ledger_trouble
        hung = station.conditions.unlooked_for > STALE_SECONDS
        why_closed = _("The operator has closed it.") if station.closed else _("It tests its devices.")
        return (
            Check("work", not hung, _("Its look at clock and ledger has hung for {seconds} s.", seconds=STALE_SECONDS)),
            Check("screen", usable, verbatim(trouble)),
            Check("clock", clock is None, clock or verbatim("")),
            Check("ledger", not ledger, verbatim(ledger)),
            Check("open", station.open_to_residents, why_closed),
        )

    def report(self, language: str) -> dict[str, dict[str, object]]:
        """Return each check with whether it is well and, where it is not, what is wrong."""
        return {
            check.name: {"well": True} if check.well else {"well": False, "says": render(check.says, language)}
            for check in self.checks()
        }

    @property
    def live(self) -> bool:
        """Whether nothing hangs: what is asked is answered, and the ledger's thread answers too."""
        return self._station.conditions.unlooked_for <= STALE_SECONDS

    @property
    def ready(self) -> bool:
        """Whether a resident who comes now can begin a visit with orders."""
        return all(check.well for check in self.checks())
