"""Household health insurance: premiums by member, months and day; old and new codes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field

from tramkit import Data, DataFile, Dated, DatedFile, Messages, Text, TramkitError, bilingual, day_of, newest

_ = Messages("tramkit_procedures")

BUNDLED = Path(__file__).parent / "health_insurance.toml"
MAX_MEMBERS = 50
"""More is a mistake of typing."""


class BaseSalary(Dated):
    """The base salary from a day on, VND a month."""

    amount: int = Field(gt=0)


class Premium(Dated):
    """How premiums are reckoned from a day on; see the file."""

    rate_per_mille: int = Field(gt=0, lt=1000)
    shares_percent: tuple[int, ...] = Field(min_length=1)
    months: tuple[int, ...] = Field(min_length=1)


class Payee(Data):
    """Who gets the premium."""

    vi: str = Field(min_length=1, max_length=120)
    en: str = Field(min_length=1, max_length=120)

    @property
    def text(self) -> Text:
        return bilingual(vi=self.vi, en=self.en)


D = TypeVar("D", BaseSalary, Premium)


class Rules(DatedFile):
    """All that a file says."""

    payee: Payee
    premiums: tuple[Premium, ...] = Field(min_length=1)
    base_salaries: tuple[BaseSalary, ...] = Field(min_length=1)

    def premium(self, on: date) -> Premium:
        """Return how premiums are reckoned on a day.

        :raises ValueError: nothing is known of so early a day.
        """
        return _newest(self.premiums, on, "premium")

    def base(self, on: date) -> int:
        """Return the base salary of a day.

        :raises ValueError: none is known of so early a day.
        """
        return _newest(self.base_salaries, on, "base salary").amount


def _newest(known: Sequence[D], on: date, what: str) -> D:
    holds = newest(known, on)
    if holds is None:
        raise ValueError(f"no {what} is known of {on:%d/%m/%Y}")
    return holds


FILE = DataFile(Rules, BUNDLED)
read_rules, bundled_rules = FILE.read, FILE.bundled


def premiums(
    members: int | Collection[object], months: int, on: date | datetime | str, rules: Rules | None = None
) -> tuple[int, ...]:
    """Return what each member of a household pays, VND, in their order; the sum is the household's.

    :param members: how many join in this fiscal year, or they themselves; whoever is insured elsewhere does not count.
    :param months: 3, 6 or 12.
    :param on: the day of payment, in Vietnam.
    :raises ValueError: no members, too many, other months, a day of which nothing is known.
    """
    day = day_of(on)
    rules = rules or bundled_rules()
    premium = rules.premium(day)
    count = len(members) if isinstance(members, Collection) and not isinstance(members, str) else members
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MAX_MEMBERS:
        raise ValueError(f"a household has 1 to {MAX_MEMBERS} members")
    if isinstance(months, bool) or months not in premium.months:
        raise ValueError(f"premiums are paid for {', '.join(map(str, premium.months))} months")
    full = rules.base(day) * premium.rate_per_mille // 1000 * months
    shares = premium.shares_percent
    return tuple(full * shares[min(place, len(shares) - 1)] // 100 for place in range(count))


class InsuranceCode(Data):
    """A health-insurance code.

    :param kind: ``number`` (10 digits), ``card`` (15 characters), ``identity`` (the personal identity number).
    :param number: the social-insurance or identity number in it.
    :param group: of a card: whom it was given to, two letters.
    :param level: of a card: how much is paid for, 1 to 5.
    :param province: of a card: where it was given out, two digits.
    """

    kind: Literal["number", "card", "identity"]
    code: str
    number: str
    group: str = ""
    level: int | None = None
    province: str = ""


class CodeError(TramkitError, ValueError):
    """The text is no health-insurance code.

    :ivar text: why not, for the resident.
    """

    def __init__(self, text: Text) -> None:
        super().__init__(text.id)
        self.text = text


def parse_code(text: str) -> InsuranceCode:
    """Read a code, old or new: 10 digits, 15 characters, or since 1 August 2025 the identity number.

    The QR code of an old card begins with the code of 15 characters; what follows the first ``|`` is passed over.

    :raises CodeError: it is none.
    """
    tidy = re.sub(r"[\s.\-]", "", unicodedata.normalize("NFKC", text).partition("|")[0]).upper()
    if re.fullmatch(r"[0-9]{10}", tidy):
        return InsuranceCode(kind="number", code=tidy, number=tidy)
    if re.fullmatch(r"[0-9]{12}", tidy):
        return InsuranceCode(kind="identity", code=tidy, number=tidy)
    if re.fullmatch(r"[A-Z]{2}[1-5][0-9]{12}", tidy):
        return InsuranceCode(
            kind="card", code=tidy, number=tidy[5:], group=tidy[:2], level=int(tidy[2]), province=tidy[3:5]
        )
    raise CodeError(_("A health-insurance code has 10 or 12 digits, or 15 characters such as GD4790123456789."))
