"""A resident reports a leak and takes a slip with the company's number."""

from __future__ import annotations

from typing import Annotated

from tramkit import (
    Document,
    Fact,
    Form,
    Messages,
    Option,
    PluginContext,
    Row,
    Service,
    Visit,
    forms,
    hookimpl,
    verbatim,
)
from tramkit_partner_water.settings import WaterSettings

_ = Messages("tramkit_partner_water")

PLACES = (
    Option(value="street", label=_("In the street")),
    Option(value="home", label=_("In my home")),
)


class Where(Form):
    """Where the water runs."""

    address: Annotated[str, forms.text(_("Address"), max_length=120)]
    phone: Annotated[str, forms.phone(_("Your phone number"))]


class ReportLeak(Service):
    """A resident reports a leak."""

    id = "partner_water.report_leak"

    def __init__(self, hotline: str, site: str) -> None:
        self._hotline = hotline
        self._site = site

    async def serve(self, visit: Visit) -> None:
        place = await visit.choose(_("Where does water run?"), PLACES, name="place")
        where = await visit.ask(Where, _("Where is the leak?"))
        label = next(option.label for option in PLACES if option.value == place)
        await visit.check(
            _("Is this right?"),
            (
                Fact(label=_("Where"), value=label, change="place"),
                Fact(label=_("Address"), value=verbatim(where.address), change="Where"),
            ),
            action=_("Report it"),
        )
        slip = Document(title=_("Water leak"), blocks=(Row(label=_("Hotline"), value=verbatim(self._hotline)),))
        handed_over = await visit.print(slip, name="slip")
        await visit.done(_("Thank you"), _("We come as soon as we can."), codes=handed_over.codes)


@hookimpl
def tramkit_services(settings: WaterSettings, context: PluginContext) -> list[Service]:
    """Return the company's service."""
    return [ReportLeak(settings.hotline, context.site)]
