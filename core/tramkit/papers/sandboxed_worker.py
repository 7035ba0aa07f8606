"""Has a file looked at by :mod:`tramkit.papers.content` in a process of its own, off the loop, bounded."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path

from tramkit.papers.problem import Kind, Made, PaperRefusedError, Problem

SECONDS = 40.0
"""Of the clock; the process has its own limit of the processor's time."""

_log = logging.getLogger(__name__)
_PROGRAM = str(Path(__file__).with_name("content.py"))


async def examine(data: bytes) -> Made:
    """Look at a file and make the paper of it.

    :raises PaperRefusedError: it cannot be taken.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-B",
        _PROGRAM,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
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
    line, _newline, made = told.partition(b"\n")
    if process.returncode or not line:
        _log.warning("a file was given up", extra={"status": process.returncode})
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
