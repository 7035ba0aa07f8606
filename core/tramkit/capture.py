"""Steps of a visit in which the station reads something: a card, a vital sign, a picture."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from tramkit import forms
from tramkit.forms import Form
from tramkit.identity import Level, Person
from tramkit.journal import Entry
from tramkit.timeouts import Idle
from tramkit_hal.audio import Microphone, SoundQueue
from tramkit_hal.camera import Camera
from tramkit_hal.card.qr import CardQrError
from tramkit_hal.card.qr import parse as parse_qr
from tramkit_hal.card.reader import CardData, IdReader
from tramkit_hal.device import Device
from tramkit_hal.events import Answered
from tramkit_hal.pages import AnyPage, Capture, Fact, Option
from tramkit_hal.roles import Role
from tramkit_hal.scanner import CodeScanner
from tramkit_hal.trouble import DeviceError, Trouble
from tramkit_hal.vital import Reading, Vital, VitalSensor
from tramkit_hal.words import Day, Decimal1, Messages, Text, verbatim

if TYPE_CHECKING:
    from tramkit.visit import Visit

_ = Messages("tramkit")
_log = logging.getLogger(__name__)

T = TypeVar("T")
D = TypeVar("D", bound=Device)

LOOK_SECONDS = 1.0
"""How often to look whether a reader that has gone is back."""

CARD_SECONDS = 120.0
"""How long one wait for a card lasts before it starts again; the page's time-out is the conversation's."""

HEARD = 0.004
"""Loudness (0 to 1) from which the microphone counts as heard: about 20 dB above a quiet converter's noise."""

METER_SECONDS = 0.25
METER_STEPS = 10
"""The loudness meter moves in this many steps, four times a second at most: enough for the eye."""


# ── who is it ─────────────────────────────────────────────────────────────────────────────────────────────────


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


async def identify(visit: Visit, level: Level) -> Person:
    """Walk the resident up to a level of identity; see :meth:`Visit.identify`."""
    found = await _step(visit, "card", "identity", lambda: _card(visit, level))
    if isinstance(found, Person):
        return found
    typed = await visit.ask(TypedPerson, _("Please enter your details"), name="identity")
    return Person(
        level=Level.CLAIMED,
        name=typed.name,
        born=typed.born,
        sex="female" if typed.sex == "female" else "male",
        number=typed.number,
    )


async def _card(visit: Visit, level: Level) -> Person | str:
    """Read the card, show what was read, and have it confirmed; ``typed`` where the resident types instead."""
    key = visit.page_id(visit.current)
    kept = visit.kept()
    if isinstance(kept, Person) and kept.level >= level:
        if await _confirm(visit, key, kept):
            return kept
        visit.keep(None)
    trouble: Text | None = None
    while True:
        by_hand = Option(value="typed", label=_("I do not have the card: type instead"))
        page = Capture(
            id=key,
            source="card",
            title=_("Please place your identity card on the reader"),
            body=(
                *((trouble,) if trouble else _why_not(visit, level)),
                _("Or hold the QR code of the card in front of the scanner."),
            ),
            options=(by_hand,) if level <= Level.CLAIMED else (),
        )
        sources = [partial(_while_there, visit, Role.ID_READER, IdReader, _from_reader)]
        if level <= Level.CLAIMED:
            sources.append(partial(_while_there, visit, Role.CODE_SCANNER, CodeScanner, _from_scanner))
        try:
            found = await _page_or_device(visit, page, sources)
        except CardQrError:
            trouble = _("That code is not the code of an identity card. Please try again.")
            continue
        except DeviceError as error:  # unreadable: the resident can try again
            trouble = error.trouble.words
            continue
        if isinstance(found, Answered):
            return found.choice
        if found.level < level:
            trouble = _("The chip of this card could not be checked. Please try again or ask staff.")
            continue
        visit.keep(found)
        if await _confirm(visit, key, found):
            return found
        visit.keep(None)
        trouble = None


async def _confirm(visit: Visit, key: str, person: Person) -> bool:
    facts = [Fact(label=_("Full name"), value=verbatim(person.name))]
    if person.born:
        facts.append(Fact(label=_("Date of birth"), value=_("{day}", day=Day(day=person.born))))
    facts.append(Fact(label=_("Identity number"), value=verbatim(masked(person.number))))
    page = Capture(
        id=f"{key}-found",
        source="card",
        title=_("Is this you?"),
        body=(_("You can take your card back now."),),
        result=tuple(facts),
        options=(Option(value="again", label=_("This is not me: read another card")),),
        action=_("Yes, this is me"),
    )
    answered = await visit.conversation.exchange(page, Idle.QUESTION, back=visit.can_go_back)
    return answered.choice == "continue"


def masked(number: str) -> str:
    """Return an identity number with its middle hidden, ``079•••••3458``."""
    return f"{number[:3]}•••••{number[-4:]}" if len(number) >= 9 else number


def _why_not(visit: Visit, level: Level) -> tuple[Text, ...]:
    """Return why no card can be read now; empty: it can."""
    if visit.devices.usable(Role.ID_READER, IdReader):
        return ()
    if level <= Level.CLAIMED and visit.devices.usable(Role.CODE_SCANNER, CodeScanner):
        return ()
    _state, reason = visit.devices.availability(Role.ID_READER)
    return (reason,) if reason else ()


async def _while_there(visit: Visit, role: Role, contract: type[D], read: Callable[[D], Awaitable[Person]]) -> Person:
    """Read from the first usable device of a role, whenever there is one: it may go away and come back.

    :raises DeviceError: ``unreadable``, the resident's try has failed.
    """
    while True:
        try:
            return await read(visit.device(role, contract))
        except DeviceError as error:
            if error.trouble is Trouble.UNREADABLE:
                raise
            _log.info("cannot read the card now", extra={"role": role.value, "trouble": error.trouble.value})
            await _until_usable(visit, role, contract)


async def _until_usable(visit: Visit, role: Role, contract: type[Device]) -> None:
    while True:
        await visit.clock.sleep(LOOK_SECONDS)
        if visit.devices.usable(role, contract):
            return


async def _from_reader(reader: IdReader) -> Person:
    while True:
        try:
            await reader.wait_card(deadline=CARD_SECONDS)
            break
        except DeviceError as error:
            if error.trouble is not Trouble.DEADLINE:
                raise
    card = await reader.read()
    return _person(card, Level.CHIP if card.authentic else Level.CLAIMED)


async def _from_scanner(scanner: CodeScanner) -> Person:
    while True:
        try:
            code = await scanner.scan(deadline=CARD_SECONDS)
            break
        except DeviceError as error:
            if error.trouble is not Trouble.DEADLINE:
                raise
    card = parse_qr(code.text)
    return Person(
        level=Level.CLAIMED,
        name=card.name,
        number=card.number,
        born=card.born,
        sex=card.sex,
        address=card.address,
    )


def _person(card: CardData, level: Level) -> Person:
    return Person(level=level, name=card.name, number=card.number, born=card.born, sex=card.sex, address=card.address)


# ── vital signs ───────────────────────────────────────────────────────────────────────────────────────────────

_KINDS: dict[Vital, Text] = {
    Vital.BLOOD_PRESSURE: _("Blood pressure"),
    Vital.PULSE: _("Pulse"),
    Vital.SPO2: _("Oxygen in the blood (SpO₂)"),
    Vital.TEMPERATURE: _("Temperature"),
    Vital.WEIGHT: _("Weight"),
    Vital.HEIGHT: _("Height"),
}


def vital_name(kind: Vital) -> Text:
    """Return what residents call a vital sign."""
    return _KINDS[kind]


def reading_text(reading: Reading) -> Text:
    """Return a reading as it is shown: ``128/82 mmHg``, ``36,8 °C``."""
    places = 1 if reading.kind in (Vital.TEMPERATURE, Vital.WEIGHT) else 0
    values = [Decimal1(number=value, places=places) for value in reading.values]
    if len(values) == 2:
        return _("{systolic}/{diastolic} {unit}", systolic=values[0], diastolic=values[1], unit=reading.unit)
    return _("{value} {unit}", value=values[0], unit=reading.unit)


async def measure(visit: Visit, kind: Vital, title: Text, body: tuple[Text, ...]) -> Reading | None:
    """Measure a vital sign; see :meth:`Visit.measure`."""
    value = await _step(visit, f"measure:{kind.value}", kind.value, lambda: _measure(visit, kind, title, body))
    return value if isinstance(value, Reading) else None


async def _measure(visit: Visit, kind: Vital, title: Text, body: tuple[Text, ...]) -> Reading | str | None:
    try:
        sensor = visit.device(Role.VITAL_SENSOR, VitalSensor)
    except DeviceError:
        return None
    if kind not in sensor.capabilities.kinds:
        return None
    id = visit.page_id(visit.current)
    skip = Option(value="skip", label=_("Skip this measurement"))
    kept = visit.kept()
    reading: Reading | None = kept if isinstance(kept, Reading) else None
    trouble: Text | None = None
    while True:
        told = (*((trouble,) if trouble else ()), *body)
        if reading is None:
            page = Capture(id=id, source="vital", title=title, body=told, options=(skip,), action=_("Start measuring"))
        else:
            page = Capture(
                id=f"{id}-result",
                source="vital",
                title=title,
                body=(_("Measured."),),
                result=(Fact(label=vital_name(kind), value=reading_text(reading)),),
                options=(Option(value="again", label=_("Measure again")),),
                action=_("Continue"),
            )
        answered = await visit.conversation.exchange(page, Idle.QUESTION, back=visit.can_go_back)
        if answered.choice == "skip":
            return "skip"
        if answered.choice == "continue" and reading is not None:
            return reading
        reading, trouble = await _run_sensor(visit, sensor, kind, id, title)
        visit.keep(reading)


async def _run_sensor(
    visit: Visit, sensor: VitalSensor, kind: Vital, id: str, title: Text
) -> tuple[Reading | None, Text | None]:
    stop = Option(value="stop", label=_("Stop measuring"))
    page = Capture(
        id=f"{id}-busy",
        source="vital",
        title=title,
        body=(_("Measuring. Please sit still and do not speak."),),
        options=(stop,),
    )
    try:
        found = await _page_or_device(visit, page, [lambda: sensor.measure(kind)], Idle.NONE)
    except DeviceError as error:
        return None, error.trouble.words
    if isinstance(found, Answered):
        with contextlib.suppress(DeviceError):
            await sensor.abort()
        return None, _("The measurement was stopped.")
    if not found.plausible:
        return None, _("That value cannot be right. Please measure again.")
    return found, None


# ── camera and microphone ─────────────────────────────────────────────────────────────────────────────────────


async def try_camera(visit: Visit, title: Text, body: tuple[Text, ...]) -> tuple[bool, bool]:
    """Show the resident their own picture and a loudness meter; see :meth:`Visit.try_camera`."""
    found = await _step(visit, "try_camera", "camera", lambda: _try_camera(visit, title, body))
    return bool(found[0]), bool(found[1])


async def _try_camera(visit: Visit, title: Text, body: tuple[Text, ...]) -> list[bool]:
    camera = await _start_camera(visit)
    microphone, heard = await _start_microphone(visit)
    loudest = 0.0
    id = visit.page_id(visit.current)

    def page(level: float | None) -> Capture:
        missing: list[Text] = []
        if camera is None:
            missing.append(_("The camera does not work now: the doctor will hear you but not see you."))
        if microphone is None:
            missing.append(_("The microphone does not work now: the doctor will see you but not hear you."))
        return Capture(
            id=id,
            source="camera",
            title=title,
            body=(*missing, *body),
            video="self" if camera else "",
            level=level,
            action=_("Continue"),
        )

    async def meter() -> None:
        nonlocal loudest
        shown = -1.0
        while microphone is not None:
            await visit.clock.sleep(METER_SECONDS)
            loudest = max(loudest, microphone.level)
            level = min(1.0, round(microphone.level * METER_STEPS * 4) / METER_STEPS)
            if level != shown:
                shown = level
                visit.conversation.replace(page(level))

    if camera is not None:
        visit.set_video("self", camera.picture)
    tasks = [asyncio.create_task(meter()), asyncio.create_task(_drain(heard))]
    try:
        first = page(0.0 if microphone else None)
        await visit.conversation.exchange(first, Idle.QUESTION, back=visit.can_go_back)
        return [camera is not None, microphone is not None and loudest >= HEARD]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        visit.set_video("self", None)
        if camera is not None:
            await camera.stop()
        if microphone is not None:
            await microphone.stop()


async def _start_camera(visit: Visit) -> Camera | None:
    try:
        camera = visit.device(Role.CAMERA, Camera)
        await camera.start(1280, 720, 30)
    except DeviceError:
        return None
    return camera


async def _start_microphone(visit: Visit) -> tuple[Microphone | None, SoundQueue | None]:
    try:
        microphone = visit.device(Role.MICROPHONE, Microphone)
        return microphone, await microphone.start()
    except DeviceError:
        return None, None


async def _drain(sounds: SoundQueue | None) -> None:
    while sounds is not None and await sounds.get() is not None:
        pass


# ── what they share ───────────────────────────────────────────────────────────────────────────────────────────


async def _step(visit: Visit, base: str, name: str, run: Callable[[], Awaitable[Any]]) -> Any:
    """Run a step of several pages as one entry of the journal."""
    key = visit.journal.key(base)
    entry = visit.journal.replay(key)
    if entry is not None:
        return entry.value
    resumed = visit.journal.resumed(key, base)
    visit.current = key
    value = resumed.value if resumed is not None else await run()
    visit.journal.record(Entry(key, name, value, answer=value is not None, shape=base))
    return value


async def _page_or_device(
    visit: Visit, page: AnyPage, sources: Sequence[Callable[[], Awaitable[T]]], idle: Idle = Idle.QUESTION
) -> Answered | T:
    """Show a page until it is answered or one of the devices delivers or fails, whichever comes first.

    :param idle: ``NONE`` while a device works on the resident, who must sit still: it has a deadline of its own.
    """
    shown = asyncio.create_task(visit.conversation.exchange(page, idle, back=visit.can_go_back))
    readers = [asyncio.ensure_future(source()) for source in sources]
    try:
        done, _waiting = await asyncio.wait({shown, *readers}, return_when=asyncio.FIRST_COMPLETED)
        if shown in done:
            return shown.result()
        return next(reader for reader in readers if reader in done).result()
    finally:
        for task in (shown, *readers):
            task.cancel()
        await asyncio.gather(shown, *readers, return_exceptions=True)
