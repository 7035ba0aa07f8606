"""Pictures of a PDF that are not there or not whole: viewers show a blank place and say nothing of it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from tramkit.papers.picture import MAX_PIXELS

if TYPE_CHECKING:
    import pikepdf

_DO = re.compile(
    rb"\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*+\))*+\)"  # a text, with one more in it
    rb"|%[^\r\n]*+"
    rb"|/([^\x00\t\n\f\r ()<>\[\]{}/%]++)\s++Do(?![^\x00\t\n\f\r ()<>\[\]{}/%])",
    re.DOTALL,
)
"""The operator that shows an object, with the object's name (ISO 32000-2, 8.8); texts and comments are passed over."""
_CHANNELS = {"/DeviceRGB": 3, "/CalRGB": 3, "/Lab": 3, "/DeviceCMYK": 4}
"""Samples of a pixel; of every other colour space the least is taken."""
_CODED = ("/DCTDecode", "/JPXDecode")
_SPEED = 8
"""A JPEG is decoded at an eighth of its size: whether it goes to its end shows there too."""

Content = Callable[["pikepdf.Stream"], bytes]
Filters = Callable[["pikepdf.Stream"], list[tuple[str, Any]]]


def missing_pictures(plain: pikepdf.Pdf, content: Content, filters: Filters) -> int:
    """Count pictures that a page calls for and that are not there, or cannot be shown whole.

    :param content: returns a stream's bytes, those of a picture as its own coding has them.
    :param filters: returns a stream's filters in their long names.
    """
    import pikepdf

    streams = [each for each in plain.objects if isinstance(each, pikepdf.Stream)]
    pictures = [each for each in streams if each.get("/Subtype") == "/Image"]
    damaged = sum(not _is_whole(each, content, [name for name, _parameters in filters(each)]) for each in pictures)
    forms = [(each, [each]) for each in streams if each.get("/Subtype") == "/Form" or each.get("/PatternType") == 1]
    return damaged + _absent([*((page.obj, _parts(page.obj)) for page in plain.pages), *forms], content)


def _parts(page: Any) -> list[Any]:
    """Return the streams of a page's instructions, which are read as one."""
    import pikepdf

    parts: Any = page.get("/Contents")
    return list(parts) if isinstance(parts, pikepdf.Array) else [parts]


def _absent(shown: Iterable[tuple[Any, list[Any]]], content: Content) -> int:
    """Count the objects that pages and forms call for by names under which nothing lies.

    :param shown: whatever has resources, each with the streams of its instructions.
    """
    import pikepdf

    count = 0
    for holder, streams in shown:
        resources: Any = holder.get("/Resources", pikepdf.Dictionary())
        there: Any = resources.get("/XObject", pikepdf.Dictionary())
        said = b"\n".join(_read(each, content) for each in streams if isinstance(each, pikepdf.Stream))
        for name in {found[1] for found in _DO.finditer(said) if found[1]}:
            plain_name = re.sub(rb"#([0-9a-fA-F]{2})", lambda two: bytes([int(two[1], 16)]), name)
            count += not isinstance(there.get("/" + plain_name.decode("utf-8", "surrogateescape")), pikepdf.Stream)
    return count


def _is_whole(picture: pikepdf.Stream, content: Content, filters: list[str]) -> bool:
    samples = _read(picture, content)
    if filters and filters[-1] in _CODED:
        return _decodes(samples)
    if any(name in ("/JBIG2Decode", "/CCITTFaxDecode") for name in filters):
        return bool(samples)  # lengths tell nothing there: what is missing is white, as paper is
    return len(samples) >= _least(picture)


def _read(stream: pikepdf.Stream, content: Content) -> bytes:
    """Return a stream's bytes; none where they cannot be unpacked: viewers leave such a one out."""
    import pikepdf

    try:
        return content(stream)
    except pikepdf.PdfError:
        return b""


def _decodes(data: bytes) -> bool:
    """Tell whether a JPEG or JPEG 2000 can be decoded to its end; a huge one is not tried."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "JPEG2000")) as image:
            if image.width * image.height > MAX_PIXELS:
                return True
            image.draft(None, (image.width // _SPEED, image.height // _SPEED))
            image.load()
    except Exception:  # a decoder's edge, at data that somebody brought
        return False
    return True


def _least(picture: pikepdf.Stream) -> int:
    """Return how many bytes the samples of a picture have at least (ISO 32000-2, 8.9.5.2)."""
    try:
        width, height = int(picture.get("/Width", 0)), int(picture.get("/Height", 0))
        bits = 1 if picture.get("/ImageMask") else int(picture.get("/BitsPerComponent", 1))
    except (TypeError, ValueError):
        return 0
    space: Any = picture.get("/ColorSpace")
    try:
        channels = _CHANNELS.get(str(space), 1)
    except ValueError:
        channels = 1
    return height * ((width * channels * bits + 7) // 8)
