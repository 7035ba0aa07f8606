"""The resident's side of a paper: photographed here, sent from their own phone, or brought to the counter."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tramkit.asking.idle import Idle
from tramkit.conversation.station_visit import StationVisit
from tramkit.host.attachment import Attachment
from tramkit.papers.frames import picture_of
from tramkit.papers.link import Link, LinkEvent
from tramkit.papers.looking import look_over
from tramkit.papers.picture import jpeg
from tramkit.papers.problem import Made, Problem
from tramkit.papers.words import PHOTOGRAPH, PROBLEMS, What, said_of
from tramkit_hal.contracts.camera import Camera
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.ui.events import Answered
from tramkit_hal.ui.pages import Capture, Option
from tramkit_hal.words import Messages, Text, verbatim

if TYPE_CHECKING:
    from tramkit.papers.server import Uploads

_ = Messages("tramkit")

CAMERA, PHONE, LATER = "camera", "phone", "later"
VIDEO = "paper"
SIZE = (1920, 1080, 15)
"""Width, height and pictures a second that a paper is photographed with."""


@dataclass(frozen=True)
class Asked:
    """What is asked for.

    :param name: names the attachments: ``NAME-1``, ``NAME-2`` …
    :param most: files that are taken.
    :param room: bytes that they may have together, so that one order can hold all that the visit gives.
    :param later: words for not giving it here.
    :param what: a paper, or a photo of something.
    :param uploads: where phones send papers to; None: this station takes none that way.
    """

    title: Text
    body: tuple[Text, ...]
    name: str
    most: int
    room: int
    later: Text
    what: What = "paper"
    uploads: Uploads | None = None

    @property
    def not_here(self) -> Option:
        return Option(value=LATER, label=self.later)


async def ask_papers(visit: StationVisit, asked: Asked) -> tuple[Attachment, ...]:
    """Ask for a paper; see :meth:`Visit.papers`."""
    ways: list[Option] = []
    if any(visit.devices.usable(role, Camera) for role in (Role.DOCUMENT_CAMERA, Role.CAMERA)):
        words = PHOTOGRAPH[asked.what]
        ways.append(Option(value=CAMERA, label=words.way, hint=words.hint))
    if asked.uploads is not None and asked.uploads.address:
        hint = _("Scan a code with your phone and send a photo or PDF")
        ways.append(Option(value=PHONE, label=_("Send it from my phone"), hint=hint))
    if not ways:
        return ()
    way = await visit.choose(asked.title, [*ways, asked.not_here], body=asked.body, name=asked.name)
    if way == LATER:
        return ()
    give = _photographed if way == CAMERA else _sent
    made = await visit.one_step(f"papers:{asked.name}:{way}", asked.name, lambda: give(visit, asked))
    files: Sequence[Made] = made
    return tuple(Attachment.of(f"{asked.name}-{n}", each.type, each.data) for n, each in enumerate(files, start=1))


def _kept(visit: StationVisit) -> list[Made]:
    kept: Any = visit.kept()
    return [each for each in kept or () if isinstance(each, Made)]


# ── by the camera ─────────────────────────────────────────────────────────────────────────────────────────────


async def _photographed(visit: StationVisit, asked: Asked) -> tuple[Made, ...]:
    """Photograph page after page; empty: not here after all."""
    pages = _kept(visit)
    adding = not pages
    trouble: Text | None = None
    while True:
        if adding:
            taken = await _take(visit, asked, len(pages) + 1, trouble)
            if taken is None:
                return ()
            if sum(len(each.data) for each in (*pages, taken)) > asked.room:
                trouble = PROBLEMS[Problem.MUCH]
                continue
            pages.append(taken)
            visit.keep(tuple(pages))
        choice = await look_over(visit, pages, more=len(pages) < asked.most, what=asked.what)
        if choice == "continue":
            return tuple(pages)
        adding = True
        if choice == "again":
            pages.pop()
            visit.keep(tuple(pages))


async def _take(visit: StationVisit, asked: Asked, number: int, trouble: Text | None) -> Made | None:
    """Show the camera's picture until the resident takes it; None: not here after all."""
    id = visit.page_id(visit.current)
    while True:
        camera = await visit.start_camera(Role.DOCUMENT_CAMERA, Role.CAMERA, size=SIZE)
        page = Capture(
            id=f"{id}-take-{number}",
            source="paper",
            title=asked.title,
            body=(
                *((trouble,) if trouble else ()),
                PHOTOGRAPH[asked.what].hold(number) if camera else _("The camera does not work now."),
            ),
            video=VIDEO if camera else "",
            options=(asked.not_here,),
            action=_("Take the picture") if camera else _("Try again"),
        )
        if camera is not None:
            visit.set_video(VIDEO, camera.picture)
        try:
            answered = await visit.exchange(page, Idle.READING)
            if answered.choice == LATER:
                return None
            if camera is not None:
                return await _still(camera)
        except DeviceError:
            trouble = _("The camera gave no picture. Please try again.")
        finally:
            visit.set_video(VIDEO, None)
            if camera is not None:
                await camera.stop()


async def _still(camera: Camera) -> Made:
    frame = camera.picture.frame
    if frame is None:
        raise DeviceError(Trouble.FAULTY, "no picture")
    return Made("image/jpeg", await asyncio.to_thread(lambda: jpeg(picture_of(frame))), 1)


# ── from the phone ────────────────────────────────────────────────────────────────────────────────────────────


async def _sent(visit: StationVisit, asked: Asked) -> tuple[Made, ...]:
    """Have it sent from a phone; empty: not here after all."""
    files = _kept(visit)
    while True:
        if not files:
            found = await _wait_for_phone(visit, asked)
            if found is None:
                return ()
            files = list(found)
            visit.keep(tuple(files))
        if await look_over(visit, files, more=False, what=asked.what) == "continue":
            return tuple(files)
        files = []
        visit.keep(None)


async def _wait_for_phone(visit: StationVisit, asked: Asked) -> tuple[Made, ...] | None:
    """Show link after link until the files are there; None: not here after all."""
    uploads = asked.uploads
    assert uploads is not None
    again = False
    while True:
        with uploads.link(asked.title, asked.most, visit.language, room=asked.room, kind=asked.what) as link:
            found = await _at_link(visit, asked, uploads, link, again=again)
        if isinstance(found, tuple):
            return found
        if found == LATER:
            return None
        again = True


async def _at_link(
    visit: StationVisit, asked: Asked, uploads: Uploads, link: Link, *, again: bool
) -> tuple[Made, ...] | str:
    """Show one link and what happens at it; return the files or the resident's choice."""
    id = visit.page_id(visit.current)
    page = _link_page(id, asked, link, (_("This is a new code. The one before no longer works."),) if again else ())
    shown = asyncio.create_task(visit.exchange(page, Idle.WAITING))
    happened = asyncio.create_task(link.events.get())
    expired = asyncio.ensure_future(visit.clock.sleep(uploads.seconds))
    try:
        while True:
            await asyncio.wait({shown, happened, expired}, return_when=asyncio.FIRST_COMPLETED)
            if shown.done():
                answered: Answered = shown.result()
                return answered.choice
            if happened.done():
                event = happened.result()
                if event.kind == "arrived":
                    return event.files
                visit.conversation.replace(_link_page(id, asked, link, _told(event, link)))
                happened = asyncio.create_task(link.events.get())
            elif expired.done():
                link.spent = True
                expired = asyncio.ensure_future(asyncio.get_running_loop().create_future())
                visit.conversation.replace(_link_page(id, asked, link, (_("This code is no longer valid."),)))
    finally:
        for each in (shown, happened, expired):
            each.cancel()
        await asyncio.gather(shown, happened, expired, return_exceptions=True)


def _told(event: LinkEvent, link: Link) -> tuple[Text, ...]:
    match event.kind:
        case "moved" if not link.address:
            return (_("This station has no network at the moment. Please wait, or choose another way."),)
        case "moved":
            return (_("The network of this station has changed. Please scan the code once more."),)
        case "opened":
            return (_("Your phone has opened the page. Choose the photo there and press Send."),)
        case "stranger":
            return (
                _("Somebody tried to open this code on a second phone. That was refused."),
                _("If your own phone was refused, take a new code."),
            )
        case "sending":
            return (_("The file is on its way. One moment, please."),)
        case _:
            said = [said_of(*each) for each in dict.fromkeys(zip(event.problems, event.of, strict=True))]
            return (_("What was sent cannot be used:"), *said, _("Please try again on the phone."))


def _link_page(id: str, asked: Asked, link: Link, told: tuple[Text, ...]) -> Capture:
    """Return the page of a link: its code until a phone has opened it, then what happens there."""
    fresh = bool(link.address) and not link.spent and not link.phone
    how = _("Scan this code with your phone's camera. Your phone must be in the same network as this station.")
    return Capture(
        id=f"{id}-phone",
        source="phone",
        title=asked.title,
        body=(*told, how) if fresh else told,
        codes=(link.address,) if fresh else (),
        options=(Option(value="new", label=_("Show a new code")), asked.not_here),
        fallback=_("Or open this address on the phone: {address}", address=verbatim(link.address)) if fresh else None,
    )
