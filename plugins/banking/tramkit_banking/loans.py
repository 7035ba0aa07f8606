"""What a loan costs: the schedule to the đồng, and the effective yearly rate with fees.

Interest is reckoned each month on what is still owed (Circular 39/2016/TT-NHNN, Article 13: the rate is told per year
on the actual balance).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from fractions import Fraction
from typing import Literal

from tramkit import Data

MAX_MONTHS = 480
MAX_PRINCIPAL = 10**12

Method = Literal["annuity", "equal_principal"]


class Payment(Data):
    """One month's payment, VND.

    :param month: from 1.
    :param balance: what is owed after it.
    """

    month: int
    payment: int
    principal: int
    interest: int
    balance: int


def schedule(
    principal: int | Decimal, months: int, yearly_rate: float | Decimal | str, method: str = "annuity"
) -> tuple[Payment, ...]:
    """Return every payment of a loan; the last one settles what rounding left.

    :param principal: whole VND.
    :param months: from 1.
    :param yearly_rate: as a share of one (``0.18``), or in per cent (``18``: from 1 on; ``"0.9 %"``: so marked).
    :param method: ``annuity`` (the same each month) or ``equal_principal`` (the same principal each month).
    :raises ValueError: a value that no loan has.
    """
    principal = _whole(principal, f"the principal is 1 to {MAX_PRINCIPAL} whole VND", MAX_PRINCIPAL)
    months = _whole(months, f"a loan runs 1 to {MAX_MONTHS} months", MAX_MONTHS)
    way = str(method.value if isinstance(method, Enum) else method).strip().lower().replace("-", "_").replace(" ", "_")
    if way not in ("annuity", "equal_principal"):
        raise ValueError(f"no method {method!r}: annuity, equal_principal")
    rate = _monthly(yearly_rate)
    level = _round(principal * rate / (1 - (1 + rate) ** -months)) if rate else _round(Fraction(principal, months))
    part = _round(Fraction(principal, months))
    payments: list[Payment] = []
    balance = principal
    for month in range(1, months + 1):
        interest = _round(balance * rate)
        paid = part if way == "equal_principal" else level - interest
        if month == months or paid > balance:
            paid = balance
        balance -= paid
        payments.append(
            Payment(month=month, payment=paid + interest, principal=paid, interest=interest, balance=balance)
        )
    return tuple(payments)


def effective_rate(schedule: Sequence[Payment], fees: int | Iterable[int] = 0) -> float:
    """Return the effective rate per year, as a share of one: what makes all payments worth what was paid out.

    :param schedule: of :func:`schedule`.
    :param fees: VND that are taken at the beginning, one sum or several.
    :raises ValueError: no payments, or fees as large as the loan.
    """
    if not schedule:
        raise ValueError("a loan has payments")
    fee = sum(fees) if isinstance(fees, Iterable) else fees
    received = sum(each.principal for each in schedule) - fee
    if fee < 0 or received <= 0:
        raise ValueError("fees are 0 or more, and less than the loan")
    paid = [each.payment for each in schedule]
    if sum(paid) <= received:
        return 0.0
    low, high = 0.0, 1.0
    while _worth(paid, high) > received:
        high *= 2
    for _step in range(200):
        middle = (low + high) / 2
        if _worth(paid, middle) > received:
            low = middle
        else:
            high = middle
    return (1 + high) ** 12 - 1


def _worth(paid: Sequence[int], rate: float) -> float:
    worth = 0.0
    for payment in reversed(paid):
        worth = (worth + payment) / (1 + rate)
    return worth


def _whole(value: int | Decimal, problem: str, most: int) -> int:
    try:
        whole = int(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(problem) from None
    if isinstance(value, bool | str) or whole != value or not 1 <= whole <= most:
        raise ValueError(problem)
    return whole


def _monthly(yearly_rate: float | Decimal | str) -> Fraction:
    text = str(yearly_rate).strip()
    percent = text.endswith("%")
    try:
        rate = Fraction(text.removesuffix("%").strip())
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"{yearly_rate!r} is no rate") from None
    if percent or rate >= 1:
        rate /= 100
    if not 0 <= rate < 1:
        raise ValueError("the rate is 0 to 100 per cent a year")
    return rate / 12


def _round(amount: Fraction) -> int:
    exact = Decimal(amount.numerator) / Decimal(amount.denominator)
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))
