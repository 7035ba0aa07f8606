"""Data: what is frozen once it is made and takes no key that it does not know."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Data(BaseModel):
    """Frozen data that takes no unknown key; what crosses, is kept or is shown is made of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
