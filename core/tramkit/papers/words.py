"""What the resident is told about their papers, on the phone and on the station's screen."""

from __future__ import annotations

from collections.abc import Mapping

from tramkit.papers.content import LEAST_PIXELS, MOST_PAGES, Problem
from tramkit_hal.words import Messages, Text

_ = Messages("tramkit")

PROBLEMS: Mapping[Problem, Text] = {
    Problem.EMPTY: _("No picture was chosen."),
    Problem.UNKNOWN: _("That is neither a picture nor a PDF. Please send a photo of the paper."),
    Problem.ARCHIVE: _("That is a packed file or an office document. Please send a photo of the paper, or a PDF."),
    Problem.HEIC: _(
        "This picture is in the HEIC format, which cannot be read here. Please take a screenshot of it, or send JPEG."
    ),
    Problem.BROKEN: _("This file is damaged or incomplete. Please take the photo again."),
    Problem.PIXELS: _("This picture has too many pixels. Please take an ordinary photo of the paper."),
    Problem.SMALL: _(
        "This picture is too small to be read: its shorter side has fewer than {count} pixels.", count=LEAST_PIXELS
    ),
    Problem.LOCKED: _("This PDF is locked with a password. Please send one without."),
    Problem.PAGES: _(
        "This PDF has more than {count} pages. Please send only the pages that are asked for.", count=MOST_PAGES
    ),
    Problem.PACKED: _("This file unpacks to far more than it seems, so it was not opened."),
    Problem.HARD: _("This file could not be opened safely. Please send a photo of the paper."),
    Problem.LARGE: _("This file is too large. Please send an ordinary photo of the paper."),
    Problem.MUCH: _("That is too much at once. Please send fewer or smaller pictures."),
    Problem.CUT_OFF: _("The sending stopped midway. Please send it again."),
}
"""Why a file is not taken, and what to do instead."""

PHONE_TITLE = _("Send a paper to the citizen station")
PHONE_HOW = _("Take a photo of the paper or choose one, then press Send.")
PHONE_HOW_SEVERAL = _("Take a photo of the paper or choose one, then press Send. You may choose several.")
PHONE_CHOOSE = _("Photo or PDF")
PHONE_SEND = _("Send to the station")
PHONE_ONE = _("One file of at most {size} MB. The place stored in a photo is removed.", size="{size}")
PHONE_SEVERAL = _(
    "At most {count} files, {size} MB each. The place stored in a photo is removed.", count="{count}", size="{size}"
)
PHONE_SENT = _("The station has it")
PHONE_SENT_HOW = _("Please look at the station's screen. You can close this page.")
PHONE_GONE = _("This link is no longer valid")
PHONE_GONE_HOW = _("Please scan the code on the station's screen again.")
PHONE_TAKEN = _("This link was opened on another phone")
PHONE_TAKEN_HOW = _("Each code works on one phone. Please ask the station for a new code.")
PHONE_BUSY = _("A picture is on its way already. Please wait.")
PHONE_NOT_TAKEN = _("Nothing was taken:")
PHONE_WAIT = _("Sending can take a minute. Please stay on this page.")
