"""What the services of this plugin share: an authority that does not answer, handing in, who is entered twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from tramkit import GatewayError, GatewayService, Messages, Tone, Visit
from tramkit_procedures.gateway import Authority

_ = Messages("tramkit_procedures")
T = TypeVar("T")


class HandedIn(GatewayService):
    """A service whose orders are applications to the authorities' gateway."""

    def __init__(self, authority: Authority) -> None:
        super().__init__(authority.gateway)
        self.authority = authority


async def asked(visit: Visit, call: Callable[..., Awaitable[T]], *args: Any) -> tuple[bool, T | None]:
    """Ask the authority; False where it does not answer, which the resident has been told."""
    try:
        return True, await visit.fetch(call, *args)
    except GatewayError:
        await visit.tell(
            _("The authority's system does not answer now"),
            _("Nothing was changed. Please try again later, or go to the authority."),
            tone=Tone.WARNING,
        )
        return False, None


async def listed_already(visit: Visit) -> None:
    """Tell that somebody was entered who is there already."""
    await visit.tell(_("This person is on the list already"), _("Please enter somebody else."), tone=Tone.WARNING)
