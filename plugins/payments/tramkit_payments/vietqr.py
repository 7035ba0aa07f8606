"""VietQR: the text of a QR code for a transfer or a payment (NAPAS, over EMVCo's merchant-presented mode).

A field is two digits of its number, two digits of its length, and its value; fields may hold fields. The last is the
checksum over everything before it. A transfer code names an account or a card; a payment code names a shop by its
number at the bank that acquires for it, and says what the shop is: its kind (52), name (59), city (60).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from pydantic import Field, ValidationError

from tramkit import Data

NAPAS = "A000000727"
"""NAPAS' application identifier (ISO 7816-5)."""
VNPAY = "A000000775"
"""VNPAY's, whose payment codes are read too."""
VND = "704"
MAX_AMOUNT = 9_999_999_999_999
"""Field 54 holds at most thirteen characters (EMVCo)."""
MAX_TEXT = 25
MAX_PAYLOAD = 512
TEMPLATES = range(26, 52)
"""Fields in which a payment system may say whom the money is for (EMVCo)."""

_AROUND = " \t\r\n\f\v\0\ufeff\u00a0"
"""What scanners put around what they read."""

Service = Literal["QRIBFTTA", "QRIBFTTC", "QRPUSH"]
"""A transfer to an account, one to a card, or a payment to a shop."""
SERVICES: dict[str, Service] = {"QRIBFTTA": "QRIBFTTA", "QRIBFTTC": "QRIBFTTC", "QRPUSH": "QRPUSH"}


class QrError(ValueError):
    """The text is no VietQR code, or none can be made of these values; the words say why."""


class Merchant(Data):
    """What a payment code says of the shop (EMVCo, fields 52, 59, 60, 61, 62).

    :param name: up to 25 printable ASCII characters.
    :param city: up to 15.
    :param category: what kind of shop it is, four digits (ISO 18245); 9399: authorities, 4900: water and electricity.
    :param postal_code: empty: left out.
    :param store: which of its shops (62.03).
    :param terminal: which till (62.07).
    :param reference: of the sale (62.05).
    """

    name: str = Field(pattern=r"^[ -~]{1,25}$")
    city: str = Field(pattern=r"^[ -~]{1,15}$")
    category: str = Field(pattern=r"^[0-9]{4}$")
    postal_code: str = Field(default="", pattern=r"^[ -~]{0,10}$")
    store: str = Field(default="", pattern=r"^[ -~]{0,25}$")
    terminal: str = Field(default="", pattern=r"^[ -~]{0,25}$")
    reference: str = Field(default="", pattern=r"^[ -~]{0,25}$")


class VietQr(Data):
    """What a VietQR code says.

    :param bin: the bank's six digits; empty: the code names no bank.
    :param account: the payee's account or card; of a payment code the shop's number.
    :param amount: VND; None: the payer types it.
    :param memo: what the payer's transfer says (field 62.08).
    :param bill: number of the bill (field 62.01).
    :param service: a transfer to an account or to a card, or a payment.
    :param dynamic: made for one payment.
    :param network: whose code it is, NAPAS' application identifier or VNPAY's.
    :param shop: what the code says of the shop as it stands there, by the names of :class:`Merchant`.
    """

    bin: str
    account: str
    amount: int | None = None
    memo: str | None = None
    bill: str | None = None
    service: Service = "QRIBFTTA"
    dynamic: bool = False
    network: str = NAPAS
    shop: dict[str, str] = Field(default_factory=dict[str, str])

    @property
    def merchant(self) -> Merchant | None:
        """What is said of the shop; None: nothing, or not all that a payment code must say."""
        try:
            return Merchant.model_validate(self.shop)
        except ValidationError:
            return None


def payload(
    bin: str,
    account: str,
    amount: int | None = None,
    memo: str | None = None,
    bill: str | None = None,
    service: str = "QRIBFTTA",
    merchant: Merchant | None = None,
) -> str:
    """Return the text of a VietQR code; one with an amount, a memo or a bill is dynamic.

    :param bin: six digits of the payee's bank.
    :param account: the payee's account or card, or the shop's number, up to 19 letters and digits.
    :param amount: whole VND, from 1; None: the payer types it.
    :param memo: up to 25 printable ASCII characters.
    :param bill: number of the bill, up to 25 printable ASCII characters.
    :param service: ``QRIBFTTA`` (account), ``QRIBFTTC`` (card) or ``QRPUSH`` (payment).
    :param merchant: what the code says of the shop; a payment needs it.
    :raises QrError: a value that the code cannot hold.
    """
    for name, value in (("bin", bin), ("account", account), ("memo", memo or ""), ("bill", bill or "")):
        if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise QrError(f"the {name} is text, not {type(value).__name__}")
    if not re.fullmatch(r"[0-9]{6}", bin, re.ASCII):
        raise QrError(f"the bank's BIN has six digits, not {len(bin)} characters")
    if not re.fullmatch(r"[0-9A-Za-z]{1,19}", account):
        raise QrError("the account has 1 to 19 letters and digits")
    if service not in SERVICES:
        raise QrError("the service is QRIBFTTA (account), QRIBFTTC (card) or QRPUSH (payment)")
    if service == "QRPUSH" and merchant is None:
        raise QrError("a payment code (QRPUSH) says what the shop is: name, city and category")
    if amount is not None and (type(amount) is not int or not 1 <= amount <= MAX_AMOUNT):
        raise QrError(f"the amount is a whole number of VND from 1 to {MAX_AMOUNT}")
    for name, text in (("memo", memo), ("bill", bill)):
        if text is not None and not re.fullmatch(rf"[ -~]{{1,{MAX_TEXT}}}", text):
            raise QrError(f"the {name} has 1 to {MAX_TEXT} printable ASCII characters")
    dynamic = amount is not None or memo is not None or bill is not None
    beneficiary = _field(0, bin) + _field(1, account)
    fields = {
        0: "01",
        1: "12" if dynamic else "11",
        38: _field(0, NAPAS) + _field(1, beneficiary) + _field(2, service),
        53: VND,
        54: "" if amount is None else str(amount),
        58: "VN",
        62: _additional(bill, memo, merchant),
    }
    if merchant is not None:
        fields |= {52: merchant.category, 59: merchant.name, 60: merchant.city, 61: merchant.postal_code}
    text = "".join(_field(number, value) for number, value in sorted(fields.items()) if value) + "6304"
    return f"{text}{crc(text):04X}"


def parse(text: str) -> VietQr:
    """Read the text of a VietQR code, a transfer's or a payment's.

    :param text: as a scanner gives it; white space, a mark of the order of bytes and zeros around it are left out.
    :raises QrError: it is none, is damaged, is in another currency, or says something that cannot be.
    """
    text = text.strip(_AROUND)
    if len(text.encode(errors="surrogatepass")) > MAX_PAYLOAD:
        raise QrError("this is no VietQR code: too long")
    if not re.search(r"6304[0-9A-Fa-f]{4}\Z", text, re.ASCII):
        raise QrError("this is no VietQR code: it does not end in a checksum")
    if int(text[-4:], 16) != crc(text[:-4]):
        raise QrError("the code is damaged: its checksum is wrong")
    fields = _fields_of(text)
    if fields.get(0) != "01":
        raise QrError("this is no VietQR code: it does not begin as one")
    network, bin, account, service = _whom(fields)
    if fields.get(53) != VND:
        raise QrError("the code is not in VND (704)")
    amount = fields.get(54)
    if amount is not None and not re.fullmatch(r"[0-9]{1,13}(\.0*)?", amount, re.ASCII):  # "50000." too: NAPAS 1.0
        raise QrError("the code's amount is no whole number of VND")
    more = _fields(fields.get(62, ""))
    shop = {
        "name": fields.get(59, ""),
        "city": fields.get(60, ""),
        "category": fields.get(52, ""),
        "postal_code": fields.get(61, ""),
        "store": more.get(3, ""),
        "reference": more.get(5, ""),
        "terminal": more.get(7, ""),
    }
    return VietQr(
        bin=bin,
        account=account,
        amount=int(amount.partition(".")[0]) if amount else None,
        memo=more.get(8),
        bill=more.get(1),
        service=service,
        dynamic=fields.get(1) == "12",
        network=network,
        shop={name: value for name, value in shop.items() if value},
    )


def _additional(bill: str | None, memo: str | None, merchant: Merchant | None) -> str:
    """Return field 62. A payment's bank tells the shop the bill's number: there the memo is that too."""
    values = {1: bill or (memo if merchant is not None else None), 8: memo}
    if merchant is not None:
        values |= {3: merchant.store, 5: merchant.reference, 7: merchant.terminal}
    return "".join(_field(number, value) for number, value in sorted(values.items()) if value)


def _whom(fields: Mapping[int, str]) -> tuple[str, str, str, Service]:
    """Return network, bank, account and service of the payee.

    A code may name several payment systems, NAPAS' among them: that one is meant.
    """
    templates = [_fields(fields[number]) for number in TEMPLATES if number in fields]
    napas = next((each for each in templates if each.get(0) == NAPAS), None)
    if napas is None:
        vnpay = next((each for each in templates if each.get(0) == VNPAY), None)
        if vnpay is None or not re.fullmatch(r"[0-9A-Za-z]{1,19}", vnpay.get(1, "")):
            raise QrError("this code is for no transfer or payment through NAPAS")
        return VNPAY, "", vnpay[1], "QRPUSH"
    payee = _payee(napas.get(1, ""))
    if not re.fullmatch(r"[0-9]{6}", payee.get(0, ""), re.ASCII) or not re.fullmatch(
        r"[0-9A-Za-z]{1,19}", payee.get(1, "")
    ):
        raise QrError("the code names no bank and account")
    service = SERVICES.get(napas.get(2, "QRIBFTTA"))
    if service is None:
        raise QrError("the code asks for a service that is none of QRIBFTTA, QRIBFTTC, QRPUSH")
    return NAPAS, payee[0], payee[1], service


def crc(text: str) -> int:
    """Return CRC-16/CCITT-FALSE (ISO/IEC 13239): polynomial 1021, start FFFF, nothing reflected."""
    value = 0xFFFF
    for byte in text.encode(errors="surrogatepass"):
        value ^= byte << 8
        for _bit in range(8):
            value = (value << 1) ^ 0x1021 if value & 0x8000 else value << 1
        value &= 0xFFFF
    return value


def _field(number: int, value: str) -> str:
    if len(value) > 99:
        raise QrError(f"field {number:02} would be longer than 99 characters")
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
    raise QrError("the code names no bank and account")


def _fields_of(text: str) -> dict[int, str]:
    """Take a whole code apart. A name that is not in ASCII has its length in characters or in bytes (EMVCo 3.2)."""
    try:
        return _fields(text)
    except QrError:
        if text.isascii():
            raise
        in_bytes = _fields(text.encode(errors="surrogatepass").decode("latin-1"))
        return {number: value.encode("latin-1").decode(errors="replace") for number, value in in_bytes.items()}


def _fields(text: str) -> dict[int, str]:
    """Take fields apart.

    :raises QrError: a length that leads past the end, a field twice, something that is no field.
    """
    found: dict[int, str] = {}
    at = 0
    while at < len(text):
        head = text[at : at + 4]
        if not re.fullmatch(r"[0-9]{4}", head, re.ASCII):
            raise QrError("the code is damaged: a field has no number and length")
        number, length = int(head[:2]), int(head[2:])
        value = text[at + 4 : at + 4 + length]
        if len(value) != length:
            raise QrError(f"the code is damaged: field {number:02} ends too early")
        if number in found:
            raise QrError(f"the code is damaged: field {number:02} stands in it twice")
        found[number] = value
        at += 4 + length
    return found
