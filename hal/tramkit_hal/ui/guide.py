"""The guide, *Cô Trạm*: which of her drawings stands on a page. A screen without drawings says her words."""

from __future__ import annotations

from enum import StrEnum

from tramkit_hal.ui.pages import Ask, Capture, Choose, Control, Done, Page, Read, Tell, Tone
from tramkit_hal.words import Messages, Text

_ = Messages("tramkit_hal")


class Guide(StrEnum):
    """What the guide does in a drawing."""

    GREETS = "greets"
    EXPLAINS = "explains"
    READER = "reader"
    SCANNER = "scanner"
    PRINTER = "printer"
    CAMERA = "camera"
    PAPERS = "papers"
    PHONE = "phone"
    PAYS = "pays"
    WAITS = "waits"
    SORRY = "sorry"
    CALLS = "calls"
    ASKS = "asks"
    GLAD = "glad"
    GOODBYE = "goodbye"


WORDS: dict[Guide, Text] = {
    Guide.GREETS: _("Cô Trạm, the station's guide, greets you"),
    Guide.EXPLAINS: _("Cô Trạm explains"),
    Guide.READER: _("Cô Trạm points at the card reader"),
    Guide.SCANNER: _("Cô Trạm points at the code scanner"),
    Guide.PRINTER: _("Cô Trạm points at the printer"),
    Guide.CAMERA: _("Cô Trạm points at the camera"),
    Guide.PAPERS: _("Cô Trạm shows where to lay the paper"),
    Guide.PHONE: _("Cô Trạm shows a phone"),
    Guide.PAYS: _("Cô Trạm shows how to pay"),
    Guide.WAITS: _("Cô Trạm waits with you"),
    Guide.SORRY: _("Cô Trạm is sorry"),
    Guide.CALLS: _("Cô Trạm calls for help"),
    Guide.ASKS: _("Cô Trạm asks"),
    Guide.GLAD: _("Cô Trạm is glad for you"),
    Guide.GOODBYE: _("Cô Trạm says goodbye"),
}
"""The drawings in words, for who does not see them and for screens that cannot draw."""

WHOLE_PAGE = (Control.SIGNATURE, Control.CONSENT)
"""Fields that need the room themselves."""

FEW = 4
"""So many answers or fewer leave her room on the page."""

_BY_KIND: dict[str, Guide] = {
    "attract": Guide.GREETS,
    "wait": Guide.WAITS,
    "timeout": Guide.WAITS,
    "leave": Guide.ASKS,
    "help": Guide.CALLS,
}
_BY_TONE: dict[Tone, Guide] = {
    Tone.PLAIN: Guide.EXPLAINS,
    Tone.SUCCESS: Guide.GLAD,
    Tone.WARNING: Guide.SORRY,
    Tone.ERROR: Guide.SORRY,
    Tone.EMERGENCY: Guide.CALLS,
}
_BY_SOURCE: dict[str, Guide] = {
    "card": Guide.READER,
    "code": Guide.SCANNER,
    "camera": Guide.CAMERA,
    "paper": Guide.PAPERS,
    "phone": Guide.PHONE,
}


def guide_of(page: Page) -> Guide | None:
    """Return what the guide does on a page; None: she is not there, since the page is for the resident's own work."""
    match page:
        case Tell(action=None, tone=Tone.SUCCESS, id="farewell"):
            return Guide.GOODBYE
        case Tell():
            return None if page.codes else _BY_TONE[page.tone]
        case Done() if len(page.facts) > FEW:
            return None
        case Done():
            return Guide.PRINTER if page.facts and not page.codes else Guide.GLAD  # no receipt says nothing
        case Read():
            return Guide.EXPLAINS
        case Choose() if len(page.options) <= FEW:
            return Guide.ASKS
        case Ask(fields=(field,)) if field.control not in WHOLE_PAGE and len(field.options) <= FEW:
            return Guide.ASKS
        case Capture():
            given = page.video or page.codes or page.result or page.measure
            return None if given else _BY_SOURCE.get(page.source)
        case _:
            return _BY_KIND.get(getattr(page, "kind", ""))
