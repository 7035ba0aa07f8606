"""Build the documentation as web pages, ``build/docs``: the guides of ``docs/`` and a page for each public module.

A warning is an error: a link that leads nowhere, a public name without a docstring.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]
SOURCE, OUT = ROOT / "build" / "docs-source", ROOT / "build" / "docs"
PUBLIC = ("tramkit", "tramkit.testing", "tramkit.sandbox", "tramkit_hal.testing")
"""Modules whose ``__all__`` is what others may use."""
OPEN = ("tramkit_hal.contracts", "tramkit_hal.card")
"""Packages of which every module is."""

CONF = """
project, author = "Tramkit", "Tramkit"
release = version = "{version}"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
myst_heading_anchors = 4
html_theme = "alabaster"
html_theme_options = {{"page_width": "72rem", "sidebar_width": "18rem", "fixed_sidebar": True}}
html_show_sourcelink = False
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
"""


def modules() -> dict[str, list[str] | None]:
    """Return the public modules and the names that are public in each; None: all that it defines."""
    found: dict[str, list[str] | None] = {name: list(importlib.import_module(name).__all__) for name in PUBLIC}
    for name in OPEN:
        package = importlib.import_module(name)
        found |= {f"{name}.{each.name}": None for each in pkgutil.iter_modules(package.__path__)}
    return found


def names_of(module: ModuleType) -> list[str]:
    """Return the names that a module defines for others, in their order."""
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__ == module.__name__
    ]


def page(name: str, public: list[str] | None) -> tuple[str, list[str]]:
    """Return the page of a module as reStructuredText, and the public names in it that have no docstring."""
    module = importlib.import_module(name)
    lines = [name, "=" * len(name), "", f".. py:module:: {name}", "", inspect.cleandoc(module.__doc__ or ""), ""]
    bare: list[str] = []
    for each in public if public is not None else names_of(module):
        value = getattr(module, each)
        if inspect.ismodule(value):
            inner = [f".. autofunction:: {value.__name__}.{one}" for one in names_of(value)]
            lines += [each, "-" * len(each), "", inspect.cleandoc(value.__doc__ or ""), "", *inner, ""]
        elif inspect.isclass(value):
            lines += [f".. autoclass:: {name}.{each}", "   :members:", "   :inherited-members: BaseModel, Data", ""]
        elif inspect.isfunction(value):
            lines += [f".. autofunction:: {name}.{each}", ""]
        else:
            lines += [f".. py:data:: {name}.{each}", f"   :type: {type(value).__name__}", ""]
            continue  # the words below data in its file are no docstring at run time
        if not (value.__doc__ or "").strip():
            bare.append(f"{name}.{each}")
    return "\n".join(lines) + "\n", bare


def guide(text: str) -> str:
    """Return a guide for the web: what it links to outside ``docs/`` is named, since it is no page.

    :raises FileNotFoundError: there is no such file in the repository.
    """

    def named(link: re.Match[str]) -> str:
        if not (ROOT / link[2].partition("#")[0]).exists():
            raise FileNotFoundError(link[2])
        return f"{link[1]} (`{link[2]}`)"

    return re.sub(r"\[([^\]]+)\]\(\.\./([^)]+)\)", named, text)


def contents(guides: list[str], modules: list[str]) -> str:
    """Return the first page."""
    lines = ["Tramkit", "=======", ""]
    for caption, pages in (("Guides", guides), ("Reference", [f"reference/{each}" for each in modules])):
        lines += [
            ".. toctree::",
            f"   :caption: {caption}",
            "   :maxdepth: 1",
            "",
            *(f"   {each}" for each in pages),
            "",
        ]
    return "\n".join(lines)


def main() -> int:
    """Write the source and build it; return the exit code."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    shutil.rmtree(OUT, ignore_errors=True)
    shutil.copytree(ROOT / "docs", SOURCE)
    guides = sorted(SOURCE.glob("*.md"))
    for file in guides:
        file.write_text(guide(file.read_text(encoding="utf-8")), encoding="utf-8")
    (SOURCE / "reference").mkdir()
    found, bare = modules(), list[str]()
    for name, public in found.items():
        text, missing = page(name, public)
        bare += missing
        (SOURCE / "reference" / f"{name}.rst").write_text(text, encoding="utf-8")
    if bare:
        print("public, and without a docstring:", *bare, sep="\n  ", file=sys.stderr)
        return 1
    (SOURCE / "index.rst").write_text(contents([file.stem for file in guides], list(found)), encoding="utf-8")
    (SOURCE / "conf.py").write_text(CONF.format(version=version("tramkit")), encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", str(SOURCE), str(OUT)]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
