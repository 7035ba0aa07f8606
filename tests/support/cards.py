"""The country whose cards lie on simulated readers, and a station that believes it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tramkit_hal.card.trust import FolderTrust
from tramkit_hal.device.base import Device
from tramkit_hal.sim.id_reader import SimIdReader


def believing(readers: Iterable[Device], folder: Path) -> FolderTrust:
    """Return what believes the cards on these readers.

    :param folder: where their countries' certificates are put.
    """
    for number, reader in enumerate(readers):
        assert isinstance(reader, SimIdReader)
        (folder / f"{number}.pem").write_bytes(reader.country.pem())
    return FolderTrust(folder, owners=None)
