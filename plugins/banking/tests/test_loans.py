"""What loans cost, to the đồng."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tramkit_banking.loans import effective_rate, schedule


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


def test_equal_principal() -> None:
    payments = schedule(50_000_000, 24, 0.18, "equal_principal")
    assert sum(each.interest for each in payments) == 9_375_000
    assert payments[-1].balance == 0


def test_a_rate_may_be_written_in_per_cent() -> None:
    assert schedule(50_000_000, 24, 18) == schedule(50_000_000, 24, "0.18")


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


def test_the_effective_rate_of_a_loan_without_fees_is_the_compounded_one() -> None:
    payments = schedule(50_000_000, 24, 0.18)
    assert effective_rate(payments) == pytest.approx(1.015**12 - 1, abs=1e-6)


def test_fees_make_it_dearer_and_nothing_makes_it_free() -> None:
    payments = schedule(50_000_000, 24, 0.18)
    assert effective_rate(payments, 1_000_000) > effective_rate(payments, 500_000) > effective_rate(payments)
    assert effective_rate(schedule(12_000_000, 12, 0)) == 0


@pytest.mark.parametrize(
    "values",
    [
        (0, 12, 0.18),
        (-1, 12, 0.18),
        (1000, 0, 0.18),
        (1000, 481, 0.18),
        (1000, 12, -0.1),
        (1000, 12, 100),
        (1000, 12, "x"),
    ],
)
def test_what_no_loan_has(values: tuple[int, int, float]) -> None:
    with pytest.raises(ValueError, match=r"principal|months|rate"):
        schedule(*values)
    with pytest.raises(ValueError, match="method"):
        schedule(1000, 12, 0.1, "balloon")


def test_fees_as_large_as_the_loan_are_refused() -> None:
    with pytest.raises(ValueError, match="fees"):
        effective_rate(schedule(1_000_000, 12, 0.1), 1_000_000)
