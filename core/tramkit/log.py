"""Structured logs without personal data: static text with named fields, one JSON object a line.

An exception is written as its type and the places it came through, never with its message or the values around it: the
message of a failed validation would repeat what a resident typed.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import traceback
import unicodedata
from collections import deque
from logging.handlers import WatchedFileHandler
from pathlib import PurePath
from typing import Any, TextIO, cast

import structlog

_log = logging.getLogger(__name__)

_QUIET = {
    "aiohttp.access": logging.ERROR,
    "aioice": logging.WARNING,
    "aiortc": logging.WARNING,
    "asyncio": logging.WARNING,
}
"""Libraries whose lines would tell too much (addresses of pages, session descriptions) or nothing."""

MAX_FIELD = 500
"""Most characters of a field."""

KEPT_LINES = 500
"""Newest lines kept in memory, for the operator's panel and console."""

MAX_CHAIN = 5
"""Most exceptions that are told of one chain of causes."""


def configure(level: str = "info", file: str = "", stream: TextIO | None = None) -> None:
    """Send all logs to a file or a stream.

    :param level: ``debug``, ``info``, ``warning``, ``error``.
    :param file: path to append to, opened again where logrotate has put another in its place; empty: the stream.
    :param stream: standard error where none is given; a terminal gets readable lines instead of JSON.
    """
    target = stream or sys.stderr
    handler = WatchedFileHandler(file, encoding="utf-8") if file else logging.StreamHandler(target)
    readable = not file and target.isatty()
    renderer: Any = _readable if readable else structlog.processors.JSONRenderer(ensure_ascii=False)
    formatter = _formatter(renderer)
    handler.setFormatter(_ForJournal(formatter) if not file and _is_journal(target) else formatter)
    _kept.setFormatter(_formatter(structlog.processors.JSONRenderer(ensure_ascii=False)))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        if old is not _kept:
            old.close()
    root.addHandler(handler)
    root.addHandler(_kept)
    root.setLevel(level.upper())
    sys.excepthook = lambda kind, error, trace: _last_resort("program ended", error)
    sys.unraisablehook = lambda what: _last_resort("error while cleaning up", what.exc_value)
    threading.excepthook = lambda what: _last_resort("thread ended", what.exc_value)
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(least, root.level))


def visible(text: str) -> str:
    """Return a text whose control characters are symbols (U+2400 Control Pictures): a terminal obeys none of them.

    What others have sent may hold escape sequences: references of a gateway, codes that were scanned.
    """
    return "".join(_picture(each) if unicodedata.category(each) in ("Cc", "Cf") else each for each in text)


def _picture(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"<U+{code:04X}>"


class _ForJournal(logging.Formatter):
    """Puts the priority before each line, as journald reads it (sd-daemon(3), ``<3>`` for an error)."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        priority = next(number for level, number in _PRIORITIES if record.levelno >= level)
        return f"<{priority}>{self._inner.format(record)}"


_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (0, 7))
"""Levels and the priorities of syslog(3) that stand for them, most urgent first."""


def _is_journal(stream: TextIO) -> bool:
    """Whether a stream goes to journald: ``JOURNAL_STREAM`` names its device and inode (systemd.exec(5))."""
    try:
        there = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM", "") == f"{there.st_dev}:{there.st_ino}"


class _Kept(logging.Handler):
    """Keeps the newest lines, numbered."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: deque[tuple[int, str]] = deque(maxlen=KEPT_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        number = self.lines[-1][0] + 1 if self.lines else 1
        self.lines.append((number, self.format(record)))


_kept = _Kept()


def newest(after: int = 0) -> list[tuple[int, str]]:
    """Return the lines kept in memory that are newer than a number, each with its own: JSON objects, oldest first."""
    return [(number, line) for number, line in tuple(_kept.lines) if number > after]


def _readable(logger: Any, method: str, event: structlog.typing.EventDict) -> str:
    """Render a line for a terminal, which obeys nothing in it but the colours."""
    plain = {name: visible(value) if isinstance(value, str) else value for name, value in event.items()}
    return _CONSOLE(logger, method, plain)


_CONSOLE = structlog.dev.ConsoleRenderer(pad_event_to=0)


def _formatter(renderer: Any) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _places_only,
            _short_fields,
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )


def _last_resort(words: str, error: BaseException | None) -> None:
    """Log what nobody caught; Python's own way would print the exception's message."""
    _log.error(words, exc_info=error)


def _places_only(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Replace an exception by its type and where it came through."""
    record: logging.LogRecord | None = event.get("_record")
    error = _error_of(event.pop("exc_info", None) or (record.exc_info if record is not None else None))
    if record is not None and record.name == "asyncio" and record.levelno >= logging.ERROR:
        event["event"] = "a background task failed"  # asyncio's own words hold the exception's message
    if record is not None:
        record.exc_info = None
        record.exc_text = None
    chain: list[str] = []
    while error is not None and len(chain) < MAX_CHAIN:
        chain.append(_place(error))
        error = error.__cause__ or error.__context__
    if chain:
        event["error"] = chain[0]
    if len(chain) > 1:
        event["because"] = chain[1:]
    return event


def _error_of(found: object) -> BaseException | None:
    """Return the exception of a log record's ``exc_info``: an exception, or the triple of ``sys.exc_info()``."""
    if isinstance(found, BaseException):
        return found
    if isinstance(found, tuple):
        for part in cast(tuple[object, ...], found):
            if isinstance(part, BaseException):
                return part
    return None


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{PurePath(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__} at {places}" if places else type(error).__name__


def _short_fields(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    for key, value in event.items():
        if isinstance(value, str) and len(value) > MAX_FIELD:
            event[key] = value[:MAX_FIELD] + "…"
    return event
