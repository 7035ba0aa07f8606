"""The command ``tramkit``."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from tramkit import log
from tramkit.app.backup_command import backup, restore
from tramkit.app.config import ConfigError, StationConfig, default_config_file, read_config, with_screen
from tramkit.app.devices_command import conformance, devices
from tramkit.app.doctor_command import doctor
from tramkit.app.group import Tramkit
from tramkit.app.station_command import station
from tramkit.host.order import EffectKind
from tramkit.plugins.hardening import harden_process
from tramkit.plugins.hookspecs import PluginContext
from tramkit.plugins.installed import Installed, discover
from tramkit.plugins.loader import load
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.device.roles import Role

QUARANTINED = 3
"""Exit code: what was asked for was told, and a plugin is kept out."""

USAGE_ERROR = 2
TERMINAL = "terminal"
LOG_BESIDE_TERMINAL = "tramkit.log"
"""Where the log goes, in the current folder, when the terminal shows the pages and the file names no other place."""


LedgerOf = Callable[[Callable[[Any], Awaitable[Any]]], Any]
"""Opens the station's ledger and does something with it."""


@click.group(cls=Tramkit)
@click.version_option(package_name="tramkit")
def main() -> None:
    """Tramkit: the open framework for digital citizen stations."""


main.add_command(devices)
main.add_command(conformance)
main.add_command(backup)
main.add_command(restore)
main.add_command(doctor)
main.add_command(station)

config_option = click.option(
    "--config",
    "file",
    type=click.Path(path_type=Path),
    default=None,
    help="The station's station.toml; without it, a station with simulated devices.",
)


@main.command()
@config_option
@click.option("--screen", default=None, help="Use this screen instead of the file's: web, terminal, scripted.")
def run(file: Path | None, screen: str | None) -> None:
    """Run the station until it is told to stop."""
    config = _read(file)
    if screen:
        config = _checked(lambda: with_screen(config, screen))
    harden_process()
    log.configure(config.log.level, _log_file(config))
    from tramkit.app.run import StartError, run_station, screens_of
    from tramkit.station.conditions import made_on

    clock = SystemClock()
    context = PluginContext(clock=clock, station=config.station.id, site=config.station.site)
    plugins = load(
        config.plugins.enabled, config.settings, context, screens=screens_of(config), isolation=config.isolation
    )

    def announce(name: str, address: str) -> None:
        click.echo(f"{name}: {address}")
        sys.stdout.flush()

    try:
        asyncio.run(run_station(config, plugins, clock, announce, made=made_on()))
    except StartError as problem:
        raise click.ClickException(str(problem)) from None


@main.group(invoke_without_command=True)
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.option("--count", default=50, show_default=True, type=click.IntRange(1, 1_000_000), help="Newest orders shown.")
@click.pass_context
def orders(context: click.Context, file: Path | None, as_json: bool, count: int) -> None:
    """List what residents have committed to, without personal data; the station must not run."""
    from tramkit.orders.commands import list_orders, with_ledger

    section = _read(file).orders
    context.obj = partial(with_ledger, section.data, section.key)
    if context.invoked_subcommand is None:
        list_orders(context.obj, as_json, count)


@orders.command()
@click.argument("code")
@click.pass_obj
def show(ledger_of: LedgerOf, code: str) -> None:
    """Show one order by the code of its receipt."""
    from tramkit.orders.commands import show_order

    show_order(ledger_of, code)


@orders.command()
@click.argument("code")
@click.argument("effect", type=click.Choice([kind.value for kind in EffectKind]))
@click.option("--done/--not-done", required=True, help="What you found out at the provider.")
@click.option("--why", required=True, help="How you know; kept in the audit log.")
@click.pass_obj
def resolve(ledger_of: LedgerOf, code: str, effect: str, done: bool, why: str) -> None:
    """Write what became of an effect that the station could not settle."""
    from tramkit.orders.commands import resolve_order

    resolve_order(ledger_of, code, effect, done, why)


@orders.command("migrate")
@click.pass_context
def orders_migrate(context: click.Context) -> None:
    """Make today's version of a ledger of before its end was sealed; a copy is kept; the station must not run."""
    from tramkit.orders.commands import migrate_ledger

    assert context.parent is not None
    section = _read(context.parent.params["file"]).orders
    migrate_ledger(section.data, section.key)


@orders.command("rekey")
@click.option("--new-key", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Made where missing.")
@click.pass_context
def orders_rekey(context: click.Context, new_key: Path) -> None:
    """Put the ledger under a new key, which takes the old one's place; the station must not run."""
    from tramkit.orders.commands import rekey_ledger

    assert context.parent is not None
    section = _read(context.parent.params["file"]).orders
    rekey_ledger(section.data, section.key, new_key)


_number = click.option(
    "--number",
    prompt="Number of the identity card (empty: by codes only)",
    default="",
    hide_input=True,
    show_default=False,
)


@orders.command("export")
@_number
@click.option("--code", "codes", multiple=True, help="Code of a receipt, for who gave no card.")
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def orders_export(ledger_of: LedgerOf, number: str, codes: tuple[str, ...], target: Path) -> None:
    """Write all that the ledger has of a person into TARGET (JSON), by request (Law 91/2025/QH15)."""
    from tramkit.orders.commands import export_orders

    export_orders(ledger_of, codes, number, target)


@orders.command("erase")
@_number
@click.option("--code", "codes", multiple=True, help="Code of a receipt, for who gave no card.")
@click.confirmation_option(prompt="Erase what these orders asked for? Amount, payee and references stay for the books.")
@click.pass_obj
def orders_erase(ledger_of: LedgerOf, number: str, codes: tuple[str, ...]) -> None:
    """Throw the keys of a person's closed orders away, by request (Law 91/2025/QH15)."""
    from tramkit.orders.commands import erase_orders

    erase_orders(ledger_of, codes, number)


@orders.command("references")
@click.pass_obj
def orders_references(ledger_of: LedgerOf) -> None:
    """List under which references this station's money may stand in a day file, for other stations' reconcile."""
    from tramkit.orders.commands import list_references

    list_references(ledger_of)


_DAY_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@main.command()
@config_option
@click.option("--others", multiple=True, type=_DAY_FILE, help="References of another station with the same account.")
@click.option("--shared", is_flag=True, help="What this station does not know belongs to others with its account.")
@click.argument("files", nargs=-1, required=True, type=_DAY_FILE)
def reconcile(file: Path | None, others: tuple[Path, ...], shared: bool, files: tuple[Path, ...]) -> None:
    """Compare the ledger with day files of the biller and of the payment provider; ends with 1 where they differ.

    The station must not run. One JSON line for each difference, then one with the counts.
    """
    from tramkit.orders.commands import reconcile_files, with_ledger

    section = _read(file).orders
    reconcile_files(partial(with_ledger, section.data, section.key), files, others, shared=shared)


@main.group()
@config_option
@click.pass_context
def audit(context: click.Context, file: Path | None) -> None:
    """Look at the audit log."""
    from tramkit.orders.commands import with_ledger

    section = _read(file).orders
    context.obj = partial(with_ledger, section.data, section.key)


@audit.command()
@click.pass_obj
def verify(ledger_of: LedgerOf) -> None:
    """Walk the whole chain and tell the first entry that was changed."""
    from tramkit.orders.commands import verify_ledger

    verify_ledger(ledger_of)


@main.command()
@click.argument("address")
@click.option("--language", type=click.Choice(["vi", "en"]), default="vi", help="Of the console.")
def console(address: str, language: str) -> None:
    """Look after a running station in a terminal; ADDRESS is its panel's, as the station prints it."""
    try:
        from tramkit.operator.console.app import Console
    except ModuleNotFoundError:
        raise click.ClickException("the console needs Textual: pip install tramkit[terminal]") from None
    from tramkit.operator.console.client import PanelClient, PanelError

    async def run() -> None:
        client = PanelClient(address)
        try:
            await client.sign_in()
            await Console(client, language).run_async()
        finally:
            await client.close()

    try:
        asyncio.run(run())
    except (PanelError, ValueError) as trouble:
        raise click.ClickException(str(trouble)) from None


@main.group(invoke_without_command=True)
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.pass_context
def plugins(context: click.Context, file: Path | None, as_json: bool) -> None:
    """List the plugins: installed, enabled, quarantined, and why; how apart each runs."""
    from tramkit.app.run import screens_of

    if context.invoked_subcommand is not None:
        return
    config = _read(file)
    log.configure("error")
    of_station = PluginContext(clock=SystemClock(), station=config.station.id, site=config.station.site)
    loaded = load(
        config.plugins.enabled, config.settings, of_station, screens=screens_of(config), isolation=config.isolation
    )
    loaded.close()
    rows = loaded.report()
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        sys.exit(QUARANTINED if any(row["state"] == "quarantined" for row in rows) else 0)
    if not rows:
        click.echo("No plugin is installed.")
    for row in rows:
        click.echo(f"{row['name']} {row['version']}  {row['state']}  {row['title']}".rstrip())
        if row["services"]:
            click.echo(f"  services: {row['services']}")
        if row["isolation"]:
            click.echo(f"  isolation: {row['isolation']}")
        if row["reason"]:
            click.echo(f"  {row['step'] or 'problem'}: {row['reason']}")
    sys.exit(QUARANTINED if any(row["state"] == "quarantined" for row in rows) else 0)


@plugins.command("grant")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--yes", is_flag=True, help="Do not ask.")
def grant_command(name: str, file: Path, *, yes: bool) -> None:
    """Show what the plugin NAME asks for, and grant it in FILE, the station's station.toml."""
    from tramkit.app.grant_command import grant

    grant(name, file, _read(file), yes=yes)


@main.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), default=None, help="As if it were this day.")
def facts(file: Path | None, as_json: bool, day: datetime | None) -> None:
    """List every dated value: since when, its source, when it was last checked; what begins or ends within 90 days.

    Ends with 1 where a value in force has no source.
    """
    from tramkit.app.facts_command import print_facts

    print_facts(_read(file), discover(), day.date() if day else None, as_json=as_json)


@main.group()
def config() -> None:
    """Work with a station's configuration."""


@config.command()
@click.argument("file", type=click.Path(path_type=Path))
def check(file: Path) -> None:
    """Check FILE; say for each mistake the key, what is wrong, and what would be right."""
    _read(file, discover())
    click.echo(f"{file}: good")


@main.command()
@config_option
def demo(file: Path | None) -> None:
    """Run the station with all that its plugins need beside it (desk, sandboxes), for trying out."""
    from tramkit.app.demo import run_demo

    path = file or default_config_file()
    run_demo(path, _read(path))


def _log_file(config: StationConfig) -> str:
    """Return where the log goes: never onto a terminal on which the resident's pages stand."""
    on_terminal = any(binding.driver == TERMINAL for binding in config.roles[Role.SCREEN])
    if config.log.file or not (on_terminal and sys.stderr.isatty()):
        return config.log.file
    click.echo(f"log: {Path(LOG_BESIDE_TERMINAL).absolute()}")
    return LOG_BESIDE_TERMINAL


def _read(file: Path | None, installed: tuple[Installed, ...] | None = None) -> StationConfig:
    return _checked(lambda: read_config(file or default_config_file(), installed))


def _checked(read: Callable[[], StationConfig]) -> StationConfig:
    try:
        return read()
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(USAGE_ERROR)
