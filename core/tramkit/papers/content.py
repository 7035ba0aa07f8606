"""What may come in as a paper, and what is made of it. Runs as a program of its own, bounded in time and memory.

The type is told by the content, never by a name. A picture is decoded and written anew: what hangs on it (place and
time of the photo, thumbnails, comments) stays behind. A PDF is taken apart and its pages are put into a new one:
scripts, actions, embedded files, forms and metadata stay behind.

Reads a file from standard input; writes one line of JSON, and after it the file that was made. Imports nothing of
Tramkit, so that it starts fast.
"""

from __future__ import annotations

import io
import json
import resource
import sys
import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pikepdf
    from PIL import Image

MOST_PIXELS = 60_000_000
LEAST_PIXELS = 200
"""A picture whose shorter side has less cannot be read by anybody."""
LARGEST_SIDE = 3508
"""The long side of A4 at 300 dpi; larger pictures are reduced to it."""
QUALITY = 85
MOST_PAGES = 30
MOST_OF_STREAM = 128 * 1024 * 1024
"""Bytes that one stream of a PDF may unpack to: a page of A4 in colour at 600 dpi has 104 MB."""
MOST_UNPACKED = 384 * 1024 * 1024

MEMORY = 1024 * 1024 * 1024
CPU_SECONDS = 20


class Problem(StrEnum):
    """Why something is not taken as a paper."""

    EMPTY = "empty"
    UNKNOWN = "unknown"
    """Neither a picture nor a PDF."""
    ARCHIVE = "archive"
    HEIC = "heic"
    BROKEN = "broken"
    PIXELS = "pixels"
    SMALL = "small"
    LOCKED = "locked"
    PAGES = "pages"
    PACKED = "packed"
    """It unpacks to far more than it seems."""
    HARD = "hard"
    """It took too long or too much memory."""
    LARGE = "large"
    """More bytes than one file may have."""
    MUCH = "much"
    """More files, or more bytes, than are taken at once."""
    CUT_OFF = "cut_off"
    """The sending stopped midway."""


class Refused(Exception):
    """It is not taken."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.value)
        self.problem = problem


@dataclass(frozen=True)
class Made:
    """What was made of a file.

    :param pages: of a PDF; 1 for a picture.
    """

    type: Literal["image/jpeg", "application/pdf"]
    data: bytes
    pages: int


def make(data: bytes) -> Made:
    """Look at a file and make the paper of it.

    :raises Refused: it cannot be taken.
    """
    kind = kind_of(data)
    try:
        return _pdf(data) if kind == "pdf" else _picture(data)
    except Refused:
        raise
    except MemoryError:
        raise Refused(Problem.HARD) from None
    except Exception:  # whatever a parser throws at a file that was made to hurt it
        raise Refused(Problem.BROKEN) from None


def kind_of(data: bytes) -> Literal["picture", "pdf"]:
    """Tell what a file is by its first bytes.

    :raises Refused: nothing that is taken.
    """
    if not data:
        raise Refused(Problem.EMPTY)
    if data[:3] == b"\xff\xd8\xff" or data[:8] == b"\x89PNG\r\n\x1a\n" or (data[:4], data[8:12]) == (b"RIFF", b"WEBP"):
        return "picture"
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif"):
        raise Refused(Problem.HEIC)
    archives = (
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"Rar!",
        b"7z\xbc\xaf",
        b"\x1f\x8b",
        b"BZh",
        b"\xfd7zXZ",
        b"\xd0\xcf\x11\xe0",
    )
    if data.startswith(archives):
        raise Refused(Problem.ARCHIVE)
    raise Refused(Problem.UNKNOWN)


# ── pictures ──────────────────────────────────────────────────────────────────────────────────────────────────


def _picture(data: bytes) -> Made:
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # the limit is ours, and checked before anything is decoded
    image: Image.Image = Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP"))
    if image.width * image.height > MOST_PIXELS:
        raise Refused(Problem.PIXELS)
    if min(image.size) < LEAST_PIXELS:
        raise Refused(Problem.SMALL)
    image.load()
    return Made("image/jpeg", jpeg(ImageOps.exif_transpose(image)), 1)


def jpeg(image: Image.Image) -> bytes:
    """Return a picture as JPEG without anything that hangs on it, on white where it is transparent, not too large."""
    from PIL import Image

    if image.has_transparency_data:
        clear = image.convert("RGBA")
        image = Image.new("RGB", clear.size, (255, 255, 255))
        image.paste(clear, mask=clear.getchannel("A"))
    image = image.convert("RGB")
    image.thumbnail((LARGEST_SIDE, LARGEST_SIDE), Image.Resampling.LANCZOS)
    plain = Image.frombytes("RGB", image.size, image.tobytes())
    out = io.BytesIO()
    plain.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()


# ── PDF ───────────────────────────────────────────────────────────────────────────────────────────────────────

_PAGE_KEYS = frozenset(
    {"/Type", "/Parent", "/MediaBox", "/CropBox", "/Rotate", "/UserUnit", "/Resources", "/Contents", "/Group"}
)
_ACTIVE = ("/A", "/AA", "/AF", "/EF", "/JS", "/JavaScript", "/Metadata", "/OPI", "/OpenAction", "/PieceInfo", "/Ref")
"""What a page's resources could still bring along."""


def _pdf(data: bytes) -> Made:
    import pikepdf

    if b"%%EOF" not in data[-1024:]:
        raise Refused(Problem.BROKEN)  # cut off: a reader that mends it would leave out what is missing
    try:
        pdf = pikepdf.open(io.BytesIO(data))
    except pikepdf.PasswordError:
        raise Refused(Problem.LOCKED) from None
    with pdf:
        if pdf.is_encrypted:
            raise Refused(Problem.LOCKED)
        pages = len(pdf.pages)
        if not pages:
            raise Refused(Problem.BROKEN)
        if pages > MOST_PAGES:
            raise Refused(Problem.PAGES)
        _weigh(pdf)
        pdf.generate_appearance_streams()  # what was filled into a form becomes part of the page
        pdf.flatten_annotations("all")
        with pikepdf.new() as plain:
            for page in pdf.pages:
                for key in set(page.obj.keys()) - _PAGE_KEYS:
                    del page.obj[key]
                plain.pages.append(page)
            for each in plain.objects:
                _bare(each)
            out = io.BytesIO()
            plain.save(out, deterministic_id=True)
    return Made("application/pdf", out.getvalue(), pages)


def _bare(each: Any) -> None:
    """Take from an object what acts or tells of its origin."""
    import pikepdf

    if not isinstance(each, (pikepdf.Dictionary, pikepdf.Stream)):
        return
    for key in _ACTIVE:
        if key in each:
            del each[key]
    if isinstance(each, pikepdf.Stream) and each.get("/Filter") == "/DCTDecode":
        parameters: Any = each.get("/DecodeParms")
        each.write(bare_jpeg(each.read_raw_bytes()), filter=pikepdf.Name.DCTDecode, decode_parms=parameters)


def bare_jpeg(data: bytes) -> bytes:
    """Return a JPEG without Exif, comments and the like, its picture as it was (ITU-T T.81, annex B)."""
    if data[:2] != b"\xff\xd8":
        raise Refused(Problem.BROKEN)
    out, at = bytearray(data[:2]), 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xDA:  # the picture itself
            return bytes(out + data[at:])
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        told = marker == 0xFE or (0xE1 <= marker <= 0xEF and marker != 0xEE)  # APP14 tells how colours are meant
        if not told:
            out += data[at:end]
        at = end
    raise Refused(Problem.BROKEN)


def _weigh(pdf: pikepdf.Pdf) -> None:
    """Refuse what unpacks to far more than it seems, without unpacking it whole."""
    import pikepdf

    total = 0
    for each in pdf.objects:
        if not isinstance(each, pikepdf.Stream):
            continue
        found: Any = each.get("/Filter", [])
        filters = [str(name) for name in found] if isinstance(found, pikepdf.Array) else [str(found)] if found else []
        if filters.count("/FlateDecode") + filters.count("/LZWDecode") > 1 or len(filters) > 3:
            raise Refused(Problem.PACKED)
        if filters[:1] == ["/FlateDecode"]:
            total += _inflated(each.read_raw_bytes())
        elif any(name in filters for name in ("/FlateDecode", "/LZWDecode", "/RunLengthDecode")):
            total += len(each.read_bytes())
        if total > MOST_UNPACKED:
            raise Refused(Problem.PACKED)


def _inflated(packed: bytes) -> int:
    """Return how many bytes deflated data hold, at most a little more than one stream may."""
    size, inflate, rest = 0, zlib.decompressobj(), packed
    while rest and not inflate.eof:
        try:
            size += len(inflate.decompress(rest, 1024 * 1024))
        except zlib.error:
            return size  # readers show what there is of a damaged stream, and so do we
        rest = inflate.unconsumed_tail
        if size > MOST_OF_STREAM:
            raise Refused(Problem.PACKED)
    return size


# ── the program ───────────────────────────────────────────────────────────────────────────────────────────────


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
    except Refused as refused:
        told, data = {"problem": refused.problem.value}, b""
    except MemoryError:
        told, data = {"problem": Problem.HARD.value}, b""
    else:
        told, data = {"type": made.type, "pages": made.pages}, made.data
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + data)


if __name__ == "__main__":
    main()
