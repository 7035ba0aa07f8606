"""The page that the kiosk's browser opens first: it leads to this start's address, and only its group can read it."""

from __future__ import annotations

import contextlib
import html
import os
from pathlib import Path

_PAGE = """<!doctype html>
<html lang="vi"><meta charset="utf-8"><meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0;url={address}"><title>Tramkit</title></html>
"""


def write_start_page(file: Path, address: str) -> None:
    """Write the page whole, in place of the one before.

    :raises OSError: it cannot be written.
    """
    draft = file.with_name(f".{file.name}.new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as page:
        page.write(_PAGE.format(address=html.escape(address)))
        os.fchmod(handle, 0o640)
    draft.replace(file)


def remove_start_page(file: Path) -> None:
    """Remove the page: what it leads to has gone."""
    with contextlib.suppress(OSError):
        file.unlink()
