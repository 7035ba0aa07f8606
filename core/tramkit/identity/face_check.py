"""The face before the camera beside the portrait on the card's chip: the step from ``CHIP`` to ``CHIP_FACE``.

Portrait and pictures are in memory only, for this visit. How often and how long somebody may try is bounded: Circular
50/2024/TT-NHNN allows ten failures and three minutes at most; a station asks for less.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from datetime import datetime
from functools import partial

from tramkit.asking.idle import Idle
from tramkit.conversation.station_visit import StationVisit
from tramkit.host.person import Level, Person
from tramkit.identity.face_tries import FaceTries
from tramkit_hal.card.portrait import Portrait
from tramkit_hal.card.trust import Authentic
from tramkit_hal.contracts.camera import Camera
from tramkit_hal.contracts.face import FaceFinding, FaceMatcher
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.ui.events import Answered
from tramkit_hal.ui.pages import Capture, Fact, Option, Tell, Tone
from tramkit_hal.video import Frame
from tramkit_hal.words import Messages, Text

_ = Messages("tramkit")
_log = logging.getLogger(__name__)

MAX_FAILURES = 3
"""Comparisons in one visit that may find another person, or no person; Circular 50/2024/TT-NHNN: at most ten."""

MATCH_SECONDS = 180.0
"""How old a picture of the resident may be when it has been compared (Circular 50/2024/TT-NHNN: three minutes)."""

PICTURES = 5
EACH = 6
"""Every sixth picture of the camera is compared, five of them: about a second in which the resident is there."""

PICTURES_SECONDS = 4.0
COMPARE_SECONDS = 15.0
VIDEO = "self"

WORDS: dict[FaceFinding, Text] = {
    FaceFinding.ANOTHER: _("The face does not match the picture on the card. Take off glasses or a hat and try again."),
    FaceFinding.NO_FACE: _("No face could be seen clearly. Come closer, take off your mask and face the light."),
    FaceFinding.SEVERAL: _("More than one face could be seen. Please stand alone before the camera."),
    FaceFinding.NOT_LIVE: _("It could not be seen that a person stands here. Please look at the camera yourself."),
}
"""What a resident is told of a comparison that did not find them."""

_COUNTED = (FaceFinding.ANOTHER, FaceFinding.NOT_LIVE)
"""What counts as a failure; that no face or several were seen says nothing of who stands there."""


class FaceCheck:
    """What one visit holds for its face check; outside the journal, so that Back gives no tries back.

    :param by_card: the station's count over all visits, so that a new visit gives none back either.
    """

    def __init__(self, by_card: FaceTries | None = None) -> None:
        self._by_card = by_card or FaceTries()
        self._number = ""
        self._portrait: Portrait | None = None
        self._failures: Counter[str] = Counter()

    def portray(self, card: Authentic) -> None:
        """Take the portrait of a card that proved itself, in place of the one before."""
        self._number, self._portrait = card.data.number, card.portrait

    def knows(self, person: Person) -> bool:
        """Tell whether that person's card was read for its portrait."""
        return bool(person.number) and person.number == self._number

    def portrait(self, person: Person) -> Portrait | None:
        """Return the person's portrait; None: their chip has none."""
        return self._portrait if self.knows(person) else None

    def failed(self, person: Person, now: datetime) -> None:
        """Count a comparison that found somebody else."""
        self._failures[person.number] += 1
        self._by_card.failed(person.number, now)

    def tries_left(self, person: Person, now: datetime) -> int:
        """Return how often the person may still be compared: in this visit, and with this card today."""
        return min(max(0, MAX_FAILURES - self._failures[person.number]), self._by_card.left(person.number, now))

    def forget(self) -> None:
        """Forget all of it, but not how often a card failed."""
        self.__init__(self._by_card)


async def check(visit: StationVisit, tries: FaceCheck, person: Person, others: tuple[Option, ...]) -> Person | str:
    """Compare until it is the person; or return the other way that the resident takes.

    :param tries: what the visit holds for it.
    :param person: as the chip says, level ``CHIP``.
    :param others: the other ways to be identified; the last is to do none of it.
    """
    key = visit.page_id(visit.current)
    kept = visit.kept()
    if isinstance(kept, Person) and kept.reaches(Level.CHIP_FACE) and kept.number == person.number:
        await _found(visit, key)
        return kept
    portrait = tries.portrait(person)
    if portrait is None:
        return await _no_more(visit, key, _("The chip of your card gave no picture to compare with."), others)
    trouble: Text | None = None
    while tries.tries_left(person, visit.clock.now()):
        found = await _try(visit, key, portrait, trouble, others)
        if isinstance(found, str) and not isinstance(found, FaceFinding):
            return found
        if found is FaceFinding.SAME:
            sure = person.model_copy(update={"level": Level.CHIP_FACE})
            visit.keep(sure)
            await _found(visit, key)
            return sure
        if isinstance(found, FaceFinding):
            _log.info("face not matched", extra={"visit": visit.id, "finding": found.value})
            if found in _COUNTED:
                tries.failed(person, visit.clock.now())
            found = WORDS[found]
        trouble = found
    return await _no_more(visit, key, _("The face could not be matched with the card."), others)


async def _try(
    visit: StationVisit, key: str, portrait: Portrait, trouble: Text | None, others: tuple[Option, ...]
) -> FaceFinding | Text | str:
    """Show the resident their own picture and compare once; return the finding, what was wrong, or their other way."""
    camera = await visit.start_camera(Role.CAMERA)
    page = Capture(
        id=f"{key}-look",
        source="camera",
        title=_("Please look straight at the camera"),
        body=(
            *((trouble,) if trouble else ()),
            *(() if camera else (_("The camera does not work now."),)),
            _("Your face is compared with the picture on your card's chip. No picture is kept."),
        ),
        video=VIDEO if camera else "",
        options=others,
        action=_("Compare now") if camera else _("Try again"),
    )
    try:
        if camera is not None:
            visit.set_video(VIDEO, camera.picture)
        answered = await visit.exchange(page, Idle.QUESTION)
        if answered.choice != "continue":
            return answered.choice
        if camera is None:
            return _("The camera does not work now.")
        return await _compare(visit, key, camera, portrait)
    except DeviceError as error:
        _log.info("face not compared", extra={"visit": visit.id, "trouble": error.trouble.value})
        if error.trouble is Trouble.UNREADABLE:
            return _("The picture on your card's chip could not be used.")
        return _("Your face could not be compared now. Please try again.")
    finally:
        visit.set_video(VIDEO, None)
        if camera is not None:
            await camera.stop()


async def _compare(visit: StationVisit, key: str, camera: Camera, portrait: Portrait) -> FaceFinding | Text:
    matcher = visit.device(Role.FACE_MATCHER, FaceMatcher)
    page = Capture(
        id=f"{key}-busy",
        source="camera",
        title=_("Please look straight at the camera"),
        body=(_("Comparing. Please stay there for a moment."),),
        video=VIDEO,
        options=(Option(value="stop", label=_("Stop")),),
    )
    found = await visit.page_or_device(page, [partial(_finding, camera, matcher, portrait)], Idle.NONE)
    return _("The comparison was stopped.") if isinstance(found, Answered) else found


async def _finding(camera: Camera, matcher: FaceMatcher, portrait: Portrait) -> FaceFinding:
    frames: list[Frame] = []
    try:
        async with asyncio.timeout(PICTURES_SECONDS):
            while len(frames) < PICTURES:
                frame = await camera.picture.next(frames[-1].sequence + EACH - 1 if frames else 0)
                if frame is None:
                    raise DeviceError(Trouble.FAULTY, "no picture")
                frames.append(frame)
    except TimeoutError:
        raise DeviceError(Trouble.DEADLINE, "no picture") from None
    found = await matcher.compare(portrait, frames, COMPARE_SECONDS)
    if time.monotonic() - frames[0].captured_at > MATCH_SECONDS:
        raise DeviceError(Trouble.DEADLINE, "the pictures are too old")
    return found


async def _found(visit: StationVisit, key: str) -> None:
    page = Capture(
        id=f"{key}-found",
        source="camera",
        title=_("Thank you, it is you"),
        result=(Fact(label=_("Face and card"), value=_("The same person")),),
        action=_("Continue"),
    )
    await visit.exchange(page, Idle.READING)


async def _no_more(visit: StationVisit, key: str, why: Text, others: tuple[Option, ...]) -> str:
    """Tell why no face is compared any more in this visit, and return the other way that is taken."""
    page = Tell(
        id=f"{key}-failed",
        title=_("Your face was not recognised"),
        body=(why, _("This does not mean that you did anything wrong. Staff can help you.")),
        tone=Tone.WARNING,
        options=others,
        action=None,
    )
    return (await visit.exchange(page, Idle.READING)).choice
