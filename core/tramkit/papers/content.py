"""What may come in as a paper, and what is made of it. Runs as a program of its own, bounded in time and memory.

The type is told by the content, never by a name. A picture is decoded and written anew
(:mod:`tramkit.papers.picture`); a PDF is taken apart and its pages are put into a new one (:mod:`tramkit.papers.pdf`),
of which each page is drawn small (:mod:`tramkit.papers.preview`).

Reads a file from standard input; writes one line of JSON, and after it the file that was made and its previews.
Imports nothing of Tramkit but its neighbours, so that it starts fast.
"""

from __future__ import annotations

import json
import resource
import sys
from dataclasses import replace
from typing import Literal

if __name__ == "__main__":  # a bare package, so that the neighbours are found without importing all of Tramkit
    from pathlib import Path
    from types import ModuleType

    _here = Path(__file__).parent
    for _name, _folder in (("tramkit", _here.parent), ("tramkit.papers", _here)):
        _package = ModuleType(_name)
        _package.__path__ = [str(_folder)]
        sys.modules[_name] = _package

from tramkit.papers.pdf import MAX_PAGES, pdf
from tramkit.papers.picture import LARGEST_SIDE, LEAST_PIXELS, heif, jpeg, picture
from tramkit.papers.preview import pages_of
from tramkit.papers.problem import Kind, Made, PaperRefusedError, Problem

__all__ = [
    "LARGEST_SIDE",
    "LEAST_PIXELS",
    "MAX_PAGES",
    "Kind",
    "Made",
    "PaperRefusedError",
    "Problem",
    "jpeg",
    "kind_of",
    "make",
]

MEMORY = 1024 * 1024 * 1024
CPU_SECONDS = 20

_HEIC = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2", b"msf1"))
"""Brands of still pictures and sequences (ISO/IEC 23008-12, clause 10 and annex B)."""
_AVIF = frozenset((b"avif", b"avis", b"avio"))
"""Brands of the AV1 image file format, version 1.1, section 6."""
_ARCHIVES = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"Rar!",
    b"7z\xbc\xaf",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
    b"\xd0\xcf\x11\xe0",
)


def make(data: bytes) -> Made:
    """Look at a file and make the paper of it.

    :raises PaperRefusedError: it cannot be taken.
    """
    kind = kind_of(data)
    said: Kind = "pdf" if kind == "pdf" else "picture"
    try:
        match kind:
            case "pdf":
                made = pdf(data)
                return replace(made, previews=_previews(made.data))
            case "heic":
                return heif(data)
            case _:
                return picture(data)
    except PaperRefusedError:
        raise
    except MemoryError:
        raise PaperRefusedError(Problem.HARD, said) from None
    except Exception:  # whatever a parser throws at a file that was made to hurt it
        raise PaperRefusedError(Problem.HEIC if kind == "avif" else Problem.BROKEN, said) from None


def _previews(data: bytes) -> tuple[bytes, ...]:
    try:
        return pages_of(data)
    except Exception:  # a renderer's edge: what it cannot draw is taken all the same, and said to be unseen
        return ()


def kind_of(data: bytes) -> Literal["picture", "heic", "avif", "pdf"]:
    """Tell what a file is by its first bytes.

    :raises PaperRefusedError: nothing that is taken.
    """
    if not data:
        raise PaperRefusedError(Problem.EMPTY)
    if data[:3] == b"\xff\xd8\xff" or data[:8] == b"\x89PNG\r\n\x1a\n" or (data[:4], data[8:12]) == (b"RIFF", b"WEBP"):
        return "picture"
    if data[4:8] == b"ftyp" and (found := _brand(data)) is not None:
        return found
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith(_ARCHIVES):
        raise PaperRefusedError(Problem.ARCHIVE)
    raise PaperRefusedError(Problem.UNKNOWN)


def _brand(data: bytes) -> Literal["heic", "avif"] | None:
    """Tell by the brands of a file of ISO/IEC 14496-12, the major one first; None: no picture, e.g. a video."""
    size = min(int.from_bytes(data[:4]), 4096)
    compatible = [data[at : at + 4] for at in range(16, min(size, len(data)), 4)]
    for brand in (data[8:12], *compatible):
        if brand in _AVIF or (brand in (b"mif1", b"msf1", b"miaf") and _AVIF.intersection(compatible)):
            return "avif"
        if brand in _HEIC:
            return "heic"
    return None


def main() -> None:
    """Make the paper of standard input; what goes wrong is said in one word."""
    for what, limit in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(what, (limit, limit))
    try:
        made = make(sys.stdin.buffer.read())
    except PaperRefusedError as refused:
        told, parts = {"problem": refused.problem.value, "kind": refused.kind}, ()
    except MemoryError:
        told, parts = {"problem": Problem.HARD.value, "kind": ""}, ()
    else:
        parts = (made.data, *made.previews)
        sizes = [len(each) for each in parts]
        told = {
            "type": made.type,
            "pages": made.pages,
            "left_out": made.left_out,
            "missing": made.missing,
            "sizes": sizes,
        }
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + b"".join(parts))


if __name__ == "__main__":
    main()
