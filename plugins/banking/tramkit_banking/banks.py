"""Which banks the station works with, and what they offer: data of ``banks.toml``, or of an operator's own file."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from tramkit import Data, DataFile, Words

BUNDLED = Path(__file__).parent / "banks.toml"


Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Vnd = Annotated[int, Field(ge=0, le=10**12, strict=True)]
Share = Annotated[Decimal, Field(ge=0, lt=5)]


class Terms(Data):
    """What an applicant reads before agreeing.

    :param version: of these words; the bank is told which was read.
    """

    version: str = Field(min_length=1, max_length=40)
    points: tuple[Words, ...] = Field(min_length=1, max_length=8)


class Charge(Data):
    """A fee of an account.

    :param amount: VND.
    """

    name: Words
    amount: Vnd


class Account(Data):
    """A kind of account.

    :param monthly_fee: VND.
    :param fees: what else it costs.
    """

    id: Id
    name: Words
    hint: Words
    monthly_fee: Vnd
    fees: tuple[Charge, ...] = Field(default=(), max_length=6)


class Loan(Data):
    """A kind of loan.

    :param least, most: VND.
    :param yearly_rate: on the actual balance, as a share of one; ``late_rate`` on what is overdue.
    :param fee_percent: of the principal, taken at the beginning.
    :param youngest: years; the law may ask for more.
    :param income_share: per cent of the monthly income that a payment may take.
    :param oldest_at_end: years, when the last payment is due.
    :param cooling_off_days: so long the resident may withdraw without cost.
    """

    id: Id
    name: Words
    least: Vnd
    most: Vnd
    months: tuple[Annotated[int, Field(ge=1, le=360)], ...] = Field(min_length=1)
    yearly_rate: Share
    method: Literal["annuity", "equal_principal"]
    fee_percent: Decimal = Field(ge=0, le=20)
    late_rate: Share
    income_share: int = Field(ge=1, le=100)
    least_income: Vnd
    youngest: int = Field(ge=18, le=100)
    oldest_at_end: int = Field(ge=18, le=120)
    cooling_off_days: int = Field(ge=0, le=60)

    @model_validator(mode="after")
    def _sound(self) -> Loan:
        if self.least > self.most:
            raise ValueError("least is more than most")
        return self

    def fee(self, principal: int) -> int:
        """Return the fee at the beginning, VND."""
        return int(principal * self.fee_percent / 100)


class Card(Data):
    """A credit card.

    :param yearly_fee: VND.
    :param yearly_rate: on what is not paid back in time, as a share of one.
    :param free_days: so many days a purchase costs no interest, at most.
    :param most: the highest limit, VND.
    :param youngest: years; the law may ask for more.
    """

    id: Id
    name: Words
    hint: Words
    yearly_fee: Vnd
    yearly_rate: Share
    free_days: int = Field(ge=0, le=90)
    most: Vnd
    least_income: Vnd
    youngest: int = Field(ge=15, le=100)
    fees: tuple[Charge, ...] = Field(default=(), max_length=6)


class Bank(Data):
    """A bank.

    :param branch: where the resident is referred to.
    """

    id: Id
    name: Words
    url: str = Field(pattern=r"^https?://[^\s/]+")
    branch: Words
    terms: Terms
    accounts: tuple[Account, ...] = ()
    loans: tuple[Loan, ...] = ()
    cards: tuple[Card, ...] = ()


class Banks(Data):
    """All banks of a file."""

    banks: tuple[Bank, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _sound(self) -> Banks:
        if len({bank.id for bank in self.banks}) != len(self.banks):
            raise ValueError("the same bank stands there twice")
        return self


FILE = DataFile(Banks, BUNDLED)
read_banks, bundled = FILE.read, FILE.bundled
