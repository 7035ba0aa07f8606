"""Household health insurance: premiums by member, months and day; old and new codes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sized
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tramkit_hal.words import Messages, Text

_ = Messages("tramkit_procedures")

BUNDLED = Path(__file__).parent / "health_insurance.toml"
MOST_MEMBERS = 50


class BaseSalary(BaseModel):
    """The base salary from a day on, VND a month."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount: int = Field(gt=0)
    effective_from: date
    source: str


class Rules(BaseModel):
    """How premiums are reckoned; see the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate_per_mille: int = Field(gt=0)
    shares_percent: tuple[int, ...] = Field(min_length=1)
    months: tuple[int, ...]
    source: str
    base_salaries: tuple[BaseSalary, ...]

    def base(self, on: date) -> int:
        """Return the base salary of a day.

        :raises ValueError: none is known of so early a day.
        """
        known = [each for each in self.base_salaries if each.effective_from <= on]
        if not known:
            raise ValueError(f"no base salary is known of {on:%d/%m/%Y}")
        return max(known, key=lambda each: each.effective_from).amount


def read_rules(file: Path) -> Rules:
    """Read the rules from a file.

    :raises ValueError: it is malformed; the words name file and key.
    """
    try:
        return Rules.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None


@cache
def bundled_rules() -> Rules:
    """Return the rules that come with the plugin."""
    return read_rules(BUNDLED)


def premiums(members: int | Sized, months: int, on: date, rules: Rules | None = None) -> tuple[int, ...]:
    """Return what each member of a household pays, VND, in their order; the sum is the household's.

    :param members: how many join in this fiscal year, or they themselves; whoever is insured elsewhere does not count.
    :param months: 3, 6 or 12.
    :param on: the day of payment, in Vietnam.
    :raises ValueError: no members, too many, other months, a day of which no base salary is known.
    """
    rules = rules or bundled_rules()
    count = members if isinstance(members, int) else len(members)
    if isinstance(members, bool) or not 1 <= count <= MOST_MEMBERS:
        raise ValueError(f"a household has 1 to {MOST_MEMBERS} members")
    if months not in rules.months:
        raise ValueError(f"premiums are paid for {', '.join(map(str, rules.months))} months")
    full = rules.base(on) * rules.rate_per_mille // 1000 * months
    shares = rules.shares_percent
    return tuple(full * shares[min(place, len(shares) - 1)] // 100 for place in range(count))


class InsuranceCode(BaseModel):
    """A health-insurance code.

    :param kind: ``number`` (10 digits), ``card`` (15 characters), ``identity`` (the personal identity number).
    :param number: the social-insurance or identity number in it.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["number", "card", "identity"]
    code: str
    number: str
    group: str = ""
    level: int | None = None


class CodeProblem(ValueError):
    """The text is no health-insurance code.

    :ivar text: why not, for the resident.
    """

    def __init__(self, text: Text) -> None:
        super().__init__(text.id)
        self.text = text


def parse_code(text: str) -> InsuranceCode:
    """Read a code, old or new: 10 digits, 15 characters, or since 1 August 2025 the identity number.

    :raises CodeProblem: it is none.
    """
    tidy = re.sub(r"[\s.\-]", "", text).upper()
    if re.fullmatch(r"[0-9]{10}", tidy):
        return InsuranceCode(kind="number", code=tidy, number=tidy)
    if re.fullmatch(r"[0-9]{12}", tidy):
        return InsuranceCode(kind="identity", code=tidy, number=tidy)
    if re.fullmatch(r"[A-Z]{2}[1-5][0-9]{12}", tidy):
        return InsuranceCode(kind="card", code=tidy, number=tidy[5:], group=tidy[:2], level=int(tidy[2]))
    raise CodeProblem(_("A health-insurance code has 10 or 12 digits, or 15 characters such as GD4790123456789."))
