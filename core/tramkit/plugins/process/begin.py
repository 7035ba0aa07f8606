"""Begins a plugin in processes of its own, and believes of what it says only what its manifest allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tramkit.host.person import Level
from tramkit.host.plugin_side import Description
from tramkit.plugins.egress import PluginEgress, origin_of
from tramkit.plugins.hookspecs import PluginContext
from tramkit.plugins.isolation import Isolation
from tramkit.plugins.loader import Installed, Quarantined, Step
from tramkit.plugins.manifest import Manifest
from tramkit.plugins.process import confine
from tramkit.plugins.process.launcher import LaunchError, start_confined, start_template
from tramkit.plugins.process.plugin import ProcessPlugin
from tramkit_hal.device.clock import SystemClock

_STEPS: tuple[Step, ...] = ("manifest", "settings", "isolation", "import", "register", "verify")


def begin(
    plugin: Installed,
    settings: Mapping[str, Any],
    context: PluginContext,
    isolation: Isolation,
    path: list[str],
) -> Callable[[], ProcessPlugin | Quarantined]:
    """Start the template of a plugin; return what waits until it has imported it.

    :param settings: checked.
    :param path: folders where it is looked for, beside Python's own.
    """
    manifest, folder = plugin.manifest, plugin.folder
    assert manifest is not None
    assert folder is not None
    confined = isolation.kind == "sandbox"
    if confined and (reason := confine.why_not()):
        refused = Quarantined(
            plugin.name, "isolation", f"{reason}; or let it run unconfined: trusted = true under [grants.{plugin.name}]"
        )
        return lambda: refused
    secrets = _references(manifest, settings) if confined else {}
    shown = (
        {
            name: next((each for each, secret in secrets.items() if secret == value), value)
            for name, value in settings.items()
        }
        if secrets
        else dict(settings)
    )
    template = (
        start_confined(plugin.name, [str(folder)], _files(manifest, settings))
        if confined
        else start_template(plugin.name)
    )
    template.load(
        {
            "entry": {"name": plugin.entry.name, "value": plugin.entry.value, "group": plugin.entry.group},
            "version": plugin.version,
            "folder": str(folder),
            "path": [*path, str(folder.parent)],
            "settings": shown,
            "station": context.station,
            "site": context.site,
            "clock": "machine" if isinstance(context.clock, SystemClock) else "station",
            "confined": confined,
            "log": "info",
        }
    )

    def finish() -> ProcessPlugin | Quarantined:
        try:
            told = template.loaded()
            if "kept_out" in told:
                template.kill()
                step = told["kept_out"] if told["kept_out"] in _STEPS else "import"
                return Quarantined(plugin.name, step, str(told.get("reason", ""))[:500])
            described = Description.model_validate(told.get("described"))
        except LaunchError as error:
            template.kill()
            return Quarantined(plugin.name, "import", f"{error}{template.printed.told()}")
        except (ValidationError, ValueError):
            template.kill()
            return Quarantined(plugin.name, "verify", "what it says of itself cannot be read")
        if problem := _undeclared(manifest, described):
            template.kill()
            return Quarantined(plugin.name, "verify", problem)
        egress = PluginEgress(plugin.name, _origins(manifest, settings, isolation), secrets)
        return ProcessPlugin(plugin.name, described, template, context.clock, egress)

    return finish


def _references(manifest: Manifest, settings: Mapping[str, Any]) -> dict[str, str]:
    """Return what a confined plugin gets in the place of each secret, and the secret."""
    return {
        f"{{secret:{name}}}": value
        for name, value in settings.items()
        if name in manifest.settings and manifest.settings[name].secret and isinstance(value, str) and value
    }


def _files(manifest: Manifest, settings: Mapping[str, Any]) -> list[str]:
    """Return the files that the operator names in its settings."""
    return [
        value
        for name, value in settings.items()
        if name in manifest.settings
        and manifest.settings[name].type == "file"
        and isinstance(value, str)
        and value
        and Path(value).is_file()
    ]


def _origins(manifest: Manifest, settings: Mapping[str, Any], isolation: Isolation) -> frozenset[str] | None:
    """Return where the plugin may ask: what it declares, what its settings name, what was granted beside."""
    if isolation.origins is None:
        return None
    named = [
        value
        for name, value in settings.items()
        if name in manifest.settings and manifest.settings[name].type == "url" and isinstance(value, str)
    ]
    declared = [each if "://" in each else f"https://{each}" for each in manifest.hosts]
    return frozenset(origin_of(each) for each in (*named, *declared, *isolation.origins) if each)


def _undeclared(manifest: Manifest, described: Description) -> str:
    """Return what a plugin offers beyond its manifest; empty: nothing. The process that says it is not believed."""
    declared = {entry.id: entry for entry in manifest.services}
    for service in described.services:
        entry = declared.get(service.id)
        if entry is None:
            return f'service "{service.id}" is not in plugin.toml'
        if set(service.needs) - set(entry.needs) or set(service.wants) - set(entry.wants):
            return f'service "{service.id}" asks for devices that are not in plugin.toml'
        if service.identity is not entry.level:
            return f'service "{service.id}" asks for another identity than plugin.toml says'
    if len({each.id for each in described.services}) < len(described.services):
        return "a service is offered twice"
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
