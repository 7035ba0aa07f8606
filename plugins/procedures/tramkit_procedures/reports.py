"""Report something: security, drugs, fraud, traffic, fire, noise … by name or anonymously."""

from __future__ import annotations

from typing import Annotated, Any

from tramkit import Fact, Form, Level, Messages, Option, Order, Text, Visit, forms, public, verbatim
from tramkit_procedures.handing_in import HandedIn

_ = Messages("tramkit_procedures")
MAX_PHOTOS = 3

CATEGORIES: dict[str, Text] = {
    "security": _("Security and order"),
    "drugs": _("Drugs"),
    "fraud": _("Fraud on the phone or the Internet"),
    "traffic": _("Traffic"),
    "fire": _("Danger of fire"),
    "noise": _("Noise"),
    "environment": _("Litter and environment"),
    "infrastructure": _("Road, light, water pipe"),
    "residence": _("Residence of strangers"),
    "administration": _("How an authority treated me"),
    "other": _("Something else"),
}


WHEN: dict[str, Text] = {
    "now": _("Just now"),
    "today": _("Today"),
    "earlier": _("Earlier"),
    "often": _("Again and again"),
}


class Report(Form):
    """What has happened and where."""

    what: Annotated[str, forms.text(_("What has happened?"), max_length=500)]
    where: Annotated[str, forms.text(_("Where?"), hint=_("Building, floor, street"), max_length=200)]
    when: Annotated[
        str,
        forms.choice(_("When?"), tuple(Option(value=value, label=label) for value, label in WHEN.items())),
    ]


class Phone(Form):
    """Where to call back."""

    phone: Annotated[str | None, forms.phone(_("Phone number, if you may be called back"), required=False)]


class ReportMatter(HandedIn):
    """Takes reports on public security and other matters."""

    id = "procedures.report"

    async def serve(self, visit: Visit) -> None:
        await visit.tell(
            _("Is anybody in danger now?"),
            _("If so, do not type here: call now."),
            facts=(
                Fact(label=_("Police"), value=public("113")),
                Fact(label=_("Fire and rescue"), value=public("114")),
                Fact(label=_("Ambulance"), value=public("115")),
            ),
            action=_("Nobody is in danger: go on"),
        )
        options = [Option(value=id, label=label) for id, label in CATEGORIES.items()]
        category = await visit.choose(_("What would you like to report?"), options, name="category")
        report = await visit.ask(Report, _("Tell what has happened"), name="report")
        photos = await visit.papers(
            _("Would you like to add photos?"),
            _("Up to three. Where and when they were taken is removed from them."),
            name="photo",
            most=MAX_PHOTOS,
            later=_("No, without photos"),
        )
        named = await visit.choose(
            _("Would you like to give your name?"),
            [
                Option(value="anonymous", label=_("No, anonymously"), hint=_("Nobody learns who you are")),
                Option(value="named", label=_("Yes"), hint=_("The police may call you back")),
            ],
            name="named",
        )
        who: dict[str, Any] = {}
        if named == "named":
            person = await visit.identify(Level.CLAIMED)
            phone = await visit.ask(Phone, _("May you be called back?"), name="phone")
            who = {"name": person.name, "number": person.number, "phone": phone.phone or ""}
        said = _("By name") if who else _("Anonymously")
        await visit.check(
            _("Is everything right?"),
            (
                Fact(label=_("About"), value=CATEGORIES[category], change="category"),
                Fact(label=_("What"), value=verbatim(report.what), change="report"),
                Fact(label=_("Where"), value=verbatim(report.where), change="report"),
                Fact(label=_("When"), value=WHEN[report.when], change="report"),
                *((Fact(label=_("Photos"), value=verbatim(str(len(photos))), change="photo"),) if photos else ()),
                Fact(label=_("Sent"), value=said, change="named"),
            ),
            action=_("Send the report"),
        )
        await visit.place(
            Order(
                service=self.id,
                payee="Công an phường",
                amount=0,
                title=_("Report: {about}", about=CATEGORIES[category]),
                request={"kind": "report", "category": category, **report.typed(), "who": who},
                facts=(Fact(label=_("Sent"), value=said),),
                done=_("Your report has been sent"),
                attachments=photos,
            )
        )
