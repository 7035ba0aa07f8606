"""How long the station waits for a resident who does nothing."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Timeouts(BaseModel):
    """How long the station waits for a resident, in seconds (``[timeouts]`` in ``station.toml``).

    EN 301 549 §9.2.2.1 (WCAG 2.2.1): the resident is warned and can extend by any touch, as often as wanted.

    :param accessibility: on every page once larger text or another contrast is chosen.
    :param longer: on every page once more time is chosen (WCAG 2.2.1: at least ten times the shortest is on offer).
    :param countdown: from the warning to the end.
    :param presence: from the sensor's "left" to the warning.
    :param waiting: on pages where the station works or others are waited for.
    :param farewell: how long the last page stands.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    menu: float = Field(default=60, ge=1, le=3600)
    question: float = Field(default=90, ge=1, le=3600)
    reading: float = Field(default=180, ge=1, le=3600)
    accessibility: float = Field(default=180, ge=1, le=3600)
    longer: float = Field(default=900, ge=1, le=3600)
    countdown: float = Field(default=30, ge=1, le=600)
    presence: float = Field(default=20, ge=1, le=600)
    waiting: float = Field(default=600, ge=1, le=3600)
    farewell: float = Field(default=8, ge=0.1, le=60)
