"""Searches for what should be gone: in a page's memory, in files, in what devices still hold."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.async_api import Page


async def heap_strings(page: Page) -> list[str]:
    """Return every string in a page's JavaScript heap (CDP HeapProfiler), and what stands in its document."""
    cdp: Any = await page.context.new_cdp_session(page)
    chunks: list[str] = []

    def keep(event: dict[str, str]) -> None:
        chunks.append(event["chunk"])

    cdp.on("HeapProfiler.addHeapSnapshotChunk", keep)
    await cdp.send("HeapProfiler.enable")
    await cdp.send("HeapProfiler.collectGarbage")
    await cdp.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
    await cdp.detach()
    strings = json.loads("".join(chunks))["strings"]
    assert len(strings) > 1000, "this is no heap"
    return [*strings, await page.content()]


def found_in(strings: Iterable[str], canaries: Iterable[str]) -> list[str]:
    """Return which canaries are in any of the strings."""
    wanted = list(canaries)
    texts = list(strings)
    return [canary for canary in wanted if any(canary in text for text in texts)]


def found_in_files(folder: Path, canaries: Iterable[str], *, but: Iterable[str] = ()) -> list[str]:
    """Return which canaries are in a folder's files, as UTF-8, UTF-16 or JSON escapes, or in the files' names.

    :param but: names of files and folders that may hold them.
    """
    skipped = set(but)
    found: list[str] = []
    for file in folder.rglob("*"):
        if not file.is_file() or skipped & set(file.relative_to(folder).parts):
            continue
        content = file.read_bytes() + str(file).encode()
        for canary in canaries:
            forms = (canary.encode(), canary.encode("utf-16-le"), json.dumps(canary)[1:-1].encode())
            found += [f"{canary} in {file.name}" for form in forms if form in content]
    return found
