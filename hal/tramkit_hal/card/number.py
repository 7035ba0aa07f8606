"""The personal identity number: twelve digits, ``PPP G YY NNNNNN`` (Law 26/2023/QH15; formerly Decree 137/2015/NĐ-CP).

PPP is the place where the birth was registered, G the century and the sex, YY the year of birth, and the last six are
random. There is no check digit.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

from tramkit_hal.data import Data
from tramkit_hal.partial_date import PartialDate, read_iso
from tramkit_hal.words import Messages, Text, nfc

_ = Messages("tramkit_hal")

Sex = Literal["male", "female"]

# fmt: off
_CODES = (
    1, 2, 4, 6, 8, 10, 11, 12, 14, 15, 17, 19, 20, 22, 24, 25, 26, 27, 30, 31,
    33, 34, 35, 36, 37, 38, 40, 42, 44, 45, 46, 48, 49, 51, 52, 54, 56, 58, 60, 62,
    64, 66, 67, 68, 70, 72, 74, 75, 77, 79, 80, 82, 83, 84, 86, 87, 89, 91, 92, 93,
    94, 95, 96,
)
# fmt: on
PROVINCES: frozenset[str] = frozenset(f"{code:03}" for code in _CODES)
"""The 63 provinces of before 1 July 2025; the 34 of after it keep codes of this table."""


class NumberCheck(Data):
    """What a look at a number found.

    :param ok: whether the number can be right.
    :param problem: why not, for the resident.
    :param warnings: what is unusual but allowed: a place outside the table may be a country.
    :param year: year of birth that the number says; None where its form is wrong.
    """

    ok: bool
    problem: Text | None = None
    warnings: tuple[Text, ...] = ()
    year: int | None = None
    sex: Sex | None = None


SEXES: dict[str, Sex] = {"male": "male", "nam": "male", "female": "female", "nữ": "female"}
"""Names of the sexes, in English and as cards have them."""


def check(number: str, born: date | PartialDate | str | None = None, sex: str | None = None) -> NumberCheck:
    """Check a number's form, and its year and sex against what is known of the person.

    :param number: twelve ASCII digits, nothing else.
    :param born: date of birth, as far as it is known: a day, a year, or either as ISO 8601 writes it.
    :param sex: ``male`` or ``female``, or as the card has it, ``Nam`` or ``Nữ``, where known.
    :raises ValueError: no such day or sex.
    """
    born = read_iso(born) if isinstance(born, str) else born
    if sex is not None and nfc(sex).strip().casefold() not in SEXES:
        raise ValueError("no such sex: male, female")  # not repeated: it is somebody's
    of_whom = None if sex is None else SEXES[nfc(sex).strip().casefold()]
    if not re.fullmatch(r"[0-9]{12}", number):
        return NumberCheck(ok=False, problem=_("An identity number has 12 digits."))
    century, says = divmod(int(number[3]), 2)
    year = 1900 + century * 100 + int(number[4:6])
    its_sex: Sex = "female" if says else "male"
    warnings: tuple[Text, ...] = ()
    if number[:3] not in PROVINCES:
        warnings = (_("The place in the number is not a province; it may be a country."),)
    problem: Text | None = None
    if born is not None and born.year != year:
        problem = _("The number and the date of birth do not belong together.")
    elif of_whom is not None and of_whom != its_sex:
        problem = _("The number and the sex do not belong together.")
    return NumberCheck(ok=problem is None, problem=problem, warnings=warnings, year=year, sex=its_sex)
