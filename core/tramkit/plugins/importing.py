"""Importing one plugin into this process: settings, import, register, verify; what it raises costs only this plugin."""

from __future__ import annotations

import importlib
import inspect
import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import click
import pluggy

from tramkit.host.payment import PaymentMethod
from tramkit.host.person import Level
from tramkit.host.service_entry import ServiceEntry
from tramkit.host.sign_in import IdentityMethod
from tramkit.plugins import hookspecs
from tramkit.plugins.hookspecs import PROJECT, PluginContext
from tramkit.plugins.installed import Installed, KeptOutError, Step
from tramkit.plugins.manifest import Manifest
from tramkit.problems import did_you_mean
from tramkit.settings import PluginSettings, settle
from tramkit.visit.inline import InlinePlugin
from tramkit.visit.service import Service

PREFIX = "tramkit_"

_log = logging.getLogger(__name__)
T = TypeVar("T")


def load_here(
    plugin: Installed,
    given: Mapping[str, Any],
    context: PluginContext,
    manager: pluggy.PluginManager | None = None,
    environ: Mapping[str, str] = os.environ,
) -> InlinePlugin:
    """Import one plugin into this process and return what it offers.

    :param given: its table of ``[settings.NAME]``.
    :param environ: where settings that name a variable are looked up.
    :raises KeptOutError: the step at which it failed, and why.
    """
    if plugin.manifest is None:
        raise KeptOutError("manifest", plugin.problem)
    manager = manager or new_manager()
    model = settings_model(plugin)
    try:
        settings = settle(model, plugin.name, given, environ)
    except ValueError as error:
        raise KeptOutError("settings", str(error)) from None
    module = import_plugin(plugin, manager)
    services = _call(manager, module, "tramkit_services", settings=settings, context=context)
    _verify_services(plugin.manifest, services)
    methods = _call(manager, module, "tramkit_payment_methods", settings=settings, context=context)
    _verify_methods(plugin.manifest, methods)
    sign_ins = _call(manager, module, "tramkit_identity_methods", settings=settings, context=context)
    _verify_sign_ins(plugin.manifest, sign_ins)
    return InlinePlugin(services, methods, sign_ins)


def settings_model(plugin: Installed) -> type[PluginSettings]:
    """Return the model of a plugin's settings; of the plugin only the module that holds it is imported.

    :raises KeptOutError: it is not there, or is no model of settings.
    """
    named = plugin.manifest.settings if plugin.manifest is not None else ""
    if not named:
        return PluginSettings
    module, _colon, name = named.partition(":")
    model: object = getattr(_walled("settings", lambda: importlib.import_module(module)), name, None)
    if not (isinstance(model, type) and issubclass(model, PluginSettings)):
        raise KeptOutError("settings", f'"{named}" of plugin.toml is no PluginSettings')
    return model


def import_plugin(plugin: Installed, manager: pluggy.PluginManager) -> object:
    """Import and register a plugin.

    :raises KeptOutError: whatever it raised, by the step.
    """
    module = _walled("import", lambda: importlib.import_module(plugin.entry.module))
    _walled("register", lambda: manager.register(module, plugin.name))
    try:
        _refuse_unknown_hooks(module, manager)
    except KeptOutError:
        manager.unregister(module)
        raise
    return module


def _walled(step: Step, do: Callable[[], T]) -> T:
    """Do a step of a plugin; whatever it raises, SystemExit too, costs only this plugin."""
    try:
        return do()
    except (KeptOutError, KeyboardInterrupt):
        raise
    except BaseException as error:
        _log.warning("plugin failed", extra={"step": step}, exc_info=error)
        said = str(error).splitlines()[0] if str(error) else ""
        raise KeptOutError(step, f"it raised {type(error).__name__}" + (f": {said}" if said else "")) from error


def new_manager() -> pluggy.PluginManager:
    """Return a manager that knows the hooks."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def _refuse_unknown_hooks(module: object, manager: pluggy.PluginManager) -> None:
    """A misspelt hook is an error, not silence."""
    specs = [name for name in vars(hookspecs) if name.startswith(PREFIX)]
    for name, value in vars(module).items():
        if not inspect.isfunction(value):
            continue
        marked = hasattr(value, f"{PROJECT}_impl")
        looks = name.startswith(PREFIX) and value.__module__ == getattr(module, "__name__", "")
        if (marked or looks) and name not in specs:
            raise KeptOutError("register", f'there is no hook "{name}"{did_you_mean(name, specs)}')
        if looks and not marked:
            raise KeptOutError("register", f'"{name}" is not marked: put @hookimpl before it')


def _call(manager: pluggy.PluginManager, module: object, hook: str, **arguments: Any) -> list[Any]:
    """Call one plugin's implementation of a hook, and nobody else's."""
    others = [plugin for plugin in manager.get_plugins() if plugin is not module]
    caller = manager.subset_hook_caller(hook, remove_plugins=others)
    results: list[Any] = _walled("verify", lambda: caller(**arguments))
    made: list[Any] = []
    for result in results:
        if not isinstance(result, list):
            raise KeptOutError("verify", f"{hook} must return a list, not {type(result).__name__}")
        made += result
    return made


def _verify_services(manifest: Manifest, services: Iterable[Any]) -> None:
    """What a plugin offers must be what its manifest says, since the operator decided by the manifest."""
    declared = {entry.id: entry for entry in manifest.services}
    offered: set[str] = set()
    for service in services:
        if not isinstance(service, Service):
            raise KeptOutError("verify", f"tramkit_services returned a {type(service).__name__}, not a Service")
        id = getattr(service, "id", "")
        if id not in declared:
            raise KeptOutError("verify", f'service "{id}" is not in plugin.toml{did_you_mean(str(id), declared)}')
        if id in offered:
            raise KeptOutError("verify", f'service "{id}" is offered twice')
        offered.add(id)
        _verify_declared(service, declared[id])
    if missing := sorted(set(declared) - offered):
        raise KeptOutError("verify", f"plugin.toml declares services that are not offered: {', '.join(missing)}")


def _verify_declared(service: Service, entry: ServiceEntry) -> None:
    """What a service is stands in its manifest alone; no base class says otherwise."""
    told = _walled("verify", lambda: service.declared)
    if told != entry.described(takes_orders=told.takes_orders):
        raise KeptOutError("verify", f'service "{service.id}" says in a class what plugin.toml says')


def _verify_declared_ids(kind: str, ids: Sequence[str], declared: Sequence[str]) -> None:
    """What takes money or tells who somebody is must stand in the manifest, since the operator decided by that."""
    for id in ids:
        if id not in declared:
            raise KeptOutError("verify", f'{kind} "{id}" is not in plugin.toml{did_you_mean(id, declared)}')


def _verify_methods(manifest: Manifest, methods: Sequence[Any]) -> None:
    """A way to pay with which a power cut could double or lose a payment is refused, and one that is not declared."""
    plugin = manifest.name
    for method in methods:
        if not isinstance(method, PaymentMethod):
            raise KeptOutError(
                "verify", f"tramkit_payment_methods returned a {type(method).__name__}, not a PaymentMethod"
            )
        if not method.id.startswith(f"{plugin}."):
            raise KeptOutError("verify", f'payment method "{method.id}" must be named "{plugin}.something"')
        if not method.properties.trustworthy:
            raise KeptOutError("verify", f'payment method "{method.id}" is neither idempotent nor can be asked')
    _verify_declared_ids("payment method", [method.id for method in methods], manifest.payment_methods)


def _verify_sign_ins(manifest: Manifest, methods: Sequence[Any]) -> None:
    """A way to sign in says what it is, is declared, and cannot claim to have read a chip."""
    plugin = manifest.name
    for method in methods:
        if not isinstance(method, IdentityMethod):
            raise KeptOutError(
                "verify", f"tramkit_identity_methods returned a {type(method).__name__}, not an IdentityMethod"
            )
        id = getattr(method, "id", "")
        if not id.startswith(f"{plugin}."):
            raise KeptOutError("verify", f'identity method "{id}" must be named "{plugin}.something"')
        if not getattr(method, "title", None):
            raise KeptOutError("verify", f'identity method "{id}" has no title')
        if method.level not in (Level.CLAIMED, Level.VNEID):
            raise KeptOutError(
                "verify",
                f'identity method "{id}" says level "{method.level.value}", but a sign-in is "claimed" or "vneid"',
            )
    _verify_declared_ids("identity method", [method.id for method in methods], manifest.identity_methods)


# ── commands ──────────────────────────────────────────────────────────────────────────────────────────────────


def commands_of(plugin: Installed) -> dict[str, click.Command]:
    """Import one plugin for its commands; a site's allow-list does not matter, a desk runs where no station is.

    :raises click.ClickException: the plugin is broken, in words for who called it.
    """
    manager = new_manager()
    try:
        module = import_plugin(plugin, manager)
        commands = _call(manager, module, "tramkit_commands")
    except KeptOutError as out:
        raise click.ClickException(f'plugin "{plugin.name}" failed at step {out.step}: {out.reason}') from None
    return {str(command.name): command for command in commands if isinstance(command, click.Command)}
