"""The machine-readable zone of the identity card: three lines of thirty characters (ICAO 9303 part 5, format TD1).

Vietnam writes the last nine digits of the identity number as the document number, the whole number into the optional
data, and a check digit of its own over the whole number at the end of the first line. Check digits have the weights
7-3-1 (ICAO 9303 part 3, section 4.9).
"""

from __future__ import annotations

import re
from datetime import date

from tramkit_hal import TramkitError
from tramkit_hal.card.number import Sex, check
from tramkit_hal.data import Data
from tramkit_hal.partial_date import Born, PartialDate, of_parts

LINE = 30
NEVER = "991231"
"""The day that cards bear which do not expire."""

_FILLER = "<"
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_WEIGHTS = (7, 3, 1)


class MrzError(TramkitError, ValueError):
    """A text that is not the machine-readable zone of a Vietnamese identity card.

    :param field: which part is wrong: ``form``, ``country``, ``document``, ``number``, ``born``, ``sex``, ``expires``,
        ``composite``, ``name``.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Mrz(Data):
    """What the machine-readable zone says.

    :param number: personal identity number, twelve digits.
    :param name: without marks, surname first, capital letters.
    :param born: what is known of the day; fillers stand for the rest (ICAO 9303 part 3, section 4.8).
    :param expires: last day of the card; None: it never expires.
    :param key: what opens the chip by Basic Access Control: document number, birth and expiry, each with its check
        digit (ICAO 9303 part 11, section 4.3.2).
    """

    number: str
    name: str
    born: Born
    sex: Sex
    expires: date | None
    key: str


def check_digit(text: str) -> str:
    """Return the check digit of digits, capital letters and fillers.

    :raises MrzError: another character stands there.
    """
    total = 0
    for place, letter in enumerate(text):
        value = 0 if letter == _FILLER else _ALPHABET.find(letter)
        if value < 0:
            raise MrzError("form", "the zone holds digits, capital letters and < only")
        total += value * _WEIGHTS[place % 3]
    return str(total % 10)


def parse(text: str) -> Mrz:
    """Read the zone.

    :param text: three lines of thirty characters, with or without line breaks.
    :raises MrzError: says what is wrong, without repeating what the card says.
    """
    joined = re.sub(r"[\r\n]", "", text)
    if not re.fullmatch(r"[0-9A-Z<]{90}", joined):
        raise MrzError("form", "the zone has three lines of 30 digits, capital letters and <")
    first, second, third = joined[:LINE], joined[LINE : 2 * LINE], joined[2 * LINE :]
    if first[:5] != "IDVNM" or second[15:18] != "VNM":
        raise MrzError("country", "that is no identity card of Vietnam")
    _checked("document", first[5:14], first[14])
    number = _number(first)
    _checked("born", second[:6], second[6])
    _checked("expires", second[8:14], second[14])
    _checked("composite", first[5:30] + second[:7] + second[8:15] + second[18:29], second[29])
    found = check(number)
    assert found.year is not None
    sex = {"M": "male", "F": "female"}.get(second[7])
    if sex is None or sex != found.sex:
        raise MrzError("sex", "the number and the sex do not belong together")
    born = _born(second[:6], found.year)
    if born.year != found.year:
        raise MrzError("number", "the number and the date of birth do not belong together")
    return Mrz(
        number=number,
        name=_name(third),
        born=born,
        sex="male" if sex == "male" else "female",
        expires=None if second[8:14] == NEVER else _day("expires", second[8:14], 2000),
        key=first[5:15] + second[:7] + second[8:15],
    )


def _number(first: str) -> str:
    number = first[15:27]
    if not re.fullmatch(r"[0-9]{12}<<[0-9]", first[15:]):
        raise MrzError("number", "the optional data of the first line is the 12-digit number and its check digit")
    _checked("number", number, first[29])
    if number[3:] != first[5:14]:
        raise MrzError("number", "the document number is not the end of the identity number")
    return number


def _checked(field: str, text: str, digit: str) -> None:
    if check_digit(text) != digit:
        raise MrzError(field, f"the check digit of {field} is wrong")


def _day(field: str, text: str, century: int) -> date:
    try:
        return date(century + int(text[:2]), int(text[2:4]), int(text[4:]))
    except ValueError:
        raise MrzError(field, "that day is not in the calendar") from None


def _born(text: str, year: int) -> date | PartialDate:
    """Read a date of birth, of which day, month, or all may be unknown.

    :param year: what the number says, which has the century.
    """
    found = re.fullmatch(r"(..)(..)(..)", text)
    parts = [0 if part in ("<<", "00") else int(part) for part in found.groups()] if found and _is_date(text) else None
    if parts is None or (parts[2] and not parts[1]):
        raise MrzError("born", "that day is not in the calendar")
    if text[:2] == "<<":
        return PartialDate(year)
    try:
        return of_parts(year // 100 * 100 + int(text[:2]), parts[1], parts[2])
    except ValueError:
        raise MrzError("born", "that day is not in the calendar") from None


def _is_date(text: str) -> bool:
    return all(part == "<<" or part.isdigit() for part in (text[:2], text[2:4], text[4:]))


def _name(third: str) -> str:
    name = " ".join(third.replace(_FILLER, " ").split())
    if not name or re.search(r"[0-9]", third):
        raise MrzError("name", "the third line is a name")
    return name
