"""An environment of its own that sees the libraries which this one has, and nothing of ours that it is not given."""

from __future__ import annotations

import os
import site
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


class Venv:
    """An environment.

    :param folder: where it is made.
    :param ours: whether what is installed here from this repository is seen in it.
    """

    def __init__(self, folder: Path, *, ours: bool = True) -> None:
        self.python = folder / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=120)
        (packages,) = folder.glob("lib/python*/site-packages")
        libraries = Path(site.getsitepackages()[0])
        if ours:
            (packages / "ours.pth").write_text(f"import site; site.addsitedir({str(libraries)!r})\n", encoding="utf-8")
            return
        for each in libraries.iterdir():  # libraries by name: an editable install of ours is a .pth, and stays behind
            if each.suffix != ".pth" and not each.name.lower().startswith(("tramkit", "_editable", "__editable")):
                (packages / each.name).symlink_to(each)

    def pip(self, *arguments: str) -> None:
        """Run pip for it, of this environment: to give it one of its own takes far longer."""
        command = [sys.executable, "-m", "pip", "--python", str(self.python), "--disable-pip-version-check", "--quiet"]
        subprocess.run([*command, *arguments], check=True, timeout=180, capture_output=True)

    def install(self, *what: Path) -> None:
        """Install without the network and without dependencies."""
        self.pip("install", "--no-index", "--no-deps", "--no-build-isolation", *map(str, what))

    def run(self, *arguments: str, folder: Path, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        """Run its Python in a folder."""
        environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return subprocess.run(
            [str(self.python), *arguments],
            cwd=folder,
            timeout=seconds,
            capture_output=True,
            text=True,
            check=False,
            env=environ,
        )

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of ``tramkit``."""
        return [str(self.python), "-c", "from tramkit.app.cli import main; main()", *arguments]

    def tramkit(self, *arguments: str, code: int = 0) -> str:
        """Run ``tramkit``, which must end with this code, and return what it says."""
        run = subprocess.run(self.command(*arguments), check=False, timeout=60, capture_output=True, text=True)
        assert run.returncode == code, run.stdout + run.stderr
        return run.stdout


def wheel(project: Path, folder: Path) -> Path:
    """Build a project's wheel without the network."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    before = set(folder.glob("*.whl"))
    subprocess.run([*command, "--wheel-dir", str(folder), str(project)], check=True, timeout=180, capture_output=True)
    (made,) = set(folder.glob("*.whl")) - before
    return made
