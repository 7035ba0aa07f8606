"""Others of the household: an identity number and a birthday that do not belong together are told at the number."""

from __future__ import annotations

import pytest

from tramkit_hal.words import render
from tramkit_procedures.filing import Member
from tramkit_procedures.insurance import Insured

APART = "Số định danh và ngày sinh không khớp nhau."


@pytest.mark.parametrize(("born", "said"), [("03/04/1960", ""), ("03/04/1961", APART), ("03/04/2060", APART)])
def test_a_member_of_a_dossier(born: str, said: str) -> None:
    _form, errors = Member.read({"name": "lê thị chín", "born": born, "number": "079160001234"})
    assert {name: render(text, "vi") for name, text in errors.items()} == ({"number": said} if said else {})


@pytest.mark.parametrize(
    ("born", "code", "said"),
    [
        ("03/04/1960", "079160001234", ""),
        ("03/04/1961", "079160001234", APART),
        ("03/04/1961", "GD4790123456789", ""),
        ("03/04/1961", "0123456789", ""),
    ],
)
def test_an_insured_member(born: str, code: str, said: str) -> None:
    _form, errors = Insured.read({"name": "lê thị chín", "born": born, "code": code})
    assert {name: render(text, "vi") for name, text in errors.items()} == ({"code": said} if said else {})
