"""The menu tells the truth of each service: what is out of order is said, what a station never had is not missed."""

from __future__ import annotations

import pytest

from tramkit.host.service_state import ServiceState
from tramkit.identity.means import IdentityMeans
from tramkit.station.devices import Devices
from tramkit.station.faults import Faults
from tramkit.station.menu import menu
from tramkit.station.offer import offers
from tramkit.visit.inline import InlinePlugin
from tramkit.visit.service import Service
from tramkit.visit.visit import Visit
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.device.roles import Role
from tramkit_hal.sim.code_scanner import SimCodeScanner
from tramkit_hal.sim.receipt_printer import SimReceiptPrinter
from tramkit_hal.ui.pages import Availability
from tramkit_hal.words import Messages, render

_ = Messages("tests")


class Errand(Service):
    """Takes a code from the scanner and prints, where there is a scanner and a printer."""

    id = "test.errand"
    title = _("Errand")
    wants = frozenset({Role.CODE_SCANNER, Role.RECEIPT_PRINTER})

    async def serve(self, visit: Visit) -> None: ...


@pytest.mark.parametrize(
    ("scanner", "printer", "state", "said"),
    [
        ("works", "works", Availability.AVAILABLE, ""),
        ("none", "works", Availability.AVAILABLE, ""),
        ("broken", "works", Availability.LIMITED, "Without the scanner"),
        ("none", "none", Availability.LIMITED, "Without paper"),
        ("none", "broken", Availability.LIMITED, "Without paper"),
    ],
)
async def test_a_device_that_is_out_of_order_is_told(
    scanner: str, printer: str, state: Availability, said: str
) -> None:
    drivers = {Role.CODE_SCANNER: (SimCodeScanner, scanner), Role.RECEIPT_PRINTER: (SimReceiptPrinter, printer)}
    bound = {
        role: [driver(driver.Settings(), DeviceContext(role, SystemClock()))]
        for role, (driver, how) in drivers.items()
        if how != "none"
    }
    for role, (_driver, how) in drivers.items():
        if how == "works":
            await bound[role][0].open()
    (option,) = menu(offers([InlinePlugin([Errand()])]), IdentityMeans(Devices(bound, SystemClock())), Faults())
    assert option.state is state
    reason = render(option.reason, "en") if option.reason else ""
    assert reason.startswith(said)
    assert bool(reason) == bool(said)
    for devices in bound.values():
        await devices[0].close()


@pytest.mark.parametrize("role", list(Role))
async def test_whatever_device_a_service_wants_and_the_station_lacks_it_is_limited_at_most(role: Role) -> None:
    class Wants(Service):
        id = "test.wants"
        title = _("Wants")
        wants = (role,)

        async def serve(self, visit: Visit) -> None: ...

    (option,) = menu(offers([InlinePlugin([Wants()])]), IdentityMeans(Devices({}, SystemClock())), Faults())
    assert option.state in (Availability.AVAILABLE, Availability.LIMITED)
    if option.reason is not None:
        assert render(option.reason, "vi") != render(option.reason, "en")


@pytest.mark.parametrize("told", [None, "closed", 7, True])
async def test_a_service_that_tells_its_state_wrongly_costs_itself_only(told: object) -> None:
    class Wrong(Service):
        id = "test.wrong"
        title = _("Wrong")

        async def serve(self, visit: Visit) -> None: ...

        def availability(self) -> ServiceState:
            return told  # type: ignore[return-value]

    means = IdentityMeans(Devices({}, SystemClock()))
    wrong, errand = menu(offers([InlinePlugin([Wrong()]), InlinePlugin([Errand()])]), means, Faults())
    assert wrong.state is Availability.CLOSED
    assert wrong.reason is not None
    assert errand.state is not Availability.CLOSED
