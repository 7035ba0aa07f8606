"""Mobile numbers: one form of all that people write, and what old eleven-digit numbers have become."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tramkit_hal.words import Messages, Text

_ = Messages("tramkit_sim_identity")

BUNDLED = Path(__file__).parent / "prefixes.toml"


class Prefixes(BaseModel):
    """Whom prefixes were given to, and what old ones became."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    given_to: dict[str, tuple[str, ...]]
    became: dict[str, str]


class NumberProblem(ValueError):
    """The text is no Vietnamese mobile number.

    :ivar text: why not, for the resident.
    """

    def __init__(self, text: Text) -> None:
        super().__init__(text.id)
        self.text = text


class MobileNumber(str):
    """A mobile number as it is dialled in Vietnam, ``0901234567``.

    :ivar international: as it is dialled from abroad, ``+84901234567``.
    :ivar given_to: the operator its prefix was given to; the number may have been ported since. Empty: not known.
    :ivar was: the eleven digits it had before 2018, where it was written so.
    """

    international: str
    given_to: str
    was: str

    def __new__(cls, national: str, given_to: str = "", was: str = "") -> MobileNumber:
        number = super().__new__(cls, national)
        number.international = f"+84{national[1:]}"
        number.given_to = given_to
        number.was = was
        return number


@cache
def prefixes() -> Prefixes:
    """Return the prefixes that come with the plugin."""
    return Prefixes.model_validate(tomllib.loads(BUNDLED.read_text(encoding="utf-8")))


def normalise(text: str) -> MobileNumber:
    """Return a mobile number in its one form.

    :param text: as a person writes it: with spaces, dots, dashes, brackets, ``+84``, ``84``, ``0084``, or the old
        eleven digits.
    :raises NumberProblem: it is no Vietnamese mobile number.
    """
    digits = re.sub(r"[\s.\-()‐-―]", "", unicodedata.normalize("NFKC", text))
    if not re.fullmatch(r"\+?[0-9]{1,16}", digits):
        raise NumberProblem(_("A phone number has only digits, for example 0901234567."))
    national = re.sub(r"^(?:\+84|0084|84(?=[0-9]{9,10}$))0?", "0", digits)
    was = ""
    if len(national) == 11 and (new := prefixes().became.get(national[:4])):
        was, national = national, new + national[4:]
    if not re.fullmatch(r"0[35789][0-9]{8}", national):
        raise NumberProblem(_("A mobile number has 10 digits and begins with 03, 05, 07, 08 or 09."))
    given = next((name for name, owned in prefixes().given_to.items() if national[:3] in owned), "")
    return MobileNumber(national, given, was)
