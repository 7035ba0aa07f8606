"""The service "see a doctor by video": the order of its conversation and whether it can be used now."""

from __future__ import annotations

from tramkit import (
    Availability,
    Messages,
    Option,
    PluginContext,
    Service,
    ServiceState,
    Tone,
    Visit,
)
from tramkit_telehealth.gateway import DeskGateway, Offer
from tramkit_telehealth.kiosk.consultation import Consultation
from tramkit_telehealth.kiosk.intake import take_intake
from tramkit_telehealth.kiosk.red_flags import ask_red_flags
from tramkit_telehealth.kiosk.words import instead

_ = Messages("tramkit_telehealth")


class SeeDoctor(Service):
    """A resident sees a doctor: red flags, consent, triage, measurements, queue, call, summary."""

    id = "telehealth.doctor"

    def __init__(self, gateway: DeskGateway, context: PluginContext) -> None:
        self._gateway = gateway
        self._context = context

    async def start(self) -> None:
        """Connect to the desk."""
        await self._gateway.start()

    async def stop(self) -> None:
        """Take leave of the desk."""
        await self._gateway.stop()

    def availability(self) -> ServiceState:
        """Return ``limited`` while no doctor can be reached; never closed, the red-flag question works without."""
        offer = self._gateway.offer
        if offer is None:
            return ServiceState(
                availability=Availability.LIMITED,
                reason=_("The doctors cannot be reached now; emergency questions still work."),
            )
        if not any(specialty.doctors for specialty in offer.specialties):
            return ServiceState(
                availability=Availability.LIMITED,
                reason=_("No doctor is on shift now; emergency questions still work."),
            )
        return ServiceState()

    async def serve(self, visit: Visit) -> None:
        """Lead the resident to the doctor and back out with a summary."""
        flag, goes_on = await ask_red_flags(visit)
        if not goes_on:
            return
        offer = await self._reach(visit)
        if offer is None:
            return
        await visit.identify(self.declared.identity)
        intake = await take_intake(visit, offer, flag, self._context.station, self._context.site)
        if intake is None:
            return
        await visit.commit(
            _("The doctors have your answers now, so they cannot be changed here. Tell the doctor what is different.")
        )
        with self._gateway.case(intake) as case:
            await Consultation(visit, self._gateway, case, intake.price, self._context.clock).run()

    async def _reach(self, visit: Visit) -> Offer | None:
        """Ask the desk what can be had; where it cannot be reached, say what to do instead."""
        while True:
            offer = await visit.fetch(self._gateway.look, title=_("Connecting to the doctors…"))
            if offer is not None:
                return offer
            choice = await visit.tell(
                _("The doctors cannot be reached now"),
                _("We are sorry. It is not your fault, and nothing you answered is kept."),
                *instead(self._gateway.facility),
                tone=Tone.WARNING,
                options=(Option(value="again", label=_("Try again")),),
                action=_("Finish here"),
            )
            if choice != "again":
                return None
