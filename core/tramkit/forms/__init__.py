"""Forms: what an Ask page asks, as a pydantic model whose field types map to controls.

A plugin writes::

    class Complaint(Form):
        complaint: Annotated[str, text(_("What is troubling you?"), missing=_("Say what is troubling you."))]
        since: Annotated[date, day(_("Since when?"))]

Validation happens on Continue only, here and nowhere else; the resident's words are kept whatever is wrong.

Longer than 400 lines: one kind of question after the other, all of one shape.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, ClassVar, Self

from pydantic import ValidationError

from tramkit.amounts import DIGITS_ONLY, AmountError, read_amount
from tramkit.phones import TEN_DIGITS, PhoneError, read_mobile
from tramkit_hal.card.number import check as check_number
from tramkit_hal.data import Data
from tramkit_hal.partial_date import PartialDate, first_day, last_day, read_written
from tramkit_hal.partial_date import write as write_day
from tramkit_hal.ui.pages import FIELDS_PER_PAGE, Control, FieldView, Option
from tramkit_hal.words import Messages, Money, Text, is_name, nfc, without_invisible

_ = Messages("tramkit")

MAX_MONEY = 10**12
"""VND; what is more is a mistake of typing."""


class MalformedError(ValueError):
    """A typed value that is not what the field asks for.

    :param message: says how to put it right; None: the field's own words.
    """

    def __init__(self, message: Text | None = None) -> None:
        super().__init__("malformed")
        self.message = message


@dataclass(frozen=True)
class Question:
    """How one field of a form is asked.

    :param label: the question.
    :param missing: said when nothing was typed.
    :param malformed: said when what was typed cannot be read.
    :param out_of_range: said when it can be read but is too small, too large, too long.
    :param parse: turns what was typed into the field's value; raises :class:`MalformedError`.
    """

    control: Control
    label: Text
    hint: Text | None = None
    example: Text | None = None
    options: tuple[Option, ...] = ()
    missing: Text | None = None
    malformed: Text | None = None
    out_of_range: Text | None = None
    required: bool = True
    max_length: int = 200
    parse: Callable[[str], Any] = field(default=str)
    write: Callable[[Any], str] = field(default=str)


class Form(Data):
    """Up to four related questions, asked on one page."""

    questions: ClassVar[dict[str, Question]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        questions: dict[str, Question] = {}
        for name, info in cls.model_fields.items():
            found = [item for item in info.metadata if isinstance(item, Question)]
            if len(found) != 1:
                raise TypeError(f"{cls.__name__}.{name}: annotate it with one question, e.g. text(_('…'))")
            questions[name] = found[0]
        if len(questions) > FIELDS_PER_PAGE:
            raise TypeError(f"{cls.__name__}: a page asks at most {FIELDS_PER_PAGE} questions, not {len(questions)}")
        cls.questions = questions

    @classmethod
    def views(
        cls, values: Mapping[str, str], errors: Mapping[str, Text], sources: Mapping[str, Text]
    ) -> tuple[FieldView, ...]:
        """Return the questions as they stand on the page, with what is typed and what is wrong."""
        return tuple(
            FieldView(
                name=name,
                control=q.control,
                label=q.label,
                hint=q.hint,
                example=q.example,
                options=q.options,
                value=values.get(name, ""),
                source=sources.get(name) if values.get(name) else None,
                error=errors.get(name),
                required=q.required,
                max_length=q.max_length,
            )
            for name, q in cls.questions.items()
        )

    @classmethod
    def read(cls, typed: Mapping[str, str]) -> tuple[Self | None, dict[str, Text]]:
        """Validate what was typed; return the form, or None and what is wrong with each field."""
        errors: dict[str, Text] = {}
        values: dict[str, Any] = {}
        for name, question in cls.questions.items():
            try:
                values[name] = _read_one(question, nfc(typed.get(name, "")).strip())
            except MalformedError as error:
                errors[name] = error.message or question.malformed or _("Please look at this answer again.")
        if errors:
            return None, errors
        try:
            form = cls(**values)
        except ValidationError as error:
            for problem in error.errors(include_input=False, include_url=False, include_context=False):
                name = str(problem["loc"][0]) if problem["loc"] else next(iter(cls.questions))
                question = cls.questions[name]
                errors[name] = question.out_of_range or question.malformed or _("Please look at this answer again.")
            return None, errors
        if apart := form.apart():
            return None, dict(apart)
        return form, {}

    def apart(self) -> Mapping[str, Text]:
        """Return what is wrong with answers that are right each by itself but do not belong together, by field."""
        return {}

    def typed(self) -> dict[str, str]:
        """Return the values as they would be typed, to fill the page in again."""
        return {
            name: "" if getattr(self, name) is None else question.write(getattr(self, name))
            for name, question in self.questions.items()
        }


def _read_one(question: Question, typed: str) -> Any:
    consent = question.control is Control.CONSENT
    if not typed or (consent and typed != "yes"):
        if question.required:
            raise MalformedError(question.missing or _("Please answer this question."))
        return False if consent else None
    if len(typed) > question.max_length:
        raise MalformedError(
            question.out_of_range or _("That is too long: at most {n} characters.", n=question.max_length)
        )
    return question.parse(typed)


# ── the kinds of question ─────────────────────────────────────────────────────────────────────────────────────


def text(
    label: Text,
    *,
    hint: Text | None = None,
    example: Text | None = None,
    missing: Text | None = None,
    required: bool = True,
    max_length: int = 500,
    parse: Callable[[str], str] = str,
) -> Question:
    """Ask for words; the field is a ``str`` (``str | None`` where not required).

    :param parse: reads a code of a form of its own; the ``text`` of the ``ValueError`` that it raises is said.
    """

    def read(typed: str) -> str:
        try:
            return parse(typed)
        except ValueError as problem:
            raise MalformedError(getattr(problem, "text", None)) from None

    return Question(
        Control.TEXT, label, hint, example, missing=missing, required=required, max_length=max_length, parse=read
    )


def code(
    label: Text,
    *,
    hint: Text | None = None,
    required: bool = True,
    max_length: int = 40,
    parse: Callable[[str], str] = str,
) -> Question:
    """Ask for a code that stands on a paper: :func:`text`, typed on a keyboard without marks, with ``_ - . / @``."""
    asked = text(label, hint=hint, required=required, max_length=max_length, parse=parse)
    return replace(asked, control=Control.CODE)


def name(label: Text, *, missing: Text | None = None, hint: Text | None = None) -> Question:
    """Ask for a person's full name; the field is a ``str``.

    Any script, one word or many: Hmông and Khmer names have other shapes than Kinh ones. It is kept as it is typed.
    """
    return Question(
        Control.NAME,
        label,
        hint,
        example=_("Nguyễn Văn An"),
        missing=missing or _("Enter the full name as on the identity card."),
        malformed=_("A name has letters only. Please look at it again."),
        max_length=100,
        parse=_parse_name,
    )


def _parse_name(typed: str) -> str:
    words = without_invisible(typed)
    if not is_name(words):
        raise MalformedError
    return words


def digits(
    label: Text,
    *,
    low: int = 1,
    high: int = 20,
    hint: Text | None = None,
    example: Text | None = None,
    missing: Text | None = None,
) -> Question:
    """Ask for a number that is not counted with (a code); the field is a ``str``.

    :param low: fewest digits.
    :param high: most digits.
    """

    def parse(typed: str) -> str:
        only = re.sub(r"[\s.-]", "", typed)
        if not only.isascii() or not only.isdigit() or not low <= len(only) <= high:
            raise MalformedError
        return only

    wrong = (
        _("Enter {n} digits.", n=low)
        if low == high
        else _("Enter between {low} and {high} digits.", low=low, high=high)
    )
    return Question(
        Control.DIGITS,
        label,
        hint,
        example,
        missing=missing,
        malformed=wrong,
        max_length=high * 2,
        parse=parse,
    )


def phone(label: Text, *, required: bool = True, hint: Text | None = None) -> Question:
    """Ask for a Vietnamese mobile number (:func:`tramkit.phones.read_mobile`); the field is a ``str`` of ten digits."""

    def parse(typed: str) -> str:
        try:
            return read_mobile(typed)[0]
        except PhoneError as error:
            raise MalformedError(error.text) from None

    return Question(
        Control.PHONE,
        label,
        hint,
        example=_("0901 234 567"),
        missing=_("Enter a phone number."),
        malformed=TEN_DIGITS,
        required=required,
        max_length=40,
        parse=parse,
    )


def money(label: Text, *, hint: Text | None = None, least: int = 0, most: int = MAX_MONEY) -> Question:
    """Ask for an amount in đồng, by :func:`tramkit.amounts.read_amount`; the field is an ``int``.

    :param least, most: VND.
    """

    def parse(typed: str) -> int:
        try:
            amount = read_amount(typed)
        except AmountError as error:
            raise MalformedError(error.text) from None
        if amount > most:
            raise MalformedError(_("That is too much: at most {amount}.", amount=Money(amount=most)))
        if amount < least:
            raise MalformedError(_("That is too little: at least {amount}.", amount=Money(amount=least)))
        return amount

    return Question(
        Control.MONEY,
        label,
        hint,
        example=_("9500000"),
        missing=_("Enter an amount.") if least else _("Enter an amount; 0 if there is none."),
        malformed=DIGITS_ONLY,
        max_length=40,
        parse=parse,
    )


def email(label: Text, *, required: bool = True, hint: Text | None = None) -> Question:
    """Ask for an email address; the field is a ``str`` (``str | None`` where not required)."""

    def parse(typed: str) -> str:
        if not re.fullmatch(r"[^\s@<>(),;:\"\[\]]+@[^\s@.]+(\.[^\s@.]+)+", typed):
            raise MalformedError
        return typed

    return Question(
        Control.EMAIL,
        label,
        hint,
        example=_("an.nguyen@example.vn"),
        missing=_("Enter an email address."),
        malformed=_("An email address looks like an.nguyen@example.vn."),
        required=required,
        max_length=120,
        parse=parse,
    )


def day(
    label: Text,
    *,
    earliest: date | None = None,
    latest: date | None = None,
    hint: Text | None = None,
    out_of_range: Text | None = None,
    too_early: Text | None = None,
) -> Question:
    """Ask for a calendar day, typed ``17/05/1990`` or ``17051990``; the field is a ``date``.

    :param out_of_range: what is said of a day before ``earliest`` or after ``latest``.
    :param too_early: what is said instead of one before ``earliest``.
    """
    range_words = out_of_range or _("That day cannot be right. Please look at it again.")

    def parse(typed: str) -> date:
        found = re.fullmatch(r"(\d{1,2})\D(\d{1,2})\D(\d{4})|(\d{2})(\d{2})(\d{4})", typed)
        if not found:
            raise MalformedError
        d, m, y = (int(part) for part in found.groups() if part is not None)
        try:
            value = date(y, m, d)
        except ValueError:
            raise MalformedError from None
        if earliest and value < earliest:
            raise MalformedError(too_early or range_words)
        if latest and value > latest:
            raise MalformedError(range_words)
        return value

    return Question(
        Control.DATE,
        label,
        hint,
        example=_("17/05/1990"),
        missing=_("Enter day, month and year."),
        malformed=_("Enter day, month and year, for example 17/05/1990."),
        max_length=10,
        parse=parse,
        write=write_day,
    )


def birth(
    label: Text, *, earliest: date | None = None, latest: date | None = None, hint: Text | None = None
) -> Question:
    """Ask for a date of birth, of which only the year, or month and year, may be known; the field is a ``Born``.

    Typed ``17/05/1990``, ``17051990``, ``05/1950`` or ``1950``.
    """

    def parse(typed: str) -> date | PartialDate:
        try:
            value = read_written(typed)
        except ValueError:
            raise MalformedError from None
        if (earliest and last_day(value) < earliest) or (latest and first_day(value) > latest):
            raise MalformedError(_("That day cannot be right. Please look at it again."))
        return value

    return Question(
        Control.DATE,
        label,
        hint or _("If only the year is known, enter the year alone."),
        example=_("17/05/1990"),
        missing=_("Enter day, month and year, or the year alone."),
        malformed=_("Enter day, month and year, for example 17/05/1990, or the year alone."),
        max_length=10,
        parse=parse,
        write=write_day,
    )


def citizen_id(label: Text, *, hint: Text | None = None) -> Question:
    """Ask for a personal identity number of twelve digits (Law 26/2023/QH15); the field is a ``str``."""

    def parse(typed: str) -> str:
        only = re.sub(r"[\s.]", "", typed)
        if not re.fullmatch(r"[0-9]{12}", only):
            raise MalformedError
        if not check_number(only).ok:
            raise MalformedError(_("This number cannot be right. Please compare it with the card."))
        return only

    return Question(
        Control.CITIZEN_ID,
        label,
        hint,
        example=_("079090123458"),
        missing=_("Enter the 12 digits of the identity card."),
        malformed=_("An identity number has 12 digits."),
        max_length=20,
        parse=parse,
    )


def choice(label: Text, options: tuple[Option, ...], *, missing: Text | None = None, required: bool = True) -> Question:
    """Ask for one of a few; the field is a ``str``, the option's value."""

    def parse(typed: str) -> str:
        if typed not in {option.value for option in options}:
            raise MalformedError
        return typed

    return Question(
        Control.CHOICE,
        label,
        options=options,
        missing=missing or _("Choose one of the answers."),
        malformed=_("Choose one of the answers."),
        required=required,
        parse=parse,
    )


def yes_no(label: Text, *, hint: Text | None = None, missing: Text | None = None) -> Question:
    """Ask yes or no; the field is a ``bool``."""

    def parse(typed: str) -> bool:
        if typed not in ("yes", "no"):
            raise MalformedError
        return typed == "yes"

    return Question(
        Control.YES_NO,
        label,
        hint,
        missing=missing or _("Choose yes or no."),
        malformed=_("Choose yes or no."),
        parse=parse,
        write=lambda value: "yes" if value else "no",
    )


def consent(label: Text, *, hint: Text | None = None, missing: Text | None = None, required: bool = True) -> Question:
    """Ask for consent to one purpose, never pre-ticked; the field is a ``bool``.

    Law 91/2025/QH15: consent is given per purpose, silence is no consent, nothing is bundled.
    """
    return Question(
        Control.CONSENT,
        label,
        hint,
        missing=missing or _("Without this consent the service cannot go on."),
        required=required,
        parse=lambda typed: typed == "yes",
        write=lambda value: "yes" if value else "",
    )
