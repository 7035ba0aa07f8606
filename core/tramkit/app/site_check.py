"""What of a ``station.toml`` fits its own form and still cannot be run: ports, keys, folders, simulators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tramkit.settings import PluginSettings, secret_keys
from tramkit.station.drivers import DriverError, load_driver
from tramkit_hal.device.roles import Role
from tramkit_hal.device.simulated import Simulated

LEDGER = "ledger.sqlite"


@dataclass(frozen=True)
class Site:
    """What is looked at.

    :param ports: that are listened on, by their key; 0: any.
    :param data: folder of the ledger; empty: none.
    :param key: file of the station's key.
    :param log: file of the log; empty: none.
    :param drivers: of each role, first choice first.
    """

    ports: Sequence[tuple[str, int]]
    data: str
    key: str
    log: str
    drivers: Mapping[Role, Sequence[str]]


def site_problems(site: Site) -> list[str]:
    """Return a line for each thing that a station could not run with."""
    return [*_ports(site.ports), *_keys(site), *_log(site.log), *_simulators(site.drivers)]


def plain_secrets(
    file: Path, settings: Mapping[str, Mapping[str, Any]], models: Mapping[str, type[PluginSettings]]
) -> list[str]:
    """Return a line where a file that others can read holds a secret itself."""
    try:
        if not file.stat().st_mode & 0o044:
            return []
    except OSError:
        return []
    return [
        f"settings.{name}.{key}: others can read this secret; run: chmod 600 {file}, or give {{ file = ... }}"
        for name, model in models.items()
        for key in secret_keys(model)
        if isinstance(settings.get(name, {}).get(key), str)
    ]


def _ports(given: Sequence[tuple[str, int]]) -> list[str]:
    taken: dict[int, str] = {}
    problems: list[str] = []
    for where, port in given:
        if port and port in taken:
            problems.append(f"{where}: {port} is also {taken[port]}; each needs a port of its own")
        taken.setdefault(port, where)
    return problems


def _keys(site: Site) -> list[str]:
    if not site.data:
        return []
    data, key = Path(site.data), Path(site.key)
    problems: list[str] = []
    if data.resolve() in key.resolve().parents:
        problems.append(
            f"orders.key: {key} lies in the folder of the ledger, so a copy of that folder opens; put it elsewhere"
        )
    if (data / LEDGER).exists() and not key.exists():
        problems.append(f"orders.key: {key} is missing, and the ledger in {data} opens with no other")
    elif key.exists() and key.stat().st_mode & 0o077:
        problems.append(f"orders.key: others can read {key}; run: chmod 600 {key}")
    return problems


def _log(file: str) -> list[str]:
    if file and not Path(file).absolute().parent.is_dir():
        return [f"log.file: there is no folder {Path(file).parent}; make it, or name another"]
    return []


def _simulators(drivers: Mapping[Role, Sequence[str]]) -> list[str]:
    """A simulated face matcher believes whoever a test says: beside a reader of real cards it lets anybody in."""
    real = [driver for driver in drivers.get(Role.ID_READER, ()) if not _is_simulated(driver)]
    return [
        f'roles.{Role.FACE_MATCHER.value}.{number}.driver: "{driver}" compares no faces, and "{real[0]}" '
        "reads real cards; take it out"
        for number, driver in enumerate(drivers.get(Role.FACE_MATCHER, ()))
        if real and _is_simulated(driver)
    ]


def _is_simulated(driver: str) -> bool:
    try:
        return issubclass(load_driver(driver), Simulated)
    except DriverError:  # told of elsewhere
        return False
