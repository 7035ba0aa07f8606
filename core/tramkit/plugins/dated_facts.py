"""The dated values of everything that a site runs."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tramkit.facts import CALENDAR, CORE, MANIFEST, DatedValue, values_of
from tramkit.plugins.installed import Installed
from tramkit.problems import FileError

_log = logging.getLogger(__name__)


def collect(
    installed: Iterable[Installed],
    enabled: Sequence[str],
    settings: Mapping[str, Mapping[str, Any]],
    calendar: Path | None = None,
) -> list[DatedValue]:
    """Return every dated value of the core and of the plugins that a site runs.

    :param settings: of the station's file, by plugin.
    :param calendar: the operator's own; None: the core's.
    :raises FileError: a file is missing or no TOML.
    """
    found = values_of(CORE, calendar or CALENDAR)
    for plugin in installed:
        if plugin.name not in enabled or plugin.manifest is None or plugin.folder is None:
            continue
        own = {each.file: settings.get(plugin.name, {}).get(each.setting) for each in plugin.manifest.facts}
        for file in sorted(plugin.folder.rglob("*.toml")):
            if file.name == MANIFEST:
                continue
            given: object = own.get(file.relative_to(plugin.folder).as_posix())
            found += values_of(plugin.name, Path(given) if isinstance(given, str) and given else file)
    return found


def collect_safely(
    installed: Iterable[Installed],
    enabled: Sequence[str],
    settings: Mapping[str, Mapping[str, Any]],
    calendar: Path | None = None,
) -> list[DatedValue]:
    """Return the same; of a file that cannot be read nothing, which is logged: its plugin is quarantined for it."""
    try:
        return collect(installed, enabled, settings, calendar)
    except FileError as problem:
        _log.error("dated values cannot be read", extra={"reason": str(problem)})
        return []
