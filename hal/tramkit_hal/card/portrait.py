"""The picture of a card's holder, as its chip has it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Portrait(BaseModel):
    """The picture of the holder; shown by no ``repr``, so that no log has it.

    :param image: an encoded picture; base64 in JSON.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")

    image: bytes = Field(repr=False)
    kind: Literal["jpeg", "jpeg2000"]
