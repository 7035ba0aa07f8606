"""A file of an order: a page of a paper, a photo, a signature; beside a plugin only its name, size and SHA-256."""

from __future__ import annotations

import hashlib
from typing import Literal, Self

from pydantic import Field, model_validator

from tramkit_hal.data import BinaryData

MAX_BYTES = 40 * 1024 * 1024
"""All attachments of one order together, at most."""

MAX_OWN_BYTES = 5 * 1024 * 1024
"""Those of them that the service made itself, which cross to the station with their data."""

ContentType = Literal["image/jpeg", "image/png", "application/pdf", "text/plain"]


class Attachment(BinaryData):
    """A file of an order.

    :param name: what it is, unique within the order, e.g. ``dwelling-1`` or ``signature``.
    :param type: of its content, which was looked at, never its name's.
    :param sha256: hexadecimal.
    :param size: bytes.
    :param data: the file; empty where only what is known of it is at hand (an order read from the ledger).
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$")
    type: ContentType
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(gt=0, le=MAX_BYTES)
    data: bytes = Field(default=b"", repr=False)

    @classmethod
    def of(
        cls, name: str, type: Literal["image/jpeg", "image/png", "application/pdf", "text/plain"], data: bytes
    ) -> Self:
        """Return the attachment of a file's bytes."""
        return cls(name=name, type=type, sha256=hashlib.sha256(data).hexdigest(), size=len(data), data=data)

    @model_validator(mode="after")
    def _whole(self) -> Attachment:
        if self.data and (len(self.data), hashlib.sha256(self.data).hexdigest()) != (self.size, self.sha256):
            raise ValueError("the data are not those of this size and SHA-256")
        return self

    def handle(self) -> Attachment:
        """Return it without its data: what a plugin holds of it."""
        return self.model_copy(update={"data": b""})

    def holding(self, data: bytes) -> Attachment:
        """Return it with its data.

        :raises ValueError: they are others than it was made of.
        """
        return Attachment(name=self.name, type=self.type, sha256=self.sha256, size=self.size, data=data)
