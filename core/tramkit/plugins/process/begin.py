"""Begins a plugin in processes of its own, and believes of what it says only what its manifest allows."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from tramkit.confinement import confine
from tramkit.host.person import Level
from tramkit.host.plugin_side import Description
from tramkit.plugins.egress import PluginEgress, origin_of
from tramkit.plugins.hookspecs import PluginContext
from tramkit.plugins.installed import Installed, KeptOutError, Step
from tramkit.plugins.isolation import Isolation
from tramkit.plugins.manifest import Manifest
from tramkit.plugins.process.launcher import LaunchError, Template, start_confined, start_template
from tramkit.plugins.process.plugin import ProcessPlugin
from tramkit.plugins.secrets import look_up
from tramkit_hal.device.clock import SystemClock

_STEPS: tuple[Step, ...] = ("manifest", "settings", "isolation", "import", "register", "verify")


def begin(
    plugin: Installed,
    given: Mapping[str, Any],
    context: PluginContext,
    isolation: Isolation,
    path: list[str],
) -> Callable[[], ProcessPlugin]:
    """Start the template of a plugin; return what waits until it has imported it.

    :param given: its table of ``[settings.NAME]``; it is read where the plugin runs.
    :param path: folders where it is looked for, beside Python's own.
    :raises KeptOutError: it cannot be confined here.
    """
    manifest, folder = plugin.manifest, plugin.folder
    if manifest is None or folder is None:
        raise KeptOutError("manifest", plugin.problem)
    confined = isolation.kind == "sandbox"
    if confined and (reason := confine.why_not()):
        trusting = f"trusted = true under [grants.{plugin.name}]"
        raise KeptOutError("isolation", f"{reason}; or let it run unconfined: {trusting}")
    given, outside = _looked_up(given)
    environ, secrets = _environ(given, outside, confined=confined)
    files = _files(given) if confined else []
    where = str(folder)
    template = start_confined(plugin.name, where, files) if confined else start_template(plugin.name, where)
    template.load(
        {
            "entry": {"name": plugin.entry.name, "value": plugin.entry.value, "group": plugin.entry.group},
            "version": plugin.version,
            "folder": str(folder),
            "path": [*path, str(folder.parent)],
            "settings": {
                **given,
                **{name: str(Path(value).resolve()) for name, value in given.items() if value in files},
            },
            "environ": environ,
            "station": context.station,
            "site": context.site,
            "clock": "machine" if isinstance(context.clock, SystemClock) else "station",
            "confined": confined,
            "log": "info",
        }
    )

    def finish() -> ProcessPlugin:
        try:
            described = _described(manifest, template)
        except KeptOutError:
            template.kill()
            raise
        egress = PluginEgress(plugin.name, _origins(manifest, given, isolation), secrets, _named(given))
        return ProcessPlugin(plugin.name, described, template, context.clock, egress)

    return finish


def _looked_up(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return settings in which files and credentials are variables, and those beside the station's own: a plugin sees
    neither the files nor the credentials.
    """
    found: dict[str, Any] = dict(given)
    environ = dict(os.environ)
    for key, value in given.items():
        if isinstance(value, Mapping) and ("file" in value or "credential" in value):
            name = f"TRAMKIT_SETTING_{key.upper()}"
            with contextlib.suppress(ValueError):  # told where the settings are read
                environ[name] = look_up(cast("Mapping[str, Any]", value), f"settings.{key}", os.environ)
                found[key] = {"env": name}
    return found, environ


def _described(manifest: Manifest, template: Template) -> Description:
    """Return what a plugin offers, by its manifest: what its process says of a service is not believed.

    :raises KeptOutError: it was kept out there, or says what cannot be.
    """
    try:
        told = template.loaded()
        if "kept_out" in told:
            step = told["kept_out"] if told["kept_out"] in _STEPS else "import"
            raise KeptOutError(step, str(told.get("reason", ""))[:500])
        described = Description.model_validate(told.get("described"))
    except LaunchError as error:
        raise KeptOutError("import", f"{error}{template.told()}") from None
    except (ValidationError, ValueError):
        raise KeptOutError("verify", "what it says of itself cannot be read") from None
    if problem := _undeclared(manifest, described):
        raise KeptOutError("verify", problem)
    takes = {service.id: service.takes_orders for service in described.services}
    services = tuple(each.described(takes_orders=takes[each.id]) for each in manifest.services)
    return described.model_copy(update={"services": services})


def _environ(
    given: Mapping[str, Any], outside: Mapping[str, str], *, confined: bool
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the variables that a plugin's settings name, and what stands for a secret there with the secret itself.

    What the operator gives as ``{ env = "NAME" }`` is a secret: a confined plugin gets a reference, in whose place the
    way out puts the secret into a header.
    """
    environ: dict[str, str] = {}
    secrets: dict[str, str] = {}
    for key, value in given.items():
        name = value.get("env") if isinstance(value, dict) and len(value) == 1 else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType, reportUnknownArgumentType]
        if not isinstance(name, str) or name not in outside:
            continue
        environ[name] = f"{{secret:{key}}}" if confined else outside[name]
        if confined:
            secrets[environ[name]] = outside[name]
    return environ, secrets


def _files(given: Mapping[str, Any]) -> list[str]:
    """Return the files that the operator names in a plugin's settings, which it may read."""
    return [value for value in given.values() if isinstance(value, str) and value and Path(value).is_file()]


def _named(given: Mapping[str, Any]) -> frozenset[str]:
    """Return the origins of the addresses that a plugin's settings name."""
    addresses = (value for value in given.values() if isinstance(value, str))
    return frozenset(origin_of(each) for each in addresses if each.startswith(("https://", "http://")))


def _origins(manifest: Manifest, given: Mapping[str, Any], isolation: Isolation) -> frozenset[str] | None:
    """Return where the plugin may ask: what it declares, what its settings name, what was granted beside."""
    if isolation.origins is None:
        return None
    granted = isolation.origins if isolation.grant is not None else (*isolation.origins, *manifest.hosts)
    asked = [each if "://" in each else f"https://{each}" for each in granted]
    return _named(given) | frozenset(origin_of(each) for each in asked)


def _undeclared(manifest: Manifest, described: Description) -> str:
    """Return what a plugin offers beyond its manifest; empty: nothing. The process that says it is not believed."""
    declared = {entry.id for entry in manifest.services}
    offered = [service.id for service in described.services]
    if set(offered) != declared or len(offered) != len(declared):
        return "it does not offer the services that plugin.toml declares"
    for method in described.payment_methods:
        if method.id not in manifest.payment_methods or not method.id.startswith(f"{manifest.name}."):
            return f'payment method "{method.id}" is not in plugin.toml'
        if not method.properties.trustworthy:
            return f'payment method "{method.id}" is neither idempotent nor can be asked'
    for sign_in in described.identity_methods:
        if sign_in.id not in manifest.identity_methods or not sign_in.id.startswith(f"{manifest.name}."):
            return f'identity method "{sign_in.id}" is not in plugin.toml'
        if sign_in.level not in (Level.CLAIMED, Level.VNEID):
            return f'identity method "{sign_in.id}" claims a level that no sign-in has'
    return ""
