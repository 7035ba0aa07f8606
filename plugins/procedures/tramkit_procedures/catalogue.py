"""The procedures that can be filed: data of ``catalogue.toml``, or of an operator's own file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, create_model, model_validator

from tramkit import (
    Born,
    Data,
    DataFile,
    Dated,
    DatedFile,
    FileError,
    Form,
    Messages,
    Option,
    Words,
    forms,
)

_ = Messages("tramkit_procedures")

BUNDLED = Path(__file__).parent / "catalogue.toml"
MAX_FILE = 32 * 1024 * 1024
"""Most bytes of a catalogue: of some thousand procedures with all their questions."""
PER_PAGE = 4
"""Questions that stand on one page at most."""


Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class Named(Data):
    """Something with a name that can be chosen or claimed.

    :param id: as the authority's system calls it.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]{0,39}$")]
    name: Words


class Consent(Named):
    """Somebody's agreement that the law asks for.

    :param under_age: only where the applicant is younger, in years.
    """

    under_age: int | None = None


class Paper(Named):
    """A document.

    :param made_here: the station makes it from the answers.
    """

    made_here: bool = False


class Question(Data):
    """A question of a form.

    :param prefill: what of the card stands there at first.
    :param when: of a day: ``past`` or ``future``; today is either.
    :param under: of a day of birth: so many years old at most is too old.
    """

    id: Id
    kind: Literal["name", "text", "day", "citizen_id", "phone", "yes_no", "choice"]
    label: Words
    required: bool = True
    prefill: Literal["", "name", "number", "born", "address"] = ""
    options: tuple[Named, ...] = ()
    when: Literal["", "past", "future"] = ""
    under: int | None = Field(default=None, ge=1, le=150)

    @model_validator(mode="after")
    def _sound(self) -> Question:
        if self.under is not None and self.when != "past":
            raise ValueError("only a question of kind day whose when is past has an under")
        if self.kind == "day" and not self.required:
            raise ValueError("a question of kind day is always required")
        if self.when and self.kind != "day":
            raise ValueError("only a question of kind day has a when")
        if (self.kind == "choice") != bool(self.options):
            raise ValueError("a question of kind choice, and only such a one, has options")
        return self


class OnTime(Data):
    """Until when somebody is on time.

    :param after: the question that asks for the day on which the time begins.
    :param days: so many days after it is the last.
    """

    after: Id
    days: int = Field(ge=1, le=3650)


class PaperForm(Dated):
    """A form that the station fills in, in the version of a day.

    :param id: of the paper in the procedures' documents.
    """

    id: Id
    name: Words


class Procedure(Dated):
    """A procedure, in the version of a day; see the file.

    :param on_time: who files later pays at the authority, which sets how much; None: there is no such day.
    """

    code: str = Field(pattern=r"^(\d\.\d{6}|[A-Z0-9_]{4,20})$")
    group: Literal["residence", "civil", "justice", "other"]
    name: Words
    agency: Words
    time: Words
    working_days: int = Field(ge=0, le=365)
    channel: Literal["online", "counter"] = "online"
    pay_there: bool = False
    members: bool = False
    units: Literal["", "people", "copies", "pages"] = ""
    documents: tuple[Paper, ...]
    questions: tuple[Question, ...]
    consents: tuple[Consent, ...] = ()
    reductions: tuple[Named, ...] = ()
    on_time: OnTime | None = None

    @model_validator(mode="after")
    def _sound(self) -> Procedure:
        if self.on_time and self.on_time.after not in {each.id for each in self.questions if each.kind == "day"}:
            raise ValueError(f"on_time: there is no question {self.on_time.after} of kind day")
        for what, items in (("questions", self.questions), ("documents", self.documents), ("consents", self.consents)):
            ids = [item.id for item in items]
            if len(set(ids)) != len(ids):
                raise ValueError(f"{what}: the same id stands there twice")
        return self

    def late(self, answers: Mapping[str, str], on: date) -> bool:
        """Tell whether somebody files after the time for it.

        :param answers: to its questions, as typed.
        """
        if self.on_time is None:
            return False
        day, month, year = (int(part) for part in answers[self.on_time.after].split("/"))
        return (on - date(year, month, day)).days > self.on_time.days

    def pages(self) -> list[tuple[Question, ...]]:
        """Return the questions by pages."""
        return [self.questions[at : at + PER_PAGE] for at in range(0, len(self.questions), PER_PAGE)]


class Catalogue(DatedFile):
    """All procedures of a file.

    :param forms: which version of a form that the station makes holds when.
    """

    procedures: tuple[Procedure, ...] = Field(min_length=1)
    forms: tuple[PaperForm, ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> Catalogue:
        _never_two("procedure", [(each.code, each) for each in self.procedures])
        _never_two("form", [(each.id, each) for each in self.forms])
        return self

    def forms_of(self, procedure: Procedure, on: date) -> dict[str, str]:
        """Return where each form stands that the station makes for a procedure on a day, by the paper's id."""
        made = {each.id for each in procedure.documents if each.made_here}
        return {each.id: each.source for each in self.forms if each.id in made and each.in_force(on)}


def _never_two(what: str, dated: Sequence[tuple[str, Dated]]) -> None:
    """Refuse two versions of one thing on the same day."""
    last: dict[str, date] = {}
    for name, each in sorted(dated, key=lambda pair: (pair[0], pair[1].effective_from)):
        if name in last and each.effective_from <= last[name]:
            raise ValueError(f"the {what} {name} stands there twice for {each.effective_from.isoformat()}")
        last[name] = each.effective_to or date.max


FILE = DataFile(Catalogue, BUNDLED, MAX_FILE)
read_catalogue, bundled = FILE.read, FILE.bundled


def form_of(procedure: Procedure, number: int, questions: Sequence[Question], on: date | None = None) -> type[Form]:
    """Return the form of one page of a procedure's questions.

    :param on: today; None: a day may be any.
    """
    fields = {each.id: (_type(each), _question(each, on)) for each in questions}
    title = f"Form_{re.sub(r'[^A-Za-z0-9]', '_', procedure.code)}_{number}"
    annotated = {
        id: (Annotated[type, question], ... if _required(question) else None) for id, (type, question) in fields.items()
    }
    return create_model(title, __base__=Form, **annotated)  # type: ignore[call-overload]  # pyright: ignore


def _under(years: int, on: date) -> date:
    """Return the earliest birthday of those who are not so many years old yet."""
    try:
        return on.replace(year=on.year - years) + timedelta(days=1)
    except ValueError:  # 29 February is not in every year
        return date(on.year - years, 3, 1)


def _required(question: forms.Question) -> bool:
    return question.required


def _type(question: Question) -> object:
    if question.kind == "day":
        return Born if question.prefill == "born" else date
    if question.kind == "yes_no":
        return bool
    return str if question.required else str | None


def _question(question: Question, on: date | None) -> forms.Question:
    label = question.label.text
    match question.kind:
        case "name":
            return forms.name(label)
        case "day" if question.prefill == "born":
            return forms.birth(label, latest=on)
        case "day":
            earliest, latest = (on if question.when == each else None for each in ("future", "past"))
            if question.under is None or on is None:
                return forms.day(label, earliest=earliest, latest=latest)
            too_old = _("This is for somebody under {years} years old.", years=question.under)
            return forms.day(label, earliest=_under(question.under, on), latest=latest, too_early=too_old)
        case "citizen_id":
            return forms.citizen_id(label)
        case "phone":
            return forms.phone(label)
        case "yes_no":
            return forms.yes_no(label)
        case "choice":
            options = tuple(Option(value=each.id, label=each.name.text) for each in question.options)
            return forms.choice(label, options)
        case "text":
            return forms.text(label, required=question.required, max_length=200)


__all__ = ["Catalogue", "FileError", "Procedure", "bundled", "form_of", "read_catalogue"]
