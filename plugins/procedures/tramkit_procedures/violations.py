"""The client of the traffic police's look-up: violations of a vehicle, and what a decision asks for."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import quote

from pydantic import Field

from tramkit import Gateway, GatewayError, ReceivedData
from tramkit_hal.words import VIETNAM

TIMES = ("%H:%M, %d/%m/%Y", "%H:%M %d/%m/%Y", "%d/%m/%Y %H:%M")
"""How the look-up writes a moment."""
OFFENCE = re.compile(r"^[0-9]{3,6}(?:\.[0-9a-zđ]{1,3})+\.?\s*")
"""What stands before the words: number, article, clause, point of the decree."""


class Violation(ReceivedData):
    """A violation as the look-up tells it.

    :param plate: without separators.
    :param vehicle: kind of vehicle, in the look-up's words.
    :param at: when, as it stands there.
    :param behaviour: what was done, perhaps with the offence's number before it.
    :param state: in the look-up's words.
    :param found_by: who found it.
    :param handled_at: where it is settled: names, addresses, phones.
    :param decision: number of the decision; empty: there is none yet.
    :param amount: VND that the decision asks for; 0: none is known.
    :param late: VND that came upon it because it was not paid in time.
    :param paid: it is paid.
    """

    plate: str = Field(max_length=20)
    plate_colour: str = Field(default="", max_length=80)
    vehicle: str = Field(default="", max_length=80)
    at: str = Field(default="", max_length=40)
    place: str = Field(default="", max_length=300)
    behaviour: str = Field(max_length=500)
    state: str = Field(max_length=60)
    found_by: str = Field(default="", max_length=200)
    handled_at: tuple[str, ...] = Field(default=(), max_length=10)
    decision: str = Field(default="", max_length=60)
    amount: int = Field(default=0, ge=0, le=10**12, strict=True)
    late: int = Field(default=0, ge=0, le=10**12, strict=True)
    paid: bool = False

    @property
    def moment(self) -> datetime | None:
        """When, in Vietnam; None: it cannot be read."""
        for form in TIMES:
            try:
                return datetime.strptime(self.at.strip(), form).replace(tzinfo=VIETNAM)
            except ValueError:
                continue
        return None

    @property
    def words(self) -> str:
        """What was done, without the offence's number."""
        return OFFENCE.sub("", self.behaviour.strip()) or self.behaviour

    @property
    def due(self) -> int:
        """VND that can be paid now; 0: nothing."""
        return self.amount + self.late if self.decision and self.amount and not self.paid else 0


class TrafficPolice:
    """The look-up's interface. The public page asks for a captcha and has none: a station needs one that was agreed on.

    :param url: of the interface.
    """

    def __init__(self, url: str) -> None:
        self.gateway = Gateway(url, "the traffic police's look-up")

    async def violations(self, plate: str, vehicle: int) -> list[Violation]:
        """Return the violations of a vehicle, the newest first.

        :param plate: without separators.
        :param vehicle: kind of vehicle, as the look-up numbers it.
        :raises GatewayError: no answer that can be understood.
        """
        asked = {"BienKiemSoat": plate, "LoaiXe": vehicle}
        status, told = await self.gateway.ask("POST", "/fines/search", asked)
        found: Any = told.get("violations")
        if status == 404:
            return []
        if status != 200 or not isinstance(found, list) or len(found) > 100:  # pyright: ignore[reportUnknownArgumentType]
            raise GatewayError("the traffic police's answer cannot be understood")
        return [_violation(each) for each in found]  # pyright: ignore[reportUnknownVariableType]

    async def by_decision(self, number: str) -> Violation | None:
        """Return the violation that a decision is about; None: there is no such decision.

        :raises GatewayError: no answer that can be understood.
        """
        status, told = await self.gateway.ask("GET", f"/fines/decisions/{quote(number, safe='')}")
        if status == 404:
            return None
        if status != 200:
            raise GatewayError("the traffic police's answer cannot be understood")
        return _violation(told)


def _violation(told: Any) -> Violation:
    """Read a violation; what is not known yet (no decision, no amount) may stand there as null."""
    try:
        return Violation.model_validate({name: value for name, value in dict(told).items() if value is not None})
    except (TypeError, ValueError):
        raise GatewayError("the traffic police's answer cannot be understood") from None
