"""What parses a hostile file sees nothing of the station, reaches nobody and starts nothing."""

from __future__ import annotations

import json
import os
import shutil
import socket
from pathlib import Path

import pytest

from tramkit.papers.sandboxed_worker import parse

needs_bwrap = pytest.mark.skipif(
    shutil.which("bwrap") is None and not os.environ.get("CI"), reason="bubblewrap is not installed: make system"
)

PARSER = """
import json, os, signal, socket, subprocess, sys
place = json.loads(sys.stdin.buffer.read())
got = {}

def attempt(name, do):
    try:
        got[name] = str(do())[:200]
    except BaseException as error:
        got[name] = ""

attempt("key", lambda: open(place["key"]).read())
attempt("environment", lambda: open("/proc/%d/environ" % place["pid"]).read())
attempt("memory", lambda: open("/proc/%d/maps" % place["pid"]).read())
attempt("network", lambda: socket.create_connection(("127.0.0.1", place["port"]), 2).recv(10))
attempt("shell", lambda: subprocess.check_output(["sh", "-c", "echo shell"]))
attempt("fork", lambda: os.fork() or os._exit(0))
attempt("file", lambda: open(place["folder"] + "/written", "w").write("x"))
attempt("signal", lambda: os.kill(place["pid"] if not place["confined"] else 1, 0) or "sent")
print(json.dumps(got))
"""


async def tried(folder: Path, *, confined: bool) -> dict[str, str]:
    """Return what a parser that a file has taken over gets of each thing."""
    key = folder / "station.key"
    key.write_text("KEY", encoding="utf-8")
    program = folder / "parser" / "hostile.py"
    program.parent.mkdir()
    program.write_text(PARSER, encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        place = {"key": str(key), "pid": os.getpid(), "port": port, "folder": str(folder), "confined": confined}
        server.settimeout(0.1)
        _status, told = await parse(str(program), json.dumps(place).encode())
    return json.loads(told)


@needs_bwrap
@pytest.mark.shows("ASVS V5", "ASVS V15", "EN 5.6")
async def test_a_parser_that_a_file_has_taken_over_has_nothing(tmp_path: Path) -> None:
    got = await tried(tmp_path, confined=True)
    assert got == dict.fromkeys(got, "")
    assert len(got) == 8
    assert not (tmp_path / "written").exists()


async def test_unconfined_it_reads_the_key_and_starts_a_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tramkit.papers.sandboxed_worker._why_not", lambda: "it is switched off here")
    got = await tried(tmp_path, confined=False)
    assert got["key"] == "KEY"
    assert got["shell"]
    assert (tmp_path / "written").exists()
