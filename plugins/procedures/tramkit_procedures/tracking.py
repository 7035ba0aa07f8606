"""Track a dossier: by its code or by the identity card; see what to do next, hand in more, withdraw it."""

from __future__ import annotations

from typing import Annotated

from pydantic import JsonValue

from tramkit import (
    Attachment,
    Availability,
    Day,
    Fact,
    Form,
    Level,
    Messages,
    Option,
    Order,
    Tone,
    Visit,
    forms,
    verbatim,
)
from tramkit_procedures.dossiers import CodeError, parse_code
from tramkit_procedures.gateway import OVER, STATES, WITHDRAWABLE, Dossier
from tramkit_procedures.handing_in import HandedIn, asked

_ = Messages("tramkit_procedures")

MAX_TRIES = 5
MAX_WRONG = 10
WRONG_SECONDS = 600.0
"""So many wrong codes in ten minutes, whoever types them in however many visits: a code can be guessed."""
DOSSIER_CODE = "dossier code"
SUPPLEMENT = 5


class Code(Form):
    """A dossier's code."""

    code: Annotated[str, forms.code(_("Dossier code"), hint=_("It stands on your receipt"), max_length=80)]


class Supplement(Form):
    """What is handed in later."""

    words: Annotated[str, forms.text(_("What would you like to tell the authority?"), max_length=200)]


class TrackDossier(HandedIn):
    """Tells what became of a dossier."""

    id = "procedures.track"

    async def serve(self, visit: Visit) -> None:
        how = await visit.choose(
            _("How shall the dossier be found?"),
            [
                Option(value="code", label=_("By the dossier code"), hint=_("It stands on your receipt")),
                _by_card_option(visit),
            ],
            name="how",
        )
        if how == "card":
            if (dossier := await self._by_card(visit)) is not None:
                await self._show(visit, dossier)
        elif (dossier := await self._by_code(visit)) is not None:
            await self._show_state(visit, dossier)

    async def _by_code(self, visit: Visit) -> Dossier | None:
        for attempt in range(MAX_TRIES):
            if await visit.must_wait(DOSSIER_CODE, attempt, most=MAX_WRONG, seconds=WRONG_SECONDS) > 0:
                await visit.tell(
                    _("Codes cannot be looked up now"),
                    _("Wrong codes were entered too often here. Please use your identity card, or come back later."),
                    tone=Tone.WARNING,
                )
                return None
            typed = await visit.ask(Code, _("Please enter the dossier code"), name=f"code {attempt}")
            try:
                code = parse_code(typed.code)
            except CodeError as problem:
                await visit.tell(_("This cannot be right"), problem.text, tone=Tone.WARNING)
                continue
            answered, found = await asked(visit, self.authority.dossier, code.code)
            if not answered:
                return None
            if found is None:
                await visit.was_wrong(DOSSIER_CODE, attempt)
                await visit.tell(
                    _("There is no dossier with this code"),
                    _("Please compare it with your receipt: {code}", code=code.code),
                    tone=Tone.WARNING,
                )
                continue
            return found
        return None

    async def _by_card(self, visit: Visit) -> Dossier | None:
        person = await visit.identify(Level.CHIP)  # whoever types a stranger's details sees nothing
        answered, found = await asked(visit, self.authority.dossiers_of, person.number)
        if not answered:
            return None
        if not found:
            await visit.tell(_("There is no dossier of yours"), _("Nothing was filed with this identity number."))
            return None
        options = [Option(value=each.code, label=each.name, hint=STATES[each.state][0]) for each in found]
        code = await visit.choose(_("Which dossier?"), options, name="dossier")
        return next(each for each in found if each.code == code)

    async def _show_state(self, visit: Visit, dossier: Dossier) -> None:
        """Tell how far a dossier is, and nothing else: its code holds a date and a number that can be guessed."""
        state, next_step = STATES[dossier.state]
        why = visit.why_unreachable(Level.CHIP)
        mine = Option(
            value="mine",
            label=_("This is my dossier"),
            hint=_("With your identity card: see everything, answer the authority, withdraw it"),
            state=Availability.CLOSED if why else Availability.AVAILABLE,
            reason=why,
        )
        facts = [Fact(label=_("Dossier code"), value=verbatim(dossier.code))]
        if await visit.tell(state, next_step, facts=facts, options=[mine], action=_("Finish")) != "mine":
            return
        person = await visit.identify(Level.CHIP)
        answered, found = await asked(visit, self.authority.dossiers_of, person.number)
        if not answered:
            return
        own = next((each for each in found or () if each.code == dossier.code), None)
        if own is None:
            await visit.tell(
                _("Somebody else has filed this dossier"),
                _("Only who filed it can see more and change it."),
                tone=Tone.WARNING,
            )
            return
        await self._show(visit, own)

    async def _show(self, visit: Visit, dossier: Dossier) -> None:
        """Show a dossier to the person whose it is: the card has been read, and the authority has named it theirs."""
        number = (await visit.identify(Level.CHIP)).number
        state, next_step = STATES[dossier.state]
        facts = [
            Fact(label=_("Dossier code"), value=verbatim(dossier.code)),
            Fact(label=_("Procedure"), value=dossier.name),
        ]
        if dossier.agency:
            facts.append(Fact(label=_("Authority"), value=verbatim(dossier.agency)))
        if dossier.note:
            facts.append(Fact(label=_("The authority says"), value=verbatim(dossier.note)))
        if dossier.due is not None and dossier.state not in OVER:
            facts.append(Fact(label=_("Appointment"), value=_("{day}", day=Day(day=dossier.due))))
        options: list[Option] = []
        if dossier.state == SUPPLEMENT:
            options.append(Option(value="supplement", label=_("Answer the authority")))
        if dossier.state in WITHDRAWABLE:
            options.append(Option(value="withdraw", label=_("Withdraw the dossier")))
        chosen = await visit.tell(state, next_step, facts=facts, options=options, action=_("Finish"))
        if chosen == "supplement":
            said = await visit.ask(Supplement, _("Answer the authority"), name="supplement")
            papers = await visit.papers(
                _("Which papers do you add?"),
                *((_("The authority says: {note}", note=verbatim(dossier.note)),) if dossier.note else ()),
                name="supplement",
                later=_("None here: I bring them to the counter"),
            )
            await self._place(visit, dossier, "supplement", said.words, papers, number=number)
        elif chosen == "withdraw":
            sure = await visit.choose(
                _("Withdraw this dossier?"),
                [Option(value="no", label=_("No, keep it")), Option(value="yes", label=_("Yes, withdraw it"))],
                body=(_("It stops, and a fee that was paid may not come back."),),
                name="sure",
            )
            if sure == "yes":
                await self._place(visit, dossier, "withdraw", "", number=number)

    async def _place(
        self,
        visit: Visit,
        dossier: Dossier,
        kind: str,
        words: str,
        papers: tuple[Attachment, ...] = (),
        **more: JsonValue,
    ) -> None:
        await visit.place(
            Order(
                service=self.id,
                payee=dossier.agency or "Cơ quan nhà nước",
                amount=0,
                title=_("Answer to the authority") if kind == "supplement" else _("Withdrawal of a dossier"),
                request={"kind": kind, "code": dossier.code, "words": words, **more},
                attachments=papers,
            )
        )


def _by_card_option(visit: Visit) -> Option:
    """Return the answer that shows all dossiers of a person; closed where the station cannot tell whose card it is."""
    why = visit.why_unreachable(Level.CHIP)
    return Option(
        value="card",
        label=_("By the identity card"),
        hint=_("Shows all your dossiers"),
        state=Availability.CLOSED if why else Availability.AVAILABLE,
        reason=why,
    )
