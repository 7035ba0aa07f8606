"""A plugin that is installed, and one that was kept out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Literal

from tramkit.plugins.manifest import Manifest

Step = Literal["manifest", "settings", "isolation", "import", "register", "verify"]
"""At which a plugin can fail."""


@dataclass(frozen=True)
class Installed:
    """A plugin that is installed, whether or not this site runs it.

    :param folder: of its package; None where it was not found.
    :param problem: why its manifest cannot be used; empty: it can.
    """

    entry: EntryPoint
    version: str
    folder: Path | None
    manifest: Manifest | None
    problem: str = ""

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def distribution(self) -> str:
        """Name of the distribution that it was installed by, as PEP 503 writes it; empty: none."""
        name = self.entry.dist.name if self.entry.dist is not None else ""
        return re.sub(r"[-_.]+", "-", name).lower()


@dataclass(frozen=True)
class Quarantined:
    """A plugin that was kept out.

    :param step: where it failed.
    :param reason: in plain words, for the operator.
    """

    name: str
    step: Step
    reason: str
