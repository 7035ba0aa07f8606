"""A card on the reader: who it says it is, and whether its chip proves it. Only here does anybody reach ``CHIP``."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from tramkit.conversation.station_visit import StationVisit
from tramkit.host.person import Level, Person
from tramkit.identity.face_check import FaceCheck
from tramkit_hal.card.files import CardFiles
from tramkit_hal.card.groups import CardContentError, CardData, read_card
from tramkit_hal.card.passive import Flaw, NotAuthenticError
from tramkit_hal.card.trust import CardTrust, authenticate
from tramkit_hal.contracts.id_reader import WHO, IdReader
from tramkit_hal.data import Data
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.ui.pages import AnyPage
from tramkit_hal.words import Messages, Text

_ = Messages("tramkit")
_log = logging.getLogger(__name__)

CARD_SECONDS = 120.0
"""How long one wait for a card lasts before it starts again; the page's time-out is the conversation's."""

EXPIRED = _("This card has expired.")
UNKNOWN = _("This station does not know who signed the chip of this card.")
NOT_GENUINE = _("The signature in the chip of this card is not right.")
COPY = _("The chip of this card could not show that it is the original.")
ANOTHER_CARD = _("Please lift it and use another card, or ask staff.")
NOT_NOW = _("The chip of identity cards cannot be checked here now.")

TELL_SECONDS = 0.3
"""What is read sooner is not said to be read: the page would flicker."""

WORDS: dict[Flaw, Text] = {
    Flaw.EXPIRED: EXPIRED,
    Flaw.UNKNOWN_COUNTRY: UNKNOWN,
    Flaw.NOT_VALID_NOW: UNKNOWN,
    Flaw.NOT_A_SIGNER: UNKNOWN,
    Flaw.COPY: COPY,
}
"""What a resident is told of a card that is not believed; :data:`NOT_GENUINE` where nothing stands here."""


class CardRead(Data):
    """What was read of a card.

    :param person: level ``CHIP`` where the country signed what the chip says, else ``CLAIMED``: good for filling in.
    :param doubt: why it is not believed, for the resident; None: nothing speaks against it.
    """

    person: Person
    doubt: Text | None = None


async def read_at(
    visit: StationVisit,
    trust: CardTrust,
    face: FaceCheck | None,
    reader: IdReader,
    *,
    access_key: str = "",
    pages: tuple[AnyPage, AnyPage] | None = None,
    stale: bool = False,
    refused: str = "",
) -> CardRead:
    """Wait for a card and read it.

    :param trust: whose signature is believed.
    :param face: takes the portrait of a card that is believed; None: no portrait is needed.
    :param access_key: what opens the chip; empty: the reader finds it out.
    :param pages: what stands on the screen: while a card is wanted, and in its place while a chip is read.
    :param stale: the card that lies there now was read a moment ago: it is to be taken away first.
    :param refused: number on a card that the resident has refused: where it still lies there, it is to be taken away.
    :raises DeviceError: ``unreadable``, the resident's try has failed; ``access_refused``: that key is not this card's.
    """
    if stale:
        await _for_ever(reader.wait_removed)
    await _for_ever(reader.wait_card)
    telling = asyncio.create_task(_tell(visit, pages[1])) if pages is not None else None
    try:
        found = await _read(visit, trust, face, reader, access_key)
    finally:
        if telling is not None:
            telling.cancel()
    if found.person.number == refused:
        if pages is not None:
            visit.replace(pages[0])
        return await read_at(visit, trust, face, reader, access_key=access_key, pages=pages, stale=True)
    return found


async def _tell(visit: StationVisit, reading: AnyPage) -> None:
    """Say that the card is being read, unless it is read at once."""
    await visit.clock.sleep(TELL_SECONDS)
    visit.replace(reading)


async def _read(
    visit: StationVisit, trust: CardTrust, face: FaceCheck | None, reader: IdReader, access_key: str
) -> CardRead:
    files = await reader.read(access_key, (*WHO, "dg2") if face is not None else WHO)
    if trust.unavailable():
        return CardRead(person=_claimed(files))
    try:
        found = await authenticate(files, trust, visit.clock.now())
    except NotAuthenticError as error:
        _log.warning("card not believed", extra={"visit": visit.id, "flaw": error.flaw.value})
        return CardRead(person=_claimed(files), doubt=WORDS.get(error.flaw, NOT_GENUINE))
    if face is not None:
        face.portray(found)
    person = _person(found.data, Level.CHIP)
    return CardRead(person=person.model_copy(update={"chip_proof": found.proven.value}))


async def _for_ever(wait: Callable[[float], Awaitable[None]]) -> None:
    while True:
        try:
            return await wait(CARD_SECONDS)
        except DeviceError as error:
            if error.trouble is not Trouble.DEADLINE:
                raise


def _claimed(files: CardFiles) -> Person:
    """Return who a card says it is that proves nothing."""
    try:
        return _person(read_card(files), Level.CLAIMED)
    except CardContentError:
        raise DeviceError(Trouble.UNREADABLE) from None


def _person(card: CardData, level: Level) -> Person:
    return Person(
        level=level,
        name=card.name,
        number=card.number,
        born=card.born,
        sex=card.sex,
        address=card.address,
        issued=card.issued,
        expires=card.expires,
    )
