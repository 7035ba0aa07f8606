"""What loans cost, to the đồng: the rate is a year's on the actual balance (Circular 39/2016/TT-NHNN, Article 13)."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tramkit_banking.loans import effective_rate, schedule


class Method(Enum):
    """As a bank's client might name them."""

    LEVEL = "annuity"
    FALLING = "equal_principal"


def test_the_annuity_to_the_dong() -> None:
    payments = schedule(50_000_000, 24, 0.18, "annuity")
    first, last = payments[0], payments[-1]
    assert (first.payment, first.interest, first.principal, first.balance) == (
        2_496_205,
        750_000,
        1_746_205,
        48_253_795,
    )
    assert {each.payment for each in payments[:-1]} == {2_496_205}
    assert (last.payment, last.balance) == (2_496_209, 0)
    assert sum(each.interest for each in payments) == 9_908_924
    assert [each.month for each in payments] == list(range(1, 25))


def test_equal_principal_to_the_dong() -> None:
    payments = schedule(50_000_000, 24, 0.18, "equal_principal")
    assert sum(each.interest for each in payments) == 9_375_000
    assert [each.principal for each in payments] == [2_083_333] * 23 + [2_083_341]
    assert (payments[0].payment, payments[1].interest, payments[-1].balance) == (2_833_333, 718_750, 0)


@pytest.mark.parametrize(
    ("principal", "months", "rate", "method", "first", "last", "interest"),
    [
        (12_000_000, 12, 0, "annuity", 1_000_000, 1_000_000, 0),
        (10_000_000, 3, 0, "annuity", 3_333_333, 3_333_334, 0),
        (5_000_000, 1, 0.18, "annuity", 5_075_000, 5_075_000, 75_000),
        (5_000_000, 1, 0.18, "equal_principal", 5_075_000, 5_075_000, 75_000),
        (10_000_000, 2, 0.12, "annuity", 5_075_124, 5_075_125, 150_249),
        (10_000_000, 2, 0.12, "equal_principal", 5_100_000, 5_050_000, 150_000),
        (1, 1, 0.18, "annuity", 1, 1, 0),
    ],
)
def test_small_ones_by_hand(
    principal: int, months: int, rate: float, method: str, first: int, last: int, interest: int
) -> None:
    payments = schedule(principal, months, rate, method)
    assert (payments[0].payment, payments[-1].payment) == (first, last)
    assert sum(each.interest for each in payments) == interest


@pytest.mark.parametrize("rate", [18, "18", 0.18, "0.18", Decimal("0.18"), Decimal(18), "18%", "18 %", " 18.0 "])
def test_a_rate_may_be_a_share_or_per_cent(rate: float | Decimal | str) -> None:
    assert schedule(50_000_000, 24, rate) == schedule(50_000_000, 24, 0.18)


def test_less_than_one_per_cent_is_marked_so() -> None:
    assert schedule(12_000_000, 12, "0.9 %") == schedule(12_000_000, 12, "0.009")
    assert schedule(12_000_000, 12, 0.9) == schedule(12_000_000, 12, 90)


@pytest.mark.parametrize("method", ["equal_principal", "equal-principal", "Equal principal", Method.FALLING])
def test_a_method_may_be_named_in_many_ways(method: str) -> None:
    assert schedule(50_000_000, 24, 18, method) == schedule(Decimal(50_000_000), 24, 18, "equal_principal")
    assert schedule(50_000_000, 24, 18, Method.LEVEL.value) == schedule(50_000_000, 24, 18)


@given(
    principal=st.integers(100_000, 10**9),
    months=st.integers(1, 120),
    rate=st.integers(0, 99).map(lambda each: each / 100),
    method=st.sampled_from(["annuity", "equal_principal"]),
)
def test_what_is_lent_is_paid_back(principal: int, months: int, rate: float, method: str) -> None:
    payments = schedule(principal, months, rate, method)
    assert len(payments) == months
    assert sum(each.principal for each in payments) == principal
    assert payments[-1].balance == 0
    assert all(each.payment == each.principal + each.interest and each.principal >= 0 for each in payments)
    balances = [principal, *(each.balance for each in payments)]
    assert all(before - each.principal == each.balance for before, each in zip(balances, payments, strict=False))


def test_the_effective_rate_of_a_loan_without_fees_is_the_compounded_one() -> None:
    payments = schedule(50_000_000, 24, 0.18)
    assert effective_rate(payments) == pytest.approx(1.015**12 - 1, abs=1e-6)


def test_fees_make_it_dearer_and_nothing_makes_it_free() -> None:
    payments = schedule(50_000_000, 24, 0.18)
    assert effective_rate(payments, 1_000_000) > effective_rate(payments, 500_000) > effective_rate(payments)
    assert effective_rate(payments, [300_000, 200_000]) == effective_rate(payments, 500_000)
    assert effective_rate(payments, 500_000) == pytest.approx(0.2079, abs=5e-5)
    assert effective_rate(schedule(12_000_000, 12, 0)) == 0
    assert effective_rate(schedule(1_000_000, 1, 0), 100_000) == pytest.approx((10 / 9) ** 12 - 1)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ((0, 12, 0.18), "the principal is 1 to"),
        ((-1, 12, 0.18), "the principal is 1 to"),
        ((10**12 + 1, 12, 0.18), "the principal is 1 to"),
        ((1000.5, 12, 0.18), "whole VND"),
        (("1000", 12, 0.18), "whole VND"),
        ((True, 12, 0.18), "whole VND"),
        ((float("nan"), 12, 0.18), "whole VND"),
        ((1000, 0, 0.18), "1 to 480 months"),
        ((1000, 481, 0.18), "1 to 480 months"),
        ((1000, 12.5, 0.18), "1 to 480 months"),
        ((1000, 12, -0.1), "0 to 100 per cent"),
        ((1000, 12, 100), "0 to 100 per cent"),
        ((1000, 12, "x"), "'x' is no rate"),
        ((1000, 12, None), "None is no rate"),
        ((1000, 12, "1/0"), "is no rate"),
        ((1000, 12, float("inf")), "is no rate"),
        ((1000, 12, 0.1, "balloon"), "no method 'balloon': annuity, equal_principal"),
    ],
)
def test_what_no_loan_has(values: tuple[int, int, float], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        schedule(*values)


def test_fees_as_large_as_the_loan_are_refused() -> None:
    payments = schedule(1_000_000, 12, 0.1)
    for fees in (1_000_000, [999_999, 1], -1):
        with pytest.raises(ValueError, match="fees are 0 or more, and less than the loan"):
            effective_rate(payments, fees)
    with pytest.raises(ValueError, match="payments"):
        effective_rate(())
