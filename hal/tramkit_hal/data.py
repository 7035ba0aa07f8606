"""Data: what is frozen once it is made and takes no key that it does not know."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Data(BaseModel):
    """Frozen data that takes no unknown key; what crosses, is kept or is shown is made of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class BinaryData(Data):
    """The same, whose bytes stand in JSON as base64."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")


class ReceivedData(Data):
    """The same, but sent by an outside system that may grow: a key that is not known is passed over."""

    model_config = ConfigDict(extra="ignore")
