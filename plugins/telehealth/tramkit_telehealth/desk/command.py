"""``tramkit desk``: the doctors' desk, its stations and its doctors."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import click

from tramkit import FileError, SystemClock, configure_log, nfc
from tramkit_telehealth.desk.accounts import Accounts
from tramkit_telehealth.desk.app import Desk, serve
from tramkit_telehealth.desk.ice import IceServers
from tramkit_telehealth.desk.lists import KINDS, ListError, import_list
from tramkit_telehealth.desk.settings import DeskConfig, demo_file, read_config
from tramkit_telehealth.desk.store import Store
from tramkit_telehealth.ice_servers import known
from tramkit_telehealth.media.connection_check import reached

DATA = Path("var/desk")
PORT = 8082

DEMO_STATION, DEMO_KEY = "demo-1", "demo-station-key"
DEMO_DOCTORS = {
    "bs-lan": ("BS. Nguyễn Thị Lan", "000001/HCM-CCHN (mẫu)", ["general"], ["vi", "en"]),
    "bs-minh": ("BS. Trần Quang Minh", "000002/HCM-CCHN (mẫu)", ["heart", "general"], ["vi"]),
}
"""Doctors who do not exist: name, licence, specialties, languages."""

data_option = click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), default=DATA, help="Folder of the database."
)


@click.group(invoke_without_command=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--config", "file", type=click.Path(path_type=Path), help="The facility's desk.toml.")
@click.option("--demo", is_flag=True, help="A facility that does not exist, with two doctors and one station.")
@data_option
@click.pass_context
def desk(context: click.Context, host: str, port: int, file: Path | None, demo: bool, data: Path) -> None:
    """Run the doctors' desk."""
    context.obj = data
    if context.invoked_subcommand is not None:
        return
    if file is None and not demo:
        raise click.UsageError("Give the facility's configuration with --config desk.toml, or --demo to try it out.")
    try:
        config = read_config(file or demo_file())
    except FileError as problem:
        click.echo(str(problem), err=True)
        sys.exit(2)
    configure_log()
    try:
        asyncio.run(_run(config, data, host, port, demo))
    except ListError as wrong:
        raise click.ClickException(str(wrong)) from None
    except OSError as error:
        raise click.ClickException(f"the desk cannot start on {host}:{port}: {error.strerror}") from None


async def _run(config: DeskConfig, data: Path, host: str, port: int, demo: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(name, stop.set)
    async with serve(config, data, SystemClock(), host=host, port=port) as running:
        _say("desk", running.address)
        if demo:
            await _put_demo(running)
        await stop.wait()


async def _put_demo(running: Desk) -> None:
    await running.accounts.put_station(DEMO_STATION, DEMO_KEY)
    for id, (name, licence, specialties, languages) in DEMO_DOCTORS.items():
        password = secrets.token_urlsafe(9)
        await running.accounts.put_doctor(
            id, name=name, licence=licence, specialties=specialties, languages=languages, password=password
        )
        _say(f"doctor {id}", password)


def _say(name: str, value: str) -> None:
    click.echo(f"{name}: {value}")
    sys.stdout.flush()


@contextlib.asynccontextmanager
async def _accounts(data: Path) -> AsyncGenerator[Accounts]:
    store = await Store.open(data)
    try:
        yield Accounts(store, SystemClock())
    finally:
        await store.close()


# ── lists ─────────────────────────────────────────────────────────────────────────────────────────────────────


@desk.command("import")
@click.argument("kind", type=click.Choice(sorted(KINDS)))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def import_file(data: Path, kind: str, file: Path) -> None:
    """Go by an official FILE instead of the list that comes with the desk, from its next start.

    KIND: controlled (medicines), remote (conditions that may be treated remotely), long (conditions with
    prescriptions of up to 90 days), medicines (names, classes, doses), icd10 (codes and names for the type-ahead).
    """
    try:
        count = import_list(kind, file, data)
    except (ListError, OSError) as wrong:
        raise click.ClickException(f"{file}: {wrong}") from None
    click.echo(f"{kind}: {count} entries")


# ── servers ───────────────────────────────────────────────────────────────────────────────────────────────────


@desk.command("ice")
@click.option("--config", "file", type=click.Path(path_type=Path), required=True, help="The facility's desk.toml.")
def try_ice(file: Path) -> None:
    """Ask every STUN and TURN address of desk.toml once and say whether it can be used."""
    try:
        config = read_config(file)
    except FileError as problem:
        click.echo(str(problem), err=True)
        sys.exit(2)
    servers = known(IceServers(config.ice, SystemClock()).of("desk:check"))
    if not servers:
        click.echo("desk.toml names no server: stations and doctors must share a network.")
        return

    async def ask() -> list[str]:
        return await asyncio.gather(*(reached(server) for server in servers))

    troubles = asyncio.run(ask())
    for server, trouble in zip(servers, troubles, strict=True):
        click.echo(f"{server.url}  {trouble or 'ok'}")
    sys.exit(1 if any(troubles) else 0)


# ── stations and doctors ──────────────────────────────────────────────────────────────────────────────────────


@desk.group()
def station() -> None:
    """Stations that may call in."""


@station.command("add")
@click.argument("id")
@click.pass_obj
def add_station(data: Path, id: str) -> None:
    """Let the station ID call in; tells its new key, once."""

    async def add() -> str:
        async with _accounts(data) as accounts:
            return await accounts.put_station(id)

    try:
        click.echo(asyncio.run(add()))
    except ValueError as error:
        raise click.ClickException(str(error)) from None


@station.command("remove")
@click.argument("id")
@click.pass_obj
def remove_station(data: Path, id: str) -> None:
    """Let the station ID call in no more."""

    async def remove() -> None:
        async with _accounts(data) as accounts:
            await accounts.remove_station(id)

    try:
        asyncio.run(remove())
    except KeyError:
        raise click.ClickException(f'there is no station "{id}"') from None
    click.echo(f"{id}: may not call in any more")


@desk.group()
def doctor() -> None:
    """Doctors who may sign in."""


@doctor.command("add")
@click.argument("id")
@click.option("--name", required=True, help="As residents are shown it, e.g. 'BS. Nguyễn Thị Lan'.")
@click.option("--licence", required=True, help="Number of the practice licence.")
@click.option("--specialty", "specialties", multiple=True, required=True, help="Id in desk.toml; may be repeated.")
@click.option("--language", "languages", multiple=True, default=("vi",), show_default=True)
@click.password_option(help="Asked for where it is not given.")
@click.pass_obj
def add_doctor(
    data: Path,
    id: str,
    name: str,
    licence: str,
    specialties: tuple[str, ...],
    languages: tuple[str, ...],
    password: str,
) -> None:
    """Add the doctor ID, or change them; they are signed out everywhere."""

    async def add() -> None:
        async with _accounts(data) as accounts:
            await accounts.put_doctor(
                id,
                name=nfc(name),
                licence=nfc(licence),
                specialties=list(specialties),
                languages=list(languages),
                password=password,
            )

    try:
        asyncio.run(add())
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{id}: may sign in")


@doctor.command("remove")
@click.argument("id")
@click.pass_obj
def remove_doctor(data: Path, id: str) -> None:
    """Let the doctor ID in no more and end their sessions; what they wrote stays."""

    async def remove() -> None:
        async with _accounts(data) as accounts:
            await accounts.shut_out(id)

    try:
        asyncio.run(remove())
    except KeyError:
        raise click.ClickException(f'there is no doctor "{id}"') from None
    click.echo(f"{id}: may not sign in any more")


@doctor.command("list")
@click.pass_obj
def list_doctors(data: Path) -> None:
    """List the doctors."""

    async def found() -> list[str]:
        async with _accounts(data) as accounts:
            return [f"{row.id}  {row.name}  {', '.join(row.specialties)}" for row in await accounts.doctors()]

    for row in asyncio.run(found()):
        click.echo(row)
