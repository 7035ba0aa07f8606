"""What a procedure costs: rules with dates and sources in ``fees.toml``, or in an operator's own file."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from tramkit import Data, Dated, DatedFile, day_of, read_settings

BUNDLED = Path(__file__).parent / "fees.toml"

Channel = Literal["counter", "online", "post"]
CHANNELS: dict[str, Channel] = {
    "counter": "counter",
    "direct": "counter",
    "1": "counter",
    "online": "online",
    "2": "online",
    "post": "post",
    "3": "post",
}
"""Names of the channels, and the numbers of the national portal's interface."""


class UnknownFeeError(LookupError):
    """No rule says what this costs; the words say for what."""


class Then(Data):
    """Another amount from a unit on.

    :param at: the first unit of which it is the amount.
    """

    at: int = Field(alias="from", ge=2)
    amount: int = Field(ge=0)


class Rule(Dated):
    """One rule of the file.

    :param what: what it is, for the operator, where the codes of the procedures say too little.
    """

    what: dict[Literal["vi", "en"], str] | None = None
    procedures: tuple[str, ...] = Field(min_length=1)
    channels: tuple[Channel, ...] = Field(min_length=1)
    amount: int = Field(ge=0)
    per: Literal["dossier", "person", "page", "copy"] = "dossier"
    then: Then | None = None
    at_most: int | None = None
    who: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()

    @model_validator(mode="after")
    def _sound(self) -> Rule:
        for code in self.procedures:
            if not re.fullmatch(r"\d\.\d{6}|[A-Z0-9_]{4,20}", code):
                raise ValueError(f"{code!r} is no procedure code, e.g. 1.004222")
        return self

    def fits(self, procedure: str, channel: str, on: date, person: Collection[str]) -> bool:
        """Tell whether it is the rule of this procedure, channel, day and person."""
        return (
            procedure in self.procedures
            and channel in self.channels
            and self.in_force(on)
            and (not self.who or not self.who.isdisjoint(person))
            and self.needs.issubset(person)
        )


class Rules(DatedFile):
    """All rules of a file."""

    fees: tuple[Rule, ...] = Field(min_length=1)


class Fee(int):
    """What it costs: VND for all units, a number with its reason.

    :ivar amount: the same number.
    :ivar each: VND for the first unit.
    :ivar per: what a unit is.
    :ivar source: the law.
    """

    each: int
    per: str
    source: str

    def __new__(cls, amount: int, each: int, per: str, source: str) -> Fee:
        fee = super().__new__(cls, amount)
        fee.each, fee.per, fee.source = each, per, source
        return fee

    @property
    def amount(self) -> int:
        return int(self)


def read_rules(file: Path) -> tuple[Rule, ...]:
    """Read rules from a file.

    :raises FileError: it is malformed; the words name file, rule and key.
    """
    return read_settings(file, Rules).fees


@cache
def bundled_rules() -> tuple[Rule, ...]:
    """Return the rules that come with the plugin."""
    return read_rules(BUNDLED)


def fee(
    procedure: str,
    channel: str | int | Enum,
    on: date | datetime | str,
    person: str | Collection[str] | Mapping[str, object] | None = None,
    *,
    units: int = 1,
    rules: Sequence[Rule] | None = None,
) -> Fee:
    """Return what a procedure costs.

    :param procedure: its code, e.g. ``1.004222``.
    :param channel: ``counter``, ``online``, ``post``, or the portal's 1, 2, 3.
    :param on: the day of filing, in Vietnam.
    :param person: what holds of the person, as words or as a mapping to true or false: ``student``, ``pupil_16``,
        ``merit``, ``listed`` (one of a list), ``vneid_2``, ``basic_documents``. A word that no rule knows changes
        nothing.
    :param units: persons, pages or copies, where the fee is for each.
    :raises UnknownFeeError: no rule fits: another procedure, channel or day.
    :raises ValueError: no such channel or day, or fewer than one unit.
    """
    way = CHANNELS.get(str(channel.value if isinstance(channel, Enum) else channel).strip().lower())
    if way is None:
        raise ValueError(f"no channel {channel!r}: counter, online, post")
    if isinstance(units, bool) or units < 1:
        raise ValueError("at least one unit")
    day, holds = day_of(on), _words(person)
    for rule in bundled_rules() if rules is None else rules:
        if rule.fits(procedure.strip().upper(), way, day, holds):
            return Fee(_amount(rule, units), rule.amount, rule.per, rule.source)
    raise UnknownFeeError(f"no fee is known of {procedure} by {way} on {day:%d/%m/%Y}")


def _words(person: str | Collection[str] | Mapping[str, object] | None) -> frozenset[str]:
    if person is None or person == "":
        return frozenset()
    if isinstance(person, str):
        return frozenset({person})
    if isinstance(person, Mapping):
        return frozenset(word for word, holds in person.items() if holds)
    return frozenset(person)


def _amount(rule: Rule, units: int) -> int:
    if rule.per == "dossier":
        return rule.amount
    first = units if rule.then is None else min(units, rule.then.at - 1)
    amount = first * rule.amount + ((units - first) * rule.then.amount if rule.then else 0)
    return amount if rule.at_most is None else min(amount, rule.at_most)
