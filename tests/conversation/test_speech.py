"""Pages are read aloud when the resident wishes, stop at any touch, and tell nobody what is private."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import numpy as np
import pytest
from numpy.typing import NDArray
from support.anything import Anything
from support.golden_pages import golden_pages

from tramkit.conversation.speech import parts_of, words_at
from tramkit.conversation.timeouts import Timeouts
from tramkit.testing.station import Running, station
from tramkit_hal.contracts.audio import SAMPLE_RATE
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.device.roles import Role
from tramkit_hal.drivers.espeak import Espeak
from tramkit_hal.sim.audio import SimSpeaker
from tramkit_hal.sim.voice import SimVoice
from tramkit_hal.ui.accessibility import describe
from tramkit_hal.ui.pages import (
    AnyPage,
    Ask,
    Bar,
    Capture,
    Choose,
    Control,
    Done,
    Fact,
    FieldView,
    Option,
    Read,
    Tell,
    View,
    Wait,
)
from tramkit_hal.words import Messages, verbatim

_ = Messages("tests")

CONTEXT = DeviceContext(Role.VOICE, SystemClock())


@contextlib.asynccontextmanager
async def reading_station(*, voice: bool = True) -> AsyncIterator[tuple[Running, SimSpeaker]]:
    """A station with espeak-ng and a loudspeaker; the resident stands before the menu."""
    speaker = SimSpeaker(SimSpeaker.Settings(), DeviceContext(Role.SPEAKER, SystemClock()))
    voices = [Espeak(Espeak.Settings(), CONTEXT)] if voice else []
    bound = {Role.SPEAKER: [speaker], Role.VOICE: voices}
    async with station([Anything()], clock=SystemClock(), bound=bound) as running:
        await running.menu()
        yield running, speaker


async def heard(speaker: SimSpeaker, *, loud: bool) -> None:
    """Wait until the loudspeaker speaks, or is silent."""
    async with asyncio.timeout(15):
        while (speaker.level > 0.01) != loud or (not loud and speaker.shown()):
            await asyncio.sleep(0.02)


async def test_listen_reads_the_page_and_a_second_press_stops_it() -> None:
    async with reading_station() as (running, speaker):
        running.screen.press(Bar.LISTEN)
        await heard(speaker, loud=True)
        assert running.screen.view.listening
        running.screen.press(Bar.LISTEN)
        await heard(speaker, loud=False)
        await running.screen.until(lambda page: not running.screen.view.listening)


async def test_any_touch_interrupts_and_the_next_page_is_read() -> None:
    async with reading_station() as (running, speaker):
        running.screen.press(Bar.LISTEN)
        await heard(speaker, loud=True)
        running.screen.touch()
        await heard(speaker, loud=False)
        running.screen.press(Bar.HELP)
        await running.page("help")
        await heard(speaker, loud=True)


async def test_headphones_begin_to_read_and_pulling_them_ends_it() -> None:
    async with reading_station() as (_running, speaker):
        await speaker.control("headset", "on")
        await heard(speaker, loud=True)
        await speaker.control("headset", "off")
        await heard(speaker, loud=False)


async def test_without_a_voice_listen_is_not_offered() -> None:
    async with reading_station(voice=False) as (running, _speaker):
        assert Bar.LISTEN not in running.screen.view.bar


async def test_the_next_resident_is_not_read_to_and_has_the_volume_of_the_settings() -> None:
    async with reading_station() as (running, speaker):
        running.screen.press(Bar.LISTEN)
        await heard(speaker, loud=True)
        await speaker.set_volume(1.0)
        running.screen.press(Bar.START_OVER)
        await running.page("leave")
        running.screen.answer("leave")
        await running.attract()
        assert speaker.volume == SimSpeaker.Settings().volume
        await running.menu()
        assert not running.screen.view.listening
        assert speaker.shown() == ""


def test_what_is_a_residents_own_is_said_only_into_headphones() -> None:
    page = golden_pages()["check"]
    assert "Nguyễn Thị Hương Giang" in " ".join(parts_of(page, "vi", private=True))
    said = " ".join(parts_of(page, "vi", private=False))
    assert "Hương Giang" not in said
    assert "không chín không" not in said
    assert "Họ và tên: có trên màn hình" in said


NAME = "Hương Giang"
MINE = Option(value="mine", label=_("Still me: {name}", name=verbatim(NAME)), hint=verbatim(NAME))
FIELD = FieldView(name="who", control=Control.CHOICE, label=_("For {name}", name=verbatim(NAME)), options=(MINE,))
FACT = Fact(label=_("Who"), value=verbatim(NAME))


@pytest.mark.parametrize(
    "page",
    [
        Choose(title=_("Who goes on?"), options=(MINE,)),
        Choose(title=_("Who, {name}?", name=verbatim(NAME)), body=(verbatim(NAME),), options=(MINE,)),
        Ask(title=_("Who?"), fields=(FIELD.model_copy(update={"hint": verbatim(NAME)}),), options=(MINE,)),
        Ask(title=_("Who?"), fields=(FIELD.model_copy(update={"error": verbatim(NAME)}),)),
        Tell(title=_("Told"), facts=(FACT,), options=(MINE,)),
        Wait(title=_("Waiting"), facts=(FACT,), options=(MINE,)),
        Capture(title=_("Read"), source="paper", result=(FACT,), options=(MINE,)),
        Done(title=_("Done"), facts=(FACT,), steps=(_("Wait for {name}", name=verbatim(NAME)),)),
        Read(title=_("Read this"), body=(_("Dear {name}", name=verbatim(NAME)),)),
    ],
    ids=lambda page: page.kind,
)
def test_a_name_is_not_said_wherever_on_a_page_it_stands(page: AnyPage) -> None:
    view = View(page=page, visit="v1", language="en")
    items = [item.action for item in describe(view) if item.action]
    said = [*parts_of(page, "en", private=True), *(words_at(view, at, private=True) for at in items)]
    assert NAME in " ".join(said)
    for item in describe(view):
        assert NAME not in words_at(view, item.action, private=False)
    assert NAME not in " ".join(parts_of(page, "en", private=False))


async def test_no_part_of_any_page_takes_longer_than_twelve_seconds() -> None:
    voice = Espeak(Espeak.Settings(), CONTEXT)
    await voice.open()
    long: list[str] = []
    for language in ("vi", "en"):
        parts = {part for page in golden_pages().values() for part in parts_of(page, language, private=True)}
        for part in sorted(parts):
            if len(part) > 100 and (seconds := length(await voice.say(part, language))) > 12:
                long.append(f"{language}: {seconds:.1f} s: {part}")
    await voice.close()
    assert long == [], "\n".join(long)


def length(samples: NDArray[np.int16]) -> float:
    """Return seconds."""
    return len(samples) / SAMPLE_RATE


@pytest.mark.parametrize(("language", "words"), [("vi", "Xin chào ông bà"), ("en", "Good morning")])
async def test_the_voice_speaks_both_languages(language: str, words: str) -> None:
    voice = Espeak(Espeak.Settings(), CONTEXT)
    await voice.open()
    samples = await voice.say(words, language)
    assert 0.5 < length(samples) < 4
    assert np.abs(samples).max() > 3000, "it can be heard"
    await voice.close()


async def test_where_one_voice_fails_in_the_middle_of_a_page_the_next_one_goes_on() -> None:
    speaker = SimSpeaker(SimSpeaker.Settings(), DeviceContext(Role.SPEAKER, SystemClock()))
    first = SimVoice(SimVoice.Settings(), CONTEXT)
    bound = {Role.SPEAKER: [speaker], Role.VOICE: [first, Espeak(Espeak.Settings(), CONTEXT)]}
    async with station([Anything()], clock=SystemClock(), bound=bound) as running:
        await running.menu()
        await first.control("fault", "faulty")
        running.screen.press(Bar.LISTEN)
        await heard(speaker, loud=True)


async def test_the_warning_counts_down_with_tones_that_a_touch_ends_even_without_a_voice() -> None:
    speaker = SimSpeaker(SimSpeaker.Settings(), DeviceContext(Role.SPEAKER, SystemClock()))
    soon = Timeouts(menu=1, countdown=30, farewell=0.1)
    async with station([Anything()], clock=SystemClock(), bound={Role.SPEAKER: [speaker]}, timeouts=soon) as running:
        await running.menu()
        await running.page("timeout")
        await heard(speaker, loud=True)
        running.screen.touch()
        await running.page("choose")
        assert speaker.shown() == ""
