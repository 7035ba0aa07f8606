"""``tramkit plugins grant``: what a plugin asks for is shown, and granted in ``station.toml`` where it is agreed to."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import click

from tramkit.app.config import StationConfig
from tramkit.plugins.installed import Installed, discover
from tramkit.plugins.isolation import OWN, Grant
from tramkit.problems import did_you_mean

_MEANING = {
    "hosts": "it may ask these systems, beside the addresses in its settings",
    "roles": "its services may use these devices",
    "payment_methods": "residents can pay by these ways of its own",
    "identity_methods": "residents can sign in by these ways of its own",
    "personal": "it is told this of a resident whom the station has identified",
}


def grant(name: str, file: Path, config: StationConfig, *, yes: bool) -> None:
    """Show what a plugin asks for and write its section.

    :param yes: without asking.
    :raises click.ClickException: there is no such plugin, its manifest cannot be read, or it has its section already.
    """
    installed = {each.name: each for each in discover()}
    plugin = installed.get(name)
    if plugin is None:
        raise click.ClickException(f'no plugin "{name}" is installed{did_you_mean(name, installed)}')
    if plugin.manifest is None:
        raise click.ClickException(f'plugin "{name}": {plugin.problem}')
    if name in config.grants:
        raise click.ClickException(f"{file} has [grants.{name}] already; change it there")
    asked = Grant.of(plugin.manifest)
    _show(plugin, asked)
    if not yes and not click.confirm(f"Grant this in {file}?"):
        raise click.Abort
    with file.open("a", encoding="utf-8") as lines:
        lines.write("\n" + "\n".join(section(plugin, asked)) + "\n")
    click.echo(f"{file}: [grants.{name}] is written; it holds once the station starts again")


def _show(plugin: Installed, asked: Grant) -> None:
    runs = "in processes of the station's own user" if plugin.distribution in OWN else "confined"
    click.echo(f"{plugin.name} {plugin.version} (distribution {plugin.distribution}) runs {runs} and asks that:")
    for field, meaning in _MEANING.items():
        values = _words(getattr(asked, field))
        if values:
            click.echo(f"  {meaning}: {', '.join(values)}")
    if asked == Grant():
        click.echo("  nothing")


def section(plugin: Installed, asked: Grant) -> list[str]:
    """Return the lines of a plugin's section, bound to the distribution and version that are installed."""
    lines = [f"[grants.{plugin.name}]", f'distribution = "{plugin.distribution}=={plugin.version}"']
    for field in _MEANING:
        if values := _words(getattr(asked, field)):
            lines.append(f"{field} = {json.dumps(values, ensure_ascii=False)}")
    return lines


def _words(values: Iterable[object]) -> list[str]:
    return [str(getattr(value, "value", value)) for value in values]
