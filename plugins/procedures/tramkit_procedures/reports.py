"""Report something: security, drugs, fraud, traffic, fire, noise … by name or anonymously."""

from __future__ import annotations

from typing import Annotated, Any

from tramkit import Fact, Form, Icon, Level, Messages, Option, Order, Text, Tone, Visit, forms, public, verbatim
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


ICONS = {
    "security": Icon.SHIELD,
    "drugs": Icon.HEART,
    "fraud": Icon.PHONE,
    "traffic": Icon.FINE,
    "fire": Icon.FIRE,
    "noise": Icon.NOISE,
    "environment": Icon.LITTER,
    "infrastructure": Icon.WATER,
    "residence": Icon.HOUSE,
    "administration": Icon.BANK,
    "other": Icon.MORE,
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


async def _whom_to_call(visit: Visit) -> None:
    """Call staff, and show the numbers as large as the screen, one after the other, until the resident goes on."""
    await visit.call_staff(_("Somebody is in danger, says a resident who reports it"))
    options = [
        Option(value=number, label=words, icon=icon)
        for number, words, icon in (
            ("113", _("Police: 113"), Icon.SHIELD),
            ("114", _("Fire and rescue: 114"), Icon.FIRE),
            ("115", _("Ambulance: 115"), Icon.HEART),
        )
    ]
    shown, name = "113", _("Call the police now")
    names = {"113": name, "114": _("Call the fire brigade now"), "115": _("Call an ambulance now")}
    while shown in names:
        shown = await visit.tell(
            names[shown],
            _("Do not type here first. Staff have been called, too."),
            tone=Tone.EMERGENCY,
            large=public(shown),
            options=[option for option in options if option.value != shown],
            action=_("Help has been called: go on"),
        )


class ReportMatter(HandedIn):
    """Takes reports on public security and other matters."""

    id = "procedures.report"

    async def serve(self, visit: Visit) -> None:
        danger = await visit.choose(
            _("Is anybody in danger now?"),
            [
                Option(value="yes", label=_("Yes, somebody is in danger"), icon=Icon.FIRE),
                Option(value="no", label=_("No, nobody is in danger"), icon=Icon.SHIELD),
            ],
            name="danger",
        )
        if danger == "yes":
            await _whom_to_call(visit)
        options = [Option(value=id, label=label, icon=ICONS.get(id)) for id, label in CATEGORIES.items()]
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
