"""What ward and city tell: data of ``information.toml``, of an operator's own file, or of the ward's feed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

from pydantic import Field, model_validator

from tramkit import (
    Data,
    DataFile,
    Dated,
    DatedFile,
    Fact,
    Gateway,
    GatewayError,
    Messages,
    Option,
    Service,
    Text,
    Tone,
    Visit,
    Words,
    bilingual,
    verbatim,
)

_ = Messages("tramkit_procedures")
_log = logging.getLogger(__name__)

BUNDLED = Path(__file__).parent / "information.toml"
MAX_FILE = 4 * 1024 * 1024
MAX_TOPICS = 12
MAX_READ = 30
"""Entries that one resident reads, at most: the journal of a visit holds them all."""
MAX_SHOWN = 40
"""Entries of a topic that can be chosen from; the first of the file."""

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$")]


class Paragraph(Data):
    """Running words in both languages."""

    vi: str = Field(min_length=1, max_length=600)
    en: str = Field(min_length=1, max_length=600)


class Topic(Data):
    """What entries are about."""

    id: Id
    name: Words


class Entry(Dated):
    """Something that is told, from one day to another.

    :param when, place, phone: shown where they are given.
    :param link: shown as a QR code.
    """

    id: Id
    topic: Id
    title: Words
    paragraphs: tuple[Paragraph, ...] = Field(min_length=1, max_length=8)
    when: Words | None = None
    place: Words | None = None
    phone: str = Field(default="", max_length=30)
    link: str = Field(default="", max_length=300, pattern=r"^(https?://[\x21-\x7e]+)?$")

    @property
    def facts(self) -> tuple[Fact, ...]:
        """When and where, for the screen."""
        told = (
            (_("When"), self.when.text if self.when else None),
            (_("Place"), self.place.text if self.place else None),
            (_("Phone"), verbatim(self.phone) if self.phone else None),
            (_("Source"), verbatim(self.source)),
        )
        return tuple(Fact(label=label, value=value) for label, value in told if value is not None)


class Information(DatedFile):
    """All that is told."""

    topics: tuple[Topic, ...] = Field(min_length=1, max_length=MAX_TOPICS)
    entries: tuple[Entry, ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> Information:
        topics = [each.id for each in self.topics]
        if len(set(topics)) < len(topics):
            raise ValueError("topics: the same id stands there twice")
        ids = [each.id for each in self.entries]
        if len(set(ids)) < len(ids):
            raise ValueError("entries: the same id stands there twice")
        for each in self.entries:
            if each.topic not in topics:
                raise ValueError(f"entries: {each.id} is of the topic {each.topic}, which does not stand there")
        return self

    def of(self, topic: str, on: date) -> Sequence[Entry]:
        """Return the entries of a topic that are told on a day."""
        return [each for each in self.entries if each.topic == topic and each.in_force(on)][:MAX_SHOWN]


Part = TypeVar("Part", Topic, Entry)


class Feed:
    """The ward's feed: JSON of the same shape as the file.

    :param url: of it.
    """

    def __init__(self, url: str) -> None:
        self._gateway = Gateway(url, "the ward's feed")

    async def information(self) -> Information:
        """Return what it tells now.

        :raises GatewayError: no answer, or none that can be understood.
        """
        status, told = await self._gateway.ask("GET", "/information")
        topics = _understood(Topic, told.get("topics"))
        if status != 200 or not topics:
            raise GatewayError("the ward's feed cannot be understood")
        names = {each.id for each in topics}
        entries = [each for each in _understood(Entry, told.get("entries")) if each.topic in names]
        return Information(topics=tuple(topics[:MAX_TOPICS]), entries=tuple(entries))


def _understood(model: type[Part], told: Any) -> list[Part]:
    """Return what can be understood of a list, each id once: one wrong notice must not hide the others.

    Members that this version does not know are passed over.
    """
    found: dict[str, Part] = {}
    parts = cast("list[Any]", told) if isinstance(told, list) else []
    for each in parts:
        try:
            known = {name: value for name, value in dict(each).items() if name in model.model_fields}
            part = model.model_validate(known)
            found.setdefault(part.id, part)
        except (TypeError, ValueError):
            continue
    if len(found) < len(parts):
        _log.warning("parts of the ward's feed passed over", extra={"parts": len(parts) - len(found)})
    return list(found.values())


class WardInformation(Service):
    """Shows what ward and city tell.

    :param file: what is told while the feed does not answer; None: the plugin's examples.
    :param feed: None: there is none.
    """

    id = "procedures.information"

    def __init__(self, file: Information | None = None, feed: Feed | None = None) -> None:
        self._file = file or bundled()
        self._feed = feed

    async def serve(self, visit: Visit) -> None:
        information = await visit.fetch(self._information)
        day = visit.today()
        topics = [each for each in information.topics if information.of(each.id, day)]
        if not topics:
            await visit.tell(_("Nothing is announced now"), _("Please come back another day."), tone=Tone.PLAIN)
            return
        options = [Option(value=each.id, label=each.name.text) for each in topics]
        for number in range(MAX_READ):
            topic = await visit.choose(_("What would you like to know about?"), options, name=f"topic {number}")
            entries = information.of(topic, day)
            named = [Option(value=each.id, label=each.title.text, hint=_hint(each)) for each in entries]
            chosen = await visit.choose(_("Which of these?"), named, name=f"entry {number}")
            if not await _read(visit, next(each for each in entries if each.id == chosen), number):
                return

    async def _information(self) -> Information:
        """Return what is told now; a feed that does not answer must not keep the resident from what is known."""
        if self._feed is None:
            return self._file
        try:
            return await self._feed.information()
        except GatewayError:
            return self._file


async def _read(visit: Visit, entry: Entry, number: int) -> bool:
    """Show an entry; return whether the resident wants to see another."""
    more = await visit.tell(
        entry.title.text,
        *(bilingual(vi=each.vi, en=each.en) for each in entry.paragraphs),
        facts=entry.facts,
        codes=(entry.link,) if entry.link else (),
        options=[Option(value="more", label=_("See something else"))],
        action=_("Finish"),
    )
    return more == "more" and number < MAX_READ


def _hint(entry: Entry) -> Text | None:
    """Return what tells an entry from the next one beside its title: when, else where."""
    words = entry.when or entry.place
    return words.text if words is not None else None


FILE = DataFile(Information, BUNDLED)
read_information, bundled = FILE.read, FILE.bundled
