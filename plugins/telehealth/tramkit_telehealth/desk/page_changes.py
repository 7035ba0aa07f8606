"""What the desk tells an open page: the whole state once, and then what has changed of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from tramkit_telehealth.desk.page_protocol import DeskState, LegOffer, Reply, Waiting
from tramkit_telehealth.protocol import Id, Wire


class DeskChange(Wire):
    """What has changed of :class:`DeskState` since the page was told last.

    :param fields: those that have another value, as they stand in the state; ``queue`` never.
    :param put: residents who are new in the queue or changed.
    :param order: the queue's cases in their order; None: it is what remains of the one before.
    :param gone: cases that are in it no more.
    """

    type: Literal["change"] = "change"
    fields: dict[str, Any] = Field(default_factory=dict)
    put: tuple[Waiting, ...] = ()
    gone: tuple[Id, ...] = ()
    order: tuple[Id, ...] | None = None

    def applied(self, state: DeskState) -> DeskState:
        """Return the state after this change."""
        rows = {each.case: each for each in state.queue if each.case not in self.gone}
        rows.update({each.case: each for each in self.put})
        order = rows if self.order is None else self.order
        plain = state.model_dump(mode="json") | self.fields | {"queue": ()}
        return DeskState.model_validate(plain).model_copy(update={"queue": tuple(rows[case] for case in order)})


def change_of(before: DeskState, after: DeskState) -> DeskChange | None:
    """Return what has changed; None: nothing that a page shows (the time alone is nothing)."""
    fields = {
        name: after.model_dump(mode="json", include={name})[name]
        for name in DeskState.model_fields
        if name not in ("queue", "now") and getattr(before, name) != getattr(after, name)
    }
    old = {each.case: each for each in before.queue}
    new = {each.case: each for each in after.queue}
    put = tuple(each for each in after.queue if old.get(each.case) != each)
    gone = tuple(case for case in old if case not in new)
    remaining = [case for case in old if case in new]
    remaining += [each.case for each in put if each.case not in old]
    order = None if remaining == list(new) else tuple(new)
    if not fields and not put and not gone and order is None:
        return None
    fields["now"] = after.model_dump(mode="json", include={"now"})["now"]
    return DeskChange(fields=fields, put=put, gone=gone, order=order)


ToPage = Annotated[Reply | LegOffer | DeskState | DeskChange, Field(discriminator="type")]
to_page: TypeAdapter[Reply | LegOffer | DeskState | DeskChange] = TypeAdapter(ToPage)
