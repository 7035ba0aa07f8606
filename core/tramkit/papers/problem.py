"""Why something is not taken as a paper, and what is made of what is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Kind = Literal["", "picture", "pdf"]
"""What a file is, where that is known: what is said of it fits it."""


class Problem(StrEnum):
    """Why something is not taken as a paper."""

    EMPTY = "empty"
    UNKNOWN = "unknown"
    """Neither a picture nor a PDF."""
    ARCHIVE = "archive"
    HEIC = "heic"
    """A phone's own format, which nothing here decodes."""
    BROKEN = "broken"
    PIXELS = "pixels"
    SMALL = "small"
    LOCKED = "locked"
    FORM = "form"
    """A form that fills itself in only in the program it was made with (XFA): its page is a place holder."""
    PORTFOLIO = "portfolio"
    """A PDF that is a cover for other files."""
    PAGES = "pages"
    PACKED = "packed"
    """It unpacks to far more than it seems."""
    HARD = "hard"
    """It took too long or too much memory."""
    LARGE = "large"
    """More bytes than one file may have."""
    MUCH = "much"
    """More files, or more bytes, than are taken at once."""
    CUT_OFF = "cut_off"
    """The sending stopped midway."""


class PaperRefusedError(Exception):
    """It is not taken.

    :param kind: what the file is.
    """

    def __init__(self, problem: Problem, kind: Kind = "") -> None:
        super().__init__(problem.value)
        self.problem = problem
        self.kind: Kind = kind


@dataclass(frozen=True)
class Made:
    """What was made of a file.

    :param pages: of a PDF; 1 for a picture.
    :param previews: each page of a PDF as a small JPEG, to be looked at before it is used; empty for a picture, and
        where nothing here draws PDFs.
    :param left_out: files that were attached to a PDF and are not taken.
    :param missing: pictures of a PDF that are not there or cannot be shown whole.
    """

    type: Literal["image/jpeg", "application/pdf"]
    data: bytes
    pages: int
    previews: tuple[bytes, ...] = ()
    left_out: int = 0
    missing: int = 0
