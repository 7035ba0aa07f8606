"""``tramkit facts``: every dated value that a station relies on, and what of it changes soon."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import click

from tramkit.app.config import StationConfig
from tramkit.facts import SOON, STALE, Change, DatedValue, changes, without_source
from tramkit.host.days import day_of
from tramkit.plugins.dated_facts import collect
from tramkit.plugins.installed import Installed
from tramkit.problems import FileError
from tramkit.working_days import working_days
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.words import render


def print_facts(config: StationConfig, installed: Iterable[Installed], on: date | None, *, as_json: bool) -> None:
    """Print every dated value of a station.

    :param on: the day that counts as today; None: today.
    :raises SystemExit: 1: a value in force has no source.
    """
    day = on or day_of(SystemClock().now())
    calendar = Path(config.station.calendar) if config.station.calendar else None
    try:
        values = collect(installed, config.plugins.enabled, config.settings, calendar)
        days = working_days(calendar)
    except FileError as problem:
        raise click.ClickException(str(problem)) from None
    coming, missing = changes(values, day), without_source(values, day)
    unknown = [year for year in {day.year, (day + SOON).year} if not days.knows(year)]
    if as_json:
        click.echo(json.dumps(_as_data(values, coming, missing, day), ensure_ascii=False, indent=1))
    else:
        _list(values, day)
        _tell(coming, missing, values, unknown, day)
    if missing:
        raise SystemExit(1)


def _list(values: Sequence[DatedValue], day: date) -> None:
    for file, owner in dict.fromkeys((each.file, each.owner) for each in values):
        click.echo(f"\n{owner}, {file}")
        for value in values:
            if (value.file, value.owner) != (file, owner):
                continue
            mark = " " if value.in_force(day) else "-"
            click.echo(f"{mark} {_days(value)}  {value.what}")
            click.echo(f"    {value.source or 'NO SOURCE'}; checked {value.checked or 'never'}")
            if value.doubt:
                click.echo(f"    doubt: {value.doubt}")


def _tell(
    coming: Sequence[Change],
    missing: Sequence[DatedValue],
    values: Sequence[DatedValue],
    unknown: Sequence[int],
    day: date,
) -> None:
    click.echo(f"\nWithin {SOON.days} days of {day.isoformat()}:")
    for change in coming:
        said = "begins" if change.begins else "no longer"
        click.echo(f"  {change.on.isoformat()} {said}: {render(change.value.label, 'en')} ({change.value.source})")
    if not coming:
        click.echo("  nothing begins or ends")
    for year in unknown:
        click.echo(f"  the calendar has no year {year}: lunar holidays and moved days of it are not known")
    old = [each for each in values if each.in_force(day) and (each.checked is None or day - each.checked > STALE)]
    if old:
        click.echo(f"\nNot held against their source for {STALE.days} days, or never: {len(old)}")
    for value in missing:
        click.echo(f"No source: {value.owner}, {value.file}: {value.what}", err=True)


def _as_data(
    values: Sequence[DatedValue], coming: Sequence[Change], missing: Sequence[DatedValue], day: date
) -> dict[str, Any]:
    return {
        "on": day.isoformat(),
        "values": [_row(each, day) for each in values],
        "changes": [
            {"on": each.on.isoformat(), "change": "begins" if each.begins else "ended", **_row(each.value, day)}
            for each in coming
        ],
        "without_source": [_row(each, day) for each in missing],
    }


def _row(value: DatedValue, day: date) -> dict[str, Any]:
    row = {name: each.isoformat() if isinstance(each, date) else each for name, each in asdict(value).items()}
    return row | {"words": render(value.label, "en"), "in_force": value.in_force(day)}


def _days(value: DatedValue) -> str:
    begins = value.begins.isoformat() if value.begins else "always".ljust(10)
    last = value.ends.isoformat() if value.ends else (" " * 10)
    return f"{begins} – {last}" if value.ends else f"{begins}  {last}"
