"""By the card: its chip on the reader, or the code printed on it before scanner or camera."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from tramkit.asking.idle import Idle
from tramkit.capture import scanning
from tramkit.conversation.codes import scan, scanner_works
from tramkit.conversation.station_visit import StationVisit
from tramkit.host.person import Level, Person
from tramkit.identity import chip, face_check
from tramkit.identity.card_key import NO_CARD_CODE, TWO_CARDS, CardKey
from tramkit.identity.chip import CardRead
from tramkit.identity.face_check import FaceCheck
from tramkit.identity.means import IdentityMeans
from tramkit.identity.same_person import another_person, facts
from tramkit.identity.way import CARD, NEITHER, TYPED, Wanted, Way
from tramkit_hal.card.qr import CardQrError
from tramkit_hal.card.qr import parse as parse_qr
from tramkit_hal.contracts.id_reader import IdReader, Place
from tramkit_hal.contracts.scanner import CodeScanner
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.ui.events import Answered
from tramkit_hal.ui.pages import Capture, Option
from tramkit_hal.words import Messages, Text

_ = Messages("tramkit")

CAMERA = "camera"
"""What a resident can choose in place of laying the card: to show the card's code to the camera."""

PLACES: dict[Place, Text] = {
    "left": _("The card reader is to the left of the screen."),
    "right": _("The card reader is to the right of the screen."),
    "below": _("The card reader is below the screen."),
    "front": _("The card reader lies in front of the screen."),
}
"""Where the card is to be laid."""


class CardWay(Way):
    """The resident's card, and their face where the level asks for it.

    :param face: portrait of the card and tries of the face check; Back changes nothing of it.
    """

    id = CARD

    def __init__(self, visit: StationVisit, means: IdentityMeans, face: FaceCheck) -> None:
        self._visit = visit
        self._means = means
        self._face = face

    async def take(self, wanted: Wanted) -> Person | str:
        found = await self._visit.one_step(
            "card", "identity", lambda: _card(self._visit, self._means, self._face, wanted)
        )
        if not isinstance(found, Person):
            return str(found)
        if wanted.reached_by(found):
            return found
        others = _instead(self._means, wanted)
        return await self._visit.one_step(
            "face", "identity", lambda: face_check.check(self._visit, self._face, found, others)
        )


async def _card(visit: StationVisit, means: IdentityMeans, checks: FaceCheck, wanted: Wanted) -> Person | str:
    """Read the card, show what was read, and have it confirmed; or return what the resident does instead."""
    key = visit.page_id(visit.current)
    by_card = Level.CHIP if wanted.needs_chip else wanted.level
    face = wanted.level is not by_card
    kept = visit.kept()
    if isinstance(kept, CardRead) and kept.person.reaches(by_card) and (not face or checks.knows(kept.person)):
        if await _confirm(visit, key, kept):
            return kept.person
        visit.keep(None)
    trouble: tuple[Text, ...] = ()
    stale, refused = False, ""
    opener = CardKey(visit)
    while True:
        if wanted.needs_chip and (other := await opener.ask(key, trouble, _instead(means, wanted))) is not None:
            return other
        page = _page(visit, means, wanted, key, trouble)
        read = partial(chip.read_at, visit, means.trust, checks if face else None, access_key=opener.text)
        pages = (page, _being_read(visit, page))
        sources = _sources(visit, wanted, opener, partial(read, pages=pages, stale=stale, refused=refused))
        try:
            found = await visit.page_or_device(page, sources)
            if isinstance(found, Answered) and found.choice == CAMERA:
                found, trouble = await _from_camera(visit, key)
                if found is None:  # another way after all
                    continue
        except CardQrError:
            trouble = (NO_CARD_CODE,)
            continue
        except DeviceError as error:  # the resident can try again
            trouble, stale = (_failure(error, opener),), True
            continue
        if isinstance(found, Answered):
            return found.choice
        stale = True
        if not found.person.reaches(by_card):
            trouble = (found.doubt, chip.ANOTHER_CARD) if found.doubt else (chip.NOT_NOW,)
            continue
        if doubt := another_person(visit.person, found.person):
            trouble = (doubt,)
            continue
        if opener.number and opener.number != found.person.number:
            trouble = (TWO_CARDS,)  # the same last six digits opened it
            opener.forget()
            continue
        if visit.person is not None and visit.person.number == found.person.number:
            return found.person  # they have said before that it is them
        visit.keep(found)
        if await _confirm(visit, key, found):
            return found.person
        visit.keep(None)
        trouble, stale, refused = (_("Please put that card away and use your own."),), False, found.person.number


def _page(visit: StationVisit, means: IdentityMeans, wanted: Wanted, key: str, trouble: tuple[Text, ...]) -> Capture:
    return Capture(
        id=key,
        source="card",
        title=_("Please place your identity card on the reader"),
        body=(*(trouble or _why_not(visit, wanted)), *_more_about_the_card(visit, wanted)),
        options=(*_by_camera(visit, wanted), *_instead(means, wanted)),
    )


def _being_read(visit: StationVisit, page: Capture) -> Capture:
    """Return the page that stands there while the chip is read; what can be answered is the same."""
    body = (*_where(visit), _("Leave the card there until we say so. It takes a few seconds."))
    return page.model_copy(update={"title": _("Your card is being read"), "body": body})


def _sources(
    visit: StationVisit, wanted: Wanted, opener: CardKey, read: Callable[[IdReader], Awaitable[CardRead]]
) -> list[Callable[[], Awaitable[CardRead]]]:
    """Return what may deliver the card: its chip, and where that is enough the code printed on it."""
    sources: list[Callable[[], Awaitable[CardRead]]] = []
    if wanted.needs_chip or not opener.is_needed():
        sources.append(partial(visit.while_there, Role.ID_READER, IdReader, read))
    if not wanted.needs_chip:
        sources.append(partial(visit.while_there, Role.CODE_SCANNER, CodeScanner, _from_scanner))
    return sources


def _failure(error: DeviceError, opener: CardKey) -> Text:
    """Return what the resident is told of a card that could not be read; a key that was refused is forgotten."""
    if error.trouble is Trouble.ACCESS_REFUSED:
        opener.forget()
        return error.trouble.words
    return _("The card could not be read. Please lift it and place it again.")


def _more_about_the_card(visit: StationVisit, wanted: Wanted) -> tuple[Text, ...]:
    if wanted.needs_chip:
        return (*_where(visit), _("Its chip is read and checked. Leave the card there until we say so."))
    if scanner_works(visit.devices):
        return (_("Or hold the QR code of the card in front of the scanner."),)
    return ()


def _where(visit: StationVisit) -> tuple[Text, ...]:
    """Return where the reader is, where the operator has said it."""
    readers = visit.devices.usable(Role.ID_READER, IdReader)
    place = readers[0].capabilities.place if readers else ""
    return (PLACES[place],) if place else ()


def _by_camera(visit: StationVisit, wanted: Wanted) -> tuple[Option, ...]:
    """Offer the camera for the card's code, where that is enough and no scanner reads it."""
    if wanted.needs_chip or not scanning.camera_reads(visit.devices):
        return ()
    return (Option(value=CAMERA, label=_("Show the QR code of the card to the camera")),)


def _instead(means: IdentityMeans, wanted: Wanted) -> tuple[Option, ...]:
    """Return what a resident can do who does not lay the card."""
    methods = [
        Option(value=method.id, label=method.title, hint=method.hint)
        for method in means.methods_for(wanted.level, exactly=wanted.exactly)
    ]
    if wanted.needs_chip:
        return (*methods, Option(value=NEITHER, label=_("I cannot do this")))
    return (*methods, Option(value=TYPED, label=_("I do not have the card: type instead")))


async def _confirm(visit: StationVisit, key: str, read: CardRead) -> bool:
    page = Capture(
        id=f"{key}-found",
        source="card",
        title=_("Is this you?"),
        body=(
            _("You can take your card back now."),
            *((read.doubt, _("What it says is used only for filling in.")) if read.doubt else ()),
        ),
        result=facts(read.person),
        options=(Option(value="again", label=_("This is not me: read another card")),),
        action=_("Yes, this is me"),
    )
    answered = await visit.exchange(page, Idle.QUESTION)
    return answered.choice == "continue"


def _why_not(visit: StationVisit, wanted: Wanted) -> tuple[Text, ...]:
    """Return why no card can be read now; empty: it can."""
    if visit.devices.usable(Role.ID_READER, IdReader):
        return ()
    if not wanted.needs_chip and (scanner_works(visit.devices) or scanning.camera_reads(visit.devices)):
        return ()
    _state, reason = visit.devices.availability(Role.ID_READER)
    return (reason,) if reason else ()


async def _from_scanner(scanner: CodeScanner) -> CardRead:
    return _claimed(await scan(scanner))


async def _from_camera(visit: StationVisit, key: str) -> tuple[CardRead | None, tuple[Text, ...]]:
    """Read the card's code by the camera; nothing, and what to say of it: another way after all."""
    try:
        text = await scanning.show_to_camera(
            visit,
            f"{key}-camera",
            _("Show the QR code of your card to the camera"),
            (_("Hold the card still, so that the whole code is in the picture. No picture is kept."),),
            Option(value="other", label=_("Do it another way")),
        )
    except DeviceError:
        return None, (scanning.NO_CAMERA,)
    return (None if text is None else _claimed(text)), ()


def _claimed(text: str) -> CardRead:
    """Return who the code of a card says it is; it is signed by nobody.

    :raises CardQrError: it is not the code of a card.
    """
    card = parse_qr(text)
    person = Person(
        level=Level.CLAIMED,
        name=card.name,
        number=card.number,
        born=card.born,
        sex=card.sex,
        address=card.address,
        issued=card.issued,
    )
    return CardRead(person=person)
