"""Where a desk's data are, and its database opened for a command."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import click

from tramkit_telehealth.desk.migrations import MigrationError
from tramkit_telehealth.desk.seal import DeskKeyError
from tramkit_telehealth.desk.store import Store


@dataclass(frozen=True)
class Place:
    """Where a desk's data are.

    :param key: file of its key; None: beside the folder.
    """

    data: Path
    key: Path | None


@contextlib.asynccontextmanager
async def opened(place: Place) -> AsyncGenerator[Store]:
    try:
        store = await Store.open(place.data, place.key)
    except (DeskKeyError, MigrationError) as wrong:
        raise click.ClickException(str(wrong)) from None
    except OSError as error:
        raise click.ClickException(f"{place.data}: {error.strerror}") from None
    try:
        yield store
    finally:
        await store.close()
