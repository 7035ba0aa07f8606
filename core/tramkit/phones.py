"""Vietnamese mobile numbers: one form of all that people write, in every field that asks for one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from tramkit_hal import TramkitError
from tramkit_hal.words import Messages, Text

_ = Messages("tramkit")

FORM = re.compile(r"0[35789][0-9]{8}")
"""Ten digits as they are dialled in Vietnam (Circular 22/2014/TT-BTTTT, numbering plan)."""

BECAME: Mapping[str, str] = {
    **{f"016{digit}": f"03{digit}" for digit in "23456789"},
    **{"0120": "070", "0121": "079", "0122": "077", "0126": "076", "0128": "078"},
    **{"0123": "083", "0124": "084", "0125": "085", "0127": "081", "0129": "082"},
    **{"0186": "056", "0188": "058", "0199": "059"},
}
"""What the old eleven-digit numbers became in September 2018 (Decision 798/QĐ-BTTTT of 2018): first digits."""

ONLY_DIGITS = _("A phone number has only digits, for example 0901234567.")
TEN_DIGITS = _("A mobile number has 10 digits and begins with 03, 05, 07, 08 or 09.")

_BETWEEN = re.compile(r"[\s.,/_\-()\[\]‐-―⁃−·\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


class PhoneError(TramkitError, ValueError):
    """The text is no Vietnamese mobile number.

    :ivar text: why not, for the resident.
    """

    def __init__(self, text: Text) -> None:
        super().__init__(text.id)
        self.text = text


def read_mobile(text: str, became: Mapping[str, str] = BECAME) -> tuple[str, str]:
    """Return a mobile number as it is dialled in Vietnam, ``0901234567``, and the eleven digits that were written.

    :param text: as a person writes it: with spaces, dots, dashes, brackets, ``+84``, ``84``, ``0084``, a ``(0)`` after
        those, ``tel:``, or the old eleven digits; the second part is empty where it was written with ten.
    :param became: what the first digits of old numbers are now.
    :raises PhoneError: it is none.
    """
    digits = re.sub(r"^tel:", "", _BETWEEN.sub("", unicodedata.normalize("NFKC", text)), flags=re.IGNORECASE)
    if not re.fullmatch(r"\+?[0-9]{1,18}", digits):
        raise PhoneError(ONLY_DIGITS)
    national = re.sub(r"^(?:\+84|0084|84(?=0?[0-9]{9,10}$))0?", "0", digits)
    was = ""
    if len(national) == 11 and (new := became.get(national[:4])):
        was, national = national, new + national[4:]
    if not FORM.fullmatch(national):
        raise PhoneError(TEN_DIGITS)
    return national, was
