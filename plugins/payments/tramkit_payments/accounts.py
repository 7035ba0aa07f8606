"""Where each payee's money goes and by which kind of code: data of an operator's ``accounts.toml``."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from tramkit import Data, Payment, read_settings
from tramkit_payments.vietqr import MAX_TEXT, Merchant, QrError, Service, payload

CODES: dict[str, Service] = {"transfer": "QRIBFTTA", "card": "QRIBFTTC", "payment": "QRPUSH"}
"""NAPAS' names of the kinds of code."""
MEMO = "A" * 13
"""As long as the memo of any payment."""


class Shop(Merchant):
    """The shop that a payment code names.

    :param id: its number at the bank that acquires for it.
    """

    id: str = Field(pattern=r"^[0-9A-Za-z]{1,19}$")


class Account(Data):
    """An account that money comes to.

    :param payees: whose money it is, as orders name them; none: everybody's that no other account is for.
    :param bin: six digits of the bank.
    :param account: the account; of a card its number.
    :param holder: whose name the resident's bank shows for it; it is told beforehand, so that nobody is startled.
    :param memo_code: what the bank wants before the memo to know the sub-account (``TKP…`` at TPBank, Sacombank and
        VietinBank for persons); empty: nothing.
    :param qr: ``transfer``, ``card``, or ``payment``: NAPAS' payment code, which needs the shop.
    """

    payees: tuple[Annotated[str, Field(min_length=1, max_length=120)], ...] = ()
    bin: str
    account: str
    holder: str = Field(default="", max_length=70)
    memo_code: str = Field(default="", pattern=rf"^[A-Z0-9]{{0,{MAX_TEXT - len(MEMO) - 1}}}$")
    qr: Literal["transfer", "card", "payment"] = "transfer"
    shop: Shop | None = None

    @model_validator(mode="after")
    def _sound(self) -> Account:
        if (self.qr == "payment") != (self.shop is not None):
            raise ValueError("an account whose qr is payment, and only such a one, has a shop")
        try:
            payload(self.bin, self.account)
            self.code(1, MEMO)
        except QrError as problem:  # what no code can say is told at the start, not to a resident
            raise ValueError(str(problem)) from None
        return self

    def message(self, memo: str) -> str:
        """Return what the transfer says."""
        return f"{self.memo_code} {memo}".strip()

    def code(self, amount: int, memo: str) -> str:
        """Return the text of the code to scan."""
        payee = self.shop.id if self.shop is not None else self.account
        merchant = self.shop and Merchant.model_validate(self.shop.model_dump(exclude={"id"}))
        return payload(
            self.bin, payee, amount, self.message(memo), memo if merchant else None, CODES[self.qr], merchant
        )


class Accounts(Data):
    """All accounts of a file."""

    accounts: tuple[Account, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _sound(self) -> Accounts:
        names = [_folded(name) for each in self.accounts for name in each.payees]
        if len(set(names)) != len(names):
            raise ValueError("a payee has two accounts")
        if sum(not each.payees for each in self.accounts) > 1:
            raise ValueError("only one account is for everybody else (has no payees)")
        return self


def read_accounts(file: Path) -> tuple[Account, ...]:
    """Read an operator's accounts.

    :raises FileError: it is malformed; the words name file and key.
    """
    return read_settings(file, Accounts).accounts


def account_of(accounts: Sequence[Account], payment: Payment) -> Account:
    """Return where a payment's money goes.

    :param accounts: one of them, the last without payees, for everybody else.
    """
    payee = _folded(payment.payee)
    default = next(each for each in reversed(accounts) if not each.payees)
    return next((each for each in accounts if payee in map(_folded, each.payees)), default)


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
