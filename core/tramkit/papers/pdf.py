"""PDFs that are handed over: taken apart, and their pages put into a new one.

Scripts, actions, embedded files, forms, earlier revisions and metadata stay behind (ISO 32000-2).
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from tramkit.papers.embedded import bare_jpeg, bare_jpeg2000
from tramkit.papers.missing import missing_pictures
from tramkit.papers.problem import Made, PaperRefusedError, Problem

if TYPE_CHECKING:
    import pikepdf

MAX_PAGES = 30
MAX_OF_STREAM = 128 * 1024 * 1024
"""Bytes that one stream of a PDF may unpack to: a page of A4 in colour at 600 dpi has 104 MB."""
MAX_UNPACKED = 384 * 1024 * 1024
MAX_FILTERS = 3
MAX_DEPTH = 40
"""How deep dictionaries may lie in each other within one object."""

_PAGE_KEYS = frozenset(
    {"/Type", "/Parent", "/MediaBox", "/CropBox", "/Rotate", "/UserUnit", "/Resources", "/Contents", "/Group"}
)
_ACTIVE = ("/A", "/AA", "/AF", "/EF", "/JS", "/JavaScript", "/Metadata", "/OPI", "/OpenAction", "/PieceInfo", "/Ref")
"""What a page's resources could still bring along."""
_STREAM_ACTIVE = ("/F", "/FFilter", "/FDecodeParms", "/Thumb", "/LastModified", "/Alternates", "/ID", "/Measure")
"""The same, where it means something else in a dictionary that is no stream."""
_ABBREVIATED = {
    "/AHx": "/ASCIIHexDecode",
    "/A85": "/ASCII85Decode",
    "/LZW": "/LZWDecode",
    "/Fl": "/FlateDecode",
    "/RL": "/RunLengthDecode",
    "/CCF": "/CCITTFaxDecode",
    "/DCT": "/DCTDecode",
}
"""ISO 32000-2, table 92: allowed for inline images only, taken everywhere by readers."""
_WITH_PARAMETERS = ("/FlateDecode", "/LZWDecode")
_BARE = {"/DCTDecode": bare_jpeg, "/JPXDecode": bare_jpeg2000}


def pdf(data: bytes) -> Made:
    """Return the pages of a PDF as a new one.

    :raises PaperRefusedError: it cannot be taken.
    """
    import pikepdf

    try:
        found = pikepdf.open(io.BytesIO(whole(data)))  # with the empty password, as every reader tries first
    except pikepdf.PasswordError:
        raise PaperRefusedError(Problem.LOCKED, "pdf") from None
    except pikepdf.PdfError as error:
        if "encrypt" in str(error).lower():  # by a certificate, or by what no reader here knows
            raise PaperRefusedError(Problem.LOCKED, "pdf") from None
        raise
    with found:
        pages = len(found.pages)
        if not pages:
            raise PaperRefusedError(Problem.BROKEN, "pdf")
        _weigh(found)
        _is_a_paper(found)
        if pages > MAX_PAGES:
            raise PaperRefusedError(Problem.PAGES, "pdf")
        left_out = _attached(found)
        found.generate_appearance_streams()  # what was filled into a form becomes part of the page
        found.flatten_annotations("all")
        with pikepdf.new() as plain:
            for page in found.pages:
                for key in set(page.obj.keys()) - _PAGE_KEYS:
                    del page.obj[key]
                plain.pages.append(page)
            _lift_inline_images(plain)
            for each in list(plain.objects):
                _bare(plain, each)
            missing = missing_pictures(plain, lambda stream: _unwrapped(plain, stream), _filters)
            out = io.BytesIO()
            plain.save(out, deterministic_id=True)
    return Made("application/pdf", out.getvalue(), pages, left_out=left_out, missing=missing)


def whole(data: bytes) -> bytes:
    """Return a PDF without what was put after its end; viewers look for the end and pay no heed to the rest.

    :raises PaperRefusedError: it is cut off: a reader that mends it would leave out what is missing.
    """
    end = data.rfind(b"%%EOF")
    if end < 0:
        padding = data.rstrip(b"\0\r\n\t \x1a\xff")
        if re.search(rb"startxref\s+[0-9]+$", padding[-40:]):
            return padding
        raise PaperRefusedError(Problem.BROKEN, "pdf")
    end += len(b"%%EOF")
    if re.search(rb"[0-9]+\s+[0-9]+\s+obj\b", data[end:]):  # the end of an earlier revision, or of its first page
        raise PaperRefusedError(Problem.BROKEN, "pdf")
    return data[:end] + b"\n"


# ── what is no paper ──────────────────────────────────────────────────────────────────────────────────────────


def _is_a_paper(found: pikepdf.Pdf) -> None:
    """Refuse what shows its content only in the program that it was made with."""
    root: Any = found.Root
    if "/Collection" in root and _attached(found):
        raise PaperRefusedError(Problem.PORTFOLIO, "pdf")
    form: Any = root.get("/AcroForm")
    xfa: Any = form.get("/XFA") if form is not None else None
    if xfa is None:
        return
    # A static form has its fields on its pages; a dynamic one is laid out from its template when it is opened.
    if root.get("/NeedsRendering") or not _has_fields(found) or _is_dynamic(found, xfa):
        raise PaperRefusedError(Problem.FORM, "pdf")


def _has_fields(found: pikepdf.Pdf) -> bool:
    annotations = (each for page in found.pages for each in cast("Any", page.obj.get("/Annots", [])))
    return any(each.get("/Subtype") == "/Widget" for each in annotations)


def _is_dynamic(found: pikepdf.Pdf, xfa: Any) -> bool:
    """Tell whether a form's configuration says that it must be laid out anew (XFA 3.3, ``dynamicRender``)."""
    import pikepdf

    packets = [xfa] if isinstance(xfa, pikepdf.Stream) else [each for each in xfa if isinstance(each, pikepdf.Stream)]
    return any(re.search(rb"<dynamicRender>\s*required", _unwrapped(found, each)) for each in packets)


def _attached(found: pikepdf.Pdf) -> int:
    """Return how many files are attached: to the document, or pinned to a page."""
    pinned = (each for page in found.pages for each in cast("Any", page.obj.get("/Annots", [])))
    return len(found.attachments) + sum(each.get("/Subtype") == "/FileAttachment" for each in pinned)


# ── what hangs on it ──────────────────────────────────────────────────────────────────────────────────────────


def _lift_inline_images(plain: pikepdf.Pdf) -> None:
    """Make objects of the pictures that lie within the instructions of pages, forms, patterns and glyphs."""
    import pikepdf

    for page in plain.pages:
        _share_resources(plain, page)
        page.externalize_inline_images(min_size=0)
    for each in list(plain.objects):
        if isinstance(each, pikepdf.Stream) and each.get("/PatternType") == 1:
            _lift_from(plain, each)
        elif isinstance(each, pikepdf.Dictionary) and each.get("/Subtype") == "/Type3":
            resources: Any = each.get("/Resources", pikepdf.Dictionary())
            each.Resources = resources if resources.is_indirect else plain.make_indirect(resources)
            glyphs: Any = each.get("/CharProcs", pikepdf.Dictionary())
            for name in list(glyphs.keys()):
                if isinstance(glyphs[name], pikepdf.Stream):
                    glyphs[name].Resources = each.Resources
                    _lift_from(plain, glyphs[name])


def _share_resources(plain: pikepdf.Pdf, page: pikepdf.Page) -> None:
    """Give the page's resources to forms that have none of their own: PDF 1.1 lets them, the library loses pictures."""
    import pikepdf

    resources: Any = page.obj.get("/Resources")
    if resources is None:
        return
    if not resources.is_indirect:
        resources = page.obj.Resources = plain.make_indirect(resources)
    forms: Any = resources.get("/XObject", pikepdf.Dictionary())
    for name in list(forms.keys()):
        if forms[name].get("/Subtype") == "/Form" and "/Resources" not in forms[name]:
            forms[name].Resources = resources


def _lift_from(plain: pikepdf.Pdf, stream: pikepdf.Stream) -> None:
    """Do the same for a stream that the library knows only as a form."""
    import pikepdf

    content = _unwrapped(plain, stream)
    if b"BI" not in content:
        return
    before: dict[str, Any] = {key: stream.get(key) for key in ("/Type", "/Subtype")}
    stream.Type, stream.Subtype = pikepdf.Name.XObject, pikepdf.Name.Form
    pikepdf.Page(stream).externalize_inline_images(min_size=0, shallow=True)
    for key, value in before.items():
        if value is None:
            del stream[key]
        else:
            stream[key] = value


def _bare(plain: pikepdf.Pdf, each: Any, depth: int = 0) -> None:
    """Take from an object, and from those that lie in it, what acts or tells of its origin."""
    import pikepdf

    if depth > MAX_DEPTH:
        raise PaperRefusedError(Problem.BROKEN, "pdf")
    if isinstance(each, pikepdf.Array):
        inner = [child for child in each if _lies_in(child)]
    elif isinstance(each, (pikepdf.Dictionary, pikepdf.Stream)):
        for key in (*_ACTIVE, *(_STREAM_ACTIVE if isinstance(each, pikepdf.Stream) else ())):
            if key in each:
                del each[key]
        inner = [child for _key, child in each.items() if _lies_in(child)]
    else:
        return
    for child in inner:
        _bare(plain, child, depth + 1)
    if isinstance(each, pikepdf.Stream):
        filters = _filters(each)
        if filters and (bare := _BARE.get(filters[-1][0])) is not None:
            name, parameters = filters[-1]
            each.write(bare(_unwrapped(plain, each)), filter=pikepdf.Name(name), decode_parms=parameters)


def _lies_in(child: Any) -> bool:
    """Tell whether a value lies in another and is no object of its own, which would be met by itself."""
    import pikepdf

    return isinstance(child, (pikepdf.Array, pikepdf.Dictionary)) and not child.is_indirect


# ── filters ───────────────────────────────────────────────────────────────────────────────────────────────────


def _filters(stream: pikepdf.Stream) -> list[tuple[str, Any]]:
    """Return a stream's filters in their long names, each with its parameters or None."""
    import pikepdf

    found: Any = stream.get("/Filter", stream.get("/F"))
    names: list[Any] = list(found) if isinstance(found, pikepdf.Array) else [] if found is None else [found]
    told: Any = stream.get("/DecodeParms", stream.get("/DP"))
    parameters: list[Any] = list(told) if isinstance(told, pikepdf.Array) else [told]
    parameters += [None] * (len(names) - len(parameters))
    written = [(_ABBREVIATED.get(str(name), str(name)), each) for name, each in zip(names, parameters, strict=False)]
    return [(name, each) for name, each in written if name != "/Crypt"]  # lifted when the file was opened


def _leading(stream: pikepdf.Stream) -> Iterator[tuple[str, Any]]:
    """Yield the filters before a picture's own."""
    for name, parameters in _filters(stream):
        if name in (*_BARE, "/JBIG2Decode", "/CCITTFaxDecode"):
            return
        yield name, parameters


def _unwrapped(holder: pikepdf.Pdf, stream: pikepdf.Stream) -> bytes:
    """Return a stream's bytes, those of a picture as its own coding has them."""
    import pikepdf

    leading = list(_leading(stream))
    raw = stream.read_raw_bytes()
    if not leading:
        return raw
    inner = pikepdf.Stream(holder, b"")
    parameters = pikepdf.Array([each if name in _WITH_PARAMETERS else None for name, each in leading])
    names = pikepdf.Array([pikepdf.Name(name) for name, _each in leading])
    inner.write(raw, filter=names, decode_parms=parameters)
    return inner.read_bytes(pikepdf.StreamDecodeLevel.specialized)


def _weigh(found: pikepdf.Pdf) -> None:
    """Refuse what unpacks to far more than it seems, without unpacking it whole."""
    import pikepdf

    total = 0
    for each in list(found.objects):
        if not isinstance(each, pikepdf.Stream):
            continue
        written = _filters(each)
        filters = [name for name, _parameters in written]
        if len(filters) > MAX_FILTERS:
            raise PaperRefusedError(Problem.PACKED, "pdf")
        raw = each.read_raw_bytes()
        if filters[:2] == ["/FlateDecode", "/FlateDecode"] and written[0][1] is None:  # some pack what is packed
            raw, filters = b"".join(_inflating(raw)), filters[1:]
        if filters.count("/FlateDecode") + filters.count("/LZWDecode") > 1:
            raise PaperRefusedError(Problem.PACKED, "pdf")
        if filters[:1] == ["/FlateDecode"]:
            total += sum(map(len, _inflating(raw)))
        elif any(name in filters for name in ("/FlateDecode", "/LZWDecode", "/RunLengthDecode")):
            total += len(_unwrapped(found, each))
        if total > MAX_UNPACKED:
            raise PaperRefusedError(Problem.PACKED, "pdf")


def _inflating(packed: bytes) -> Iterator[bytes]:
    """Yield what deflated data hold, piece by piece, at most a little more than one stream may."""
    size, inflate, rest = 0, zlib.decompressobj(), packed
    while rest and not inflate.eof:
        try:
            piece = inflate.decompress(rest, 1024 * 1024)
        except zlib.error:
            return  # readers show what there is of a damaged stream, and so do we
        yield piece
        size += len(piece)
        rest = inflate.unconsumed_tail
        if size > MAX_OF_STREAM:
            raise PaperRefusedError(Problem.PACKED, "pdf")
