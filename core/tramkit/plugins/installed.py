"""What is installed: plugins with their manifests, none of them imported."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import EntryPoint, distributions
from pathlib import Path
from typing import Literal

from tramkit.plugins.manifest import Manifest, find_package, read_manifest
from tramkit.problems import FileError
from tramkit_hal import TramkitError

GROUP = "tramkit.plugins"

Step = Literal["manifest", "settings", "isolation", "import", "register", "verify"]


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


class KeptOutError(TramkitError):
    """A plugin does not run: at which step, and why, for the operator."""

    def __init__(self, step: Step, reason: str) -> None:
        super().__init__(reason)
        self.step: Step = step
        self.reason = reason


def discover(path: list[str] | None = None) -> tuple[Installed, ...]:
    """Return every installed plugin with its manifest; none is imported.

    :param path: folders to search; None: Python's own.
    """
    found: dict[str, Installed] = {}
    for distribution in distributions(path=path) if path is not None else distributions():
        for entry in distribution.entry_points:
            if entry.group != GROUP:
                continue
            plugin = _installed(entry, distribution.version, path)
            other = found.get(entry.name)
            if other is None:
                found[entry.name] = plugin
            elif other.distribution != plugin.distribution:  # whose is it? nobody's, until one of them is gone
                both = " and ".join(sorted((other.distribution, plugin.distribution)))
                clash = f'two distributions are installed under the name "{entry.name}": {both}; uninstall one of them'
                found[entry.name] = Installed(entry, distribution.version, None, None, clash)
    return tuple(found[name] for name in sorted(found))


def _installed(entry: EntryPoint, version: str, path: list[str] | None) -> Installed:
    try:
        folder = find_package(entry, path)
    except (FileError, ImportError, ValueError) as error:
        return Installed(entry, version, None, None, str(error))
    return installed(entry, version, folder)


def installed(entry: EntryPoint, version: str, folder: Path) -> Installed:
    """Return an installed plugin with its manifest, which lies in a folder; it is not imported."""
    try:
        return Installed(entry, version, folder, read_manifest(folder, entry.name))
    except FileError as error:
        return Installed(entry, version, folder, None, str(error))
