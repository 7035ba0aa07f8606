"""A simulated reader of identity cards."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel, ValidationError

from tramkit_hal.card.portrait import Portrait
from tramkit_hal.card.reader import CardData, DataGroup, IdReader, IdReaderCapabilities
from tramkit_hal.device import DeviceContext
from tramkit_hal.sim._base import COMMON_FAULTS, Simulator
from tramkit_hal.sim.chip import portrait
from tramkit_hal.sim.people import PEOPLE, by_name
from tramkit_hal.simulated import Control
from tramkit_hal.trouble import DeviceError, Trouble
from tramkit_hal.words import noted

NO_CARD = noted("none")
BAD_CARD = noted("unreadable card")


class SimIdReader(Simulator, IdReader):
    """A reader on which the operator lays one of the synthetic people's cards."""

    driver = "sim_id_reader"
    model = "simulated card reader"
    faults = (*COMMON_FAULTS, Trouble.UNREADABLE)

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._card: CardData | None = None
        self._lies = NO_CARD
        self._changed = asyncio.Condition()

    @property
    def capabilities(self) -> IdReaderCapabilities:
        return IdReaderCapabilities(chip=True, authenticates=True, portrait=True)

    async def wait_card(self, deadline: float = 60.0) -> None:
        async with self._simulate(deadline), self._changed:
            await self._changed.wait_for(lambda: self._lies != NO_CARD)

    async def read(
        self, access_key: str = "", groups: tuple[DataGroup, ...] = ("dg1", "dg13"), deadline: float = 20.0
    ) -> CardData:
        async with self._simulate(deadline):
            self._emit("progress", "0")
            if self._card is None:
                raise DeviceError(Trouble.UNREADABLE)
            self._emit("progress", "100")
            if "dg2" not in groups or self._card.portrait is not None:
                return self._card
            own = Portrait(image=portrait(self._card), kind="jpeg")
            return self._card.model_copy(update={"portrait": own})

    async def wait_removed(self, deadline: float = 60.0) -> None:
        async with self._simulate(deadline), self._changed:
            await self._changed.wait_for(lambda: self._lies == NO_CARD)

    async def _wipe(self) -> None:
        """Forget what the chip said; the card itself is the resident's and may still lie there unread."""
        if self._card is not None:
            self._card = None
            await self._lay(NO_CARD, None)

    def _controls(self) -> tuple[Control, ...]:
        names = (NO_CARD, *(person.name for person in PEOPLE), BAD_CARD)
        lies = self._lies if self._lies in names else NO_CARD
        return (
            Control(name="card", label=noted("Card on the reader"), kind="choice", options=names, value=lies),
            Control(name="card_data", label=noted("Lay a card with this content (JSON)"), kind="text"),
        )

    async def _control(self, name: str, value: str) -> None:
        if name == "card":
            await self._lay(value, by_name(value))
            return
        try:
            card = CardData.model_validate_json(value)
        except ValidationError as error:
            where = ", ".join(".".join(str(part) for part in e["loc"]) or "the whole" for e in error.errors())
            raise ValueError(f"not the content of a card, look at: {where}") from None
        await self._lay("a card", card)

    async def _lay(self, what: str, card: CardData | None) -> None:
        before = self._lies
        async with self._changed:
            self._lies, self._card = what, card
            self._changed.notify_all()
        if before == NO_CARD and what != NO_CARD:
            self._emit("card_in")
        elif before != NO_CARD and what == NO_CARD:
            self._emit("card_out")

    def shown(self) -> str:
        return "" if self._lies == NO_CARD else "A card lies on the reader."
