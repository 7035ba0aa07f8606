"""Dossiers: codes under which authorities keep them."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime

from tramkit import Data, Messages, Text, TramkitError

_ = Messages("tramkit_procedures")


class DossierCode(Data):
    """A dossier's code.

    :param agency: what stands before the date, where the code has one.
    :param filed: the day in it, where it has one.
    :param sequence: the number of that day.
    """

    code: str
    agency: str = ""
    filed: date | None = None
    sequence: str = ""


class CodeError(TramkitError, ValueError):
    """The text is no dossier code.

    :ivar text: why not, for the resident.
    """

    def __init__(self, text: Text) -> None:
        super().__init__(text.id)
        self.text = text


def parse_code(text: str) -> DossierCode:
    """Read a dossier's code as a person typed or scanned it: ``<agency>-YYMMDD-<number>``, or an agency's own form.

    :raises CodeError: it is none.
    """
    code = re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).upper()
    code = re.sub(r"[‐-―−]", "-", code)  # what a word processor makes of a hyphen
    if not re.fullmatch(r"[A-Z0-9][A-Z0-9./-]{4,60}", code):
        raise CodeError(_("This is no dossier code. It stands on the receipt, for example 000.00.01.H29-260310-0420."))
    dated = re.fullmatch(r"(.+)-([0-9]{6})-([0-9]{4,6})", code)
    if dated is None:
        return DossierCode(code=code)
    try:
        filed = datetime.strptime(dated[2], "%y%m%d").date()  # noqa: DTZ007  a day has no zone
    except ValueError:
        return DossierCode(code=code)
    return DossierCode(code=code, agency=dated[1], filed=filed, sequence=dated[3])
