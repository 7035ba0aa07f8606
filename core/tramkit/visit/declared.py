"""Where a service's title, devices and identity are declared: in the ``plugin.toml`` of its package, and only there."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Protocol, cast

from tramkit.host.plugin_side import Fulfiller, ServiceDescriptor
from tramkit.host.service_entry import ServiceEntry
from tramkit.problems import read_toml
from tramkit_hal import TramkitError

MANIFEST = "plugin.toml"
KEYS = frozenset(ServiceEntry.model_fields) - {"id"}


class Identified(Protocol):
    """A service, of which the id is known."""

    id: ClassVar[str]


class DeclaredTwiceError(TramkitError):
    """A service of a plugin says in its class what ``plugin.toml`` says."""


def describe(service: Identified) -> ServiceDescriptor:
    """Return what the station is told of a service.

    A class outside any plugin's package, as in a test, says itself what a plugin says in ``plugin.toml``, or says it
    otherwise than the service from which it is derived.

    :raises DeclaredTwiceError: a plugin's class sets what stands in ``plugin.toml``.
    :raises pydantic.ValidationError: something that is declared is of a wrong type.
    :raises tramkit.FileError: the ``plugin.toml`` cannot be read.
    """
    classes = type(service).__mro__
    takes_orders = isinstance(service, Fulfiller)
    home = next((number for number, each in enumerate(classes) if service.id in _entries(each)), None)
    if home is None:
        said = {key: getattr(service, key) for key in KEYS if hasattr(service, key)}
        return ServiceDescriptor.model_validate({"id": service.id, "takes_orders": takes_orders, **said})
    if twice := KEYS & {name for each in classes[home:] for name in vars(each)}:
        raise DeclaredTwiceError(
            f'service "{service.id}" sets {", ".join(sorted(twice))} in its class; that stands in {MANIFEST}'
        )
    entry = ServiceEntry.model_validate(_entries(classes[home])[service.id]).described(takes_orders=takes_orders)
    otherwise = KEYS & {name for each in classes[:home] for name in vars(each)}
    return ServiceDescriptor.model_validate({**dict(entry), **{key: getattr(service, key) for key in otherwise}})


def _entries(service: type) -> dict[str, Any]:
    """Return the services of the ``plugin.toml`` beside a class by their id; none: it is no plugin's."""
    file = getattr(sys.modules.get(service.__module__.partition(".")[0]), "__file__", None)
    return _read(Path(file).parent / MANIFEST) if file else {}


@cache
def _read(manifest: Path) -> dict[str, Any]:
    if not manifest.is_file():
        return {}
    services = cast("list[dict[str, Any]]", read_toml(manifest).get("services") or [])
    return {str(each.get("id")): each for each in services}
