"""Which bank a BIN is: data of ``banks.toml``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from tramkit import DataFile, Dated

BUNDLED = Path(__file__).parent / "banks.toml"


Bin = Annotated[str, Field(pattern=r"^[0-9]{6}$")]


class Banks(Dated):
    """Names of banks by their BIN.

    :param names: as banks call themselves.
    :param legal_names: as the State Bank's list has them.
    """

    names: dict[Bin, str]
    legal_names: dict[Bin, str] = Field(default_factory=dict[str, str])


FILE = DataFile(Banks, BUNDLED)


def bank_of(bin: str) -> str:
    """Return the name of the bank with a BIN of six digits; empty: it is not known."""
    return FILE.bundled().names.get(bin, "")
