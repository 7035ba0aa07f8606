"""What the law asks of accounts and loans, by day: data of ``rules.toml``, or of an operator's own file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field

from tramkit import Dated, DatedFile, Level, read_settings

BUNDLED = Path(__file__).parent / "rules.toml"


class _Dated(Dated):
    youngest: int = Field(ge=0, le=100)
    needs: Literal["claimed", "chip", "chip_face"]

    @property
    def level(self) -> Level:
        """How surely the applicant must be known."""
        return Level[self.needs.upper()]


class AccountRule(_Dated):
    """Who may open an account from afar."""


class LoanRule(_Dated):
    """Who may apply for a loan from afar, and for how much.

    :param most: VND.
    """

    most: int = Field(gt=0, strict=True)


class CardRule(Dated):
    """Who may apply for a credit card here, and what comes before it is issued.

    :param meeting: the bank meets the applicant in person.
    :param biometrics: it compares their face with the chip of the card or the register.
    """

    youngest: int = Field(ge=0, le=100)
    meeting: bool
    biometrics: bool


R = TypeVar("R", bound=Dated)


class Rules(DatedFile):
    """All rules of a file."""

    accounts: tuple[AccountRule, ...] = Field(min_length=1)
    loans: tuple[LoanRule, ...] = Field(min_length=1)
    cards: tuple[CardRule, ...] = ()

    def account(self, on: date) -> AccountRule:
        """Return the rule of accounts that holds on a day."""
        return _newest(self.accounts, on)

    def loan(self, on: date) -> LoanRule:
        """Return the rule of loans that holds on a day."""
        return _newest(self.loans, on)

    def card(self, on: date) -> CardRule:
        """Return the rule of credit cards that holds on a day; of a file that has none the plugin's own."""
        return _newest(self.cards or bundled().cards, on)


def _newest(rules: Sequence[R], on: date) -> R:
    began = [rule for rule in rules if rule.effective_from <= on]
    return max(began, key=lambda rule: rule.effective_from) if began else min(rules, key=lambda r: r.effective_from)


def read_rules(file: Path) -> Rules:
    """Read the rules of an operator's file.

    :raises FileError: it is malformed; the words name file and key.
    """
    return read_settings(file, Rules)


@cache
def bundled() -> Rules:
    """Return the rules that come with the plugin."""
    return read_rules(BUNDLED)
