"""Triage: the red-flag questions, what a resident is asked before the call, and how urgent it is, by rule.

All of it is data with its source. The rules order a queue and warn; they never name an illness: the machine does not
diagnose, the doctor does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from tramkit import Form, Messages, Option, Reading, Text, Vital, forms, verbatim

_ = Messages("tramkit_telehealth")

Urgency = Literal[1, 2, 3]


# ── red flags ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class RedFlag:
    """A sign that needs the emergency service at once.

    :param advice: what to do until help comes.
    :param source: where the sign is taken from.
    """

    id: str
    label: Text
    advice: Text
    source: str


RED_FLAGS: tuple[RedFlag, ...] = (
    RedFlag(
        "chest_pain",
        _("Chest pain, or a heavy pressure on the chest"),
        _("Sit down and rest. Do not walk about."),
        "WHO/ICRC Basic Emergency Care (2018): difficulty in breathing, chest pain",
    ),
    RedFlag(
        "breathing",
        _("Trouble breathing, cannot speak a whole sentence"),
        _("Sit upright and loosen tight clothes."),
        "WHO/ICRC Basic Emergency Care (2018), module Breathing",
    ),
    RedFlag(
        "stroke",
        _("Sudden weakness, a drooping face, or trouble speaking"),
        _("Note when it began. Do not eat or drink anything."),
        "American Stroke Association: F.A.S.T.",
    ),
    RedFlag(
        "unconscious",
        _("Fainting, or a fit, just now"),
        _("Lie on your side. Do not put anything into the mouth."),
        "WHO/ICRC Basic Emergency Care (2018), module Altered mental status",
    ),
    RedFlag(
        "bleeding",
        _("Heavy bleeding that does not stop"),
        _("Press firmly on the place with a clean cloth and keep pressing."),
        "WHO/ICRC Basic Emergency Care (2018), module Trauma",
    ),
    RedFlag(
        "self_harm",
        _("Thoughts of harming yourself or not wanting to live"),
        _("You are not alone. Please stay with somebody you trust until help comes."),
        "WHO mhGAP Intervention Guide 2.0 (2016), module Self-harm/suicide",
    ),
)
"""At most seven, so that they and "none of these" stand on one page."""

NONE_OF_THESE = "none"

EMERGENCY_NUMBER = "115"
"""Medical emergency number in Vietnam."""


def red_flag_options() -> tuple[Option, ...]:
    """Return the answers to the red-flag question."""
    return (
        *(Option(value=flag.id, label=flag.label) for flag in RED_FLAGS),
        Option(value=NONE_OF_THESE, label=_("None of these")),
    )


def red_flag(id: str) -> RedFlag | None:
    """Return the flag of that id; None for "none of these"."""
    return next((flag for flag in RED_FLAGS if flag.id == id), None)


# ── what is asked ─────────────────────────────────────────────────────────────────────────────────────────────

SINCE: dict[str, Text] = {
    "today": _("Since today"),
    "days": _("For 2 to 3 days"),
    "week": _("For about a week"),
    "longer": _("For longer"),
}


def _pain_scale() -> forms.Question:
    """Ask for pain on the numeric rating scale, 0 to 10."""

    def parse(typed: str) -> int:
        if not re.fullmatch(r"[0-9]{1,2}", typed) or int(typed) > 10:
            raise forms.MalformedError
        return int(typed)

    asked = forms.digits(
        _("How strong is the pain, from 0 to 10?"),
        low=1,
        high=2,
        hint=_("0: no pain. 10: the worst pain you can imagine."),
        missing=_("Enter a number from 0 to 10; 0 if you have no pain."),
    )
    wrong = _("Enter a number from 0 to 10.")
    return replace(asked, parse=parse, write=str, malformed=wrong, out_of_range=wrong)


class Symptoms(Form):
    """What troubles the resident."""

    complaint: Annotated[
        str,
        forms.text(
            _("What is troubling you?"),
            hint=_("In your own words, as short as you like."),
            example=_("Headache and cough"),
            missing=_("Please say in a few words what is troubling you."),
            max_length=500,
        ),
    ]
    since: Annotated[
        str,
        forms.choice(_("Since when?"), tuple(Option(value=value, label=label) for value, label in SINCE.items())),
    ]
    pain: Annotated[int, _pain_scale()]
    fever: Annotated[bool, forms.yes_no(_("Do you have a fever?"))]


_LEAVE_EMPTY = _("Leave empty if there are none.")


class Health(Form):
    """What the doctor must know before prescribing."""

    medicines: Annotated[
        str | None,
        forms.text(
            _("Which medicines do you take?"),
            hint=_LEAVE_EMPTY,
            example=_("Amlodipine 5 mg in the morning"),
            required=False,
        ),
    ]
    allergies: Annotated[
        str | None,
        forms.text(
            _("Which medicines or foods can you not tolerate (allergy)?"),
            hint=_LEAVE_EMPTY,
            example=_("Penicillin"),
            required=False,
        ),
    ]
    conditions: Annotated[
        str | None,
        forms.text(
            _("Which long-term illnesses do you have?"),
            hint=_LEAVE_EMPTY,
            example=_("High blood pressure, diabetes"),
            required=False,
        ),
    ]


class HealthOfWoman(Health):
    """The same, for women of an age to have children (some medicines harm an unborn child)."""

    pregnant: Annotated[
        str,
        forms.choice(
            _("Are you pregnant or breastfeeding?"),
            (
                Option(value="no", label=_("No")),
                Option(value="yes", label=_("Yes")),
                Option(value="unsure", label=_("I am not sure")),
            ),
        ),
    ]


CHILDBEARING = range(12, 56)
"""Ages at which the question about pregnancy is asked (WHO counts 15 to 49; wider to be safe)."""


def health_form(sex: str | None, age: int | None) -> type[Health]:
    """Return the form about health that fits the person."""
    return HealthOfWoman if sex == "female" and (age is None or age in CHILDBEARING) else Health


def said(form: Form, name: str) -> Text:
    """Return an answer as it is shown to people."""
    value = getattr(form, name)
    question = form.questions[name]
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if value is None:
        return _("None stated")
    if question.options:
        return next(option.label for option in question.options if option.value == value)
    return verbatim(str(value))


# ── how urgent ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Findings:
    """What the rules look at.

    :param age: years; None: not known.
    """

    red_flag: bool
    pain: int
    fever: bool
    age: int | None
    pregnant: bool = False
    vitals: tuple[Reading, ...] = ()

    def values(self, kind: Vital) -> Iterator[float]:
        """Yield the first value of each reading of that kind (systolic for blood pressure)."""
        for reading in self.vitals:
            if reading.kind is kind and reading.values:
                yield reading.values[0]


@dataclass(frozen=True)
class Band:
    """A range of a vital sign and how urgent it makes a case: ``low <= value <= high``."""

    kind: Vital
    low: float
    high: float
    urgency: Urgency


NEWS2 = "Royal College of Physicians, National Early Warning Score (NEWS) 2, 2017: 3 points → 1, 2 points → 2"
BANDS: tuple[Band, ...] = (
    Band(Vital.SPO2, 0, 91, 1),
    Band(Vital.SPO2, 92, 93, 2),
    Band(Vital.BLOOD_PRESSURE, 0, 90, 1),
    Band(Vital.BLOOD_PRESSURE, 91, 100, 2),
    Band(Vital.BLOOD_PRESSURE, 220, 1_000, 1),
    Band(Vital.BLOOD_PRESSURE, 180, 219.9, 2),  # ESC/ESH 2018: grade 3 hypertension from 180 mmHg
    Band(Vital.PULSE, 0, 40, 1),
    Band(Vital.PULSE, 131, 1_000, 1),
    Band(Vital.PULSE, 111, 130.9, 2),
    Band(Vital.TEMPERATURE, 0, 35.0, 1),
    Band(Vital.TEMPERATURE, 39.1, 100, 2),
)
"""Adults, room air; children and oxygen users score otherwise, so a band only orders the queue and warns."""


@dataclass(frozen=True)
class Rule:
    """One reason for an urgency."""

    id: str
    urgency: Urgency
    holds: Callable[[Findings], bool]
    source: str


RULES: tuple[Rule, ...] = (
    Rule("red flag", 1, lambda f: f.red_flag, "the red flags above"),
    Rule("strongest pain", 1, lambda f: f.pain >= 8, "Manchester Triage Group, pain ruler: severe 8–10"),
    Rule("moderate pain", 2, lambda f: f.pain >= 5, "Manchester Triage Group, pain ruler: moderate 5–7"),
    Rule("fever", 2, lambda f: f.fever, "house rule, to be confirmed by the facility"),
    Rule("small child", 2, lambda f: f.age is not None and f.age < 6, "Law 15/2023/QH15 art. 3: priority"),
    Rule("old age", 2, lambda f: f.age is not None and f.age >= 75, "Law 15/2023/QH15 art. 3: priority"),
    Rule("pregnancy", 2, lambda f: f.pregnant, "Law 15/2023/QH15 art. 3: priority"),
)


def vitals_urgency(vitals: tuple[Reading, ...]) -> Urgency:
    """Return how urgent the measurements alone make a case."""
    found = Findings(False, 0, False, None, vitals=vitals)
    return _most_urgent(b.urgency for b in BANDS for v in found.values(b.kind) if b.low <= v <= b.high)


def urgency(findings: Findings) -> Urgency:
    """Return 1 (soon) to 3 (can wait): the most urgent rule that holds."""
    hits: list[Urgency] = [rule.urgency for rule in RULES if rule.holds(findings)]
    return _most_urgent([*hits, vitals_urgency(findings.vitals)])


def _most_urgent(found: Iterable[Urgency]) -> Urgency:
    hits = set(found)
    return 1 if 1 in hits else 2 if 2 in hits else 3
