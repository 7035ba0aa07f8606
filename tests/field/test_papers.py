"""Papers as people bring them: what is taken shows everything and tells nothing, what is refused says what to do."""

from __future__ import annotations

import io
import re
import sys
import zlib
from collections.abc import Callable

import pikepdf
import pytest
from PIL import Image, ImageChops, ImageStat
from support import field_papers as field
from support import papers

from tramkit.papers.content import Made, PaperRefusedError, Problem, make
from tramkit.papers.sandboxed_worker import examine
from tramkit.papers.words import said_of
from tramkit_hal.words import render


def refused(data: bytes) -> PaperRefusedError:
    with pytest.raises(PaperRefusedError) as caught:
        make(data)
    return caught.value


def words(data: bytes, language: str = "en") -> str:
    found = refused(data)
    return render(said_of(found.problem, found.kind), language)


def everything(made: Made) -> bytes:
    """Return all that a PDF holds, unpacked as far as it goes, and its raw streams."""
    parts = [made.data]
    with pikepdf.open(io.BytesIO(made.data)) as found:
        for each in found.objects:
            parts.append(each.unparse(resolved=True))
            if isinstance(each, pikepdf.Stream):
                parts.append(each.read_raw_bytes())
                try:
                    parts.append(each.read_bytes())
                except pikepdf.PdfError:
                    continue
    return b"\n".join(parts)


def tells_nothing(made: Made) -> None:
    said = everything(made)
    for word in (field.SECRET, papers.AUTHOR.encode(), b"Exif\0\0"):
        assert word not in said


def seen(preview: bytes) -> Image.Image:
    return Image.open(io.BytesIO(preview)).convert("L")


def is_blank(image: Image.Image) -> bool:
    low, high = image.convert("L").getextrema()
    return int(high) - int(low) < 30  # type: ignore[arg-type]


# ── greyscale of any depth ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("depth", "alpha"), [(16, False), (16, True), (8, False), (8, True), (4, False), (2, False)])
def test_a_grey_scan_of_any_depth_shows_its_lines(depth: int, alpha: bool) -> None:
    scan = field.scan()
    made = make(field.png(scan, depth, alpha=alpha))
    difference = ImageStat.Stat(ImageChops.difference(seen(made.data), scan)).mean[0]
    assert difference < 256 >> min(depth, 6), f"{difference} of 255 away from what was scanned"


def test_a_black_and_white_scan_shows_its_lines() -> None:
    assert not is_blank(seen(make(field.png(field.scan(), 1)).data))


def test_sixteen_bits_are_scaled_from_end_to_end_and_nowhere_clipped() -> None:
    ramp = [[x * 257 for x in range(256)] for _y in range(220)]
    image = seen(make(field.png_of_samples(ramp)).data)
    found = [int(image.getpixel((x, 100))) for x in range(256)]  # type: ignore[arg-type]
    assert max(abs(value - x) for x, value in enumerate(found)) <= 3
    assert found[0] <= 2
    assert found[-1] >= 253


def test_a_grey_that_is_declared_transparent_stands_on_white_and_its_neighbour_stays() -> None:
    ramp = [[20_000 if x < 128 else 20_001 for x in range(256)] for _y in range(220)]
    header_and_rest = field.png_of_samples(ramp)
    at = header_and_rest.index(b"IDAT") - 4
    declared = b"tRNS" + (20_000).to_bytes(2)
    import struct
    import zlib

    chunk = struct.pack(">I", 2) + declared + struct.pack(">I", zlib.crc32(declared))
    image = seen(make(header_and_rest[:at] + chunk + header_and_rest[at:]).data)
    assert int(image.getpixel((40, 100))) > 250  # type: ignore[arg-type]
    assert 70 < int(image.getpixel((220, 100))) < 86  # type: ignore[arg-type]


# ── PDFs that open without a password ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "how",
    [
        {"R": 6},
        {"R": 5},
        {"R": 4, "aes": True},
        {"R": 4, "aes": False, "metadata": False},
        {"R": 3, "aes": False, "metadata": False},
        {"R": 2, "aes": False, "metadata": False},
    ],
    ids=lambda how: f"R{how['R']}{'-aes' if how.get('aes') else ''}",
)
@pytest.mark.filterwarnings("ignore")  # pikepdf warns of old ciphers when it writes them
def test_a_pdf_under_an_owners_password_alone_is_taken_and_comes_out_open(how: dict[str, object]) -> None:
    made = make(field.locked("chu-ho", **how))
    assert made.pages == 2
    with pikepdf.open(io.BytesIO(made.data)) as found:
        assert not found.is_encrypted
        assert b"HOP DONG" in found.pages[0].Contents.read_bytes()
    assert not is_blank(seen(made.previews[0]))


@pytest.mark.parametrize("user", ["mật khẩu", "1", " ", "79 054 001 234"])
def test_a_pdf_that_needs_a_password_is_refused_and_says_so(user: str) -> None:
    assert refused(field.locked("chu-ho", user)).problem is Problem.LOCKED
    assert "password" in words(field.locked("chu-ho", user))


# ── nothing of where it was made ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "filters",
    [
        ["/DCTDecode"],
        ["/FlateDecode", "/DCTDecode"],
        ["/ASCII85Decode", "/DCTDecode"],
        ["/ASCIIHexDecode", "/DCTDecode"],
        ["/RunLengthDecode", "/DCTDecode"],
        ["/LZWDecode", "/DCTDecode"],
        ["/ASCII85Decode", "/FlateDecode", "/DCTDecode"],
        ["/FlateDecode", "/FlateDecode", "/DCTDecode"],
        ["/DCT"],
        ["/A85", "/Fl", "/DCT"],
        ["/AHx", "/DCT"],
    ],
    ids="+".join,
)
@pytest.mark.parametrize("progressive", [False, True], ids=["baseline", "progressive"])
@pytest.mark.shows("ASVS V5", "ASVS V14")
def test_a_photo_in_a_pdf_forgets_its_place_however_its_filter_is_written(
    filters: list[str], progressive: bool
) -> None:
    sent = field.with_picture(field.telling_jpeg(progressive=progressive), filters)
    made = make(sent)
    tells_nothing(made)
    assert not is_blank(seen(made.previews[0]).crop((50, 300, 600, 900))), "the picture is gone too"


def test_a_filter_written_as_a_list_of_one_or_by_reference_is_the_same_filter() -> None:
    with pikepdf.open(io.BytesIO(field.with_picture(field.telling_jpeg(), ["/DCTDecode"]))) as made:
        picture = made.pages[0].Resources.XObject.Im
        picture.Filter = pikepdf.Array([pikepdf.Name.DCTDecode])
        tells_nothing(make(field.saved(made)))
        picture.Filter = made.make_indirect(pikepdf.Array([pikepdf.Name.DCTDecode]))
        tells_nothing(make(field.saved(made)))


@pytest.mark.parametrize("codestream", [False, True], ids=["jp2", "codestream"])
@pytest.mark.parametrize("filters", [["/JPXDecode"], ["/FlateDecode", "/JPXDecode"]], ids="+".join)
def test_a_jpeg_2000_in_a_pdf_forgets_its_place(codestream: bool, filters: list[str]) -> None:
    made = make(field.with_picture(field.telling_jpeg2000(codestream=codestream), filters))
    tells_nothing(made)
    assert not is_blank(seen(made.previews[0]).crop((50, 300, 600, 900)))


def _without_its_object() -> bytes:
    with pikepdf.open(io.BytesIO(field.with_picture(field.telling_jpeg(), ["/DCTDecode"]))) as made:
        del made.pages[0].Resources.XObject["/Im"]
        return field.saved(made)


def _changed(change: Callable[[pikepdf.Pdf], None]) -> bytes:
    """Return a PDF with a picture, changed."""
    with pikepdf.open(io.BytesIO(field.with_picture(field.telling_jpeg(), ["/DCTDecode"]))) as made:
        change(made)
        return field.saved(made)


def _form_without_its_object(made: pikepdf.Pdf) -> None:
    form = made.make_stream(
        b"/Im Do",
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Form,
        BBox=[0, 0, 100, 100],
        Resources=pikepdf.Dictionary(XObject=pikepdf.Dictionary()),
    )
    made.pages[0].Resources.XObject = pikepdf.Dictionary(Fm=form)
    made.pages[0].Contents = made.make_stream(b"/Fm Do")


def _only_named(made: pikepdf.Pdf) -> None:
    said = (
        b"(see /Im2 Do \\( and (/Im5 Do)) pop q 400 0 0 300 50 300 cm /Im Do Q BT /F1 9 Tf (/Im3 Do) Tj ET % /Im4 Do\n"
    )
    made.pages[0].Contents = made.make_stream(said)


def _inherited(made: pikepdf.Pdf) -> None:
    made.Root.Pages.Resources = made.make_indirect(made.pages[0].Resources)
    del made.pages[0].obj["/Resources"]


def _mask(made: pikepdf.Pdf) -> None:
    mask = made.make_stream(bytes(50 * 300), Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image)
    mask.Width, mask.Height, mask.ImageMask = 400, 300, True
    made.pages[0].Resources.XObject = pikepdf.Dictionary(Im=mask)


def _with_a_name_of_signs() -> bytes:
    with pikepdf.open(io.BytesIO(field.with_picture(field.telling_jpeg(), ["/DCTDecode"]))) as made:
        page = made.pages[0]
        page.Resources.XObject = pikepdf.Dictionary({"/Hình 1": page.Resources.XObject.Im})
        page.Contents = made.make_stream(b"q 400 0 0 300 50 300 cm /H#c3#acnh#201 Do Q")
        return field.saved(made)


def _cut(data: bytes) -> bytes:
    """Leave the headers and most of the picture."""
    return data[: data.index(b"\xff\xd9") - 200]


NOT_WHOLE: dict[str, Callable[[], bytes]] = {
    "a JPEG cut in the middle": lambda: field.with_picture(_cut(field.telling_jpeg()), ["/DCTDecode"]),
    "a wrapped JPEG cut in the middle": lambda: field.with_picture(
        _cut(field.telling_jpeg(progressive=True)), ["/A85", "/DCT"]
    ),
    "a JPEG 2000 cut in the middle": lambda: field.with_picture(_cut(field.telling_jpeg2000()), ["/JPXDecode"]),
    "samples that are too few": lambda: field.with_picture(zlib.compress(bytes(400 * 300)), ["/FlateDecode"]),
    "no samples": lambda: field.with_picture(zlib.compress(b""), ["/FlateDecode"]),
    "samples that cannot be unpacked": lambda: field.with_picture(
        zlib.compress(bytes(range(256)) * 1500)[:900] + b"\xff" * 400, ["/FlateDecode"]
    ),
    "no object of that name": _without_its_object,
    "no object of that name in a form": lambda: _changed(_form_without_its_object),
}
WHOLE: dict[str, Callable[[], bytes]] = {
    "a JPEG": lambda: field.with_picture(field.telling_jpeg(), ["/DCTDecode"]),
    "a progressive JPEG": lambda: field.with_picture(field.telling_jpeg(progressive=True), ["/A85", "/DCT"]),
    "a JPEG 2000": lambda: field.with_picture(field.telling_jpeg2000(), ["/JPXDecode"]),
    "samples": lambda: field.with_picture(zlib.compress(bytes(400 * 300 * 3)), ["/FlateDecode"]),
    "among the instructions": lambda: field.with_inline_picture("page", field.telling_jpeg()),
    "in a form": lambda: field.with_inline_picture("form", field.telling_jpeg()),
    "under a name of signs": _with_a_name_of_signs,
    "named in a text and in a comment": lambda: _changed(_only_named),
    "of resources that all pages share": lambda: _changed(_inherited),
    "a mask": lambda: _changed(_mask),
    "none": lambda: papers.pdf(2),
}


@pytest.mark.parametrize("kind", NOT_WHOLE)
async def test_a_picture_of_a_pdf_that_is_missing_or_not_whole_is_counted(kind: str) -> None:
    try:
        made = await examine(NOT_WHOLE[kind]())
    except PaperRefusedError as refused:
        pytest.fail(f"refused: {refused.problem}")
    assert made.missing == 1


@pytest.mark.parametrize("kind", WHOLE)
async def test_of_a_picture_that_is_whole_nothing_is_said(kind: str) -> None:
    assert (await examine(WHOLE[kind]())).missing == 0


@pytest.mark.parametrize("where", ["page", "form", "pattern", "glyph"])
def test_a_photo_among_the_instructions_forgets_its_place(where: str) -> None:
    made = make(field.with_inline_picture(where, field.telling_jpeg()))
    tells_nothing(made)
    assert not is_blank(seen(made.previews[0]))


def test_thumbnails_alternates_and_metadata_stay_behind() -> None:
    tells_nothing(make(field.with_thumbnail()))


@pytest.mark.shows("ASVS V5", "ASVS V14")
def test_an_earlier_revision_stays_behind_and_the_last_one_is_taken() -> None:
    made = make(field.revised())
    said = everything(made)
    assert b"BAN SUA" in said
    assert field.SECRET not in said


@pytest.mark.shows("ASVS V5")
def test_attached_files_stay_behind_and_it_is_counted_how_many() -> None:
    made = make(field.with_attachments(2))
    tells_nothing(made)
    assert (made.pages, made.left_out) == (2, 2)


# ── what only looks like a paper ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("how", ["flag", "config", "stream", "nothing"])
def test_a_form_that_shows_itself_in_one_program_only_is_refused_with_what_to_do(how: str) -> None:
    assert refused(field.xfa(how)).problem is Problem.FORM
    assert "Print" in words(field.xfa(how))
    assert "chọn In" in words(field.xfa(how), "vi")


@pytest.mark.parametrize(
    "again",
    [
        lambda made: field.saved(made, encryption=pikepdf.Encryption(owner="cong an", user="")),
        lambda made: field.saved(made, object_stream_mode=pikepdf.ObjectStreamMode.generate),
        lambda made: field.saved(made, linearize=True),
        lambda made: field.saved(made) + b"\0" * 1100,
        lambda made: b"X-Mail: 1\r\n\r\n" + field.saved(made),
    ],
    ids=["owner's password", "object streams", "linear", "zeros behind", "something before"],
)
@pytest.mark.parametrize("how", ["flag", "stream"])
def test_such_a_form_is_known_however_the_file_was_written(how: str, again: Callable[[pikepdf.Pdf], bytes]) -> None:
    with pikepdf.open(io.BytesIO(field.xfa(how))) as made:
        assert refused(again(made)).problem is Problem.FORM


def test_a_form_with_its_fields_on_its_pages_is_taken() -> None:
    assert make(field.static_xfa()).pages == 1


def test_a_cover_for_other_files_is_refused_with_what_to_do() -> None:
    assert refused(field.portfolio()).problem is Problem.PORTFOLIO
    assert "take out the file" in words(field.portfolio())


# ── the end of a file ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "padding",
    [bytes(1100), bytes(200_000), b"\r\n" * 2000, b" " * 5000, b"\x1a" + bytes(1500), b"--boundary--\r\n" * 200],
    ids=["zeros", "many-zeros", "lines", "spaces", "control-z", "mail"],
)
def test_what_was_put_after_the_end_of_a_pdf_does_not_matter(padding: bytes) -> None:
    with field.document(3) as made:
        assert make(field.saved(made) + padding).pages == 3


@pytest.mark.parametrize("linear", [False, True], ids=["plain", "linearised"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9, 0.98])
def test_a_pdf_that_is_cut_off_is_refused_and_nobody_speaks_of_a_photo(linear: bool, part: float) -> None:
    with field.document(20) as made:
        whole = field.saved(made, linearize=linear)
    assert refused(whole[: int(len(whole) * part)]).problem is Problem.BROKEN
    assert "PDF" in words(whole[: int(len(whole) * part)])


def test_an_update_that_is_cut_off_is_refused_rather_than_left_out() -> None:
    whole = field.revised()
    assert refused(whole[: whole.rindex(b"endobj")]).problem is Problem.BROKEN


@pytest.mark.parametrize("problem", list(Problem))
def test_words_for_a_pdf_never_speak_of_taking_a_photo(problem: Problem) -> None:
    of_pdf = {Problem.BROKEN, Problem.PACKED, Problem.HARD, Problem.LARGE, Problem.LOCKED, Problem.FORM}
    of_pdf |= {Problem.PORTFOLIO, Problem.PAGES, Problem.MUCH, Problem.CUT_OFF}
    if problem in of_pdf:
        assert not re.search("photo|picture", render(said_of(problem, "pdf"), "en"))
        assert not re.search("ảnh|chụp", render(said_of(problem, "pdf"), "vi"))
    if problem in (Problem.BROKEN, Problem.HARD, Problem.LARGE):
        assert "PDF" not in render(said_of(problem, "picture"), "en")


# ── a phone's own formats ─────────────────────────────────────────────────────────────────────────────────────

BRANDS = [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2", b"msf1"]


@pytest.mark.parametrize("brand", [*BRANDS, b"avif", b"avis"], ids=bytes.decode)
def test_every_brand_of_a_phones_pictures_is_known_and_gets_the_same_advice(brand: bytes) -> None:
    assert refused(field.ftyp(brand)).problem is Problem.HEIC
    assert "screenshot" in words(field.ftyp(brand))


def test_a_brand_that_stands_among_the_compatible_ones_only_is_known() -> None:
    assert refused(field.ftyp(b"xxxx", b"mif1", b"heim")).problem is Problem.HEIC


@pytest.mark.parametrize("brand", [b"isom", b"qt  ", b"3gp5", b"mp42"], ids=bytes.decode)
def test_a_film_is_no_picture(brand: bytes) -> None:
    assert refused(field.ftyp(brand, b"isom")).problem is Problem.UNKNOWN


@pytest.mark.parametrize("brand", [None, b"heic", b"heim", b"heis", b"mif1"], ids=str)
def test_with_a_decoder_a_heic_is_taken_and_forgets_its_place(brand: bytes | None) -> None:
    sent = field.encoded("HEIF")
    made = make(sent if brand is None else field.rebranded(sent, brand))
    assert not is_blank(seen(made.data))
    assert field.SECRET not in made.data


def test_without_a_decoder_a_heic_gets_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = field.encoded("HEIF")
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    assert refused(sent).problem is Problem.HEIC


def test_an_avif_is_taken_and_forgets_its_place() -> None:
    made = make(field.encoded("AVIF"))
    assert not is_blank(seen(made.data))
    assert field.SECRET not in made.data


# ── what is seen before it is used ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("pages", [1, 2, 7])
async def test_each_page_of_a_pdf_is_drawn_by_the_process_that_looks_at_it(pages: int) -> None:
    with field.document(pages) as made:
        found = await examine(field.saved(made))
    assert (found.pages, len(found.previews)) == (pages, pages)
    assert not any(is_blank(seen(each)) for each in found.previews)
    assert len({bytes(each) for each in found.previews}) == pages  # each is another page


async def test_a_page_that_is_empty_is_seen_to_be_empty() -> None:
    with field.document(1, text="") as made:
        made.pages[0].Contents = made.make_stream(b"")
        (preview,) = (await examine(field.saved(made))).previews
    assert is_blank(seen(preview))


@pytest.mark.parametrize(
    "make_it", [field.xfa, field.portfolio, lambda: b"%PDF-1.7 nothing"], ids=["xfa", "cover", "rubbish"]
)
async def test_the_process_tells_the_kind_of_what_it_refuses(make_it: Callable[[], bytes]) -> None:
    with pytest.raises(PaperRefusedError) as caught:
        await examine(make_it())
    assert caught.value.kind == "pdf"


async def test_what_hurts_the_process_is_called_by_its_kind() -> None:
    with pytest.raises(PaperRefusedError) as caught:
        await examine(papers.packed_table_pdf(1100))
    assert caught.value.kind == "pdf"
