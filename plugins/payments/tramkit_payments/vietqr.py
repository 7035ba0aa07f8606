"""VietQR: the text of a bank-transfer QR code (NAPAS' VietQR specification 1.0, over EMVCo's merchant-presented mode).

A field is two digits of its number, two digits of its length, and its value; fields may hold fields. The last is the
checksum over everything before it.
"""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict

NAPAS = "A000000727"
"""NAPAS' application identifier (ISO 7816-5)."""
VND = "704"
MAX_AMOUNT = 9_999_999_999_999
"""Field 54 holds at most thirteen characters (EMVCo)."""
MAX_TEXT = 25
MAX_PAYLOAD = 512

Service = Literal["QRIBFTTA", "QRIBFTTC"]
"""A transfer to an account, or to a card."""


class QrProblem(ValueError):
    """The text is no VietQR code, or none can be made of these values; the words say why."""


class VietQr(BaseModel):
    """What a VietQR code says.

    :param bin: the bank's six digits.
    :param account: the payee's account or card.
    :param amount: VND; None: the payer types it.
    :param memo: what the payer's transfer says (field 62.08).
    :param bill: number of the bill (field 62.01).
    :param service: a transfer to an account or to a card.
    :param dynamic: made for one payment.
    """

    model_config = ConfigDict(frozen=True)

    bin: str
    account: str
    amount: int | None = None
    memo: str | None = None
    bill: str | None = None
    service: Service = "QRIBFTTA"
    dynamic: bool = False


def payload(
    bin: str,
    account: str,
    amount: int | None = None,
    memo: str | None = None,
    bill: str | None = None,
    service: str = "QRIBFTTA",
) -> str:
    """Return the text of a VietQR code; one with an amount, a memo or a bill is dynamic.

    :param bin: six digits of the payee's bank.
    :param account: the payee's account or card, up to 19 letters and digits.
    :param amount: whole VND, from 1; None: the payer types it.
    :param memo: up to 25 printable ASCII characters.
    :param bill: number of the bill, up to 25 printable ASCII characters.
    :param service: ``QRIBFTTA`` (account) or ``QRIBFTTC`` (card).
    :raises QrProblem: a value that the code cannot hold.
    """
    for name, value in (("bin", bin), ("account", account), ("memo", memo or ""), ("bill", bill or "")):
        if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise QrProblem(f"the {name} is text, not {type(value).__name__}")
    if not re.fullmatch(r"[0-9]{6}", bin):
        raise QrProblem(f"the bank's BIN has six digits, not {len(bin)} characters")
    if not re.fullmatch(r"[0-9A-Za-z]{1,19}", account):
        raise QrProblem("the account has 1 to 19 letters and digits")
    if service not in ("QRIBFTTA", "QRIBFTTC"):
        raise QrProblem("the service is QRIBFTTA (account) or QRIBFTTC (card)")
    if amount is not None and (type(amount) is not int or not 1 <= amount <= MAX_AMOUNT):
        raise QrProblem(f"the amount is a whole number of VND from 1 to {MAX_AMOUNT}")
    for name, text in (("memo", memo), ("bill", bill)):
        if text is not None and not re.fullmatch(rf"[ -~]{{1,{MAX_TEXT}}}", text):
            raise QrProblem(f"the {name} has 1 to {MAX_TEXT} printable ASCII characters")
    dynamic = amount is not None or memo is not None or bill is not None
    beneficiary = _field(0, bin) + _field(1, account)
    fields = [
        _field(0, "01"),
        _field(1, "12" if dynamic else "11"),
        _field(38, _field(0, NAPAS) + _field(1, beneficiary) + _field(2, service)),
        _field(53, VND),
    ]
    if amount is not None:
        fields.append(_field(54, str(amount)))
    fields.append(_field(58, "VN"))
    more = (_field(1, bill) if bill is not None else "") + (_field(8, memo) if memo is not None else "")
    if more:
        fields.append(_field(62, more))
    text = "".join(fields) + "6304"
    return f"{text}{crc(text):04X}"


def parse(text: str) -> VietQr:
    """Read the text of a VietQR code.

    :param text: as a scanner gives it; white space around it is left out.
    :raises QrProblem: it is none, is damaged, is in another currency, or says something that cannot be.
    """
    text = text.strip()
    if len(text) > MAX_PAYLOAD or not text.isascii():
        raise QrProblem("this is no VietQR code: too long, or not ASCII")
    if not re.search(r"6304[0-9A-Fa-f]{4}\Z", text):
        raise QrProblem("this is no VietQR code: it does not end in a checksum")
    if int(text[-4:], 16) != crc(text[:-4]):
        raise QrProblem("the code is damaged: its checksum is wrong")
    fields = _fields(text)
    if fields.get(0) != "01":
        raise QrProblem("this is no VietQR code: it does not begin as one")
    account = _fields(fields.get(38, ""))
    if account.get(0) != NAPAS:
        raise QrProblem("this code is not for a transfer through NAPAS")
    payee = _payee(account.get(1, ""))
    if not re.fullmatch(r"[0-9]{6}", payee.get(0, "")) or not re.fullmatch(r"[0-9A-Za-z]{1,19}", payee.get(1, "")):
        raise QrProblem("the code names no bank and account")
    if fields.get(53) != VND:
        raise QrProblem("the code is not in VND (704)")
    service: Service
    match account.get(2, "QRIBFTTA"):
        case ("QRIBFTTA" | "QRIBFTTC") as service:
            pass
        case _:
            raise QrProblem("the code asks for a service that is neither QRIBFTTA nor QRIBFTTC")
    amount = fields.get(54)
    if amount is not None and not re.fullmatch(r"[0-9]{1,13}(\.0{1,2})?", amount):
        raise QrProblem("the code's amount is no whole number of VND")
    more = _fields(fields.get(62, ""))
    return VietQr(
        bin=payee[0],
        account=payee[1],
        amount=int(amount.partition(".")[0]) if amount else None,
        memo=more.get(8),
        bill=more.get(1),
        service=service,
        dynamic=fields.get(1) == "12",
    )


def crc(text: str) -> int:
    """Return CRC-16/CCITT-FALSE (ISO/IEC 13239): polynomial 1021, start FFFF, nothing reflected."""
    value = 0xFFFF
    for byte in text.encode("ascii"):
        value ^= byte << 8
        for _bit in range(8):
            value = (value << 1) ^ 0x1021 if value & 0x8000 else value << 1
        value &= 0xFFFF
    return value


def _field(number: int, value: str) -> str:
    if len(value) > 99:
        raise QrProblem(f"field {number:02} would be longer than 99 characters")
    return f"{number:02}{len(value):02}{value}"


def _payee(text: str) -> dict[int, str]:
    """Take bank and account apart.

    NAPAS' own static example counts twelve digits for an account of thirteen; the lengths around it and the checksum
    are right. The account is the last field, so that it goes to the end whatever its length says.
    """
    bank = _fields(text[:10])
    if (
        len(text) > 14
        and re.fullmatch(r"01[0-9]{2}", text[10:14])
        and int(text[12:14]) in (len(text) - 14, len(text) - 15)
    ):
        return {**bank, 1: text[14:]}
    raise QrProblem("the code names no bank and account")


def _fields(text: str) -> dict[int, str]:
    """Take fields apart.

    :raises QrProblem: a length that leads past the end, a field twice, something that is no field.
    """
    found: dict[int, str] = {}
    at = 0
    while at < len(text):
        head = text[at : at + 4]
        if not re.fullmatch(r"[0-9]{4}", head):
            raise QrProblem("the code is damaged: a field has no number and length")
        number, length = int(head[:2]), int(head[2:])
        value = text[at + 4 : at + 4 + length]
        if len(value) != length:
            raise QrProblem(f"the code is damaged: field {number:02} ends too early")
        if number in found:
            raise QrProblem(f"the code is damaged: field {number:02} stands in it twice")
        found[number] = value
        at += 4 + length
    return found
