"""The QR code printed on the identity card.

Its text is ``number|old number|name|born|sex|address|issued``, days as DDMMYYYY, sex ``Nam`` or ``Nữ``; the old number
(nine digits) is often empty. Of whom only the year of birth is known, it stands alone or after zeros.
The card of July 2024 ("Căn cước") may have four more fields, kept as they are. The code is not signed: it is good for
filling in, never for proving who somebody is.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

from tramkit_hal.card.number import check
from tramkit_hal.data import Data
from tramkit_hal.partial_date import Born, PartialDate, read_written
from tramkit_hal.words import JOINERS, nfc, without_invisible

MAX_TEXT = 2_000
"""Most characters: a QR code of this kind holds below 1,000 bytes."""

MAX_NAME = 100
MAX_ADDRESS = 300
FIELDS = 7


class CardQrError(ValueError):
    """A text that is not the QR code of an identity card.

    :param field: which field is wrong: ``text``, ``fields``, ``number``, ``old_number``, ``name``, ``born``, ``sex``,
        ``address``, ``issued``.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class CardQr(Data):
    """What the code says.

    :param number: personal identity number, twelve digits.
    :param old_number: number of the former card, nine digits; empty where there was none.
    :param issued: day on which the card was issued; None where the code does not say.
    :param extra: fields after the seventh, unread, as they stand.
    """

    number: str
    old_number: str
    name: str
    born: Born
    sex: Literal["male", "female"]
    address: str
    issued: date | None
    extra: tuple[str, ...] = ()


def parse(text: str) -> CardQr:
    """Read the text of the QR code of an identity card.

    :param text: what the scanner read, in any Unicode normal form; the result is NFC.
    :raises CardQrError: says what is wrong, without repeating what the card says.
    """
    if len(text) > MAX_TEXT:
        raise CardQrError("text", f"the code has {len(text)} characters; a card's code has at most {MAX_TEXT}")
    parts = [part.strip() for part in nfc(text).strip("\ufeff\r\n").split("|")]
    if len(parts) < FIELDS:
        raise CardQrError("fields", f"the code has {len(parts)} fields; a card's code has at least {FIELDS}")
    number, old_number, name, born_text, sex_text, address, issued_text = parts[:FIELDS]
    name, address = without_invisible(name), without_invisible(address)
    if old_number and not re.fullmatch(r"[0-9]{9}|[0-9]{12}", old_number):
        raise CardQrError("old_number", "the former number is empty or has 9 digits")
    printable = all(letter.isprintable() or letter in JOINERS for letter in name)
    if not 0 < len(name) <= MAX_NAME or not any(letter.isalpha() for letter in name) or not printable:
        raise CardQrError("name", f"the name is empty, longer than {MAX_NAME} characters, or has no letters")
    if len(address) > MAX_ADDRESS:
        raise CardQrError("address", f"the address is longer than {MAX_ADDRESS} characters")
    born = _born(born_text)
    sex = _sex(sex_text)
    _check_number(number, born, sex)
    return CardQr(
        number=number,
        old_number=old_number,
        name=name,
        born=born,
        sex=sex,
        address=address,
        issued=_day(issued_text, "issued") if issued_text else None,
        extra=tuple(parts[FIELDS:]),
    )


def _day(text: str, field: str) -> date:
    if not re.fullmatch(r"[0-9]{8}", text):
        raise CardQrError(field, "a day is written as eight digits, day, month, year")
    try:
        return date(int(text[4:]), int(text[2:4]), int(text[:2]))
    except ValueError:
        raise CardQrError(field, "that day is not in the calendar") from None


def _born(text: str) -> date | PartialDate:
    try:
        return read_written(text)
    except ValueError:
        raise CardQrError("born", "a date of birth is eight digits, or what is known of them") from None


def _sex(text: str) -> Literal["male", "female"]:
    match text.casefold():
        case "nam":
            return "male"
        case "nữ":
            return "female"
        case _:
            raise CardQrError("sex", "the sex is Nam or Nữ")


def _check_number(number: str, born: date | PartialDate, sex: Literal["male", "female"]) -> None:
    found = check(number)
    if not found.ok:
        raise CardQrError("number", "the number has 12 digits")
    if found.year != born.year:
        raise CardQrError("number", "the number and the date of birth do not belong together")
    if found.sex != sex:
        raise CardQrError("number", "the number and the sex do not belong together")
