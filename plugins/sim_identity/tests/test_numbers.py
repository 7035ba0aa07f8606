"""Mobile numbers in every form that people write, of every prefix."""

from __future__ import annotations

import pytest

from tramkit_sim_identity.numbers import NumberProblem, normalise, prefixes


@pytest.mark.parametrize(
    "text",
    [
        "0901234567",
        "+84 90 123 45 67",
        "84901234567",
        "0084901234567",
        "090.123.4567",
        "(090) 123-4567",
        "+84 0901234567",
    ],
)
def test_one_form_of_all_that_is_written(text: str) -> None:
    number = normalise(text)
    assert number == "0901234567"
    assert number.international == "+84901234567"
    assert number.given_to == "MobiFone"


@pytest.mark.parametrize(
    ("prefix", "operator"), [(prefix, name) for name, owned in prefixes().given_to.items() for prefix in owned]
)
def test_every_prefix(prefix: str, operator: str) -> None:
    assert normalise(f"{prefix}1234567").given_to == operator


@pytest.mark.parametrize(("old", "new"), prefixes().became.items())
def test_old_numbers_are_told_their_new_form(old: str, new: str) -> None:
    number = normalise(f"{old}1234567")
    assert number == f"{new}1234567"
    assert number.was == f"{old}1234567"
    assert normalise(f"+84{old[1:]}1234567") == number


@pytest.mark.parametrize(
    "text",
    ["", "abc", "090123456", "09012345678", "0201234567", "01611234567", "+12025550100", "1022"],
)
def test_what_is_no_mobile_number(text: str) -> None:
    with pytest.raises(NumberProblem) as caught:
        normalise(text)
    assert "0" in caught.value.text.id
