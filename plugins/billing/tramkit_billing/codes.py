"""Customer codes: each provider's rule is data, read from ``providers.toml`` or an operator's own file."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from pydantic import Field, field_validator, model_validator

from tramkit import Data, DataFile, Dated, DatedFile, Messages, Text

_ = Messages("tramkit_billing")

BUNDLED = Path(__file__).parent / "providers.toml"
MAX_CODE = 80


class Provider(Dated):
    """Who is paid.

    :param pattern: regular expression of a whole code.
    :param strip: characters that people write into a code and that do not count.
    :param keep_case: small and capital letters differ.
    :param phone: the code is a phone number; the country's prefix may stand before it.
    :param regions: what the first two characters tell.
    :param pay_oldest_first: a newer bill is not taken before an older one.
    :param allow_partial: less than a bill may be paid.
    """

    id: str
    service: str
    name: dict[str, str]
    pattern: str
    strip: str = ""
    keep_case: bool = False
    phone: bool = False
    example: str
    regions: dict[str, str] = Field(default_factory=dict[str, str])
    pay_oldest_first: bool = True
    allow_partial: bool = False

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"pattern is no regular expression: {error}") from None
        return pattern


class CodeCheck(Data):
    """What a look at a code found.

    :param ok: whether the code can be right.
    :param code: as the provider writes it.
    :param problem: why not, for the resident.
    :param region: what the code's beginning tells, or nothing.
    """

    ok: bool
    code: str
    problem: Text | None = None
    region: str = ""


class Providers(DatedFile):
    """All providers of a file."""

    providers: tuple[Provider, ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> Providers:
        if len(self.by_id) != len(self.providers):
            raise ValueError("a provider stands there twice")
        return self

    @property
    def by_id(self) -> dict[str, Provider]:
        return {each.id: each for each in self.providers}


FILE = DataFile(Providers, BUNDLED)


def read_providers(file: Path | None) -> dict[str, Provider]:
    """Return the providers by their id.

    :param file: an operator's own; None: the plugin's.
    :raises FileError: it is malformed, or has a provider twice; the words name file and place.
    """
    return FILE.settled(file).by_id


def providers() -> dict[str, Provider]:
    """Return the providers that come with the plugin, by their id."""
    return read_providers(None)


def check(provider: str, code: str) -> CodeCheck:
    """Check a customer code against its provider's rule.

    :param provider: its id, in any case, e.g. ``evn``, ``sawaco``, ``internet``, ``phone``, ``tuition``, ``apartment``.
    :param code: as a person typed or scanned it.
    :raises LookupError: no such provider.
    """
    provider = provider.lower()
    if provider not in providers():
        raise LookupError(f"no provider {provider!r}; known are {', '.join(sorted(providers()))}")
    return check_with(providers()[provider], code)


def check_with(rule: Provider, code: str) -> CodeCheck:
    """Check a customer code against a rule."""
    tidy = unicodedata.normalize("NFKC", code).strip()
    tidy = "".join(letter for letter in tidy if letter not in rule.strip)
    if not rule.keep_case:
        tidy = tidy.upper()
    if rule.phone:
        tidy = re.sub(r"^(?:\+84|84(?=[0-9]{9}$))", "0", tidy)
    if not tidy:
        return CodeCheck(
            ok=False, code="", problem=_("Please enter the customer code, for example {example}.", example=rule.example)
        )
    if len(tidy) > MAX_CODE or not re.fullmatch(rule.pattern, tidy, re.ASCII):
        return CodeCheck(
            ok=False,
            code=tidy[:MAX_CODE],
            problem=_(
                "This is not a customer code of this provider. Its codes look like {example}.", example=rule.example
            ),
        )
    return CodeCheck(ok=True, code=tidy, region=rule.regions.get(tidy[:2], ""))


def code_in(rule: Provider, text: str) -> CodeCheck:
    """Check a customer code as it was typed, or as it stands among other things in the code on a bill.

    :param text: ``PE01000123456``, or what a scanner read: ``PE01000123456|NGUYEN VAN A|10/2026``.
    """
    whole = check_with(rule, text)
    if whole.ok:
        return whole
    parts = (check_with(rule, part) for part in re.split(r"[|;,&=?\s]+", text) if part)
    return next((part for part in parts if part.ok), whole)
