"""``tramkit desk person`` and ``tramkit desk lookups``: what is kept of residents, and who looked at it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from tramkit_hal.device.clock import SystemClock
from tramkit_telehealth.desk.accounts import Accounts
from tramkit_telehealth.desk.looked_up import Review
from tramkit_telehealth.desk.place import Place, opened
from tramkit_telehealth.desk.records import Records, StillOpenError


@click.group()
def lookups() -> None:
    """Who looked at which residents without treating them."""


@lookups.command("list")
@click.pass_obj
def list_lookups(place: Place) -> None:
    """List for each doctor since the last review: residents accepted, and given back unseen with the reasons."""

    async def found() -> list[str]:
        lines: list[str] = []
        async with opened(place) as store:
            review = Review(store, SystemClock())
            for row in await Accounts(store, SystemClock()).doctors():
                of = await review.of(row.id)
                reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(of.released.items()))
                lines.append(
                    f"{row.id}  accepted {of.accepted}  given back {sum(of.released.values())}  {reasons}".rstrip()
                )
        return lines

    for line in asyncio.run(found()):
        click.echo(line)


@lookups.command("reviewed")
@click.argument("id")
@click.pass_obj
def mark_reviewed(place: Place, id: str) -> None:
    """Note that what the doctor ID looked up was reviewed; who was stopped may accept again."""

    async def mark() -> None:
        async with opened(place) as store:
            await Review(store, SystemClock()).reviewed(id)

    asyncio.run(mark())
    click.echo(f"{id}: reviewed")


@click.group()
def person() -> None:
    """What is kept of one person, by request (Law 91/2025/QH15: an answer within two working days)."""


number_option = click.option(
    "--number",
    prompt="Number of the identity card (empty: by case only)",
    default="",
    hide_input=True,
    show_default=False,
)
case_option = click.option("--case", "cases", multiple=True, help="Id of a case, for who gave no number.")


@person.command("export")
@number_option
@case_option
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def export_person(place: Place, number: str, cases: tuple[str, ...], file: Path) -> None:
    """Write everything that is kept of a person into FILE (JSON), which only you can read."""

    async def export() -> dict[str, Any]:
        async with opened(place) as store:
            records = Records(store, SystemClock())
            return await records.export(await records.of_person(number, cases))

    found = asyncio.run(export())
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise click.ClickException(f"{file} is there already") from None
    with os.fdopen(handle, "w", encoding="utf-8") as new:
        json.dump(found, new, ensure_ascii=False, indent=2)
    click.echo(f"{len(found['cases'])} cases")
    sys.exit(0 if found["cases"] else 1)


@person.command("delete")
@number_option
@case_option
@click.confirmation_option(
    prompt="Erase every case of this person from this desk? Keep first in the facility's records what the law keeps."
)
@click.pass_obj
def delete_person(place: Place, number: str, cases: tuple[str, ...]) -> None:
    """Erase everything that is kept of a person, from the database and its log."""

    async def erase() -> int:
        async with opened(place) as store:
            records = Records(store, SystemClock())
            ids = await records.of_person(number, cases)
            await records.erase(ids)
            return len(ids)

    try:
        count = asyncio.run(erase())
    except StillOpenError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{count} cases erased")
    sys.exit(0 if count else 1)
