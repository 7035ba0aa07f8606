"""The journal of a visit: what was answered and fetched so far, in memory only.

Back is replay: the conversation is cancelled and run again over the journal less its last answer. Answers that were
taken back are kept as prefill for when their page comes again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One step that is done.

    :param key: names the step within the visit; the same step has the same key in each replay.
    :param name: what a Change link calls it.
    :param value: the result, JSON-able.
    :param answer: the resident saw a page for it, so Back stops there.
    :param shape: a digest of what the page offered; a kept answer counts only for the same offer.
    """

    key: str
    name: str
    value: Any
    answer: bool
    shape: str = ""


@dataclass(frozen=True)
class Kept:
    """An answer that was taken back.

    :param complete: False for what was only typed, not answered.
    """

    value: Any
    complete: bool
    shape: str


class Journal:
    """The steps of a visit, replayed and recorded."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._position = 0
        self._seen: Counter[str] = Counter()
        self._kept: dict[str, Kept] = {}
        self._resume_until = ""
        self._changed = ""

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def replaying(self) -> bool:
        """Whether the next step is one that was done before."""
        return self._position < len(self._entries)

    def begin(self) -> None:
        """Start a replay from the first step."""
        self._position = 0
        self._seen.clear()

    def key(self, base: str) -> str:
        """Return the key of the next step: its base and how often that came before in this run."""
        self._seen[base] += 1
        return f"{base}#{self._seen[base]}"

    def replay(self, key: str) -> Entry | None:
        """Return the entry of the next step if it is the one that was recorded there; otherwise None.

        Where the conversation took another way than the journal, the rest of the journal becomes prefill.
        """
        if not self.replaying:
            return None
        entry = self._entries[self._position]
        if entry.key != key:
            self._take_back(self._position)
            return None
        self._position += 1
        return entry

    def record(self, entry: Entry) -> None:
        """Add a step that is done."""
        self._entries.append(entry)
        self._position = len(self._entries)
        if entry.key == self._resume_until:
            self._resume_until = ""

    def foresee(self, key: str, name: str, value: Any) -> None:
        """Take an answer that was given before the first page was shown; Back leads to that page like to any other."""
        if not self._entries:
            self._entries.append(Entry(key, name, value, answer=True))

    def kept(self, key: str) -> Kept | None:
        """Return the answer to this step that was taken back or typed before."""
        return self._kept.get(key)

    def keep_draft(self, key: str, value: Any) -> None:
        """Keep what was typed or measured on a page that is left without Continue; None forgets it."""
        self._kept[key] = Kept(value, complete=False, shape="")

    def resumed(self, key: str, shape: str) -> Kept | None:
        """Return the kept answer that stands without being asked again, on the way back from a Change link."""
        if not self._resume_until:
            return None
        kept = self._kept.get(key)
        if key == self._changed:  # the one page that the resident asked to see
            return None
        if key == self._resume_until or kept is None or not kept.complete or kept.shape != shape:
            self._resume_until = ""
            return None
        return kept

    def can_go_back(self) -> bool:
        """Whether there is an answer to take back."""
        return any(entry.answer for entry in self._entries)

    def back(self) -> None:
        """Take back the last answer and all after it; the way back from a Change link ends here."""
        self.end_resume()
        for index in range(len(self._entries) - 1, -1, -1):
            if self._entries[index].answer:
                self._take_back(index)
                return

    def end_resume(self) -> None:
        """Ask every page again from here on: the resident has gone back on the way from a Change link."""
        self._resume_until = ""
        self._changed = ""

    def back_to_start(self, resume_until: str = "") -> None:
        """Take back everything.

        :param resume_until: key of the step until which complete answers stand again.
        """
        self._take_back(0)
        self._changed = ""
        self._resume_until = resume_until

    def keys(self, prefix: str) -> tuple[str, ...]:
        """Return the keys of the steps that are done and begin so, in their order."""
        return tuple(entry.key for entry in self._entries if entry.key.startswith(prefix))

    def change(self, name: str, resume_until: str) -> bool:
        """Take back the answer of that name; later ones stand again until the step ``resume_until``."""
        for index in range(len(self._entries) - 1, -1, -1):
            if self._entries[index].answer and self._entries[index].name == name:
                taken = self._entries[index]
                self._take_back(index)
                self._changed = taken.key
                self._resume_until = resume_until
                return True
        return False

    def _take_back(self, index: int) -> None:
        for entry in self._entries[index:]:
            self._kept[entry.key] = Kept(entry.value, complete=True, shape=entry.shape)
        del self._entries[index:]

    def wipe(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._kept.clear()
        self._seen.clear()
        self._resume_until = ""
        self._changed = ""
        self._position = 0
