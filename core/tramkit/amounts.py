"""Amounts in đồng as people write them; a decimal part is never turned into đồng."""

from __future__ import annotations

import re
import unicodedata

from tramkit_hal import TramkitError
from tramkit_hal.words import Messages, Text

_ = Messages("tramkit")

MAX_DIGITS = 15
DIGITS_ONLY = _("Enter the amount in đồng, digits only, for example 9500000.")
NO_DECIMALS = _("An amount in đồng has no part after the comma. Enter whole đồng, for example 9500000.")

_UNIT = r"(?:₫|đ|d|vnd|vnđ|đồng|dong)"


class AmountError(TramkitError, ValueError):
    """The text is no amount in đồng.

    :ivar text: why not, for the resident.
    """

    def __init__(self, text: Text) -> None:
        super().__init__(text.id)
        self.text = text


def read_amount(text: str) -> int:
    """Return an amount in đồng.

    ``9500000``, ``9.500.000``, ``9,500,000``, ``9 500 000``, with ``₫``, ``đ``, ``VND`` or ``đồng`` before or after it.
    A part behind a decimal mark may be zeros only (``9.500.000,00``): it is dropped, and anything else is refused.

    :raises AmountError: it is none, or it cannot be told which mark is the decimal one.
    """
    bare = re.sub(r"[\s'’_]", "", unicodedata.normalize("NFKC", text)).casefold()
    bare = re.sub(rf"^{_UNIT}\.?|\.?{_UNIT}$", "", bare)
    bare = re.sub(r"[.,][-–—]{1,2}$", "", bare)  # 9.500.000,- as shops write it
    if not re.fullmatch(r"[0-9]+(?:[.,][0-9]+)*", bare):
        raise AmountError(DIGITS_ONLY)
    whole, decimals = _split(bare)
    if decimals.strip("0"):
        raise AmountError(NO_DECIMALS)
    if not 1 <= len(whole) <= MAX_DIGITS:
        raise AmountError(DIGITS_ONLY)
    return int(whole)


def _split(bare: str) -> tuple[str, str]:
    """Return the digits before and after the decimal mark.

    :raises AmountError: the groups are not of three digits.
    """
    marks = re.sub(r"[0-9]", "", bare)
    if not marks:
        return bare, ""
    last = marks[-1]
    head, tail = bare.rsplit(last, 1)
    if len(set(marks)) == 2:  # the last one of two kinds is the decimal mark, and stands once
        if marks.count(last) > 1 or not _grouped(head, marks[0]):
            raise AmountError(DIGITS_ONLY)
        return re.sub(r"[.,]", "", head), tail
    if _grouped(bare, last):
        return bare.replace(last, ""), ""
    if len(marks) == 1:
        return head, tail
    raise AmountError(DIGITS_ONLY)


def _grouped(digits: str, mark: str) -> bool:
    first, *groups = digits.split(mark)
    return re.fullmatch(r"[1-9][0-9]{0,2}", first) is not None and all(len(group) == 3 for group in groups)
