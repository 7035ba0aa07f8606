"""How apart from the station a plugin runs, and what it was granted."""

from __future__ import annotations

from typing import Literal

from tramkit_hal.data import Data

Kind = Literal["inline", "process", "sandbox"]


class Isolation(Data):
    """How a plugin runs.

    :param kind: ``inline``: in the station's own process; ``process``: in processes of the station's user; ``sandbox``:
        in confined ones.
    :param origins: where it may ask by the station, beside the addresses of its settings; None: everywhere.
    :param refused: why it does not run at all; empty: it does.
    """

    kind: Kind = "inline"
    origins: tuple[str, ...] | None = ()
    refused: str = ""


INLINE = Isolation(origins=None)
