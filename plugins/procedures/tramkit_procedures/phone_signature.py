"""Sign the forms that the station has made: on the resident's phone, or at the counter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tramkit import (
    Attachment,
    Document,
    Fact,
    GatewayError,
    Messages,
    Option,
    Paragraph,
    Person,
    Row,
    Text,
    Tone,
    Visit,
    verbatim,
)
from tramkit_procedures.catalogue import Paper, Procedure
from tramkit_procedures.signing import Signed, SigningPort, SigningRequest, WrongSignatureError, kept

_ = Messages("tramkit_procedures")

PHONE, COUNTER = "phone", "counter"
MAX_TRIES = 20


def form_text(procedure: Procedure, paper: Paper, source: str, person: Person, facts: Sequence[Fact], on: str) -> str:
    """Return a form as the text that is signed, in Vietnamese as authorities read it.

    :param source: where the form stands.
    :param on: the day, ``DD/MM/YYYY``.
    """
    blocks = [
        Paragraph(text=_("Form: {name} ({source})", name=paper.name.text, source=source)),
        Row(label=_("Procedure"), value=procedure.name.text),
        Row(label=_("Authority"), value=procedure.agency.text),
        Row(label=_("Full name"), value=verbatim(person.name)),
        Row(label=_("Personal identity number"), value=verbatim(person.number)),
        *(Row(label=each.label, value=each.value) for each in facts),
        Row(label=_("Day"), value=verbatim(on)),
    ]
    return "\n".join(Document(title=procedure.name.text, blocks=tuple(blocks)).lines("vi")) + "\n"


async def sign_forms(
    visit: Visit, port: SigningPort, person: Person, forms: Mapping[str, tuple[Text, str]]
) -> list[Attachment] | None:
    """Have forms signed on the phone; None: the resident signs at the counter.

    :param forms: by the paper's id: its name and its text.
    """
    how = await visit.choose(
        _("How would you like to sign the form?"),
        [
            Option(
                value=PHONE, label=_("On my phone, with VNeID"), hint=_("A digital signature counts like one by hand")
            ),
            Option(value=COUNTER, label=_("By hand, at the counter"), hint=_("When you fetch the result")),
        ],
        name="how to sign",
    )
    if how == COUNTER:
        return None
    files: list[Attachment] = []
    for id, (name, form) in forms.items():
        signed = await _signed(visit, port, person, id, name, form)
        if signed is None:
            return None
        files.append(Attachment.of(id, "text/plain", form.encode()))
        files.append(Attachment.of(f"{id}-signature", "text/plain", kept(signed)))
    return files


async def _signed(visit: Visit, port: SigningPort, person: Person, id: str, name: Text, form: str) -> Signed | None:
    """Have one form signed; None: it came to nothing, and the resident knows that they sign at the counter."""
    try:
        request = await visit.fetch(port.begin, id, form, person.number)
        for attempt in range(MAX_TRIES):
            chosen = await _show(visit, request, name, attempt)
            if chosen == COUNTER:
                return None
            signed = await visit.fetch(port.ask, request.id, attempt)
            if signed.state == "signed":
                port.check(signed, form, person.number, visit.now())
                await visit.tell(
                    _("The form is signed"),
                    _("It is handed in with the dossier. At the counter you need not sign it again."),
                    facts=(Fact(label=_("Form"), value=name),),
                    tone=Tone.SUCCESS,
                )
                return signed
            if signed.state != "waiting":
                why = _("You have refused on the phone.") if signed.state == "refused" else _("The code has run out.")
                return await _without(visit, why)
    except GatewayError:
        return await _without(visit, _("The digital signature does not answer now."))
    except WrongSignatureError:
        return await _without(visit, _("The signature that came from the phone is not valid for this form."))
    return await _without(visit, _("The code has run out."))


async def _show(visit: Visit, request: SigningRequest, name: Text, attempt: int) -> str:
    not_yet = (_("The phone has not signed yet. Please finish there first."),) if attempt else ()
    return await visit.tell(
        _("Sign on your phone"),
        *not_yet,
        _("Scan the code with your phone, read the form there and sign it with VNeID."),
        _("The phone shows the same letters as here. Otherwise do not sign."),
        large=verbatim(request.spoken),
        facts=(Fact(label=_("Form"), value=name),),
        codes=(request.code,),
        options=[Option(value=COUNTER, label=_("Sign at the counter instead"))],
        action=_("I have signed on the phone"),
    )


async def _without(visit: Visit, why: Text) -> None:
    await visit.tell(
        _("The form is not signed"),
        why,
        _("Your dossier can be handed in all the same. You sign by hand when you fetch the result."),
        tone=Tone.WARNING,
    )
