"""A resident reports a leak with a photo, and takes a slip with the company's number."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from tramkit import (
    Day,
    Fact,
    Form,
    Messages,
    Option,
    Order,
    Outcome,
    Service,
    Visit,
    forms,
    verbatim,
)
from tramkit_water.gateway import Waterworks

_ = Messages("tramkit_water")

PLACES = (
    Option(value="street", label=_("In the street")),
    Option(value="home", label=_("In my home")),
)


class Where(Form):
    """Where the water runs, since when, and whom we can ask."""

    address: Annotated[str, forms.text(_("Address"), max_length=120)]
    since: Annotated[date, forms.day(_("Since when?"), earliest=forms.days_ago(60), latest=forms.today())]
    phone: Annotated[str, forms.phone(_("Your phone number"))]


class ReportLeak(Service):
    """Reports a leak: an order of 0 đồng, so that it is delivered whatever happens meanwhile.

    :param hotline: number that residents can call.
    """

    id = "water.leak"

    def __init__(self, waterworks: Waterworks, hotline: str) -> None:
        self._waterworks = waterworks
        self._hotline = hotline

    async def serve(self, visit: Visit) -> None:
        place = await visit.choose(_("Where does water run?"), PLACES, name="place")
        where = await visit.ask(Where, _("Where is the leak?"), name="where")
        photos = await visit.papers(
            _("A photo of the leak"), name="photo", most=2, what="photo", later=_("Go on without a photo")
        )
        label = next(option.label for option in PLACES if option.value == place)
        await visit.check(
            _("Is this right?"),
            (
                Fact(label=_("Where"), value=label, change="place"),
                Fact(label=_("Address"), value=verbatim(where.address), change="where"),
                Fact(label=_("Since"), value=Day(day=where.since), change="where"),
            ),
            action=_("Report it"),
        )
        await visit.place(
            Order(
                service=self.id,
                payee="Cấp nước Phú Nhuận",
                amount=0,
                title=_("Water leak"),
                request={"place": place, **where.model_dump(mode="json")},
                facts=(Fact(label=_("Hotline"), value=verbatim(self._hotline)),),
                attachments=photos,
                done=_("We come as soon as we can."),
            )
        )

    async def fulfil(self, order: Order, key: str) -> Outcome:
        """Hand the report in; the same key counts once."""
        return await self._waterworks.submit(key, order.request, attachments=order.attachments)

    async def inquire(self, order: Order, key: str) -> Outcome:
        """Ask what became of a key."""
        return await self._waterworks.status(key)
