"""The peers' environment: ``build/peers-venv`` with the versions of ``bench/peers.txt``, apart from the project's own.

``python -m bench.peers`` makes it and prints its interpreter.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench.records import say

ROOT = Path(__file__).parents[1]
REQUIREMENTS = Path(__file__).with_suffix(".txt")
FOLDER = ROOT / "build" / "peers-venv"


def installed() -> bool:
    """Tell whether the peers are there, in the versions wanted."""
    made_of = FOLDER / "made-of"
    return made_of.exists() and made_of.read_text() == _wanted()


def python() -> Path:
    """Return the interpreter that has the peers; makes their environment when it is missing or of other versions.

    Two benches that start at once make it once.

    :raises subprocess.CalledProcessError: a peer cannot be installed.
    """
    interpreter = FOLDER / "bin" / "python"
    FOLDER.parent.mkdir(exist_ok=True)
    with (FOLDER.parent / "peers.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not installed():
            say(f"installing the peers of {REQUIREMENTS.name}; this takes minutes, once")
            shutil.rmtree(FOLDER, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=True)
            quiet = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
            install = [str(interpreter), "-m", "pip", "install", "-qq", "--requirement", str(REQUIREMENTS)]
            subprocess.run(install, check=True, env=quiet, stdout=sys.stderr)
            (FOLDER / "made-of").write_text(_wanted())
    return interpreter


def _wanted() -> str:
    return hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()


if __name__ == "__main__":
    print(python())
