"""Who types an identity number that is not theirs, or a wrong birthday, is told so at the number."""

from __future__ import annotations

import pytest

from tramkit.identity.typed import TypedPerson
from tramkit_hal.words import render

BORN = "Số định danh và ngày sinh không khớp nhau."
SEX = "Số định danh và giới tính không khớp nhau."


@pytest.mark.parametrize(
    ("born", "sex", "said"),
    [
        ("02/09/1954", "male", ""),
        ("02091954", "male", ""),
        ("31/12/1954", "male", ""),
        ("02/09/1955", "male", BORN),
        ("02/09/2054", "male", BORN),
        ("02/09/1954", "female", SEX),
    ],
)
def test_the_number_is_held_against_birthday_and_sex(born: str, sex: str, said: str) -> None:
    typed = {"name": "lê văn tám", "born": born, "sex": sex, "number": "079054001234"}
    form, errors = TypedPerson.read(typed)
    assert {name: render(text, "vi") for name, text in errors.items()} == ({"number": said} if said else {})
    assert (form is None) == bool(said)


def test_what_is_wrong_by_itself_is_told_first() -> None:
    form, errors = TypedPerson.read({"name": "lê văn tám", "born": "1955", "sex": "female", "number": "079054001234"})
    assert form is None
    assert list(errors) == ["born"]
