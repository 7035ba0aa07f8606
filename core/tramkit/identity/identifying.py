"""Learning who the resident is: step by step up to the level that a service asks for, with what the station has."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Annotated, TypeVar

from tramkit import forms
from tramkit.capture import scanning
from tramkit.conversation.steps import one_step, page_or_device, while_there
from tramkit.conversation.timeouts import Idle
from tramkit.forms import Form
from tramkit.host.journal import Entry
from tramkit.host.person import Level, NotIdentified, Person
from tramkit.identity import chip, face_check
from tramkit.identity.chip import CardRead
from tramkit.identity.same_person import another_person, facts
from tramkit.identity.signing_in import sign_in
from tramkit_hal.card.number import check as check_number
from tramkit_hal.card.qr import CardQrError
from tramkit_hal.card.qr import parse as parse_qr
from tramkit_hal.contracts.id_reader import IdReader
from tramkit_hal.contracts.scanner import CodeScanner
from tramkit_hal.device.base import Device
from tramkit_hal.device.errors import DeviceError
from tramkit_hal.device.roles import Role
from tramkit_hal.ui.events import Answered
from tramkit_hal.ui.pages import Capture, Option
from tramkit_hal.words import Messages, Text

if TYPE_CHECKING:
    from tramkit.visit.visit import Visit

_ = Messages("tramkit")
_log = logging.getLogger(__name__)

D = TypeVar("D", bound=Device)

TYPED, CARD, NEITHER, CAMERA = "typed", "card", "neither", "camera"
"""What a resident can choose in place of laying the card: to type, to take the card after all, to do none of it, to
show the card's code to the camera."""


class TypedPerson(Form):
    """Who the resident is, as they type it."""

    name: Annotated[str, forms.name(_("Full name"))]
    born: Annotated[
        date,
        forms.day(_("Date of birth"), earliest=date(1900, 1, 1)),
    ]
    sex: Annotated[
        str,
        forms.choice(_("Sex"), (Option(value="female", label=_("Female")), Option(value="male", label=_("Male")))),
    ]
    number: Annotated[str, forms.citizen_id(_("Identity number"), hint=_("12 digits on the front of the card"))]

    def apart(self) -> Mapping[str, Text]:
        """Hold the number against the date of birth and the sex, as is done with a card's."""
        found = check_number(self.number, self.born, "female" if self.sex == "female" else "male")
        return {"number": found.problem} if found.problem else {}


async def identify(visit: Visit, level: Level, exactly: bool) -> Person:
    """Walk the resident up to a level of identity; see :meth:`Visit.identify`."""
    known = visit.person
    if known is not None and known.reaches(level, exactly=exactly):
        return known
    if why := visit.why_unreachable(level, exactly=exactly):
        raise NotIdentified(why)
    way = _first_way(visit, level, exactly)
    while True:
        found = await _by(visit, way, level, exactly)
        if isinstance(found, Person):
            return found
        if found == TYPED:
            return await _typed(visit)
        if found == NEITHER:
            raise NotIdentified(_("Without it, this station cannot tell who you are."))
        way = found


def _first_way(visit: Visit, level: Level, exactly: bool) -> str:
    """Return the way that is taken unless the resident chooses another; the same in each replay."""
    key = visit.journal.key("way")
    if (entry := visit.journal.replay(key)) is not None:
        return str(entry.value)
    methods = visit.means.methods_for(level, exactly=exactly)
    way = CARD if not methods or visit.means.card_lacks(level, exactly=exactly) is None else methods[0].id
    visit.journal.record(Entry(key, "", way, answer=False))
    return way


async def _by(visit: Visit, way: str, level: Level, exactly: bool) -> Person | str:
    """Take one way; return the person, or the way that the resident chose instead."""
    if way == CARD:
        found = await one_step(visit, "card", "identity", lambda: _card(visit, level, exactly))
        if not isinstance(found, Person):
            return str(found)
        if found.reaches(level, exactly=exactly):
            return found
        others = _instead(visit, level, exactly)
        return await one_step(visit, "face", "identity", lambda: face_check.check(visit, found, others))
    method, others = next(each for each in visit.means.methods if each.id == way), _other_ways(visit, level, exactly)
    found = await one_step(visit, f"sign_in:{way}", "identity", lambda: sign_in(visit, method, others))
    return found if isinstance(found, Person) else str(found)


async def _typed(visit: Visit) -> Person:
    typed = await visit.ask(TypedPerson, _("Please enter your details"), name="identity")
    return Person(
        level=Level.CLAIMED,
        name=typed.name,
        born=typed.born,
        sex="female" if typed.sex == "female" else "male",
        number=typed.number,
    )


# ── by card ───────────────────────────────────────────────────────────────────────────────────────────────────


async def _card(visit: Visit, level: Level, exactly: bool) -> Person | str:
    """Read the card, show what was read, and have it confirmed; or return what the resident does instead."""
    key = visit.page_id(visit.current)
    by_card = Level.CHIP if _needs_chip(level) else level
    face = level is not by_card
    kept = visit.kept()
    if isinstance(kept, CardRead) and kept.person.reaches(by_card) and (not face or visit.face.knows(kept.person)):
        if await _confirm(visit, key, kept):
            return kept.person
        visit.keep(None)
    trouble: tuple[Text, ...] = ()
    stale, refused = False, ""
    while True:
        page = Capture(
            id=key,
            source="card",
            title=_("Please place your identity card on the reader"),
            body=(*(trouble or _why_not(visit, level)), *_more_about_the_card(visit, level)),
            options=(*_by_camera(visit, level), *_instead(visit, level, exactly)),
        )
        read = partial(chip.read_at, visit, face=face, stale=stale, refused=refused)
        sources = [partial(while_there, visit, Role.ID_READER, IdReader, read)]
        if not _needs_chip(level):
            sources.append(partial(while_there, visit, Role.CODE_SCANNER, CodeScanner, _from_scanner))
        try:
            found = await page_or_device(visit, page, sources)
            if isinstance(found, Answered) and found.choice == CAMERA:
                found, trouble = await _from_camera(visit, key)
                if found is None:  # another way after all
                    continue
        except CardQrError:
            trouble = (_("That code is not the code of an identity card. Please try again."),)
            continue
        except DeviceError:  # unreadable: the resident can try again
            trouble, stale = (_("The card could not be read. Please lift it and place it again."),), True
            continue
        if isinstance(found, Answered):
            return found.choice
        stale = True
        if not found.person.reaches(by_card):
            trouble = (found.doubt, chip.ANOTHER_CARD) if found.doubt else (chip.NOT_NOW,)
            continue
        if doubt := another_person(visit, found.person):
            trouble = (doubt,)
            continue
        if visit.person is not None and visit.person.number == found.person.number:
            return found.person  # they have said before that it is them
        visit.keep(found)
        if await _confirm(visit, key, found):
            return found.person
        visit.keep(None)
        trouble, stale, refused = (_("Please put that card away and use your own."),), False, found.person.number


def _needs_chip(level: Level) -> bool:
    return level not in (Level.NONE, Level.CLAIMED)


def _more_about_the_card(visit: Visit, level: Level) -> tuple[Text, ...]:
    if _needs_chip(level):
        return (_("Its chip is read and checked. Leave the card there until we say so."),)
    if scanning.scanner_works(visit.devices):
        return (_("Or hold the QR code of the card in front of the scanner."),)
    return ()


def _by_camera(visit: Visit, level: Level) -> tuple[Option, ...]:
    """Offer the camera for the card's code, where that is enough and no scanner reads it."""
    if _needs_chip(level) or not scanning.camera_reads(visit.devices):
        return ()
    return (Option(value=CAMERA, label=_("Show the QR code of the card to the camera")),)


def _instead(visit: Visit, level: Level, exactly: bool) -> tuple[Option, ...]:
    """Return what a resident can do who does not lay the card."""
    methods = [
        Option(value=method.id, label=method.title, hint=method.hint)
        for method in visit.means.methods_for(level, exactly=exactly)
    ]
    if _needs_chip(level):
        return (*methods, Option(value=NEITHER, label=_("I cannot do this")))
    return (*methods, Option(value=TYPED, label=_("I do not have the card: type instead")))


async def _confirm(visit: Visit, key: str, read: CardRead) -> bool:
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
    answered = await visit.conversation.exchange(page, Idle.QUESTION, back=visit.can_go_back)
    return answered.choice == "continue"


def _why_not(visit: Visit, level: Level) -> tuple[Text, ...]:
    """Return why no card can be read now; empty: it can."""
    if visit.devices.usable(Role.ID_READER, IdReader):
        return ()
    if not _needs_chip(level) and (scanning.scanner_works(visit.devices) or scanning.camera_reads(visit.devices)):
        return ()
    _state, reason = visit.devices.availability(Role.ID_READER)
    return (reason,) if reason else ()


async def _from_scanner(scanner: CodeScanner) -> CardRead:
    return _claimed(await scanning.scan(scanner))


async def _from_camera(visit: Visit, key: str) -> tuple[CardRead | None, tuple[Text, ...]]:
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


# ── by signing in ─────────────────────────────────────────────────────────────────────────────────────────────


def _other_ways(visit: Visit, level: Level, exactly: bool) -> tuple[Option, ...]:
    if visit.means.card_lacks(level, exactly=exactly) is None:
        return (Option(value=CARD, label=_("Use my identity card instead")),)
    return (Option(value=NEITHER, label=_("I cannot do this")),)
