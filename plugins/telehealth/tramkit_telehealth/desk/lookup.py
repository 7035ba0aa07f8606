"""``/search``: the type-ahead of the doctor's page, over ICD-10 codes and medicines, with or without accents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from aiohttp import web

from tramkit_telehealth.desk.accounts import Accounts
from tramkit_telehealth.desk.lists import Lists
from tramkit_telehealth.desk.medicine_names import plain, skeleton
from tramkit_telehealth.desk.sign_in import COOKIE

MAX_HITS = 12
MAX_QUERY = 60


@dataclass(frozen=True)
class Entry:
    """Something that can be found.

    :param value: what is put into the field.
    :param names: what stands beside it, by language.
    :param words: by what it is found: each a word without accents, or its skeleton.
    """

    value: str
    names: dict[str, str]
    words: tuple[str, ...]


class Lookup:
    """The lists as they are searched; a query's words must each begin a word of an entry."""

    def __init__(self, lists: Lists, accounts: Accounts) -> None:
        self._lists = lists
        self._accounts = accounts

    def routes(self) -> list[web.RouteDef]:
        """Return what is served."""
        return [web.get("/search", self._search)]

    async def _search(self, request: web.Request) -> web.Response:
        doctor = await self._accounts.doctor_of(request.cookies.get(COOKIE, ""))
        if doctor is None or await self._accounts.kept_out(doctor):
            raise web.HTTPUnauthorized(text="Sign in first.")
        kind, query = request.query.get("kind", ""), request.query.get("q", "")[:MAX_QUERY]
        if kind not in ("icd10", "medicine"):
            raise web.HTTPBadRequest(text="kind: icd10 or medicine")
        hits = self.conditions(query) if kind == "icd10" else self.medicines(query)
        return web.json_response([{"value": each.value, **each.names} for each in hits])

    def conditions(self, query: str) -> list[Entry]:
        """Return the ICD-10 codes that a query means, those whose code begins with it first."""
        return _found(query, self._conditions)

    def medicines(self, query: str) -> list[Entry]:
        """Return the medicines that a query means; a brand says what it is."""
        return _found(query, self._medicines)

    @cached_property
    def _conditions(self) -> tuple[Entry, ...]:
        return tuple(
            Entry(
                each.code,
                {"vi": each.vi, "en": each.en or each.vi},
                (each.code.lower(), each.code.lower().replace(".", ""), *_words(f"{each.vi} {each.en}")),
            )
            for each in self._lists.conditions
        )

    @cached_property
    def _medicines(self) -> tuple[Entry, ...]:
        substances = [each for part in self._lists.medicines.classes for each in part.substances]
        entries = [
            Entry(each.capitalize(), self._about(each), _words(each)) for each in sorted(substances, key=str.lower)
        ]
        for name, parts in sorted(self._lists.medicines.names.items()):
            made_of = " + ".join(parts)
            entries.append(Entry(name.capitalize(), {"vi": made_of, "en": made_of}, _words(name)))
        return tuple(entries)

    def _about(self, substance: str) -> dict[str, str]:
        part = self._lists.classes.get(substance)
        return {"vi": part.vi, "en": part.en} if part else {"vi": "", "en": ""}


def _words(text: str) -> tuple[str, ...]:
    words = plain(text).split()
    return tuple(dict.fromkeys([*words, *(skeleton(word) for word in words)]))


def _found(query: str, entries: Iterable[Entry]) -> list[Entry]:
    asked = plain(query.replace(".", "")).split()
    if not asked:
        return []
    hits: list[tuple[int, Entry]] = []
    for entry in entries:
        if all(any(word.startswith((each, skeleton(each))) for word in entry.words) for each in asked):
            first = entry.words[0].replace(".", "").startswith(asked[0])
            hits.append((0 if first else 1, entry))
    hits.sort(key=lambda hit: hit[0])
    return [entry for _rank, entry in hits[:MAX_HITS]]
