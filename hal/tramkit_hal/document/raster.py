"""Documents as black dots, so that any printer prints Vietnamese whatever its code pages are."""

from __future__ import annotations

import io
import logging
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import segno

from tramkit_hal.document.document import Code, Document, Heading, Paragraph, Row, Rule
from tramkit_hal.words import render

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont
    from PIL.ImageFont import ImageFont as BitmapFont

    Font = FreeTypeFont | BitmapFont

FONTS = ("BeVietnamPro", "NotoSans", "DejaVuSans")
FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts")

_log = logging.getLogger(__name__)


def raster(document: Document, language: str, dots: int) -> Image:
    """Return a document as a picture of one bit a dot.

    :param dots: width of the paper: 576 at 80 mm, 384 at 58 mm.
    """
    from PIL import Image, ImageDraw

    body, bold, large = (_font(_size(dots), False), _font(_size(dots), True), _font(_size(dots) * 4 // 3, True))
    step = _size(dots) * 3 // 2
    picture = Image.new("1", (dots, 24 + _height(document, language, dots)), 1)
    pen = ImageDraw.Draw(picture)
    y = 12

    def write(text: str, font: Font) -> None:
        nonlocal y
        for line in _wrap(text, font, dots - 16):
            pen.text((8, y), line, font=font, fill=0)
            y += step * (4 if font is large else 3) // 3

    for number, text in enumerate(document.letterhead):
        write(render(text, language), body if number else bold)
    if document.letterhead:
        pen.line((8, y + step // 2, dots - 8, y + step // 2), fill=0, width=2)
        y += step
    write(render(document.title, language), large)
    for block in document.blocks:
        match block:
            case Heading(text=text):
                y += step // 2
                write(render(text, language), bold)
            case Paragraph(text=text):
                write(render(text, language), body)
            case Row(label=label, value=value):
                write(f"{render(label, language)}: {render(value, language)}", body)
            case Rule():
                pen.line((8, y + step // 2, dots - 8, y + step // 2), fill=0, width=2)
                y += step
            case Code(content=content, caption=caption):
                code = _qr(content, dots)
                picture.paste(code, ((dots - code.width) // 2, y))
                y += code.height
                if caption is not None:
                    write(render(caption, language), body)
    return picture.crop((0, 0, dots, y + 12))


def _height(document: Document, language: str, dots: int) -> int:
    """Return a height that is surely enough."""
    step = _size(dots) * 2
    letters = max(8, dots // _size(dots))
    lines = sum(2 + len(line) * 2 // letters for line in document.lines(language))
    codes = sum(dots for block in document.blocks if isinstance(block, Code))
    return (lines + 4) * step + codes


def _size(dots: int) -> int:
    return max(16, dots // 24)


def _wrap(text: str, font: Font, width: int) -> list[str]:
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if font.getlength(longer) <= width:
                line = longer
                continue
            if line:
                lines.append(line)
            line = word
            while font.getlength(line) > width:  # one word wider than the paper
                cut = max(1, next((n for n in range(len(line), 0, -1) if font.getlength(line[:n]) <= width), 1))
                lines.append(line[:cut])
                line = line[cut:]
        lines.append(line)
    return lines


def _qr(content: str, dots: int) -> Image:
    from PIL import Image

    code = segno.make_qr(content, error="m")
    scale = max(2, (dots * 2 // 3) // (code.symbol_size(border=4)[0]))
    out = io.BytesIO()
    code.save(out, kind="png", scale=scale, border=4)
    return Image.open(out).convert("1")


@cache
def _font(size: int, bold: bool) -> Font:
    from PIL import ImageFont

    style = "Bold" if bold else "Regular"
    for family in FONTS:
        for name in (f"{family}-{style}.ttf", f"{family}-{style}.otf", f"{family}{'-Bold' if bold else ''}.ttf"):
            for folder in FOLDERS:
                for file in Path(folder).rglob(name):
                    return ImageFont.truetype(str(file), size)
    _log.warning("no font with Vietnamese letters is installed", extra={"wanted": ", ".join(FONTS)})
    return ImageFont.load_default(size)
