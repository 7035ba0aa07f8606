"""The picture of a card's holder, as its chip has it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tramkit_hal.data import BinaryData


class Portrait(BinaryData):
    """The picture of the holder; shown by no ``repr``, so that no log has it.

    :param image: an encoded picture; base64 in JSON.
    """

    image: bytes = Field(repr=False)
    kind: Literal["jpeg", "jpeg2000"]
