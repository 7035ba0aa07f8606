"""Reads pages aloud: the words of a page, a voice, the loudspeaker. What is a resident's own waits for headphones."""

from __future__ import annotations

import asyncio
import logging
import re
from typing import Any, cast

import numpy as np

from tramkit.station.devices import Devices
from tramkit_hal.contracts.audio import PIECE, SAMPLE_RATE, Sound, Speaker
from tramkit_hal.contracts.voice import Voice
from tramkit_hal.data import Data
from tramkit_hal.device.clock import Clock
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.ui import labels
from tramkit_hal.ui.accessibility import describe
from tramkit_hal.ui.keyboard import layouts
from tramkit_hal.ui.pages import AnyPage, Call, Capture, Check, Fact, Pay, View
from tramkit_hal.ui.verbalise import verbalise
from tramkit_hal.words import Messages, Text, render

_ = Messages("tramkit")
_log = logging.getLogger(__name__)

_CLAUSES = re.compile(r"(?<=,) (?=\S)")
BREATH_WORDS = 24
"""Longer sentences are parted at their commas."""

_SENTENCES = re.compile(r"(?<=[.?!:;]) (?=\S)")

PIECE_SECONDS = PIECE / SAMPLE_RATE

COUNTING_EVERY, LAST_SECONDS = 5.0, 5.0
"""Seconds from one tone of a countdown to the next; in the last seconds there is one each second."""

_TIME = np.arange(int(0.16 * SAMPLE_RATE)) / SAMPLE_RATE
TONE = (4000 * np.sin(2 * np.pi * 660 * _TIME) * np.hanning(len(_TIME))).astype(np.int16)
"""A soft tone: an eighth of full scale, swelling and fading, so that it alarms nobody."""


class Speech:
    """The station's reading voice, for one visit.

    :ivar private: headphones are plugged in: nobody else hears.
    """

    def __init__(self, devices: Devices, clock: Clock) -> None:
        self._devices = devices
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._counting = False
        self.private = False

    @property
    def available(self) -> bool:
        """Whether there are a voice and a loudspeaker that work and that no call uses."""
        return bool(self._voices("")) and self._speaker() is not None

    @property
    def speaking(self) -> bool:
        """Whether something is being said now."""
        return self._task is not None and not self._task.done() and not self._counting

    def say(self, page: AnyPage, language: str) -> None:
        """Begin to read a page, instead of what is being read."""
        if isinstance(page, Call):
            self.hush()
        else:
            self._say(parts_of(page, language, private=self.private), language)

    def say_where(self, view: View, at: str) -> None:
        """Begin to say what a keypad has moved to, instead of what is being read."""
        if words := words_at(view, at, private=self.private):
            self._say([verbalise(words, view.language)], view.language)

    def count_down(self, seconds: float) -> None:
        """Begin to sound a countdown in tones, until it is hushed or over; no voice is needed."""
        before = self._task
        self.hush()
        self._counting = True
        self._task = asyncio.create_task(self._count(seconds, before))

    def _say(self, parts: list[str], language: str) -> None:
        before = self._task
        self.hush()
        self._task = asyncio.create_task(self._read(parts, language, before))

    def hush(self) -> None:
        """Stop in the middle of the word."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._counting = False

    def _voices(self, language: str) -> list[Voice]:
        """Return the voices that speak a language, the operator's first choice first; empty: any language."""
        voices = self._devices.usable(Role.VOICE, Voice)
        return [each for each in voices if not language or language in each.capabilities.languages]

    def _speaker(self) -> Speaker | None:
        """Return a loudspeaker through which nobody speaks in a call now."""
        speakers = self._devices.usable(Role.SPEAKER, Speaker)
        return next((each for each in speakers if each.owner is None or not each.playing), None)

    async def _read(self, parts: list[str], language: str, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait({before})  # it gives the loudspeaker back
        speaker = self._speaker()
        if speaker is None:
            return
        try:
            await speaker.start()
            try:
                for part in parts:
                    await self._play(speaker, await self._sound(part, language))
            finally:
                await speaker.stop()
        except DeviceError as error:
            _log.warning("page not read aloud", extra={"trouble": error.trouble.value})

    async def _sound(self, part: str, language: str) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
        """Return words as sound, by the first voice that can say them.

        :raises DeviceError: there is none.
        """
        tongues = {language_of(part, voice, language) for voice in self._voices("")}
        voices = self._voices("vi" if "vi" in tongues else language) or self._voices(language)
        for number, voice in enumerate(voices, 1):
            try:
                return await voice.say(part, language_of(part, voice, language))
            except DeviceError as error:
                if number == len(voices):
                    raise
                _log.warning("another voice speaks", extra={"trouble": error.trouble.value})
        raise DeviceError(Trouble.UNSUPPORTED)

    async def _count(self, seconds: float, before: asyncio.Task[None] | None) -> None:
        ends = self._clock.monotonic() + seconds
        if before is not None:
            await asyncio.wait({before})  # it gives the loudspeaker back
        speaker = self._speaker()
        if speaker is None:
            return
        try:
            await speaker.start()
            try:
                while (left := ends - self._clock.monotonic()) > 0:
                    await self._play(speaker, TONE)
                    await self._clock.sleep(1.0 if left <= LAST_SECONDS else COUNTING_EVERY)
            finally:
                await speaker.stop()
        except DeviceError as error:
            _log.warning("countdown not heard", extra={"trouble": error.trouble.value})

    async def _play(self, speaker: Speaker, samples: np.ndarray[tuple[int], np.dtype[np.int16]]) -> None:
        began = self._clock.monotonic()
        for number, at in enumerate(range(0, len(samples), PIECE)):
            piece = np.zeros(PIECE, dtype=np.int16)
            piece[: len(samples) - at] = samples[at : at + PIECE]
            speaker.play(Sound(piece, self._clock.monotonic()))
            due = began + (number + 1) * PIECE_SECONDS
            if (wait := due - self._clock.monotonic()) > 0:
                await self._clock.sleep(wait)


_VIETNAMESE = re.compile("[ăâđêôơưĂÂĐÊÔƠƯ\u1ea0-\u1ef9]")


def language_of(words: str, voice: Voice, language: str) -> str:
    """Return the language words are said in: Vietnamese ones, such as a name on an English page, in Vietnamese."""
    return "vi" if _VIETNAMESE.search(words) and "vi" in voice.capabilities.languages else language


def parts_of(page: AnyPage, language: str, *, private: bool) -> list[str]:
    """Return what is said of a page, in pieces between which one may breathe.

    :param private: only the resident hears: else what is about them is not said, whatever page it stands on.
    """
    if not private:
        page = _discreet(page)
    said = [verbalise(render(text, language), language) for text in (page.title, *page.parts())]
    ended = [part if part[-1] in ".?!:" else f"{part}." for part in said if part]
    return [piece for part in ended for sentence in _SENTENCES.split(part) for piece in _breaths(sentence)]


def _breaths(sentence: str) -> list[str]:
    """Return a sentence in pieces that one breath carries, parted at its commas where it is long."""
    pieces: list[str] = []
    for clause in _CLAUSES.split(sentence):
        if pieces and len(f"{pieces[-1]} {clause}".split()) <= BREATH_WORDS:
            pieces[-1] = f"{pieces[-1]} {clause}"
        else:
            pieces.append(clause)
    return pieces


_KEYS: dict[str, Text] = {
    layouts.SPACE: labels.SPACE,
    layouts.DELETE: labels.DELETE,
    layouts.SHIFT: labels.SHIFT,
    layouts.WAY: _("Way of typing"),
}


def words_at(view: View, at: str, *, private: bool) -> str:
    """Return what is said of one thing on the page; empty: it is not there.

    :param at: its action, as the screen describes it, ``#1`` the second with that action; an answer to a question of
        a form is ``question=answer``, a key of the on-screen keyboard ``key:a``.
    :param private: only the resident hears: else a value that stands in a field is not said.
    """
    if at.startswith("key:"):
        key = at.removeprefix("key:")
        return render(_KEYS[key], view.language) if key in _KEYS else layouts.TONE_NAMES.get(key, key)
    at, _number, alike = at.partition("#")
    skip = int(alike) if alike.isdecimal() else 0
    if not private:
        note = None if view.note is None else _unless_personal(view.note)
        view = view.model_copy(update={"page": _discreet(view.page), "note": note})
    question, picks, answer = at.partition("=")
    question_met = not picks
    for item in describe(view):
        question_met = question_met or (item.role == "field" and item.action == question)
        if question_met and item.action == (answer if picks else at):
            if skip:
                skip -= 1
                continue
            secret = item.role in ("field", "fact") and not private
            chosen = render(_("chosen"), view.language) if item.state == "selected" else ""
            return ", ".join(each for each in (item.name, "" if secret else item.value, chosen) if each)
    return ""


def _discreet(page: AnyPage) -> AnyPage:
    """Return a page without what is about the resident, wherever on it that stands.

    The facts of Check and Capture are about nothing else. Whom to pay, and with which words, is about the payee.
    """
    match page:
        case Pay():
            return page
        case Check():
            page = page.model_copy(update={"facts": _hidden(page.facts)})
        case Capture():
            page = page.model_copy(update={"result": _hidden(page.result)})
        case _:
            pass
    return _without_personal(page)


def _without_personal(held: Any) -> Any:
    """Return data with every text in it that is about the resident left out; a field's example is nobody's."""
    match held:
        case Text():
            return _unless_personal(held)
        case tuple():
            return tuple(_without_personal(each) for each in cast("tuple[Any, ...]", held))
        case Data():
            held_in = {name: getattr(held, name) for name in type(held).model_fields if name != "example"}
            told = {name: _without_personal(value) for name, value in held_in.items()}
            changed = {name: value for name, value in told.items() if value is not held_in[name]}
            return held.model_copy(update=changed) if changed else held
        case _:
            return held


def _unless_personal(text: Text) -> Text:
    """Return a text without what is about the resident: all of it, or the values put into it."""
    if not text.is_personal:
        return text
    if text.personal or not text.domain:
        return _("is on the screen")
    kept = {name: _unless_personal(value) if isinstance(value, Text) else value for name, value in text.params.items()}
    return text.model_copy(update={"params": kept})


def _hidden(facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
    return tuple(fact.model_copy(update={"value": _("is on the screen")}) for fact in facts)
