"""What a procedure costs: rules with dates and sources in ``fees.toml``, or in an operator's own file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

BUNDLED = Path(__file__).parent / "fees.toml"

Channel = Literal["counter", "online", "post"]
CHANNELS: dict[int | str, Channel] = {1: "counter", 2: "online", 3: "post", "direct": "counter"}
"""Other names of the channels: the numbers of the national portal's interface."""


class UnknownFee(LookupError):
    """No rule says what this costs; the words say for what."""


class Then(BaseModel):
    """Another amount from a unit on.

    :param at: the first unit of which it is the amount.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: int = Field(alias="from", ge=2)
    amount: int = Field(ge=0)


class Rule(BaseModel):
    """One rule of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    procedures: tuple[str, ...]
    channels: tuple[Channel, ...]
    amount: int = Field(ge=0)
    per: Literal["dossier", "person", "page", "copy"] = "dossier"
    then: Then | None = None
    at_most: int | None = None
    who: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    effective_from: date
    effective_to: date | None = None
    source: str = Field(min_length=3)

    @model_validator(mode="after")
    def _sound(self) -> Rule:
        for code in self.procedures:
            if not re.fullmatch(r"\d\.\d{6}|[A-Z0-9_]{4,20}", code):
                raise ValueError(f"{code!r} is no procedure code, e.g. 1.004222")
        if self.effective_to is not None and self.effective_to < self.effective_from:
            raise ValueError("effective_to lies before effective_from")
        return self

    def fits(self, procedure: str, channel: str, on: date, person: Collection[str]) -> bool:
        """Tell whether it is the rule of this procedure, channel, day and person."""
        return (
            procedure in self.procedures
            and channel in self.channels
            and self.effective_from <= on
            and (self.effective_to is None or on <= self.effective_to)
            and (not self.who or not self.who.isdisjoint(person))
            and self.needs.issubset(person)
        )


class Fee(BaseModel):
    """What it costs.

    :param amount: VND, for all units.
    :param each: VND for the first unit.
    :param per: what a unit is.
    :param source: the law.
    """

    model_config = ConfigDict(frozen=True)

    amount: int
    each: int
    per: str
    source: str


def read_rules(file: Path) -> tuple[Rule, ...]:
    """Read rules from a file.

    :raises ValueError: it is malformed; the words name file, rule and key.
    """
    try:
        read = tomllib.loads(file.read_text(encoding="utf-8"))
        return tuple(Rule.model_validate(each) for each in read.get("fees", []))
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None


@cache
def bundled_rules() -> tuple[Rule, ...]:
    """Return the rules that come with the plugin."""
    return read_rules(BUNDLED)


def fee(
    procedure: str,
    channel: str | int,
    on: date,
    person: Collection[str] = (),
    *,
    units: int = 1,
    rules: Sequence[Rule] | None = None,
) -> Fee:
    """Return what a procedure costs.

    :param procedure: its code, e.g. ``1.004222``.
    :param channel: ``counter``, ``online``, ``post``, or the portal's 1, 2, 3.
    :param on: the day of filing, in Vietnam.
    :param person: what counts of the person: ``student``, ``pupil_16``, ``merit``, ``listed`` (one of a list),
        ``vneid_2``, ``basic_documents``.
    :param units: persons, pages or copies, where the fee is for each.
    :raises UnknownFee: no rule fits: another procedure, channel or day.
    :raises ValueError: no such channel, or fewer than one unit.
    """
    way = CHANNELS.get(channel, channel)
    if way not in ("counter", "online", "post"):
        raise ValueError(f"no channel {channel!r}: counter, online, post")
    if units < 1:
        raise ValueError("at least one unit")
    for rule in bundled_rules() if rules is None else rules:
        if rule.fits(procedure, way, on, person):
            return Fee(amount=_amount(rule, units), each=rule.amount, per=rule.per, source=rule.source)
    raise UnknownFee(f"no fee is known of {procedure} by {way} on {on:%d/%m/%Y}")


def _amount(rule: Rule, units: int) -> int:
    if rule.per == "dossier":
        return rule.amount
    first = units if rule.then is None else min(units, rule.then.at - 1)
    amount = first * rule.amount + ((units - first) * rule.then.amount if rule.then else 0)
    return amount if rule.at_most is None else min(amount, rule.at_most)
