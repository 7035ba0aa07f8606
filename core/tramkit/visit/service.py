"""A service: one thing that a plugin offers in the menu, written as one conversation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from tramkit.host.person import Level
from tramkit.host.service_state import ServiceState
from tramkit.visit.visit import Visit
from tramkit_hal.device.roles import Role
from tramkit_hal.ui.icons import Icon
from tramkit_hal.ui.pages import Stage
from tramkit_hal.words import Text


class Service(ABC):
    """One thing a plugin offers in the menu.

    A subclass sets the class attributes and writes :meth:`serve`. It must keep nothing of a visit in ``self``:
    the same object serves every resident.
    """

    id: ClassVar[str]
    """``plugin.name``, as in ``plugin.toml``."""
    title: ClassVar[Text]
    hint: ClassVar[Text | None] = None
    icon: ClassVar[Icon | None] = None
    """The drawing beside the title."""
    path: ClassVar[tuple[Stage, ...]] = (Stage.QUESTIONS, Stage.REVIEW, Stage.RECEIPT)
    """The steps that it always takes, in order, as the path on top of its pages names them; the station puts the choice
    and the identity that it asks for before them."""
    needs: ClassVar[tuple[Role, ...]] = ()
    """Devices without which the service is closed."""
    wants: ClassVar[tuple[Role, ...]] = ()
    """Devices without which the service is limited."""
    limited_without: ClassVar[Mapping[Role, Text]] = {}
    """What the resident goes without when a wanted device is down; the core has words of its own otherwise."""
    identity: ClassVar[Level] = Level.NONE
    """How sure the station must be of who the resident is before :meth:`serve` starts."""
    identity_exactly: ClassVar[bool] = False
    """True: a VNeID sign-in does not stand in for the chip, nor the chip for a sign-in."""
    needs_date: ClassVar[bool] = True
    """False: it is right though the station's clock is not (no age, no rate, no term is reckoned)."""
    asks_identity: ClassVar[bool] = False
    """True: :meth:`serve` calls ``visit.identify`` itself where it fits, e.g. after an emergency question."""

    @abstractmethod
    async def serve(self, visit: Visit) -> None:
        """Lead the resident through the service.

        Every ``await`` on ``visit`` may be the last: when the resident leaves, goes Back or is timed out, the
        coroutine is cancelled there. It must do the same again for the same answers (Back replays it): time,
        randomness and the outside world come from ``visit`` only.
        """

    def availability(self) -> ServiceState:
        """Return whether the service can be used now, apart from its devices; called often, must not block."""
        return ServiceState()

    async def start(self) -> None:
        """Begin what the service does in the background (watch its gateway); called once when the station starts."""

    async def stop(self) -> None:
        """End what :meth:`start` began."""
