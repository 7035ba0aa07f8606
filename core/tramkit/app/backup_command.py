"""``tramkit backup`` and ``tramkit restore``: a station's ledger and configuration, while it runs."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tramkit.app.config import ConfigError, StationConfig, default_config_file, read_config
from tramkit.operator import backup as copies
from tramkit.orders.commands import with_ledger
from tramkit_hal.device.clock import SystemClock

USAGE_ERROR = 2

_config = click.option("--config", "file", type=click.Path(path_type=Path), default=None, help="The station's file.")


def _read(file: Path) -> StationConfig:
    try:
        return read_config(file)
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(USAGE_ERROR)


@click.command()
@_config
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path | None, target: Path) -> None:
    """Write the station's ledger and configuration to TARGET, a new file; a station that runs goes on.

    The station's key is NOT in it: without that key the copy opens nothing. Keep the key apart, in another place.
    """
    path = file or default_config_file()
    config = _read(path)
    data = Path(config.orders.data) if config.orders.data else None
    with click.progressbar(length=1, label="ledger", file=sys.stderr) as bar:

        def told(done: int, of: int) -> None:
            bar.length = max(1, of)
            bar.update(done - bar.pos)

        try:
            copies.take(target, path, config.station.id, data, SystemClock().now(), told)
        except copies.BackupError as problem:
            raise click.ClickException(str(problem)) from None
        bar.update(max(0, (bar.length or 1) - bar.pos))
    click.echo(f"{target}: {target.stat().st_size:,} bytes. Keep the key {config.orders.key} in another place.")


@click.command()
@_config
@click.option("--compared", is_flag=True, help="The ledger that was put back has been compared with the day files.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
def restore(file: Path | None, archive: Path | None, *, compared: bool, yes: bool) -> None:
    """Put the ledger of ARCHIVE in place; the one that is there is kept beside it. The station must not run.

    What was ordered after the copy was taken is missing: compare with the day files (tramkit reconcile), then say so
    with --compared. Until then `tramkit doctor` and the log remind.
    """
    config = _read(file or default_config_file())
    data = Path(config.orders.data)
    if not config.orders.data:
        raise click.ClickException("[orders] data is empty: this station takes no orders")
    if compared:
        click.echo("noted" if copies.compared(data) else "the ledger was not put back, or that was said already")
        return
    if archive is None:
        raise click.UsageError("name the archive, or give --compared")
    try:
        found = copies.read(archive)
        if found.station != config.station.id:
            raise click.ClickException(f"{archive} is of the station {found.station}, this is {config.station.id}")
        said = f"Put back the ledger as it was at {found.taken_at:%Y-%m-%d %H:%M} UTC? What came later is missing then."
        if not yes:
            click.confirm(said, abort=True)
        kept = copies.put_back(archive, data, SystemClock().now())
    except copies.BackupError as problem:
        raise click.ClickException(str(problem)) from None
    verdict = with_ledger(config.orders.data, config.orders.key, lambda ledger: ledger.verify())
    if verdict.problem:
        raise click.ClickException(f"the ledger was put back and does not verify: {verdict.problem}")
    click.echo(f"{verdict.entries} entries, nothing was changed" + (f"; the former one is {kept}" if kept else ""))
    click.echo("now compare it with the day files: tramkit reconcile FILES; then: tramkit restore --compared")
