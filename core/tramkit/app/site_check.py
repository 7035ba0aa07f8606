"""What of a ``station.toml`` fits its own form and still cannot be run: ports, keys, folders, simulators."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tramkit.plugins.manifest import Manifest
from tramkit.station.drivers import DriverError, load_driver
from tramkit_hal.device.roles import Role
from tramkit_hal.device.simulated import Simulated

if TYPE_CHECKING:
    from tramkit.app.config import StationConfig

LEDGER = "ledger.sqlite"


def site_problems(config: StationConfig) -> list[str]:
    """Return a line for each thing that a station could not run with."""
    return [*_ports(config), *_keys(config), *_log(config), *_simulators(config)]


def plain_secrets(
    file: Path, settings: Mapping[str, Mapping[str, Any]], manifests: Mapping[str, Manifest]
) -> list[str]:
    """Return a line where a file that others can read holds a secret itself."""
    try:
        if not file.stat().st_mode & 0o044:
            return []
    except OSError:
        return []
    return [
        f"settings.{name}.{key}: others can read this secret; run: chmod 600 {file}, or give {{ file = ... }}"
        for name, manifest in manifests.items()
        for key, setting in manifest.settings.items()
        if setting.secret and isinstance(settings.get(name, {}).get(key), str)
    ]


def _ports(config: StationConfig) -> list[str]:
    given: list[tuple[str, int]] = []
    if config.panel.enabled and config.panel.tcp:
        given.append(("panel.port", config.panel.port))
    if config.uploads.host:
        given.append(("uploads.port", config.uploads.port))
    for role, bindings in config.roles.items():
        for number, binding in enumerate(bindings):
            if role is Role.SCREEN and isinstance(binding.settings.get("port"), int):
                given.append((f"roles.{role.value}.{number}.port", binding.settings["port"]))
    taken: dict[int, str] = {}
    problems: list[str] = []
    for where, port in given:
        if port and port in taken:
            problems.append(f"{where}: {port} is also {taken[port]}; each needs a port of its own")
        taken.setdefault(port, where)
    return problems


def _keys(config: StationConfig) -> list[str]:
    if not config.orders.data:
        return []
    data, key = Path(config.orders.data), Path(config.orders.key)
    problems: list[str] = []
    if data.resolve() == key.resolve().parent or data.resolve() in key.resolve().parents:
        problems.append(
            f"orders.key: {key} lies in the folder of the ledger, so a copy of that folder opens; put it elsewhere"
        )
    if (data / LEDGER).exists() and not key.exists():
        problems.append(f"orders.key: {key} is missing, and the ledger in {data} opens with no other")
    elif key.exists() and key.stat().st_mode & 0o077:
        problems.append(f"orders.key: others can read {key}; run: chmod 600 {key}")
    return problems


def _log(config: StationConfig) -> list[str]:
    if config.log.file and not Path(config.log.file).absolute().parent.is_dir():
        return [f"log.file: there is no folder {Path(config.log.file).parent}; make it, or name another"]
    return []


def _simulators(config: StationConfig) -> list[str]:
    """A simulated face matcher believes whoever a test says: beside a reader of real cards it lets anybody in."""
    readers = [binding.driver for binding in config.roles.get(Role.ID_READER, ())]
    real = [driver for driver in readers if not _is_simulated(driver)]
    return [
        f'roles.{Role.FACE_MATCHER.value}.{number}.driver: "{binding.driver}" compares no faces, and "{real[0]}" '
        "reads real cards; take it out"
        for number, binding in enumerate(config.roles.get(Role.FACE_MATCHER, ()))
        if real and _is_simulated(binding.driver)
    ]


def _is_simulated(driver: str) -> bool:
    try:
        return issubclass(load_driver(driver), Simulated)
    except DriverError:  # told of elsewhere
        return False
