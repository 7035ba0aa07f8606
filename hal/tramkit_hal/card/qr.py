"""The QR code printed on the identity card."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tramkit_hal.words import Nfc, nfc


class CardQrError(ValueError):
    """A text that is not the QR code of an identity card."""


class CardQr(BaseModel):
    """What the code says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: str
    name: Nfc
    born: date
    sex: Literal["male", "female"]
    address: Nfc = ""


def parse(text: str) -> CardQr:
    """Read the QR code of an identity card."""
    parts = nfc(text).split("|")
    if len(parts) < 7:
        raise CardQrError("too few fields")
    born = datetime.strptime(parts[3], "%d%m%Y").date()  # noqa: DTZ007
    return CardQr(number=parts[0], name=parts[2], born=born, sex="male" if parts[4] == "Nam" else "female", address=parts[5])
