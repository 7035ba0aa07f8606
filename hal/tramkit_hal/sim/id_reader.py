"""A simulated reader of identity cards."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ValidationError

from tramkit_hal.card.files import CardFiles, DataGroup
from tramkit_hal.card.groups import CardData
from tramkit_hal.contracts.id_reader import WHO, IdReader, IdReaderCapabilities
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.simulated import SimControl
from tramkit_hal.sim._base import COMMON_FAULTS, SimSettings, Simulator
from tramkit_hal.sim.chip import ChipFault, Country, make_chip
from tramkit_hal.sim.issued_card import issue
from tramkit_hal.sim.people import PEOPLE, by_name
from tramkit_hal.words import noted

NO_CARD = noted("none")
BAD_CARD = noted("unreadable card")
ANY_CARD = "a card"


class IdReaderSettings(SimSettings):
    """Settings of the simulated reader.

    :param publish_country: folder that gets the certificate of the country whose cards lie on this reader, for a
        station that is to believe them; empty: nobody does. The country is made up anew at each start.
    """

    publish_country: str = ""


class SimIdReader(Simulator, IdReader):
    """A reader on which the operator lays one of the synthetic people's cards, with a chip that a country signed."""

    driver = "sim_id_reader"
    model = noted("simulated card reader")
    Settings = IdReaderSettings
    faults = (*COMMON_FAULTS, Trouble.UNREADABLE)

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._card: CardData | None = None
        self._chip = ChipFault.NONE
        self._lies = NO_CARD
        self._taken = 0
        self._changed = asyncio.Condition()

    @property
    def capabilities(self) -> IdReaderCapabilities:
        return IdReaderCapabilities(chip=True, portrait=True)

    @cached_property
    def country(self) -> Country:
        """The country that signs the cards on this reader."""
        return Country(self.clock.now())

    async def wait_card(self, deadline: float = 60.0) -> None:
        async with self._simulate(deadline), self._changed:
            await self._changed.wait_for(lambda: self._lies != NO_CARD)

    async def read(
        self, access_key: str = "", groups: tuple[DataGroup, ...] = WHO, deadline: float = 20.0
    ) -> CardFiles:
        async with self._simulate(deadline):
            self._emit("progress", "0")
            if self._card is None or self._chip is ChipFault.NO_ANSWER:
                raise DeviceError(Trouble.UNREADABLE)
            files = self._files(self._card)
            if self._chip is ChipFault.PULLED:
                self._emit("progress", "50")
                await self._lay(NO_CARD, None)
                raise DeviceError(Trouble.UNREADABLE)
            self._emit("progress", "100")
            asked: tuple[DataGroup, ...] = (*groups, "dg14", "dg15")
            return CardFiles({group: files[group] for group in asked if group in files})

    def _files(self, card: CardData) -> Mapping[DataGroup, bytes]:
        if self._chip is ChipFault.COPY:  # all that can be read of a card, whose keys nobody has
            return issue(card, self.country).groups
        return make_chip(card, self.country, self._chip)

    async def wait_removed(self, deadline: float = 60.0) -> None:
        async with self._simulate(deadline), self._changed:
            before = self._taken
            await self._changed.wait_for(lambda: self._lies == NO_CARD or self._taken > before)

    async def _start(self) -> None:
        if self.settings.publish_country:
            try:
                self._published.parent.mkdir(parents=True, exist_ok=True)
                self._published.write_bytes(self.country.pem())
            except OSError as error:
                raise DeviceError(Trouble.MISCONFIGURED, f"publish_country: {error.strerror}") from None

    async def _close(self) -> None:
        await super()._close()
        if self.settings.publish_country:
            self._published.unlink(missing_ok=True)

    @property
    def _published(self) -> Path:
        return Path(self.settings.publish_country) / f"simulated-{self.settings.serial}.pem"

    async def _wipe(self) -> None:
        """Forget what the chip said; the card itself is the resident's and may still lie there unread."""
        if self._card is not None:
            self._card = None
            await self._lay(NO_CARD, None)

    def _controls(self) -> tuple[SimControl, ...]:
        names = (NO_CARD, *(person.name for person in PEOPLE), BAD_CARD)
        lies = self._lies if self._lies in names else NO_CARD
        faults = tuple(fault.value for fault in ChipFault)
        return (
            SimControl(name="card", label=noted("Card on the reader"), kind="choice", options=names, value=lies),
            SimControl(name="card_data", label=noted("Lay a card with this content (JSON)"), kind="text"),
            SimControl(
                name="chip",
                label=noted("What is wrong with the card's chip"),
                kind="choice",
                options=faults,
                value=self._chip.value,
            ),
        )

    async def _control(self, name: str, value: str) -> None:
        if name == "card":
            await self._lay(value, by_name(value))
            return
        if name == "chip":
            self._chip = ChipFault(value)
            return
        try:
            card = CardData.model_validate_json(value)
        except ValidationError as error:
            where = ", ".join(".".join(str(part) for part in e["loc"]) or "the whole" for e in error.errors())
            raise ValueError(f"not the content of a card, look at: {where}") from None
        await self._lay(ANY_CARD, card)

    async def _lay(self, what: str, card: CardData | None) -> None:
        before = self._lies
        async with self._changed:
            self._lies, self._card = what, card
            self._taken += before != NO_CARD  # whoever lays another card has taken this one away
            self._changed.notify_all()
        if before == NO_CARD and what != NO_CARD:
            self._emit("card_in")
        elif before != NO_CARD and what == NO_CARD:
            self._emit("card_out")

    def shown(self) -> str:
        return "" if self._lies == NO_CARD else noted("A card lies on the reader.")
