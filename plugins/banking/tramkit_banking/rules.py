"""What the law asks of accounts and loans, by day: data of ``rules.toml``, or of an operator's own file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field

from tramkit import DataFile, Dated, DatedFile, Level, newest

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
    """Return the rule that holds on a day; before the first one, the first."""
    return newest(rules, on) or min(rules, key=lambda rule: rule.effective_from)


FILE = DataFile(Rules, BUNDLED)
read_rules, bundled = FILE.read, FILE.bundled
