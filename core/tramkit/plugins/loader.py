"""Loading plugins: site allow-list, manifest, import, register, verify; each step isolates the plugin that fails it.

pluggy keeps the hooks; its own entry-point loader imports everything in one loop, so that one bad plugin stops the
program. Hence this one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, cast

import pluggy

from tramkit.host.payment import PaymentDescriptor
from tramkit.host.plugin_side import PluginSide, ServiceDescriptor
from tramkit.host.sign_in import SignInDescriptor
from tramkit.plugins import golden
from tramkit.plugins.granted import GrantedPlugin
from tramkit.plugins.hookspecs import PluginContext
from tramkit.plugins.importing import load_here, new_manager
from tramkit.plugins.installed import Installed, KeptOutError, Quarantined, discover
from tramkit.plugins.isolation import INLINE, Isolation
from tramkit.problems import did_you_mean
from tramkit_hal.ui.pages import AnyPage
from tramkit_hal.ui.screen import ScreenCapabilities

_log = logging.getLogger(__name__)


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
    manager = new_manager()
    taken: set[str] = set()
    begun: dict[str, Callable[[], PluginSide] | KeptOutError] = {}
    for name in plugins.enabled:  # templates are imported side by side
        try:
            plugin = by_name.get(name)
            if plugin is None:
                raise KeptOutError("manifest", f'no plugin "{name}" is installed{did_you_mean(name, by_name)}')
            _verify_pages(plugin, screens)
            plugins.isolations[name] = isolation(plugin)
            begun[name] = _begin(plugin, settings.get(name, {}), context, manager, plugins.isolations[name], path or [])
        except KeptOutError as out:
            begun[name] = out
    for name, finish in begun.items():
        try:
            if isinstance(finish, KeptOutError):
                raise finish
            side = finish()
            if (grant := plugins.isolations[name].grant) is not None:
                side = cast("PluginSide", GrantedPlugin(side, grant))
            if twice := {service.id for service in side.services} & taken:
                raise KeptOutError("verify", f"another plugin offers the same service: {', '.join(sorted(twice))}")
        except KeptOutError as out:
            plugins.quarantined.append(Quarantined(name, out.step, out.reason))
            _log.error("plugin quarantined", extra={"plugin": name, "step": out.step, "reason": out.reason})
            continue
        taken |= {service.id for service in side.services}
        plugins.running[name] = side
        _log.info("plugin runs", extra={"plugin": name, "services": len(side.services)})
    return plugins


def _begin(
    plugin: Installed,
    given: Mapping[str, Any],
    context: PluginContext,
    manager: pluggy.PluginManager,
    isolation: Isolation,
    path: list[str],
) -> Callable[[], PluginSide]:
    """Begin to import a plugin where it is to run; return what waits for it."""
    if isolation.refused:
        raise KeptOutError("isolation", isolation.refused)
    if isolation.kind == "inline":
        return partial(load_here, plugin, given, context, manager)
    from tramkit.plugins.process.begin import begin  # a station whose plugins are inline starts without it

    return begin(plugin, given, context, isolation, path)


def _verify_pages(plugin: Installed, screens: Sequence[ScreenCapabilities]) -> None:
    """What the plugin shows must be shown here, or be said in other words."""
    try:
        pages: Mapping[str, AnyPage] = golden.read(plugin.folder) if plugin.folder else {}
    except golden.GoldenError as error:
        raise KeptOutError("manifest", str(error)) from None
    for name, page in pages.items():
        if page.fallback is not None:
            continue
        for screen in screens:
            if lacking := screen.lacks(page):
                raise KeptOutError(
                    "verify",
                    f'page "{name}" asks for {lacking}, which the screen of this site cannot show; '
                    "bind another screen, or let the plugin's author give the page a fallback",
                )
