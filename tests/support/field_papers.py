"""Papers as people really have them: scans of any depth, PDFs of every making. All made by code."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from collections.abc import Callable, Sequence

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf
from PIL import Image, ImageDraw

from .papers import AUTHOR, PLACE, photo

SECRET = b"toa do 10.7915, 106.7009"
"""Stands wherever a file can hide where it was made."""


# ── greyscale ─────────────────────────────────────────────────────────────────────────────────────────────────


def scan(width: int = 300, height: int = 400) -> Image.Image:
    """Return a scanned page in eight bits of grey: paper, and lines darker than it."""
    image = Image.new("L", (width, height), 230)
    pen = ImageDraw.Draw(image)
    for line in range(4, 36, 2):
        pen.rectangle((20, line * height // 40, width - 20, line * height // 40 + 5), 40)
    return image


def png(image: Image.Image, depth: int, *, transparent: int | None = None, alpha: bool = False) -> bytes:
    """Return grey as PNG of a depth that Pillow itself does not write.

    :param image: in eight bits.
    :param transparent: a sample that is declared transparent (tRNS).
    """
    width, height = image.size
    flat = image.tobytes()
    rows = bytearray()
    for y in range(height):
        row = flat[y * width : (y + 1) * width]
        rows.append(0)
        if depth == 16:
            rows += b"".join(bytes((v, v)) + (b"\xff\xff" if alpha else b"") for v in row)
        elif depth == 8:
            rows += b"".join(bytes((v,)) + (b"\xff" if alpha else b"") for v in row)
        else:
            bits = "".join(format(v >> (8 - depth), f"0{depth}b") for v in row)
            bits += "0" * (-len(bits) % 8)
            rows += bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
    header = struct.pack(">IIBBBBB", width, height, depth, 4 if alpha else 0, 0, 0, 0)
    chunks = [(b"IHDR", header)]
    if transparent is not None:
        chunks.append((b"tRNS", struct.pack(">H", transparent)))
    chunks += [(b"IDAT", zlib.compress(bytes(rows))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def png_of_samples(samples: Sequence[Sequence[int]]) -> bytes:
    """Return 16-bit grey as PNG, sample by sample."""
    height, width = len(samples), len(samples[0])
    rows = b"".join(b"\0" + struct.pack(f">{width}H", *row) for row in samples)
    header = struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    )


# ── pictures that tell of their origin ────────────────────────────────────────────────────────────────────────


def telling_jpeg(width: int = 400, height: int = 300, *, progressive: bool = False) -> bytes:
    """Return a JPEG with a place in Exif, in a comment, in a thumbnail, between its scans and after its end."""
    image = Image.new("RGB", (width, height), (200, 190, 180))
    ImageDraw.Draw(image).rectangle((50, 50, 200, 120), (20, 30, 40))
    exif = Image.Exif()
    exif[0x013B] = AUTHOR
    exif[0x010E] = SECRET.decode()
    exif.get_ifd(0x8825).update({1: "N", 2: PLACE})
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif, comment=SECRET, progressive=progressive)
    data = bytearray(out.getvalue())
    thumbnail = b"JFXX\0\x13\x01\x01" + SECRET
    data[2:2] = b"\xff\xe0" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    if progressive:  # a comment may stand before any later scan
        later = data.index(b"\xff\xda", data.index(b"\xff\xda") + 2)
        data[later:later] = b"\xff\xfe" + struct.pack(">H", len(SECRET) + 2) + SECRET
    return bytes(data) + photo(width=200, height=200) + SECRET


def telling_jpeg2000(width: int = 400, height: int = 300, *, codestream: bool = False) -> bytes:
    """Return a JPEG 2000 picture with a place in an XML box, in a UUID box and in a comment."""
    image = Image.new("RGB", (width, height), (200, 190, 180))
    ImageDraw.Draw(image).rectangle((50, 50, 200, 120), (20, 30, 40))
    out = io.BytesIO()
    image.save(out, "JPEG2000", no_jp2=codestream, comment=SECRET.decode(), irreversible=False)
    data = out.getvalue()
    assert SECRET in data
    if codestream:
        return data
    xml = b"<x>" + SECRET + b"</x>"
    uuid = b"JpgTiffExif->JP2" + SECRET
    boxes = b"".join(struct.pack(">I", len(body) + 8) + kind + body for kind, body in ((b"xml ", xml), (b"uuid", uuid)))
    at = data.index(b"jp2c") - 4
    return data[:at] + boxes + data[at:]


# ── PDFs ──────────────────────────────────────────────────────────────────────────────────────────────────────


def saved(made: Pdf, **how: object) -> bytes:
    """Return a PDF as bytes."""
    out = io.BytesIO()
    made.save(out, **how)  # type: ignore[arg-type]
    return out.getvalue()


def document(pages: int = 1, text: str = "HOP DONG THUE NHA") -> Pdf:
    """Return an honest PDF with words on each page."""
    made = pikepdf.new()
    font = made.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
    for number in range(pages):
        made.add_blank_page(page_size=(595, 842))
        page = made.pages[-1]
        page.Resources = Dictionary(Font=Dictionary(F1=font))
        page.Contents = made.make_stream(f"BT /F1 36 Tf 60 700 Td ({text} {number + 1}) Tj ET".encode())
    return made


def image_stream(made: Pdf, data: bytes, width: int, height: int, filters: Sequence[str]) -> pikepdf.Stream:
    """Return a picture as an object, wrapped in filters, the outermost first."""
    for name in reversed(filters[:-1]):
        data = WRAP[name](data)
    stream = made.make_stream(b"")
    names = [Name(each) for each in filters]
    stream.write(data, filter=names[0] if len(names) == 1 else Array(names))
    stream.Type, stream.Subtype = Name.XObject, Name.Image
    stream.Width, stream.Height, stream.BitsPerComponent, stream.ColorSpace = width, height, 8, Name.DeviceRGB
    return stream


def run_lengths(data: bytes) -> bytes:
    """Return bytes in the run-length coding of PDF, literally."""
    parts = (data[at : at + 128] for at in range(0, len(data), 128))
    return b"".join(bytes((len(part) - 1,)) + part for part in parts) + b"\x80"


def lzw(data: bytes) -> bytes:
    """Return bytes in LZW (ISO 32000-2, 7.4.4), with a clear code before the table grows."""
    bits = ""
    for at in range(0, len(data), 200):
        bits += format(256, "09b") + "".join(format(byte, "09b") for byte in data[at : at + 200])
    bits += format(257, "09b")
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))


WRAP: dict[str, Callable[[bytes], bytes]] = {
    "/FlateDecode": zlib.compress,
    "/Fl": zlib.compress,
    "/ASCIIHexDecode": lambda data: data.hex().encode() + b">",
    "/AHx": lambda data: data.hex().encode() + b">",
    "/ASCII85Decode": lambda data: base64.a85encode(data) + b"~>",
    "/A85": lambda data: base64.a85encode(data) + b"~>",
    "/RunLengthDecode": run_lengths,
    "/RL": run_lengths,
    "/LZWDecode": lzw,
}


def with_picture(data: bytes, filters: Sequence[str], width: int = 400, height: int = 300) -> bytes:
    """Return a PDF that shows a picture."""
    with document() as made:
        page = made.pages[0]
        page.Resources.XObject = Dictionary(Im=image_stream(made, data, width, height, filters))
        page.Contents = made.make_stream(b"q 400 0 0 300 50 300 cm /Im Do Q")
        return saved(made, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)


def with_inline_picture(where: str, data: bytes) -> bytes:
    """Return a PDF with a picture among its instructions: of a ``page``, ``form``, ``pattern`` or ``glyph``."""
    inline = (
        b"q 100 0 0 100 0 0 cm BI /W 400 /H 300 /CS /RGB /BPC 8 /F [/A85 /DCT] ID " + WRAP["/A85"](data) + b"\nEI Q"
    )
    with document() as made:
        page = made.pages[0]
        if where == "page":
            page.Contents = made.make_stream(inline)
        elif where == "form":
            form = made.make_stream(inline, Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 100, 100])
            page.Resources.XObject = Dictionary(Fm=form)
            page.Contents = made.make_stream(b"/Fm Do")
        elif where == "pattern":
            how = {"PatternType": 1, "PaintType": 1, "TilingType": 1, "XStep": 100, "YStep": 100}
            pattern = made.make_stream(inline, Type=Name.Pattern, BBox=[0, 0, 100, 100], Resources=Dictionary(), **how)
            page.Resources.Pattern = Dictionary(P1=pattern)
            page.Contents = made.make_stream(b"/Pattern cs /P1 scn 0 0 300 300 re f")
        else:
            glyph = made.make_stream(b"100 0 d0 " + inline)
            font = Dictionary(
                Type=Name.Font,
                Subtype=Name.Type3,
                FontBBox=[0, 0, 100, 100],
                FontMatrix=[0.01, 0, 0, 0.01, 0, 0],
                CharProcs=Dictionary(a=glyph),
                Encoding=Dictionary(Type=Name.Encoding, Differences=Array([97, Name.a])),
                FirstChar=97,
                LastChar=97,
                Widths=[100],
            )
            page.Resources.Font.T3 = made.make_indirect(font)
            page.Contents = made.make_stream(b"BT /T3 200 Tf 100 300 Td (a) Tj ET")
        return saved(made, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)


def locked(owner: str, user: str = "", **how: object) -> bytes:
    """Return a PDF under an owner's password, and a user's where one is given."""
    allowed = pikepdf.Permissions(print_lowres=False, print_highres=False, modify_other=False, extract=False)
    with document(2) as made:
        return saved(made, encryption=pikepdf.Encryption(owner=owner, user=user, allow=allowed, **how))  # type: ignore[arg-type]


def xfa(how: str = "flag") -> bytes:
    """Return a dynamic form whose page is a place holder.

    :param how: how it is told: by a ``flag``, by its ``config``, by one ``stream``, by having ``nothing`` on its pages.
    """
    template = b'<template><subform><field name="hoTen"/></subform></template>'
    config = b"<config><acrobat><acrobat7><dynamicRender>required</dynamicRender></acrobat7></acrobat></config>"
    with document(text="Please wait...") as made:
        packets = Array()
        for name, body in (("template", template), ("config", config if how == "config" else b"<config/>")):
            packets.append(pikepdf.String(name))
            packets.append(made.make_stream(body))
        found = made.make_stream(b"<xdp>" + template + config + b"</xdp>") if how == "stream" else packets
        made.Root.AcroForm = made.make_indirect(Dictionary(Fields=Array([]), XFA=found))
        if how in ("config", "stream"):  # a button of the place holder: "Upgrade the reader"
            _add_field(made)
        if how == "flag":
            made.Root.NeedsRendering = True
        return saved(made)


def static_xfa() -> bytes:
    """Return a form that has XFA too, and all its fields on its pages: a paper like any other."""
    with document(text="TO KHAI") as made:
        made.Root.AcroForm = made.make_indirect(
            Dictionary(Fields=Array([]), XFA=Array([pikepdf.String("template"), made.make_stream(b"<template/>")]))
        )
        _add_field(made)
        return saved(made)


def _add_field(made: Pdf) -> None:
    field = made.make_indirect(
        Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T="hoTen", V="AN", Rect=[50, 600, 300, 620])
    )
    made.Root.AcroForm.Fields.append(field)
    made.pages[0].Annots = Array([field])


def portfolio() -> bytes:
    """Return a PDF that is a cover for other files."""
    with document(text="Open this portfolio in another reader") as made:
        made.attachments["giay-khai-sinh.pdf"] = saved(document())
        made.Root.Collection = Dictionary(Type=Name.Collection)
        return saved(made)


def with_attachments(count: int = 2) -> bytes:
    """Return a paper to which files are attached."""
    with document(2) as made:
        for number in range(count):
            made.attachments[f"{number}.txt"] = SECRET
        return saved(made)


def revised() -> bytes:
    """Return a PDF with an earlier revision in it, whose page said something else (ISO 32000-2, 7.5.6)."""
    with document(text=SECRET.decode()) as made:
        first = saved(made, compress_streams=False, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    with pikepdf.open(io.BytesIO(first)) as made:
        id, generation = made.pages[0].Contents.objgen
        size = int(made.trailer.Size)
        root, _zero = made.Root.objgen
    startxref = int(first[first.rindex(b"startxref") + 9 :].split()[0])
    words = b"BT /F1 36 Tf 60 700 Td (BAN SUA) Tj ET"
    at = len(first)
    body = b"%d %d obj\n<</Length %d>>\nstream\n%s\nendstream\nendobj\n" % (id, generation, len(words), words)
    table = b"xref\n%d 1\n%010d %05d n \n" % (id, at, generation)
    trailer = b"trailer\n<</Size %d/Root %d 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (
        size,
        root,
        startxref,
        at + len(body),
    )
    return first + body + table + trailer


def with_thumbnail() -> bytes:
    """Return a PDF whose page has an embedded thumbnail, and whose picture has one too."""
    with document() as made:
        page = made.pages[0]
        page.obj.Thumb = image_stream(made, telling_jpeg(), 400, 300, ["/DCTDecode"])
        picture = image_stream(made, telling_jpeg(), 400, 300, ["/DCTDecode"])
        picture.Alternates = Array([Dictionary(Image=image_stream(made, telling_jpeg(), 400, 300, ["/DCTDecode"]))])
        picture.Metadata = made.make_stream(SECRET, Type=Name.Metadata, Subtype=Name.XML)
        page.Resources.XObject = Dictionary(Im=picture)
        page.Resources.Properties = Dictionary(MC0=Dictionary(Metadata=made.make_stream(SECRET)))
        page.Contents = made.make_stream(b"q 400 0 0 300 50 300 cm /Im Do Q")
        return saved(made)


# ── HEIC and AVIF ─────────────────────────────────────────────────────────────────────────────────────────────


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    """Return the beginning of a file of ISO/IEC 14496-12, and nothing to decode after it."""
    body = major + bytes(4) + b"".join(compatible)
    return struct.pack(">I", len(body) + 8) + b"ftyp" + body + bytes(200)


def rebranded(data: bytes, brand: bytes) -> bytes:
    """Return such a file under another major brand."""
    return data[:8] + brand + data[12:]


def encoded(kind: str, image: Image.Image | None = None) -> bytes:
    """Return a picture as HEIF or AVIF."""
    if kind == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    out = io.BytesIO()
    (image or Image.open(io.BytesIO(telling_jpeg())).convert("RGB")).save(out, kind, exif=exif)
    return out.getvalue()
