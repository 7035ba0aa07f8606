"""``tramkit station``: how a running station is, closing and opening it, and waiting until nobody is there."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from tramkit.app.config import ConfigError, default_config_file, read_config
from tramkit.operator.console.client import PanelClient, PanelError

T = TypeVar("T")

USAGE_ERROR = 2
NOT_READY = 1
STILL_BUSY = 75
"""Somebody is at the station still: EX_TEMPFAIL of sysexits.h, try again later."""

LOOK_SECONDS = 0.5
TOLD_SECONDS = 15.0
"""Between two lines that say what is waited for."""


@click.group()
@click.option("--config", "file", type=click.Path(path_type=Path), default=None, help="The station's file.")
@click.option("--at", "address", default="", help="Its panel: unix:PATH, or the address it printed.")
@click.pass_context
def station(context: click.Context, file: Path | None, address: str) -> None:
    """Look after a RUNNING station: status, close, open, drain."""
    context.obj = address or _socket_of(file)


def _socket_of(file: Path | None) -> str:
    try:
        panel = read_config(file or default_config_file()).panel
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(USAGE_ERROR)
    if panel.socket:
        return f"unix:{panel.socket}"
    if panel.token and panel.port:
        return f"http://127.0.0.1:{panel.port}/?token={panel.token}"
    raise click.UsageError("station.toml names no [panel] socket: add one, or give --at with the address it printed")


def _ask(address: str, work: Callable[[PanelClient], Awaitable[T]]) -> T:
    async def run() -> T:
        client = PanelClient(address)
        try:
            await client.sign_in()
            return await work(client)
        finally:
            await client.close()

    try:
        return asyncio.run(run())
    except (PanelError, ValueError) as trouble:
        raise click.ClickException(str(trouble)) from None


@station.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def status(address: str, *, as_json: bool) -> None:
    """Say whether residents are served; ends with 1 where they are not."""
    ready, found = _ask(address, lambda client: client.ready("en"))
    if as_json:
        click.echo(json.dumps({"ready": ready, "checks": found}, ensure_ascii=False))
    else:
        click.echo("serves residents" if ready else "does NOT serve residents")
        for name, check in found.items():
            click.echo(f"  {name}: {'well' if check['well'] else check.get('says', '')}")
    sys.exit(0 if ready else NOT_READY)


@station.command("close")
@click.pass_obj
def close_station(address: str) -> None:
    """Let nobody begin a visit; one under way goes on to its end."""
    _ask(address, lambda client: client.close_station(True, "en"))
    click.echo("closed for service")


@station.command("open")
@click.pass_obj
def open_station(address: str) -> None:
    """Serve residents again."""
    _ask(address, lambda client: client.close_station(False, "en"))
    click.echo("in service")


@station.command()
@click.option("--wait", "seconds", type=click.FloatRange(min=0), default=900.0, show_default=True, help="Seconds.")
@click.pass_obj
def drain(address: str, seconds: float) -> None:
    """Close the station and wait until nobody is there; ends with 75 where somebody still is.

    What residents have ordered is carried out on the next start: it need not be waited for.
    """
    if not _ask(address, lambda client: _drained(client, seconds)):
        click.echo("somebody is at the station still; it stays closed for others", err=True)
        sys.exit(STILL_BUSY)
    click.echo("nobody is at the station, and nobody can begin")


async def _drained(client: PanelClient, seconds: float) -> bool:
    await client.close_station(True, "en")
    until, told = time.monotonic() + seconds, 0.0
    while True:
        visit: dict[str, Any] | None = (await client.report("en"))["visit"]
        now = time.monotonic()
        if visit is None:
            return True
        if now >= until:
            return False
        if now - told >= TOLD_SECONDS:
            told = now
            click.echo(f"waiting: a visit is under way ({visit['service'] or 'menu'}), {until - now:.0f} s left")
        await asyncio.sleep(min(LOOK_SECONDS, until - now))
