"""The papers of a dossier: asked for one by one, given here or brought to the counter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from tramkit import Attachment, Fact, Messages, Text, Visit
from tramkit_procedures.catalogue import Paper

_ = Messages("tramkit_procedures")


@dataclass(frozen=True)
class Given:
    """A paper and what was given of it.

    :param files: none: it is brought to the counter.
    """

    paper: Paper
    files: tuple[Attachment, ...]

    @property
    def told(self) -> JsonValue:
        """What the authority is told of it."""
        how = "electronic" if self.files else "counter"
        return {"id": self.paper.id, "how": how, "files": [each.name for each in self.files]}

    @property
    def fact(self) -> Fact:
        """How it stands on the page on which everything is looked over."""
        given = _("Attached, files: {count}", count=len(self.files)) if self.files else _("You bring it to the counter")
        return Fact(label=self.paper.name.text, value=given, change=_step(self.paper))


async def ask_for(visit: Visit, papers: Sequence[Paper]) -> list[Given]:
    """Ask for each paper that the station does not make itself."""
    return [
        Given(each, await visit.papers(each.name.text, _("The authority needs this paper."), name=_step(each)))
        for each in papers
        if not each.made_here
    ]


def files_of(given: Sequence[Given]) -> tuple[Attachment, ...]:
    """Return all files, in order."""
    return tuple(file for each in given for file in each.files)


def to_bring(given: Sequence[Given]) -> list[Text]:
    """Return the names of the papers that are brought to the counter."""
    return [each.paper.name.text for each in given if not each.files]


def _step(paper: Paper) -> str:
    return f"paper-{paper.id}"
