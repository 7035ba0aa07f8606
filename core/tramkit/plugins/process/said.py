"""What a plugin's processes say, in the station's log: under the plugin's name, one line each, and not too many."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, cast

_log = logging.getLogger(__name__)
_said = logging.getLogger("tramkit.plugins.said")

ATTEMPT_SECONDS = 3600.0
"""An attempt of one kind is told once in so long."""
MAX_LOGGED = 120
"""Lines a minute of a plugin that go into the station's log; the others are left out."""
MAX_FIELDS, MAX_LETTERS = 12, 200
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}


class Said:
    """Writes what one plugin says.

    :param name: of the plugin.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._attempts: dict[str, float] = {}
        self._logged: tuple[int, int] = (0, 0)

    def attempted(self, words: str) -> None:
        """Tell the operator what the plugin tried and may not; each kind once an hour."""
        now = asyncio.get_running_loop().time()
        kind = words.partition(":")[0]
        if now - self._attempts.get(kind, float("-inf")) > ATTEMPT_SECONDS and len(self._attempts) < MAX_LOGGED:
            self._attempts[kind] = now
            _log.error("plugin tries what it may not", extra={"plugin": self.name, "attempt": _plain(words)})

    def log(self, told: dict[str, Any]) -> None:
        """Write a line of the plugin into the station's log, under the plugin's name, and not too many of them."""
        minute = int(asyncio.get_running_loop().time() // 60)
        at, lines = self._logged
        lines = lines + 1 if at == minute else 1
        self._logged = (minute, lines)
        if lines == MAX_LOGGED:
            _log.warning("plugin logs too much; the rest of this minute is left out", extra={"plugin": self.name})
        if lines >= MAX_LOGGED:
            return
        line, extra = told.get("line"), told.get("extra")
        if not isinstance(line, dict) or not isinstance(extra, dict):
            return
        fields = _fields(cast("dict[str, Any]", extra))
        level = _LEVELS.get(str(line.get("level")), logging.INFO)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        _said.log(level, "%s", _plain(line.get("event")), extra={**fields, "plugin": self.name})  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]


_RESERVED = frozenset((*logging.makeLogRecord({}).__dict__, "message", "asctime", "plugin", "event", "level"))


def _plain(value: object) -> str:
    """Return what a plugin says as one line that a terminal can show."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in str(value)[:MAX_LETTERS]
    )


def _fields(told: dict[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for key, value in list(told.items())[:MAX_FIELDS]:
        if key.isidentifier() and key not in _RESERVED and len(key) <= 40:
            fields[key] = value if isinstance(value, bool) or _is_small(value) else _plain(value)
    return fields


def _is_small(value: object) -> bool:
    return isinstance(value, int | float) and abs(value) < 1e18
