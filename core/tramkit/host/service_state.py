"""Whether something a plugin offers can be used now."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from tramkit_hal.ui.pages import Availability
from tramkit_hal.words import Text


class ServiceState(BaseModel):
    """Whether a service can be used now, and why not.

    :param reason: for the resident; needed unless ``available``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    availability: Availability = Availability.AVAILABLE
    reason: Text | None = None
