"""What the resident is told about their papers, on the phone and on the station's screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from tramkit.papers.pdf import MAX_PAGES
from tramkit.papers.picture import LEAST_PIXELS
from tramkit.papers.problem import Kind, Problem
from tramkit_hal.words import Messages, Text

_ = Messages("tramkit")

PROBLEMS: Mapping[Problem, Text] = {
    Problem.EMPTY: _("No file was chosen."),
    Problem.UNKNOWN: _(
        "That is neither a photo (JPEG, PNG, WebP, AVIF) nor a PDF. Please send a photo of the paper, or a PDF."
    ),
    Problem.ARCHIVE: _("That is a packed file or an office document. Please send a photo of the paper, or a PDF."),
    Problem.HEIC: _(
        "This picture is in a phone's own format (HEIC or AVIF), which cannot be read here. Please take a screenshot of"
        " it, or send JPEG."
    ),
    Problem.BROKEN: _("This file is damaged or incomplete. Please send it again."),
    Problem.PIXELS: _("This picture has too many pixels. Please take an ordinary photo of the paper."),
    Problem.SMALL: _(
        "This picture is too small to be read: its shorter side has fewer than {count} pixels.", count=LEAST_PIXELS
    ),
    Problem.LOCKED: _("This PDF cannot be opened without a password. Please send one without."),
    Problem.FORM: _(
        "This PDF is a form that shows its content only in the program it was made with. Please open it there, choose"
        " Print, then “Save as PDF”, and send that."
    ),
    Problem.PORTFOLIO: _(
        "This PDF is only a cover for other files. Please take out the file that is asked for and send that one."
    ),
    Problem.PAGES: _(
        "This PDF has more than {count} pages. Please send only the pages that are asked for.", count=MAX_PAGES
    ),
    Problem.PACKED: _("This file unpacks to far more than it seems, so it was not opened."),
    Problem.HARD: _("This file could not be opened safely. Please send it as a photo of the paper, or as a PDF."),
    Problem.LARGE: _("This file is too large. Please send a smaller one."),
    Problem.MUCH: _("That is too much at once. Please send fewer or smaller files."),
    Problem.CUT_OFF: _("The sending stopped midway. Please send it again."),
}
"""Why a file is not taken, and what to do instead, whatever the file is."""

OF_PICTURES: Mapping[Problem, Text] = {
    Problem.BROKEN: _("This picture is damaged or incomplete. Please take the photo again."),
    Problem.HARD: _("This picture could not be opened safely. Please take an ordinary photo of the paper."),
    Problem.LARGE: _("This picture is too large. Please take an ordinary photo of the paper."),
}
OF_PDFS: Mapping[Problem, Text] = {
    Problem.BROKEN: _("This PDF is damaged or incomplete. Please send it again, or save it anew where it comes from."),
    Problem.PACKED: _("This PDF unpacks to far more than it seems, so it was not opened. Please save it anew."),
    Problem.HARD: _("This PDF could not be opened safely. Please print it to a new PDF and send that."),
    Problem.LARGE: _("This PDF is too large. Please send only the pages that are asked for."),
}


def said_of(problem: Problem, kind: Kind) -> Text:
    """Return why a file is not taken, in words that fit the kind of file."""
    of_kind = {"picture": OF_PICTURES, "pdf": OF_PDFS}.get(kind, PROBLEMS)
    return of_kind.get(problem, PROBLEMS[problem])


What = Literal["paper", "photo"]


@dataclass(frozen=True)
class Photograph:
    """What is said while something is photographed here.

    :param way: the answer that does it here, and its hint.
    :param hold: how to hold the page or the thing of that number.
    :param look: asked of the picture that was taken.
    :param another: the answer that takes one more.
    """

    way: Text
    hint: Text
    hold: Callable[[int], Text]
    look: Text
    another: Text


PHOTOGRAPH: Mapping[What, Photograph] = {
    "paper": Photograph(
        _("Photograph it here"),
        _("Hold it before the camera"),
        lambda number: _("Hold page {number} flat before the camera until it can be read.", number=number),
        _("Can everything be read?"),
        _("Yes, and there is another page"),
    ),
    "photo": Photograph(
        _("Take a photo here"),
        _("Hold it before the camera, or show a picture on your phone to it"),
        lambda number: _("Photo {number}: hold before the camera what is to be seen.", number=number),
        _("Is everything to be seen?"),
        _("Yes, and there is another photo"),
    ),
}

PHONE_START = _("Continue on this phone")
PHONE_START_HOW = _("Press the button to send the paper from this phone. After that the code works on no other phone.")
PHONE_TITLE = _("Send a paper to the citizen station")
PHONE_HOW = _("Take a photo of the paper or choose one, then press Send.")
PHONE_HOW_SEVERAL = _("Take a photo of the paper or choose one, then press Send. You may choose several.")
PHONE_PHOTO_START_HOW = _(
    "Press the button to send the photo from this phone. After that the code works on no other phone."
)
PHONE_PHOTO_TITLE = _("Send a photo to the citizen station")
PHONE_PHOTO_HOW = _("Take a photo or choose one, then press Send.")
PHONE_PHOTO_HOW_SEVERAL = _("Take a photo or choose one, then press Send. You may choose several.")
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
