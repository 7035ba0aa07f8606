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

from tramkit import FileError, Level, SystemClock, configure_log, harden_process, make_secret_file, nfc
from tramkit_telehealth.desk.accounts import Accounts
from tramkit_telehealth.desk.app import Desk, serve
from tramkit_telehealth.desk.ice import IceServers
from tramkit_telehealth.desk.lists import KINDS, ListError, import_list
from tramkit_telehealth.desk.migrations import MigrationError
from tramkit_telehealth.desk.passkeys import Passkeys
from tramkit_telehealth.desk.place import Place, opened
from tramkit_telehealth.desk.records_command import lookups, person
from tramkit_telehealth.desk.seal import DeskKeyError
from tramkit_telehealth.desk.settings import DeskConfig, demo_file, read_config
from tramkit_telehealth.desk.store import InUseError
from tramkit_telehealth.ice_servers import known
from tramkit_telehealth.media.connection_check import reached

DATA = Path("var/desk")
DEMO_DATA = Path("var/desk-demo")
"""Apart: what is tried out is never in the folder of a desk that is used."""
PORT = 8082

DEMO_STATION = "demo-1"
DEMO_STATION_KEY = "station.key"
"""File in the demonstration's folder, which the demonstration's station reads; made at random, once."""
DEMO_DOCTORS = {
    "bs-lan": ("BS. Nguyễn Thị Lan", "000001/HCM-CCHN (mẫu)", ["general"], ["vi", "en"]),
    "bs-minh": ("BS. Trần Quang Minh", "000002/HCM-CCHN (mẫu)", ["heart", "general"], ["vi"]),
}
"""Doctors who do not exist: name, licence, specialties, languages."""

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"Folder of the database.  [default: {DATA}, with --demo {DEMO_DATA}]",
)
key_option = click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of the desk's key.  [default: beside the folder; a systemd credential tramkit.desk-key comes first]",
)


@click.group(invoke_without_command=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--config", "file", type=click.Path(path_type=Path), help="The facility's desk.toml.")
@click.option("--demo", is_flag=True, help="A facility that does not exist, with two doctors and one station.")
@data_option
@key_option
@click.pass_context
def desk(
    context: click.Context, host: str, port: int, file: Path | None, demo: bool, data: Path | None, key: Path | None
) -> None:
    """Run the doctors' desk."""
    place = context.obj = Place(data or (DEMO_DATA if demo else DATA), key)
    if context.invoked_subcommand is not None:
        return
    if file is None and not demo:
        raise click.UsageError("Give the facility's configuration with --config desk.toml, or --demo to try it out.")
    try:
        config = read_config(file or demo_file())
    except FileError as problem:
        click.echo(str(problem), err=True)
        sys.exit(2)
    harden_process()
    configure_log()
    try:
        asyncio.run(_run(config, place, host, port, demo))
    except (ListError, DeskKeyError, MigrationError) as wrong:
        raise click.ClickException(str(wrong)) from None
    except InUseError as error:
        raise click.ClickException(error.strerror or str(error)) from None
    except OSError as error:
        raise click.ClickException(f"the desk cannot start on {host}:{port}: {error.strerror}") from None


async def _run(config: DeskConfig, place: Place, host: str, port: int, demo: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(name, stop.set)
    async with serve(config, place.data, SystemClock(), host=host, port=port, key=place.key) as running:
        _say("desk", running.address)
        if demo:
            await _put_demo(running, place.data)
        await stop.wait()


def _demo_key(file: Path) -> str:
    """Return the demonstration's key; whichever of desk and station comes first makes it, at random."""
    make_secret_file(file, secrets.token_urlsafe(32).encode())
    return file.read_text().strip()


async def _put_demo(running: Desk, folder: Path) -> None:
    key = await asyncio.to_thread(_demo_key, folder / DEMO_STATION_KEY)
    await running.accounts.put_station(DEMO_STATION, key, site="Trạm dùng thử")
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
async def _accounts(place: Place) -> AsyncGenerator[Accounts]:
    async with opened(place) as store:
        accounts = Accounts(store, SystemClock())
        try:
            yield accounts
        finally:
            accounts.close()


# ── lists ─────────────────────────────────────────────────────────────────────────────────────────────────────


@desk.command("import")
@click.argument("kind", type=click.Choice(sorted(KINDS)))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def import_file(place: Place, kind: str, file: Path) -> None:
    """Go by an official FILE instead of the list that comes with the desk, from its next start.

    KIND: controlled (medicines), remote (conditions that may be treated remotely), long (conditions with
    prescriptions of up to 90 days), medicines (names, classes, doses), icd10 (codes and names for the type-ahead).
    """
    try:
        count = import_list(kind, file, place.data)
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
@click.option("--site", default="", help="Where it stands, as doctors are told it.  [default: the id]")
@click.option(
    "--level",
    type=click.Choice(list(Level.__members__)),
    default="VNEID",
    show_default=True,
    help="The highest level of identity that is believed of it, by the devices it has.",
)
@click.pass_obj
def add_station(place: Place, id: str, site: str, level: str) -> None:
    """Let the station ID call in; tells its new key, once."""

    async def add() -> str:
        async with _accounts(place) as accounts:
            return await accounts.put_station(id, site=nfc(site), level=level)

    try:
        click.echo(asyncio.run(add()))
    except ValueError as error:
        raise click.ClickException(str(error)) from None


@station.command("remove")
@click.argument("id")
@click.pass_obj
def remove_station(place: Place, id: str) -> None:
    """Let the station ID call in no more."""

    async def remove() -> None:
        async with _accounts(place) as accounts:
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
@click.option("--config", "file", type=click.Path(path_type=Path), help="desk.toml, where the desk has not run yet.")
@click.password_option(help="Asked for where it is not given; better not given: other users see what was typed.")
@click.pass_obj
def add_doctor(
    place: Place,
    id: str,
    name: str,
    licence: str,
    specialties: tuple[str, ...],
    languages: tuple[str, ...],
    file: Path | None,
    password: str,
) -> None:
    """Add the doctor ID, or change them; they are signed out everywhere."""

    async def add() -> None:
        async with _accounts(place) as accounts:
            if file is not None:
                await accounts.offer([each.id for each in read_config(file).specialties])
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
    except (ValueError, FileError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{id}: may sign in")


@doctor.command("password")
@click.argument("id")
@click.pass_obj
def reset_password(place: Place, id: str) -> None:
    """Give the doctor ID a new password, told once; they are signed out everywhere and must choose their own."""

    async def reset() -> str:
        async with _accounts(place) as accounts:
            return await accounts.reset_password(id)

    try:
        click.echo(asyncio.run(reset()))
    except KeyError:
        raise click.ClickException(f'there is no doctor "{id}" who may sign in') from None


@doctor.command("passkeys")
@click.argument("id")
@click.option("--remove-all", is_flag=True, help="After a loss: the doctor signs in by password until one is added.")
@click.pass_obj
def doctor_passkeys(place: Place, id: str, remove_all: bool) -> None:
    """List the passkeys of the doctor ID, or take all of them away."""

    async def work() -> list[str]:
        async with opened(place) as store:
            passkeys = Passkeys(store, SystemClock(), "")
            if remove_all:
                return [f"{await passkeys.remove(id)} removed"]
            return [f"{each.added_at:%Y-%m-%d}  {each.label}" for each in await passkeys.of(id)]

    for line in asyncio.run(work()):
        click.echo(line)


@doctor.command("remove")
@click.argument("id")
@click.pass_obj
def remove_doctor(place: Place, id: str) -> None:
    """Let the doctor ID in no more and end their sessions; what they wrote stays."""

    async def remove() -> None:
        async with _accounts(place) as accounts:
            await accounts.shut_out(id)

    try:
        asyncio.run(remove())
    except KeyError:
        raise click.ClickException(f'there is no doctor "{id}"') from None
    click.echo(f"{id}: may not sign in any more")


@doctor.command("list")
@click.pass_obj
def list_doctors(place: Place) -> None:
    """List the doctors."""

    async def found() -> list[str]:
        async with _accounts(place) as accounts:
            rows = await accounts.doctors()
        return [
            f"{row.id}  {row.name}  {', '.join(row.specialties)}{'  (removed)' if row.removed_at else ''}"
            for row in rows
        ]

    for row in asyncio.run(found()):
        click.echo(row)


desk.add_command(lookups)
desk.add_command(person)
