"""What a resident is told of each card of the corpus, and the table of it in docs/identity-card.md."""

from __future__ import annotations

from pathlib import Path

from tramkit.identity import chip
from tramkit_hal.card.passive import Flaw
from tramkit_hal.device.errors import Trouble
from tramkit_hal.sim.hostile_cards import HOSTILE, OddCard
from tramkit_hal.words import Messages, Text, render

_ = Messages("tramkit")
PAGE = Path(__file__).parents[2] / "docs" / "identity-card.md"
BEGIN, END = "<!-- each hostile card: python -m support.hostile_words -->\n", "<!-- end -->\n"
UNREADABLE = _("The card could not be read. Please lift it and place it again.")


def told(odd: OddCard) -> Text:
    """Return what a resident is told who lays that card."""
    if odd.name == "DG1 changed":  # its zone is no zone any more: nothing of it can be shown
        return UNREADABLE
    if isinstance(odd.ends, Flaw):
        return chip.WORDS.get(odd.ends, chip.NOT_GENUINE)
    assert odd.ends in (Trouble.UNREADABLE, Trouble.ACCESS_REFUSED)
    return UNREADABLE if odd.ends is Trouble.UNREADABLE else Trouble.ACCESS_REFUSED.words


def table() -> str:
    """Return the table, by what is told."""
    rows: dict[str, list[str]] = {}
    for odd in HOSTILE:
        said = f"{render(told(odd), 'vi')} | {render(told(odd), 'en')}"
        rows.setdefault(said, []).append("garbage" if odd.name.startswith("garbage") else odd.name)
    lines = [f"| {'; '.join(dict.fromkeys(names))} | {said} |" for said, names in rows.items()]
    return "\n".join(["| card | the resident reads | in English |", "|---|---|---|", *lines]) + "\n"


if __name__ == "__main__":
    before, _old, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(before + BEGIN + table() + END + rest.partition(END)[2], encoding="utf-8")
