"""Where a page stands on the path of a service: worked out from what the page is, so that no plugin keeps count."""

from __future__ import annotations

from collections.abc import Sequence

from tramkit_hal.ui.pages import AnyPage, Capture, Stage

_BY_KIND: dict[str, tuple[Stage, ...]] = {
    "ask": (Stage.QUESTIONS,),
    "choose": (Stage.QUESTIONS,),
    "read": (Stage.QUESTIONS,),
    "check": (Stage.REVIEW,),
    "pay": (Stage.PAY,),
    "call": (Stage.CALL,),
    "done": (Stage.RECEIPT, Stage.RESULT),
    "tell": (Stage.RESULT,),
}
_BY_SOURCE: dict[str, tuple[Stage, ...]] = {
    "card": (Stage.IDENTITY,),
    "code": (Stage.QUESTIONS,),
    "camera": (Stage.IDENTITY,),
    "paper": (Stage.PAPERS,),
    "phone": (Stage.PAPERS,),
    "vital": (Stage.MEASURE,),
}


def stage_of(page: AnyPage, path: Sequence[Stage], before: Stage | None) -> Stage | None:
    """Return the step of the path that a page belongs to.

    The path is only walked forwards: what a page might belong to, but lies behind, leaves the step as it is. Going
    back begins it anew.

    :param before: the step of the page before; None: there was none.
    """
    if not path:
        return None
    at = path.index(before) if before in path else 0
    wanted = _BY_SOURCE[page.source] if isinstance(page, Capture) else _BY_KIND.get(page.kind, ())
    return next((stage for stage in wanted if stage in path and path.index(stage) >= at), path[at])
