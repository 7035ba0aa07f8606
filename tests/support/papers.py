"""Files as residents send them, honest ones and others."""

from __future__ import annotations

import io
import zlib

import pikepdf
from PIL import Image, ImageDraw

PLACE = (10.0, 47.0, 18.29)
"""Degrees, minutes and seconds north that a photo remembers."""
AUTHOR = "Phan Thi Chim En"
"""Stands in the metadata of every file made here that can hold it."""


def picture(width: int = 1200, height: int = 1600, words: str = "HỢP ĐỒNG") -> Image.Image:
    """Return a paper, as a photo shows it."""
    image = Image.new("RGB", (width, height), (238, 236, 228))
    pen = ImageDraw.Draw(image)
    for line in range(8, 40):
        pen.rectangle(
            (width * 0.1, height * line / 48, width * (0.5 + line % 5 / 12), height * line / 48 + 6), (40, 40, 60)
        )
    pen.text((width * 0.1, height * 0.05), words, fill=(20, 20, 20))
    return image


def photo(kind: str = "JPEG", **size: int) -> bytes:
    """Return a photo that a phone has taken: turned, with place, time and author in its Exif."""
    image = picture(**size)
    exif = Image.Exif()
    exif[0x0112] = 6  # Orientation: to be turned by a quarter
    exif[0x013B] = AUTHOR
    exif.get_ifd(0x8825).update({1: "N", 2: PLACE, 3: "E", 4: (106.0, 45.0, 1.0)})
    out = io.BytesIO()
    image.save(out, kind, exif=exif)
    return out.getvalue()


def pdf(pages: int = 2, *, password: str = "") -> bytes:
    """Return a PDF with a scanned photo on each page, and with everything in it that acts."""
    scan = photo()
    with pikepdf.new() as made:
        for _page in range(pages):
            made.add_blank_page(page_size=(595, 842))
        image = made.make_stream(scan)
        image.update(
            {
                "/Type": pikepdf.Name.XObject,
                "/Subtype": pikepdf.Name.Image,
                "/Width": 1200,
                "/Height": 1600,
                "/ColorSpace": pikepdf.Name.DeviceRGB,
                "/BitsPerComponent": 8,
                "/Filter": pikepdf.Name.DCTDecode,
            }
        )
        script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.launchURL('http://example.invalid')")
        launch = pikepdf.Dictionary(S=pikepdf.Name.Launch, F="cmd.exe")
        for page in made.pages:
            page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Scan=image))
            page.Contents = made.make_stream(b"q 595 0 0 842 0 0 cm /Scan Do Q")
            page.AA = pikepdf.Dictionary(O=script)
            page.Annots = pikepdf.Array(
                [pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 99, 99], A=launch)]
            )
        made.Root.OpenAction = script
        made.Root.Names = pikepdf.Dictionary(JavaScript=pikepdf.Dictionary(Names=["a", script]))
        made.attachments["letter.exe"] = b"MZ" + AUTHOR.encode()
        with made.open_metadata() as metadata:
            metadata["dc:creator"] = [AUTHOR]
        made.docinfo["/Author"] = AUTHOR
        out = io.BytesIO()
        made.save(out, encryption=pikepdf.Encryption(owner=password, user=password) if password else None)
        return out.getvalue()


def packed_pdf(megabytes: int) -> bytes:
    """Return a PDF whose one stream unpacks to so much."""
    deflate = zlib.compressobj(9)
    packed = b"".join(deflate.compress(bytes(1024 * 1024)) for _each in range(megabytes)) + deflate.flush()
    return _with_stream(packed, pikepdf.Name.FlateDecode)


def twice_packed_pdf(megabytes: int) -> bytes:
    """Return a PDF whose one stream is packed, and packed again."""
    deflate = zlib.compressobj(9)
    packed = b"".join(deflate.compress(bytes(1024 * 1024)) for _each in range(megabytes)) + deflate.flush()
    return _with_stream(zlib.compress(packed, 9), pikepdf.Array([pikepdf.Name.FlateDecode, pikepdf.Name.FlateDecode]))


def _with_stream(packed: bytes, filter: pikepdf.Object) -> bytes:
    with pikepdf.new() as made:
        made.add_blank_page()
        stream = made.make_stream(b"")
        stream.write(packed, filter=filter)
        made.pages[0].Contents = stream
        out = io.BytesIO()
        made.save(out, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
        return out.getvalue()


def packed_table_pdf(megabytes: int) -> bytes:
    """Return a PDF whose table of objects itself unpacks to so much: no reader can open it without unpacking."""
    deflate = zlib.compressobj(9)
    packed = b"".join(deflate.compress(bytes(1024 * 1024)) for _each in range(megabytes)) + deflate.flush()
    head = (
        f"1 0 obj\n<</Type/XRef/Size {megabytes * 1024 * 256}/W[1 2 1]/Root 2 0 R"
        f"/Filter/FlateDecode/Length {len(packed)}>>\nstream\n"
    )
    start = b"%PDF-1.5\n"
    return start + head.encode() + packed + f"\nendstream\nendobj\nstartxref\n{len(start)}\n%%EOF".encode()


def huge_png(side: int = 30_000) -> bytes:
    """Return a small PNG of very many pixels."""
    out = io.BytesIO()
    Image.new("1", (side, side)).save(out, "PNG")
    return out.getvalue()


def archive() -> bytes:
    """Return a zip that calls itself a photo."""
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("photo.jpg", bytes(10_000_000))
    return out.getvalue()
