"""What an applicant agrees to: each purpose by itself, and a record of which words, in which version, when.

Law 91/2025/QH15, Decree 356/2025/NĐ-CP: no bundling, nothing ticked beforehand, and the bank must be able to prove it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, JsonValue, create_model, model_validator

from tramkit import Data, DataFile, Form, bilingual, forms

BUNDLED = Path(__file__).parent / "consents.toml"


class Consent(Data):
    """The words of one consent; see the file."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    to: tuple[Literal["account", "loan", "card"], ...]
    version: str = Field(min_length=1, max_length=40)
    needed: bool
    vi: str = Field(min_length=1, max_length=200)
    en: str = Field(min_length=1, max_length=200)


class Consents(Data):
    """All consents of a file."""

    consents: tuple[Consent, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _sound(self) -> Consents:
        for kind in ("account", "loan", "card"):
            ids = [each.id for each in self.asked(kind)]
            if len(set(ids)) != len(ids) or not 1 <= len(ids) <= 4:
                raise ValueError(f"{kind}: one to four consents, each once")
        return self

    def asked(self, kind: str) -> list[Consent]:
        """Return what is asked for an ``account``, a ``loan`` or a ``card``.

        A file of before there were cards has nothing for them: what it asks for an account is asked then.
        """
        asked = [each for each in self.consents if kind in each.to]
        return self.asked("account") if kind == "card" and not asked else asked


def form_of(asked: Sequence[Consent]) -> type[Form]:
    """Return the page of the consents, none ticked."""
    fields = {
        each.id: (Annotated[bool, forms.consent(bilingual(vi=each.vi, en=each.en), required=each.needed)], ...)
        for each in asked
    }
    return create_model("Consents", __base__=Form, **fields)  # type: ignore[call-overload]  # pyright: ignore


def record(asked: Sequence[Consent], form: Form, at: datetime, language: str) -> list[JsonValue]:
    """Return what was agreed to: purpose, version and words as they stood there, and the moment."""
    given = form.typed()
    return [
        {
            "purpose": each.id,
            "version": each.version,
            "words": each.vi if language == "vi" else each.en,
            "at": at.isoformat(timespec="seconds"),
        }
        for each in asked
        if given[each.id]
    ]


FILE = DataFile(Consents, BUNDLED)
read_consents, bundled = FILE.read, FILE.bundled
