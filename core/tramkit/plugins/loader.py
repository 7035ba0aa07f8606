"""Loading plugins: site allow-list, manifest, import, register, verify; each step isolates the plugin that fails it.

pluggy keeps the hooks; its own entry-point loader imports everything in one loop, so that one bad plugin stops the
program. Hence this one.

Longer than 400 lines: one pipeline, each step of which keeps a plugin out for a reason of its own.
"""

from __future__ import annotations

import importlib
import inspect
import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from importlib.metadata import EntryPoint, distributions
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import click
import pluggy
from pydantic import ValidationError

from tramkit.host.payment import PaymentDescriptor, PaymentMethod
from tramkit.host.person import Level
from tramkit.host.plugin_side import PluginSide, ServiceDescriptor
from tramkit.host.sign_in import IdentityMethod, SignInDescriptor
from tramkit.plugins import golden, hookspecs
from tramkit.plugins.granted import GrantedPlugin
from tramkit.plugins.hookspecs import PROJECT, PluginContext
from tramkit.plugins.isolation import INLINE, Isolation
from tramkit.plugins.manifest import Manifest, find_package, read_manifest, settle
from tramkit.problems import FileError
from tramkit.suggest import did_you_mean
from tramkit.visit.inline import InlinePlugin, describe
from tramkit.visit.service import Service
from tramkit_hal import TramkitError
from tramkit_hal.ui.pages import AnyPage
from tramkit_hal.ui.screen import ScreenCapabilities

GROUP = "tramkit.plugins"
PREFIX = "tramkit_"

Step = Literal["manifest", "settings", "isolation", "import", "register", "verify"]

_log = logging.getLogger(__name__)
T = TypeVar("T")


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


def _inline(plugin: PluginSide) -> PluginSide:
    return plugin


@dataclass
class PluginSet:
    """The plugins of a station: what is installed, what runs, what was kept out and why."""

    installed: tuple[Installed, ...]
    enabled: tuple[str, ...]
    running: dict[str, PluginSide] = field(default_factory=dict[str, PluginSide])
    isolations: dict[str, Isolation] = field(default_factory=dict[str, Isolation])
    quarantined: list[Quarantined] = field(default_factory=list[Quarantined])
    beside: Callable[[PluginSide], PluginSide] = _inline
    """What stands between a plugin's services and the station."""

    @property
    def services(self) -> list[ServiceDescriptor]:
        """The services of all plugins that run, in the order of ``[plugins] enabled``."""
        return [service for side in self.running.values() for service in side.services]

    @property
    def payment_methods(self) -> list[PaymentDescriptor]:
        """The ways to pay of all plugins that run, in the order of ``[plugins] enabled``."""
        return [method for side in self.running.values() for method in side.payment_methods]

    @property
    def identity_methods(self) -> list[SignInDescriptor]:
        """The ways to sign in of all plugins that run, in the order of ``[plugins] enabled``."""
        return [method for side in self.running.values() for method in side.identity_methods]

    @cached_property
    def sides(self) -> list[PluginSide]:
        """The plugins that run, in the order of ``[plugins] enabled``, with what stands between."""
        return [self.beside(side) for side in self.running.values()]

    def close(self) -> None:
        """End what loading has begun, where the plugins are not to run: templates of processes."""
        for side in self.running.values():
            if (close := getattr(side, "close", None)) is not None:
                close()

    def panel_report(self) -> list[dict[str, object]]:
        """Return the rows of :meth:`report` with each title in every language of its manifest."""
        titles = {each.name: each.manifest.title.model_dump() for each in self.installed if each.manifest}
        return [{**row, "title": titles.get(row["name"], row["title"])} for row in self.report()]

    def report(self) -> list[dict[str, str]]:
        """Return a row for each plugin: ``name state version title services isolation step reason``."""
        kept_out = {plugin.name: plugin for plugin in self.quarantined}
        rows: list[dict[str, str]] = []
        for plugin in self.installed:
            out = kept_out.pop(plugin.name, None)
            state = "quarantined" if out else "enabled" if plugin.name in self.running else "installed"
            manifest = plugin.manifest
            rows.append(
                {
                    "name": plugin.name,
                    "state": state,
                    "version": plugin.version,
                    "title": manifest.title.en if manifest else "",
                    "services": ", ".join(service.id for service in manifest.services) if manifest else "",
                    "isolation": self.isolations[plugin.name].kind if plugin.name in self.running else "",
                    "step": out.step if out else "",
                    "reason": out.reason if out else plugin.problem,
                }
            )
        for out in kept_out.values():
            rows.append(
                {
                    "name": out.name,
                    "state": "quarantined",
                    "version": "",
                    "title": "",
                    "services": "",
                    "isolation": "",
                    "step": out.step,
                    "reason": out.reason,
                }
            )
        return rows


class _KeptOutError(TramkitError):
    def __init__(self, step: Step, reason: str) -> None:
        super().__init__(reason)
        self.step: Step = step
        self.reason = reason


# ── what is installed ─────────────────────────────────────────────────────────────────────────────────────────


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


# ── what runs ─────────────────────────────────────────────────────────────────────────────────────────────────


def load(
    enabled: Sequence[str],
    settings: Mapping[str, Mapping[str, Any]],
    context: PluginContext,
    *,
    screens: Sequence[ScreenCapabilities] = (),
    path: list[str] | None = None,
    isolation: Callable[[Installed], Isolation] = lambda _plugin: INLINE,
) -> PluginSet:
    """Load the plugins that a site runs; whatever one of them does, the others are loaded.

    :param enabled: names, from ``[plugins] enabled``; others are never imported.
    :param settings: the tables of ``[settings.NAME]``.
    :param screens: what the site's screens can do; a plugin that needs more, and says nothing instead, does not run.
    :param path: folders to search; None: Python's own.
    :param isolation: how apart from the station each one runs.
    """
    plugins = PluginSet(discover(path), tuple(dict.fromkeys(enabled)))
    by_name = {plugin.name: plugin for plugin in plugins.installed}
    manager = _manager()
    taken: set[str] = set()
    begun: dict[str, Callable[[], PluginSide] | _KeptOutError] = {}
    for name in plugins.enabled:  # templates are imported side by side
        try:
            plugin = by_name.get(name)
            if plugin is None:
                raise _KeptOutError("manifest", f'no plugin "{name}" is installed{did_you_mean(name, by_name)}')
            given = _checked(plugin, settings.get(name, {}), screens)
            plugins.isolations[name] = isolation(plugin)
            begun[name] = _begin(plugin, given, context, manager, plugins.isolations[name], path or [])
        except _KeptOutError as out:
            begun[name] = out
    for name, finish in begun.items():
        try:
            if isinstance(finish, _KeptOutError):
                raise finish
            side = finish()
            if (grant := plugins.isolations[name].grant) is not None:
                side = cast("PluginSide", GrantedPlugin(side, grant))
            if twice := {service.id for service in side.services} & taken:
                raise _KeptOutError("verify", f"another plugin offers the same service: {', '.join(sorted(twice))}")
        except _KeptOutError as out:
            plugins.quarantined.append(Quarantined(name, out.step, out.reason))
            _log.error("plugin quarantined", extra={"plugin": name, "step": out.step, "reason": out.reason})
            continue
        taken |= {service.id for service in side.services}
        plugins.running[name] = side
        _log.info("plugin runs", extra={"plugin": name, "services": len(side.services)})
    return plugins


def _checked(plugin: Installed, given: Mapping[str, Any], screens: Sequence[ScreenCapabilities]) -> Mapping[str, Any]:
    """Return the settings of a plugin whose manifest, pages and settings are as they should be."""
    if plugin.manifest is None:
        raise _KeptOutError("manifest", plugin.problem)
    _verify_pages(plugin, screens)
    try:
        return settle(plugin.manifest, given)
    except ValueError as error:
        raise _KeptOutError("settings", str(error)) from None


def _begin(
    plugin: Installed,
    settings: Mapping[str, Any],
    context: PluginContext,
    manager: pluggy.PluginManager,
    isolation: Isolation,
    path: list[str],
) -> Callable[[], PluginSide]:
    """Begin to import a plugin where it is to run; return what waits for it."""
    if isolation.refused:
        raise _KeptOutError("isolation", isolation.refused)
    if isolation.kind == "inline":
        return partial(_load_one, plugin, settings, context, manager)
    from tramkit.plugins.process.begin import begin  # a station whose plugins are inline starts without it

    finish = begin(plugin, settings, context, isolation, path)

    def finished() -> PluginSide:
        made = finish()
        if isinstance(made, Quarantined):
            raise _KeptOutError(made.step, made.reason)
        return made

    return finished


def load_here(plugin: Installed, settings: Mapping[str, Any], context: PluginContext) -> InlinePlugin | Quarantined:
    """Import one plugin into this process and return what it offers, or why it is kept out.

    :param settings: checked already.
    """
    try:
        if plugin.manifest is None:
            raise _KeptOutError("manifest", plugin.problem)
        return _load_one(plugin, settings, context, _manager())
    except _KeptOutError as out:
        return Quarantined(plugin.name, out.step, out.reason)


def _load_one(
    plugin: Installed, settings: Mapping[str, Any], context: PluginContext, manager: pluggy.PluginManager
) -> InlinePlugin:
    assert plugin.manifest is not None
    module = import_plugin(plugin, manager)
    services = _call(manager, module, "tramkit_services", settings=settings, context=context)
    _verify_services(plugin.manifest, services)
    methods = _call(manager, module, "tramkit_payment_methods", settings=settings, context=context)
    _verify_methods(plugin.manifest, methods)
    sign_ins = _call(manager, module, "tramkit_identity_methods", settings=settings, context=context)
    _verify_sign_ins(plugin.manifest, sign_ins)
    return InlinePlugin(services, methods, sign_ins)


def import_plugin(plugin: Installed, manager: pluggy.PluginManager) -> object:
    """Import and register a plugin.

    :raises _KeptOutError: whatever it raised, by the step.
    """
    module = _walled("import", lambda: importlib.import_module(plugin.entry.module))
    _walled("register", lambda: manager.register(module, plugin.name))
    try:
        _refuse_unknown_hooks(module, manager)
    except _KeptOutError:
        manager.unregister(module)
        raise
    return module


def _walled(step: Step, do: Callable[[], T]) -> T:
    """Do a step of a plugin; whatever it raises, SystemExit too, costs only this plugin."""
    try:
        return do()
    except (_KeptOutError, KeyboardInterrupt):
        raise
    except BaseException as error:
        _log.warning("plugin failed", extra={"step": step}, exc_info=error)
        said = str(error).splitlines()[0] if str(error) else ""
        raise _KeptOutError(step, f"it raised {type(error).__name__}" + (f": {said}" if said else "")) from error


def _manager() -> pluggy.PluginManager:
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
            raise _KeptOutError("register", f'there is no hook "{name}"{did_you_mean(name, specs)}')
        if looks and not marked:
            raise _KeptOutError("register", f'"{name}" is not marked: put @hookimpl before it')


def _call(manager: pluggy.PluginManager, module: object, hook: str, **arguments: Any) -> list[Any]:
    """Call one plugin's implementation of a hook, and nobody else's."""
    others = [plugin for plugin in manager.get_plugins() if plugin is not module]
    caller = manager.subset_hook_caller(hook, remove_plugins=others)
    results: list[Any] = _walled("verify", lambda: caller(**arguments))
    made: list[Any] = []
    for result in results:
        if not isinstance(result, list):
            raise _KeptOutError("verify", f"{hook} must return a list, not {type(result).__name__}")
        made += result
    return made


def _verify_pages(plugin: Installed, screens: Sequence[ScreenCapabilities]) -> None:
    """What the plugin shows must be shown here, or be said in other words."""
    try:
        pages: Mapping[str, AnyPage] = golden.read(plugin.folder) if plugin.folder else {}
    except golden.GoldenError as error:
        raise _KeptOutError("manifest", str(error)) from None
    for name, page in pages.items():
        if page.fallback is not None:
            continue
        for screen in screens:
            if lacking := screen.lacks(page):
                raise _KeptOutError(
                    "verify",
                    f'page "{name}" asks for {lacking}, which the screen of this site cannot show; '
                    "bind another screen, or let the plugin's author give the page a fallback",
                )


def _verify_services(manifest: Manifest, services: Iterable[Any]) -> None:
    """What a plugin offers must be what its manifest says, since the operator decided by the manifest."""
    declared = {entry.id: entry for entry in manifest.services}
    offered: set[str] = set()
    for service in services:
        if not isinstance(service, Service):
            raise _KeptOutError("verify", f"tramkit_services returned a {type(service).__name__}, not a Service")
        id = getattr(service, "id", "")
        if id not in declared:
            raise _KeptOutError("verify", f'service "{id}" is not in plugin.toml{did_you_mean(str(id), declared)}')
        if id in offered:
            raise _KeptOutError("verify", f'service "{id}" is offered twice')
        offered.add(id)
        entry = declared[id]
        for key, ours, theirs in (
            ("needs", set(service.needs), set(entry.needs)),
            ("wants", set(service.wants), set(entry.wants)),
        ):
            if ours != theirs:
                raise _KeptOutError(
                    "verify", f'service "{id}" {key} {_names(ours)}, but plugin.toml says {_names(theirs)}'
                )
        if service.identity is not entry.level:
            raise _KeptOutError(
                "verify",
                f'service "{id}" asks for identity "{service.identity.name.lower()}", '
                f'but plugin.toml says "{entry.identity}"',
            )
        _verify_declared(service)
    if missing := sorted(set(declared) - offered):
        raise _KeptOutError("verify", f"plugin.toml declares services that are not offered: {', '.join(missing)}")


def _verify_declared(service: Service) -> None:
    """What a service says of itself must be of the right types: the menu shows it to everybody."""
    if not getattr(service, "title", None):
        raise _KeptOutError("verify", f'service "{service.id}" has no title')
    try:
        describe(service)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _KeptOutError("verify", f'service "{service.id}", {where}: {first["msg"]}') from None


def _verify_declared_ids(kind: str, ids: Sequence[str], declared: Sequence[str]) -> None:
    """What takes money or tells who somebody is must stand in the manifest, since the operator decided by that."""
    for id in ids:
        if id not in declared:
            raise _KeptOutError("verify", f'{kind} "{id}" is not in plugin.toml{did_you_mean(id, declared)}')


def _verify_methods(manifest: Manifest, methods: Sequence[Any]) -> None:
    """A way to pay with which a power cut could double or lose a payment is refused, and one that is not declared."""
    plugin = manifest.name
    for method in methods:
        if not isinstance(method, PaymentMethod):
            raise _KeptOutError(
                "verify", f"tramkit_payment_methods returned a {type(method).__name__}, not a PaymentMethod"
            )
        if not method.id.startswith(f"{plugin}."):
            raise _KeptOutError("verify", f'payment method "{method.id}" must be named "{plugin}.something"')
        if not method.properties.trustworthy:
            raise _KeptOutError("verify", f'payment method "{method.id}" is neither idempotent nor can be asked')
    _verify_declared_ids("payment method", [method.id for method in methods], manifest.payment_methods)


def _verify_sign_ins(manifest: Manifest, methods: Sequence[Any]) -> None:
    """A way to sign in says what it is, is declared, and cannot claim to have read a chip."""
    plugin = manifest.name
    for method in methods:
        if not isinstance(method, IdentityMethod):
            raise _KeptOutError(
                "verify", f"tramkit_identity_methods returned a {type(method).__name__}, not an IdentityMethod"
            )
        id = getattr(method, "id", "")
        if not id.startswith(f"{plugin}."):
            raise _KeptOutError("verify", f'identity method "{id}" must be named "{plugin}.something"')
        if not getattr(method, "title", None):
            raise _KeptOutError("verify", f'identity method "{id}" has no title')
        if method.level not in (Level.CLAIMED, Level.VNEID):
            raise _KeptOutError(
                "verify",
                f'identity method "{id}" says level "{method.level.value}", but a sign-in is "claimed" or "vneid"',
            )
    _verify_declared_ids("identity method", [method.id for method in methods], manifest.identity_methods)


def _names(roles: set[Any]) -> str:
    return ", ".join(sorted(roles)) or "nothing"


# ── commands ──────────────────────────────────────────────────────────────────────────────────────────────────


def commands_of(plugin: Installed) -> dict[str, click.Command]:
    """Import one plugin for its commands; a site's allow-list does not matter, a desk runs where no station is.

    :raises click.ClickException: the plugin is broken, in words for who called it.
    """
    manager = _manager()
    try:
        module = import_plugin(plugin, manager)
        commands = _call(manager, module, "tramkit_commands")
    except _KeptOutError as out:
        raise click.ClickException(f'plugin "{plugin.name}" failed at step {out.step}: {out.reason}') from None
    return {str(command.name): command for command in commands if isinstance(command, click.Command)}
