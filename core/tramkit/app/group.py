"""The group of commands of ``tramkit``: the core's own, and those that plugins declare."""

from __future__ import annotations

import os
from pathlib import Path

import click

from tramkit.app.config import ConfigError, read_config
from tramkit.plugins.importing import commands_of
from tramkit.plugins.installed import Installed, discover
from tramkit.plugins.isolation import OWN


class Tramkit(click.Group):
    """The group of commands: the core's, and those that plugins declare in their manifests.

    A plugin is imported only when one of its commands is called.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *self._declared()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        own = super().get_command(ctx, cmd_name)
        plugin = self._declared().get(cmd_name)
        if own is not None or plugin is None:
            return own
        commands = commands_of(plugin)
        if cmd_name not in commands:
            raise click.ClickException(
                f'plugin "{plugin.name}" declares the command "{cmd_name}" but does not bring it'
            )
        return commands[cmd_name]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows: list[tuple[str, str]] = []
        declared = self._declared()
        for name in self.list_commands(ctx):
            command = super().get_command(ctx, name)  # the help must not import plugins
            plugin = declared.get(name)
            title = plugin.manifest.title.en if plugin and plugin.manifest else ""
            rows.append((name, command.get_short_help_str() if command else f"(plugin: {title})"))
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def _declared(self) -> dict[str, Installed]:
        """Return who brings each command: Tramkit's own plugins first, then those that the site here has enabled."""
        enabled = _enabled_here()
        declared: dict[str, Installed] = {}
        for plugin in sorted(discover(), key=lambda each: each.distribution not in OWN):
            if plugin.distribution in OWN or plugin.name in enabled:
                for name in plugin.manifest.commands if plugin.manifest else ():
                    declared.setdefault(name, plugin)
        return declared


def _enabled_here() -> frozenset[str]:
    """Return the plugins that the station.toml of this folder, or of ``$TRAMKIT_CONFIG``, enables; none without one."""
    file = Path(os.environ.get("TRAMKIT_CONFIG") or "station.toml")
    if not file.is_file():
        return frozenset()
    try:
        return frozenset(read_config(file).plugins.enabled)
    except ConfigError:  # the command that reads it will say what is wrong
        return frozenset()
