"""Which bank a BIN is: data of ``banks.toml``."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from tramkit import read_settings

BUNDLED = Path(__file__).parent / "banks.toml"


class Banks(BaseModel):
    """Names of banks by their BIN."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = Field(min_length=3)
    effective_from: date
    names: dict[Annotated[str, Field(pattern=r"^[0-9]{6}$")], str]


@cache
def _banks() -> Banks:
    return read_settings(BUNDLED, Banks)


def bank_of(bin: str) -> str:
    """Return the name of the bank with a BIN of six digits; empty: it is not known."""
    return _banks().names.get(bin, "")
