"""Holds the pages that a plugin's tests meet to those it ships in ``golden.json``; writes that file when asked to.

A plugin's golden pages are what its conversations really show. ``TRAMKIT_RECORD=1 make test TESTS=plugins/…`` writes
them anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel

from tramkit_hal.device import DeviceContext
from tramkit_hal.pages import AnyPage, Ask, Choose, Tone, View
from tramkit_hal.screens.scripted import ScriptedScreen

CORE = ("", "attract", "timeout", "leave", "help", "settings", "fault", "farewell", "ending")
"""The pages that the core shows by itself."""

RECORDING = os.environ.get("TRAMKIT_RECORD") == "1"


def name_of(page: AnyPage) -> str:
    """Return what tells a page from the others of its service: its kind, its words, whether something is wrong."""
    parts = [page.kind, page.title.id]
    if isinstance(page, Ask) and page.errors:
        parts.append("wrong")
    for what in ("result", "codes", "connection", "tone"):
        found = getattr(page, what, None)
        if found and found != Tone.PLAIN:
            parts.append(str(found) if isinstance(found, str) else what)
    return " · ".join(parts)


class Golden:
    """The pages that a plugin ships, and those its tests meet.

    :param path: ``golden.json`` in the plugin's package.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pages: dict[str, object] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        self.unknown: list[str] = []

    def screen(self) -> Callable[[BaseModel, DeviceContext], ScriptedScreen]:
        """Return the kind of screen that takes note of every page of a service."""
        golden = self

        class Noting(ScriptedScreen):
            async def show(self, view: View) -> None:
                await super().show(view)
                menu = isinstance(view.page, Choose) and not view.back
                if view.page.id not in CORE and not menu:
                    golden.meet(view.page)

        return Noting

    def meet(self, page: AnyPage) -> None:
        """Take note of a page."""
        name = name_of(page)
        if name in self.pages:
            return
        if RECORDING:
            self.pages[name] = page.model_dump(mode="json", exclude_none=True)
            self.path.write_text(
                json.dumps(dict(sorted(self.pages.items())), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
            )
        else:
            self.unknown.append(name)

    def check(self) -> None:
        """Say which pages were met that the plugin does not ship."""
        unknown, self.unknown = self.unknown, []
        assert not unknown, f"{self.path.name} lacks {unknown}: record them with TRAMKIT_RECORD=1"
