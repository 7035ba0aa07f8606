"""What is said to people: message ids with values, turned into a language only where they are shown.

A page carries :class:`Text`, never a string, so that the resident can change the language in the middle of
a page. Each package brings its own catalogue, ``locale/<language>/LC_MESSAGES/<package>.po``; message ids
are the English text.
"""

from __future__ import annotations

import importlib.util
import logging
import re
import unicodedata
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from tramkit_hal.data import Data
from tramkit_hal.partial_date import Born, write

LANGUAGES: dict[str, str] = {"vi": "Tiếng Việt", "en": "English"}
"""Languages a station can speak, each spelled in itself."""

VIETNAM = timezone(timedelta(hours=7), "ICT")
"""Vietnam keeps UTC+7 all year (no daylight saving time)."""

BILINGUAL = "-"
"""In place of a package's name: the text carries its translations in its params."""

_log = logging.getLogger(__name__)


def nfc(text: str) -> str:
    """Return text in Unicode normal form C, the one form Tramkit stores and compares (UAX #15)."""
    return unicodedata.normalize("NFC", text)


JOINERS = "\u200c\u200d"
"""Zero-width non-joiner and joiner, which Persian, Khmer and Indic spelling need (Unicode 17, section 23.2)."""


def without_invisible(text: str) -> str:
    """Return words with one space where there is white space, and without signs that nobody sees.

    Direction marks, soft hyphens, zero-width spaces come along where words are copied; joiners belong to the spelling.
    """
    seen = (each for each in nfc(text) if each in JOINERS or unicodedata.category(each) != "Cf")
    return " ".join("".join(seen).split())


_IN_NAMES = frozenset(" '’‘`´-‐‑.·・" + JOINERS)


def is_name(text: str) -> bool:
    """Tell whether a text can be somebody's name: letters of any script with their marks, and what stands between.

    Letters without a precomposed form (``ê̆``) are a letter and its marks; what no name has are digits and symbols.
    """
    kinds = [unicodedata.category(each)[0] for each in text]
    if not text or kinds[0] == "M" or "L" not in kinds:
        return False
    return all(kind in "LM" or each in _IN_NAMES for each, kind in zip(text, kinds, strict=True))


Nfc = Annotated[str, BeforeValidator(lambda value: nfc(value) if isinstance(value, str) else value)]
"""A string that is normalised to NFC wherever it enters a model."""


class Money(Data):
    """An amount in đồng, shown as ``341.550 ₫``."""

    type: Literal["money"] = "money"
    amount: int


class Day(Data):
    """A calendar day, shown as ``17/05/1990``; of a date of birth what is known of it, ``05/1950`` or ``1950``."""

    type: Literal["day"] = "day"
    day: Born


class Moment(Data):
    """A moment in time (aware), shown as ``10:42`` or ``10:42 17/05/2026`` in Vietnam's time."""

    type: Literal["moment"] = "moment"
    at: datetime
    with_day: bool = False


class Decimal1(Data):
    """A measured number with a fixed number of decimals, shown as ``36,8`` (vi) or ``36.8`` (en)."""

    type: Literal["decimal"] = "decimal"
    number: float
    places: int = 1


class Text(Data):
    """Words for a person: a message id of one package's catalogue and the values it takes.

    :param id: the English text, with ``{name}`` places for the values.
    :param domain: the import name of the package whose catalogue translates it; empty: said as it is.
    :param plural: the English plural; with it ``params["n"]`` decides which one is said.
    :param personal: it is about the resident, so it is not said where others hear; None: it is where it comes from no
        catalogue, which is what a name, an answer or a finding does.
    """

    type: Literal["text"] = "text"
    id: Nfc
    domain: str = ""
    params: dict[str, Value] = Field(default_factory=dict)
    plural: str = ""
    personal: bool | None = Field(default=None, exclude_if=lambda given: given is None)

    @property
    def is_personal(self) -> bool:
        """Whether it, or what is put into it, is about the resident."""
        if self.personal is not None:
            return self.personal
        return (not self.domain and bool(self.id)) or any(
            value.is_personal for value in self.params.values() if isinstance(value, Text)
        )


Value = Annotated[Text | Money | Day | Moment | Decimal1, Field(discriminator="type")] | int | Nfc
Text.model_rebuild()


class Messages:
    """The message maker of one package: ``_ = Messages("my_package")``, then ``_("Which bill?")``.

    The name ``_`` lets ``pybabel extract`` find the messages.
    """

    def __init__(self, domain: str) -> None:
        self.domain = domain

    def __call__(self, id: str, /, **params: Value) -> Text:
        return Text(id=id, domain=self.domain, params=params)

    def plural(self, one: str, many: str, n: int, /, **params: Value) -> Text:
        """Return ``one`` or ``many`` by ``n``; ``{n}`` stands for the number in both."""
        return Text(id=one, plural=many, domain=self.domain, params={**params, "n": n})


def noted(text: str) -> str:
    """Return a driver's own English words as they are, marked for the catalogue of its package.

    For labels of controls and readings, which are plain strings: the operator's panel looks their translation up.
    """
    return text


def verbatim(text: str) -> Text:
    """Return text that is shown as it is in every language: a name, a number, an answer of the resident."""
    return Text(id=text)


def phone_text(number: str) -> Text:
    """Return a mobile number as people write it, ``0901 234 567``; any other number as it is."""
    mobile = re.fullmatch(r"(0\d{3})(\d{3})(\d{3})", number)
    return verbatim(" ".join(mobile.groups()) if mobile else number)


def public(text: str) -> Text:
    """Return text that is shown as it is and may be said where others hear: a number to call, a code of a receipt."""
    return Text(id=text, personal=False)


def personal(text: Text) -> Text:
    """Return the same text as one about the resident: never said without headphones."""
    return text.model_copy(update={"personal": True})


def bilingual(*, vi: str, en: str) -> Text:
    """Return text that brings its own translation: words that come from outside (a facility's name), not from code."""
    return Text(id=en, params={"vi": vi, "en": en}, domain=BILINGUAL)


PSEUDO = "qps"
"""English made two fifths longer: a page that holds it holds any translation."""


def lengthen(words: str) -> str:
    """Return words with vowels doubled and marked until they are 40 % longer; what stands in braces stays."""
    more, out = 0.0, ""
    for part in re.split(r"(\{\w+\})", words):
        if part.startswith("{"):
            out += part
            continue
        for letter in part:
            out += _MARKED.get(letter, letter)
            more += 0.4
            if letter in _MARKED and more >= 1:
                out += _MARKED[letter]
                more -= 1
    return out + "ộ" * round(more)


_MARKED = dict(zip("aeiouyAEIOUY", "ấểịộựỹẤỂỊỘỰỸ", strict=True))


def render(text: Text, language: str) -> str:
    """Return the words of a text in a language.

    A message without a translation is said in English (its id); ``make check`` finds such messages.
    """
    if language == PSEUDO and text.domain:
        english = str(text.params["en"]) if text.domain == BILINGUAL else text.id
        values = {} if text.domain == BILINGUAL else text.params
        return lengthen(english).format_map({name: show(value, language) for name, value in values.items()})
    if text.domain == BILINGUAL:
        return str(text.params.get(language, text.id))
    n = text.params.get("n")
    plural = bool(text.plural) and isinstance(n, int)
    words = text.id
    if text.domain:
        catalogue = _catalogue(text.domain, language)
        if plural and isinstance(n, int):
            index = 0 if language == "vi" or n == 1 else 1
            forms = catalogue.get(text.id) or (text.id, text.plural)
            words = forms[min(index, len(forms) - 1)]
        else:
            words = (catalogue.get(text.id) or (text.id,))[0]
    if not text.params:
        return words
    return words.format_map({name: show(value, language) for name, value in text.params.items()})


def show(value: Value, language: str) -> str:
    """Return a value as people of that language write it."""
    match value:
        case Text():
            return render(value, language)
        case Money(amount=amount):
            return f"{amount:,}".replace(",", ".") + " ₫"
        case Day(day=day):
            return write(day)
        case Moment(at=at, with_day=with_day):
            return at.astimezone(VIETNAM).strftime("%H:%M %d/%m/%Y" if with_day else "%H:%M")
        case Decimal1(number=number, places=places):
            written = f"{number:.{places}f}"
            return written.replace(".", ",") if language == "vi" else written
        case _:
            return str(value)


def catalogue_file(domain: str, language: str) -> Path | None:
    """Return the file of a package's catalogue, found without importing the package; None: there is none."""
    spec = importlib.util.find_spec(domain.split(".", maxsplit=1)[0])
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        file = Path(folder) / "locale" / language / "LC_MESSAGES" / f"{domain}.po"
        if file.is_file():
            return file
    return None


@cache
def _catalogue(domain: str, language: str) -> dict[str, tuple[str, ...]]:
    file = catalogue_file(domain, language)
    if file is None:
        return {}
    from babel.messages.pofile import read_po

    with file.open("rb") as stream:
        catalogue = read_po(stream, locale=language)
    found: dict[str, tuple[str, ...]] = {}
    for message in catalogue:
        if not message.id or message.fuzzy or not message.string:
            continue
        id = message.id if isinstance(message.id, str) else message.id[0]
        strings = (message.string,) if isinstance(message.string, str) else tuple(message.string)
        if all(strings):
            found[id] = tuple(nfc(string) for string in strings)
    _log.debug("catalogue loaded")
    return found
