"""What was given, shown to the resident page by page before it is used."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tramkit.asking.idle import Idle
from tramkit.conversation.station_visit import StationVisit
from tramkit.papers.problem import Made
from tramkit.papers.still import sheet_of
from tramkit_hal.ui.pages import Capture, Fact, Option
from tramkit_hal.video import NewestFrame
from tramkit_hal.words import Messages, Text

_ = Messages("tramkit")

VIDEO = "paper"
PAGES_AT_ONCE = 3
"""Pages that stand side by side and can still be read."""
ON, AGAIN, MORE, USE, BEFORE = "continue", "again", "more", "use", "before"


async def look_over(visit: StationVisit, files: Sequence[Made], *, more: bool) -> str:
    """Show every page of what was given; return ``continue``, ``again`` or ``more``.

    :param more: whether another page may be added.
    """
    pictures = [each for file in files for each in _pictures(file)]
    last = max(0, -(-len(pictures) // PAGES_AT_ONCE) - 1)
    sheet = 0
    while True:
        choice = await _show(visit, files, pictures, sheet, last, more=more)
        if choice == ON and sheet < last:
            sheet += 1
        elif choice == BEFORE:
            sheet -= 1
        else:
            return ON if choice == USE else choice


def _pictures(file: Made) -> tuple[bytes, ...]:
    return (file.data,) if file.type == "image/jpeg" else file.previews


async def _show(
    visit: StationVisit, files: Sequence[Made], pictures: Sequence[bytes], sheet: int, last: int, *, more: bool
) -> str:
    """Show one sheet of pages; the answer is as the page gives it."""
    shown = pictures[sheet * PAGES_AT_ONCE : (sheet + 1) * PAGES_AT_ONCE]
    page = Capture(
        id=f"{visit.page_id(visit.current)}-seen-{len(files)}" + (f"-{sheet + 1}" if sheet else ""),
        source="paper",
        title=_("Can everything be read?"),
        body=_said(files, len(pictures), sheet, len(shown)),
        video=VIDEO if shown else "",
        result=tuple(_fact(number, each) for number, each in enumerate(files, start=1)),
        options=_options(sheet, last, more=more),
        action=_("Yes, use it") if sheet == last else _("See the next pages"),
    )
    still = NewestFrame()
    still.put(await asyncio.to_thread(sheet_of, shown), "bgr24", 0.0)
    visit.set_video(VIDEO, still)
    try:
        answered = await visit.exchange(page, Idle.READING)
    finally:
        visit.set_video(VIDEO, None)
        still.close()
    return answered.choice


def _options(sheet: int, last: int, *, more: bool) -> tuple[Option, ...]:
    found = [Option(value=AGAIN, label=_("No, do it again"))]
    if sheet < last:
        found.append(Option(value=USE, label=_("Use it without looking at the other pages")))
    if sheet:
        found.append(Option(value=BEFORE, label=_("See the pages before")))
    if more and sheet == last:
        found.append(Option(value=MORE, label=_("Yes, and there is another page")))
    return tuple(found)


def _said(files: Sequence[Made], pictures: int, sheet: int, shown: int) -> tuple[Text, ...]:
    """Say which pages these are, what cannot be shown of what will be sent, and what will not be sent."""
    said: list[Text] = []
    if pictures > PAGES_AT_ONCE:
        first = sheet * PAGES_AT_ONCE + 1
        said.append(_("Pages {first} to {last} of {count}", first=first, last=first + shown - 1, count=pictures))
    if any(each.type != "image/jpeg" and not each.previews for each in files):
        said.append(_("The pages of the PDF cannot be shown here. Please be sure that it is the right one."))
    if missing := sum(each.missing for each in files):
        said.append(
            _.plural(
                "A picture in the PDF is missing or not whole. Please look whether everything can be read.",
                "{n} pictures in the PDF are missing or not whole. Please look whether everything can be read.",
                missing,
            )
        )
    if left_out := sum(each.left_out for each in files):
        said.append(
            _.plural(
                "A file that is attached to the PDF is not sent with it.",
                "{n} files that are attached to the PDF are not sent with it.",
                left_out,
            )
        )
    return tuple(said)


def _fact(number: int, made: Made) -> Fact:
    if made.type == "image/jpeg":
        return Fact(label=_("Page {number}", number=number), value=_("Picture"))
    return Fact(label=_("File {number}", number=number), value=_("PDF, pages: {count}", count=made.pages))
