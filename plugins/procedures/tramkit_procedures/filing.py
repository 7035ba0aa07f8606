"""File a dossier: choose a procedure, answer its questions, agree, pay the fee, get the dossier's code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import JsonValue

from tramkit import (
    Attachment,
    Born,
    Fact,
    Form,
    Level,
    Messages,
    Money,
    Option,
    Order,
    Person,
    Text,
    Tone,
    Visit,
    age,
    forms,
    partial_date,
    phone_text,
    public,
    verbatim,
)
from tramkit_hal.card.number import check as check_number
from tramkit_procedures.catalogue import Catalogue, Consent, Procedure, Question, form_of
from tramkit_procedures.fees import Rule, UnknownFeeError, fee
from tramkit_procedures.gateway import Authority
from tramkit_procedures.handing_in import HandedIn, listed_already
from tramkit_procedures.papers import Given, ask_for, files_of, to_bring
from tramkit_procedures.phone_signature import form_text, sign_forms
from tramkit_procedures.search import Index
from tramkit_procedures.signing import SigningPort

_ = Messages("tramkit_procedures")

GROUPS: dict[str, Text] = {
    "residence": _("Residence"),
    "civil": _("Birth, marriage, family"),
    "justice": _("Certificates and copies"),
    "other": _("Other"),
}
MAX_MEMBERS = 6
MAX_UNITS = 9
SEARCH = "search"
SIGNED_IN = "vneid_2"
"""What ``fees.toml`` calls who has signed in with level 2."""
CLAIMS: dict[str, tuple[Text, Text]] = {
    "basic_documents": (
        _("Are your five basic papers in your VNeID account?"),
        _("If they are, the fee is lower. The authority looks at them in the account."),
    ),
    "criminal_record_data": (
        _("Is the information of your criminal record in your VNeID account?"),
        _("If it is, the fee is lower. The authority looks at it in the account."),
    ),
}
"""What Resolution 66.22/2026/NQ-CP asks for before it waives a fee, and only the resident knows."""


class Words(Form):
    """What a procedure is looked for by."""

    words: Annotated[str, forms.text(_("Words of its name"), max_length=60)]


class Member(Form):
    """Another member of the household."""

    name: Annotated[str, forms.name(_("Full name"))]
    born: Annotated[Born, forms.birth(_("Date of birth"))]
    number: Annotated[str, forms.citizen_id(_("Personal identity number"))]

    def apart(self) -> Mapping[str, Text]:
        """Hold the number against the date of birth."""
        problem = check_number(self.number, self.born).problem
        return {"number": problem} if problem else {}


class FileDossier(HandedIn):
    """Files dossiers.

    :param authority: where they are handed in.
    :param catalogue: what can be filed.
    :param rules: of the fees; None: the plugin's own.
    :param signing: where forms are signed on a phone; None: nowhere, they are signed at the counter.
    """

    id = "procedures.file"

    def __init__(
        self,
        authority: Authority,
        catalogue: Catalogue,
        rules: Sequence[Rule] | None = None,
        signing: SigningPort | None = None,
    ) -> None:
        super().__init__(authority)
        self._signing = signing
        self._catalogue = catalogue
        self._index = Index(catalogue.procedures)
        self._rules = rules

    async def serve(self, visit: Visit) -> None:
        day = visit.today()
        procedure = await self._which(visit, day)
        await visit.read(
            procedure.name.text,
            _(
                "Who decides: {agency}. How long it takes: {time}.",
                agency=procedure.agency.text,
                time=procedure.time.text,
            ),
            *_papers(procedure),
            *_cost(procedure, self._fee(procedure, day, frozenset(), 1)),
            _("You will be asked a few questions. Nothing is sent before you say so."),
        )
        person = visit.person or await visit.identify(Level.CLAIMED)
        answers = await self._answers(visit, procedure, person)
        members = await _members(visit, person) if procedure.members else []
        agreed = await _consents(visit, procedure, person, day)
        if agreed is None:
            return
        late = procedure.late(answers, day)
        holds = frozenset[str]() if late else await self._holds(visit, procedure, person, day)
        units = await _units(visit, procedure)
        papers = await ask_for(visit, procedure.documents)
        amount = None if late else self._fee(procedure, day, holds, units)
        await self._hand_in(visit, procedure, person, answers, members, agreed, holds, units, papers, amount)

    async def _which(self, visit: Visit, day: date) -> Procedure:
        offered = [each for each in self._catalogue.procedures if each.in_force(day)]
        groups = [group for group in GROUPS if any(each.group == group for each in offered)]
        options = [Option(value=each, label=GROUPS[each]) for each in groups]
        options.append(Option(value=SEARCH, label=_("Search by words"), hint=_("For example: birth, residence")))
        group = await visit.choose(_("What is it about?"), options, name="group")
        these = [each for each in offered if each.group == group]
        if group == SEARCH:
            these = await self._search(visit, day)
        options = [Option(value=each.code, label=each.name.text, hint=each.time.text) for each in these]
        code = await visit.choose(_("Which procedure?"), options, name="procedure")
        return next(each for each in offered if each.code == code)

    async def _search(self, visit: Visit, day: date) -> list[Procedure]:
        """Ask for words until they find something."""
        attempt = 0
        while True:
            words = await visit.ask(Words, _("What are you looking for?"), name=f"search {attempt}")
            found = [each for each in self._index.find(words.words) if each.in_force(day)]
            if found:
                return found
            attempt += 1
            await visit.tell(_("Nothing was found"), _("Please try fewer words, or other words."), tone=Tone.WARNING)

    async def _answers(self, visit: Visit, procedure: Procedure, person: Person) -> dict[str, str]:
        answers: dict[str, str] = {}
        pages = procedure.pages()
        for number, questions in enumerate(pages):
            prefill = {each.id: value for each in questions if (value := _from_card(each, person))}
            form = await visit.ask(
                form_of(procedure, number, questions, visit.today()),
                procedure.name.text,
                body=(_("Page {number} of {all}", number=number + 1, all=len(pages)),) if len(pages) > 1 else (),
                prefill=prefill,
                sources={id: _("From your details") for id in prefill},
                name=f"questions {number}",
            )
            answers |= {name: value for name, value in form.typed().items() if value}
        return answers

    async def _holds(self, visit: Visit, procedure: Procedure, person: Person, day: date) -> frozenset[str]:
        """Return the words of ``fees.toml`` that hold of the resident, and that the fee depends on."""
        claimed = await _reduction(visit, procedure)
        holds = frozenset({claimed} if claimed else ())
        waived = holds | {SIGNED_IN, *CLAIMS}
        lower = self._fee(procedure, day, waived, 1)
        if person.level is not Level.VNEID or lower == self._fee(procedure, day, holds, 1):
            return holds
        for claim, (title, why) in CLAIMS.items():
            if self._fee(procedure, day, waived - {claim}, 1) == lower:
                continue
            yes = _("Yes, all five") if claim == "basic_documents" else _("Yes")
            options = [Option(value="yes", label=yes), Option(value="no", label=_("No, or I do not know"))]
            if await visit.choose(title, options, body=(why,), name=claim.replace("_", " ")) != "yes":
                return holds
        return waived

    def _fee(self, procedure: Procedure, day: date, holds: frozenset[str], units: int) -> int | None:
        """Return VND; None: it is set locally and paid there."""
        if procedure.pay_there:
            return None
        try:
            return fee(procedure.code, procedure.channel, day, holds, units=units, rules=self._rules).amount
        except UnknownFeeError:
            return None

    async def _hand_in(
        self,
        visit: Visit,
        procedure: Procedure,
        person: Person,
        answers: Mapping[str, str],
        members: Sequence[Member],
        agreed: Sequence[str],
        holds: frozenset[str],
        units: int,
        papers: Sequence[Given],
        amount: int | None,
    ) -> None:
        cost = _("Paid at the authority") if amount is None else _("{amount}", amount=Money(amount=amount))
        told = _told(procedure, answers)
        facts = (
            Fact(label=_("Procedure"), value=procedure.name.text, change="procedure"),
            Fact(label=_("Who hands it in"), value=verbatim(person.name)),
            *told,
            *(Fact(label=_("Household member"), value=verbatim(each.name)) for each in members),
            *(each.fact for each in papers),
            Fact(label=_("Fee"), value=cost),
        )
        action = _("Go on to payment") if amount else _("Hand it in")
        await visit.check(_("Is everything right?"), facts, action=action)
        signed = await self._sign(visit, procedure, person, facts)
        await visit.place(
            Order(
                service=self.id,
                payee=procedure.agency.vi,
                amount=amount or 0,
                title=procedure.name.text,
                done=_("Your dossier has been handed in"),
                request={
                    "kind": "dossier",
                    "procedure": procedure.code,
                    "name_vi": procedure.name.vi,
                    "name_en": procedure.name.en,
                    "agency": procedure.agency.vi,
                    "working_days": procedure.working_days,
                    "applicant": _applicant(person),
                    "answers": dict(answers),
                    "members": [dict[str, JsonValue](each.typed()) for each in members],
                    "consents": list(agreed),
                    "reductions": list[JsonValue](sorted(holds)),
                    "units": units,
                    "documents": [each.told for each in papers],
                    "forms": dict[str, JsonValue](self._catalogue.forms_of(procedure, visit.today())),
                },
                facts=(
                    Fact(label=_("Authority"), value=procedure.agency.text),
                    *(Fact(label=_("Bring with you"), value=name) for name in to_bring(papers)),
                ),
                attachments=(*files_of(papers), *signed),
            )
        )

    async def _sign(
        self, visit: Visit, procedure: Procedure, person: Person, facts: Sequence[Fact]
    ) -> Sequence[Attachment]:
        """Have the forms that the station makes signed on the phone, where that can be had; otherwise nothing."""
        made = [each for each in procedure.documents if each.made_here]
        if self._signing is None or not made:
            return ()
        sources = self._catalogue.forms_of(procedure, visit.today())
        said = [each for each in facts if each.label != _("Procedure") and each.label != _("Full name")]
        day = visit.today().strftime("%d/%m/%Y")
        texts = {
            each.id: (each.name.text, form_text(procedure, each, sources.get(each.id, ""), person, said, day))
            for each in made
        }
        return await sign_forms(visit, self._signing, person, texts) or ()


def _papers(procedure: Procedure) -> list[Text]:
    if not procedure.documents:
        return [_("No papers are needed.")]
    return [_("You need: {paper}", paper=each.name.text) for each in procedure.documents]


def _cost(procedure: Procedure, amount: int | None) -> Iterator[Text]:
    """Say of the fee what is known before the start: that of one, without a reduction."""
    if amount is None:
        yield _("The fee is paid at the authority.")
    elif not amount:
        yield _("There is no fee.")
    else:
        yield _("Usual fee: {amount}. The exact fee is shown before you pay.", amount=Money(amount=amount))
    if amount is not None and (limit := procedure.on_time):
        begins = next(each.label.within_sentence for each in procedure.questions if each.id == limit.after)
        yield _(
            "This holds for {days} days from: {day}. Later the fee is paid at the authority.",
            days=limit.days,
            day=begins,
        )


def _from_card(question: Question, person: Person) -> str:
    match question.prefill:
        case "name":
            return person.name
        case "number":
            return person.number
        case "address":
            return person.address
        case "born":
            return partial_date.write(person.born) if person.born else ""
        case "":
            return ""


async def _members(visit: Visit, person: Person) -> list[Member]:
    options = [Option(value="0", label=_("Only I"))]
    options += [Option(value=str(count), label=_("{count} more", count=count)) for count in range(1, MAX_MEMBERS + 1)]
    count = int(await visit.choose(_("Who else of the household is registered with you?"), options, name="members"))
    members: list[Member] = []
    for number in range(1, count + 1):
        title, name = _("Household member {number}", number=number), f"member {number}"
        member = await visit.ask(Member, title, name=name)
        while member.number in {person.number, *(each.number for each in members)}:
            await listed_already(visit)
            member = await visit.ask(Member, title, name=name)
        members.append(member)
    return members


async def _consents(visit: Visit, procedure: Procedure, person: Person, day: date) -> list[str] | None:
    """Ask for each agreement by itself; None: one is missing, and the resident knows what to do."""
    given: list[str] = []
    for each in procedure.consents:
        if each.under_age is not None and (person.born is None or age(person.born, day) >= each.under_age):
            continue
        options = [Option(value="yes", label=_("Yes, they have agreed")), Option(value="no", label=_("Not yet"))]
        if await visit.choose(each.name.text, options, name=f"consent {each.id}") != "yes":
            await _without(visit, each)
            return None
        given.append(each.id)
    return given


async def _without(visit: Visit, consent: Consent) -> None:
    await visit.tell(
        _("It cannot be handed in yet"),
        _("This is needed first: {consent}.", consent=consent.name.text),
        _("Come back when they have agreed. Nothing was sent."),
        tone=Tone.WARNING,
    )


async def _reduction(visit: Visit, procedure: Procedure) -> str:
    if not procedure.reductions:
        return ""
    options = [Option(value="none", label=_("None of these"))]
    options += [Option(value=each.id, label=each.name.text) for each in procedure.reductions]
    chosen = await visit.choose(
        _("Does one of these hold for you? Then the fee is lower."),
        options,
        body=(_("The authority looks at the proof when it hands out the result."),),
        name="reduction",
    )
    return "" if chosen == "none" else chosen


async def _units(visit: Visit, procedure: Procedure) -> int:
    if not procedure.units:
        return 1
    title = _("How many copies?") if procedure.units == "copies" else _("How many?")
    options = [Option(value=str(count), label=public(str(count))) for count in range(1, MAX_UNITS + 1)]
    return int(await visit.choose(title, options, name="units"))


def _told(procedure: Procedure, answers: Mapping[str, str]) -> list[Fact]:
    """Return the answers as they are looked over, each with the way back to its page."""
    facts: list[Fact] = []
    for number, questions in enumerate(procedure.pages()):
        for question in questions:
            value: Any = answers.get(question.id)
            if value:
                written = phone_text(value) if question.kind == "phone" else verbatim(value)
                chosen = next((each.name.text for each in question.options if each.id == value), written)
                facts.append(Fact(label=question.label.text, value=chosen, change=f"questions {number}"))
    return facts


def _applicant(person: Person) -> dict[str, JsonValue]:
    """Return what the authority needs to know who hands the dossier in."""
    return {
        "name": person.name,
        "number": person.number,
        "born": person.born.isoformat() if person.born else "",
        "level": person.level.name,
    }
