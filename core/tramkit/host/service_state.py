"""Whether something a plugin offers can be used now."""

from __future__ import annotations

from tramkit_hal.data import Data
from tramkit_hal.ui.pages import Availability
from tramkit_hal.words import Text


class ServiceState(Data):
    """Whether a service can be used now, and why not.

    :param reason: for the resident; needed unless ``available``.
    """

    availability: Availability = Availability.AVAILABLE
    reason: Text | None = None
