"""Build a release: ``python deploy/release.py DIST`` (``make release``).

Into DIST come a wheel of Tramkit and of each plugin, every wheel that a station needs beside them, their SHA-256, and a
bill of materials (CycloneDX 1.6). The same commit gives the same bytes: hatchling orders and dates its archives by
``SOURCE_DATE_EPOCH``, which is the commit's time (https://reproducible-builds.org/specs/source-date-epoch).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import venv
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONSTRAINTS = ROOT / "constraints.txt"
EXTRAS = "web,camera,audio,voice,codes,vitals,terminal,papers,sandbox"
"""Of a station: all but what only developers need."""
SUMS, BILL = "SHA256SUMS", "tramkit.cdx.json"


class ReleaseError(Exception):
    """Why no release was built, for who builds it."""


def packages() -> list[Path]:
    """Return the folders that a wheel is made of: the core, then the plugins by name."""
    return [ROOT, *sorted(each.parent for each in (ROOT / "plugins").glob("*/pyproject.toml"))]


def versions() -> dict[str, str]:
    """Return the version of each package, by its name.

    :raises ReleaseError: they differ.
    """
    found: dict[str, str] = {}
    for folder in packages():
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        found[project["name"]] = project["version"]
    if len(set(found.values())) != 1:
        raise ReleaseError(f"one release has one version: {found}")
    return found


def commit_time() -> str:
    """Return when the commit was made that is built, seconds since 1970."""
    return _said("git", "-C", str(ROOT), "log", "-1", "--format=%ct")


def build_own(dist: Path) -> list[Path]:
    """Build the project's own wheels."""
    environ = {**os.environ, "SOURCE_DATE_EPOCH": commit_time()}
    for number, folder in enumerate(packages(), 1):
        _tell(f"wheel {number} of {len(packages())}: {folder.name if folder != ROOT else 'tramkit'}")
        _run("-m", "hatchling", "build", "--target", "wheel", "--directory", str(dist), where=folder, environ=environ)
    return sorted(dist.glob("*.whl"))


def fetch_others(dist: Path, own: Sequence[Path]) -> None:
    """Fetch the wheels that a station needs beside them, of the versions in constraints.txt."""
    _tell("the wheels of others")
    core = next(each for each in own if each.name.startswith("tramkit-"))
    rest = [str(each) for each in own if each != core]
    wanted = [f"{core}[{EXTRAS}]", *rest]
    _run("-m", "pip", "download", "--quiet", "--only-binary", ":all:", "--constraint", str(CONSTRAINTS),
         "--find-links", str(dist), "--dest", str(dist), *wanted)  # fmt: skip


def write_bill(dist: Path) -> None:
    """Install the release offline into an environment of its own, and write down what it consists of."""
    _tell("installing it offline; its bill of materials")
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = str(Path(folder) / "bin" / "python")
        wanted = [f"{name}=={version}" for name, version in versions().items()]
        wanted[0] = wanted[0].replace("==", f"[{EXTRAS}]==")
        _said(python, "-m", "pip", "install", "--quiet", "--no-index", "--find-links", str(dist), *wanted)
        _said(python, "-m", "pip", "check")
        _said(python, "-m", "pip", "uninstall", "--quiet", "--yes", "pip", "setuptools")
        environ = {**os.environ, "SOURCE_DATE_EPOCH": commit_time()}
        _run("-m", "cyclonedx_py", "environment", "--short-PURLs", "--output-reproducible", "--sv", "1.6",
             "--pyproject", str(ROOT / "pyproject.toml"), "-o", str(dist / BILL), python, environ=environ)  # fmt: skip


def write_sums(dist: Path) -> None:
    """Write the SHA-256 of every file, as ``sha256sum --check`` reads it."""
    files = sorted(each for each in dist.iterdir() if each.name != SUMS)
    lines = [f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}\n" for each in files]
    (dist / SUMS).write_text("".join(lines), encoding="utf-8")


def _run(*words: str, where: Path = ROOT, environ: dict[str, str] | None = None) -> None:
    _said(sys.executable, *words, where=where, environ=environ)


def _said(*words: str, where: Path = ROOT, environ: dict[str, str] | None = None) -> str:
    run = subprocess.run(words, cwd=where, env=environ, capture_output=True, text=True, check=False)
    if run.returncode:
        raise ReleaseError(f"{' '.join(words[:4])} …: {run.stderr.strip()[-2000:]}")
    return run.stdout.strip()


def _tell(words: str) -> None:
    print(words, flush=True)


def main() -> None:
    """Build it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dist", type=Path)
    parser.add_argument("--own-only", action="store_true", help="the project's own wheels and their sums")
    asked = parser.parse_args()
    dist: Path = asked.dist.resolve()
    try:
        version = next(iter(versions().values()))
        shutil.rmtree(dist, ignore_errors=True)
        dist.mkdir(parents=True)
        own = build_own(dist)
        if not asked.own_only:
            fetch_others(dist, own)
            write_bill(dist)
        write_sums(dist)
    except ReleaseError as problem:
        sys.exit(f"no release: {problem}")
    _tell(f"{version}: {len(list(dist.glob('*.whl')))} wheels in {dist}")


if __name__ == "__main__":
    main()
