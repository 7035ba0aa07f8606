"""Pictures inside a PDF: what they say of place, time and camera is taken out, the picture itself stays bit for bit.

JPEG by ITU-T T.81 annex B, JPEG 2000 by ITU-T T.800 annexes A and I.
"""

from __future__ import annotations

from tramkit.papers.problem import PaperRefusedError, Problem

_JFIF = b"JFIF\0"
_KEPT_BOXES = frozenset((b"jP  ", b"ftyp", b"rreq", b"jp2h", b"jpch", b"jplh", b"jp2c"))
"""What a reader needs; ``xml ``, ``uuid``, ``uinf``, ``asoc``, ``cref`` and the like tell of the picture's origin."""
_STANDALONE = frozenset((0x01, *range(0xD0, 0xD8)))
"""Markers without a length: TEM, RST0 to RST7."""


def bare_jpeg(data: bytes) -> bytes:
    """Return a JPEG without Exif, comments, thumbnails and whatever follows its end, its picture as it was.

    :raises PaperRefusedError: it is no JPEG, or ends before its picture begins.
    """
    start = data.find(b"\xff\xd8")
    if start < 0 or data[:start].strip(b"\0\r\n\t "):
        raise PaperRefusedError(Problem.BROKEN, "pdf")
    out, at, seen = bytearray(b"\xff\xd8"), start + 2, False
    while at + 1 < len(data):
        if data[at] != 0xFF:
            break
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == 0xD9:
            return bytes(out + b"\xff\xd9")
        if marker in _STANDALONE:
            out += data[at : at + 2]
            at += 2
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        out += _segment(marker, data[at:end])
        at = end
        if marker == 0xDA:
            seen = True
            at = _scan_end(data, end)
            out += data[end:at]
    if not seen:
        raise PaperRefusedError(Problem.BROKEN, "pdf")
    return bytes(out)  # its end is missing: viewers show what there is


def _segment(marker: int, segment: bytes) -> bytes:
    """Return what is kept of a segment: APP14 tells how colours are meant, JFIF's APP0 its density."""
    if marker == 0xE0 and segment[4:9] == _JFIF and len(segment) >= 18:
        return b"\xff\xe0\x00\x10" + segment[4:16] + b"\0\0"  # without its thumbnail
    told = marker == 0xFE or (0xE0 <= marker <= 0xEF and marker != 0xEE)
    return b"" if told else segment


def _scan_end(data: bytes, at: int) -> int:
    """Return where the coded data of a scan end: at the next marker that is no restart and no stuffed byte."""
    while (found := data.find(b"\xff", at)) >= 0 and found + 1 < len(data):
        if data[found + 1] != 0 and data[found + 1] not in _STANDALONE:
            return found
        at = found + 2
    return len(data)


def bare_jpeg2000(data: bytes) -> bytes:
    """Return a JPEG 2000 file or codestream without metadata boxes and comments.

    :raises PaperRefusedError: it is neither, or holds no picture.
    """
    if data.startswith(b"\xff\x4f"):
        return _codestream(data)
    out, at, seen = bytearray(), 0, False
    while at + 8 <= len(data):
        size, kind, head = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8], 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16]), 16
        end = len(data) if size == 0 else at + size
        if size != 0 and size < head:
            raise PaperRefusedError(Problem.BROKEN, "pdf")
        if kind in _KEPT_BOXES:
            content = data[at + head : end]
            if kind == b"jp2c":
                seen, content = True, _codestream(content)
            out += (len(content) + 8).to_bytes(4) + kind + content
        at = end
    if not seen or not out.startswith(b"\x00\x00\x00\x0cjP  "):
        raise PaperRefusedError(Problem.BROKEN, "pdf")
    return bytes(out)


def _codestream(data: bytes) -> bytes:
    """Return a codestream whose headers hold no comments (marker COM, ``FF64``)."""
    out, at = bytearray(data[:2]), 2
    while at + 4 <= len(data):
        marker = data[at : at + 2]
        if marker == b"\xff\x90":  # SOT: a tile-part, which says how long it is
            return bytes(out) + _tiles(data, at)
        if marker[0] != 0xFF:
            break
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if marker != b"\xff\x64":
            out += data[at:end]
        at = end
    raise PaperRefusedError(Problem.BROKEN, "pdf")


def _tiles(data: bytes, at: int) -> bytes:
    """Return the tile-parts without comments, each with its length put right, and the end of the codestream."""
    out = bytearray()
    while at + 12 <= len(data) and data[at : at + 2] == b"\xff\x90":
        length = int.from_bytes(data[at + 6 : at + 10])
        end = len(data.removesuffix(b"\xff\xd9")) if length == 0 else min(at + length, len(data))
        head, inside = bytearray(data[at : at + 12]), at + 12
        parts = bytearray()
        while inside + 4 <= end and data[inside : inside + 2] != b"\xff\x93":  # SOD: from here on coded data
            until = inside + 2 + int.from_bytes(data[inside + 2 : inside + 4])
            if data[inside] != 0xFF or until > end:
                break
            if data[inside : inside + 2] != b"\xff\x64":
                parts += data[inside:until]
            inside = until
        parts += data[inside:end]
        if length:
            head[6:10] = (len(head) + len(parts)).to_bytes(4)
        out += head + parts
        if end <= at:
            break
        at = end
    return bytes(out) + b"\xff\xd9"
