"""Has a file looked at by :mod:`tramkit.papers.content` in a process of its own, off the loop, bounded and confined.

Where the machine can confine (see :mod:`tramkit.confinement.confine`), what parses sees Python and nothing of the
station: no other file, no network, no program, no other process.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from functools import cache
from pathlib import Path

from tramkit.confinement import confine
from tramkit.papers.problem import Kind, Made, PaperRefusedError, Problem

SECONDS = 40.0
"""Of the clock; the process has its own limit of the processor's time."""

_log = logging.getLogger(__name__)
_LOCKED = str(Path(confine.__file__).with_name("locked.py"))
_PROGRAM = str(Path(__file__).with_name("content.py"))


async def parse(program: str, data: bytes) -> tuple[int | None, bytes]:
    """Give a file to a program that parses it; return its status and what it wrote.

    :param program: path of a Python file that imports nothing of Tramkit but its neighbours.
    """
    process = await asyncio.create_subprocess_exec(
        *_words(program),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": os.defpath},
    )
    try:
        async with asyncio.timeout(SECONDS):
            told, _nothing = await process.communicate(data)
    except TimeoutError:
        told = b""
    finally:
        if process.returncode is None:
            process.kill()
            await asyncio.shield(process.wait())
    return process.returncode, told


def _words(program: str) -> list[str]:
    """Return what the program is started with."""
    if _why_not():
        return [sys.executable, "-I", "-B", program]
    folder = str(Path(program).parent)
    return [*confine.command([folder], []), sys.executable, "-I", "-B", _LOCKED, program]


@cache
def _why_not() -> str:
    if reason := confine.why_not():
        _log.warning("papers are parsed unconfined", extra={"reason": reason})
    return reason


async def examine(data: bytes) -> Made:
    """Look at a file and make the paper of it.

    :raises PaperRefusedError: it cannot be taken.
    """
    status, told = await parse(_PROGRAM, data)
    line, _newline, made = told.partition(b"\n")
    if status or not line:
        _log.warning("a file was given up", extra={"status": status})
        kind: Kind = "pdf" if b"%PDF-" in data[:1024] else ""
        raise PaperRefusedError(Problem.HARD, kind)
    found = json.loads(line)
    if "problem" in found:
        raise PaperRefusedError(Problem(found["problem"]), found["kind"])
    parts: list[bytes] = []
    for size in found["sizes"]:
        parts.append(made[:size])
        made = made[size:]
    return Made(found["type"], parts[0], found["pages"], tuple(parts[1:]), found["left_out"], found["missing"])
