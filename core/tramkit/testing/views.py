"""The view in which the station would show a page, for tests of pages without a station."""

from __future__ import annotations

from tramkit.conversation.system_pages import how_to_see
from tramkit_hal.ui.pages import AnyPage, Bar, Mode, Stage, View
from tramkit_hal.ui.path import stage_of
from tramkit_hal.words import bilingual

HEAD = bilingual(vi="Uỷ ban nhân dân phường Bến Thành", en="People's Committee of Bến Thành Ward")
SITE = bilingual(vi="Trạm Nhà văn hoá khu phố 3", en="Station at the Quarter 3 hall")
PATH = (Stage.CHOOSE, Stage.QUESTIONS, Stage.REVIEW, Stage.PAY, Stage.RECEIPT)


def view_of(
    page: AnyPage, *, language: str = "vi", mode: Mode | None = None, visit: str = "visit-1", **more: object
) -> View:
    """Return the view in which the core would show the page.

    :param more: further fields of :class:`tramkit_hal.ui.pages.View`.
    """
    attract = page.kind == "attract"
    if page.kind == "settings":  # marks what is chosen
        page = page.model_copy(update={"options": how_to_see(mode or Mode()).options})
    alone = attract or page.kind in ("timeout", "leave", "help", "settings")
    bar = (Bar.SETTINGS, Bar.LOWER, Bar.HELP) if attract else tuple(Bar)
    given: dict[str, object] = {
        "page": page,
        "visit": "" if attract else visit,
        "language": language,
        "mode": mode or Mode(),
        "head": HEAD,
        "site": SITE,
        "bar": bar,
        "path": () if attract else PATH,
        "stage": None if attract else stage_of(page, PATH, None),
        "back": not alone and page.kind not in ("call", "done", "wait"),
    }
    return View.model_validate(given | more)
