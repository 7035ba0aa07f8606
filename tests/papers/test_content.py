"""What is taken as a paper, what is not and why; and that nothing hangs on what was taken."""

from __future__ import annotations

import io
import random

import pikepdf
import pytest
from PIL import Image
from support import papers

from tramkit.papers.content import LARGEST_SIDE, MAX_PAGES, Made, PaperRefusedError, Problem, make
from tramkit.papers.sandboxed_worker import examine
from tramkit.papers.words import PROBLEMS


def refused(data: bytes) -> Problem | None:
    try:
        make(data)
    except PaperRefusedError as problem:
        return problem.problem
    return None


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_turned_the_right_way_and_forgets_where_it_was_taken(kind: str) -> None:
    sent = papers.photo(kind)
    assert papers.AUTHOR.encode() in sent
    made = make(sent)
    image = Image.open(io.BytesIO(made.data))
    assert (made.type, made.pages, image.format, image.size) == ("image/jpeg", 1, "JPEG", (1600, 1200))
    assert not image.getexif()
    assert b"Exif" not in made.data
    assert papers.AUTHOR.encode() not in made.data


def test_a_large_photo_is_reduced() -> None:
    image = Image.open(io.BytesIO(make(papers.photo(width=3000, height=5000)).data))
    assert max(image.size) == LARGEST_SIDE


def test_a_transparent_picture_stands_on_white() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (400, 400), (0, 0, 0, 0)).save(out, "PNG")
    assert Image.open(io.BytesIO(make(out.getvalue()).data)).getpixel((200, 200)) == (255, 255, 255)


def test_a_pdf_keeps_its_pages_and_nothing_that_acts_or_tells_of_its_origin() -> None:
    sent = papers.pdf(pages=3)
    made = make(sent)
    assert (made.type, made.pages) == ("application/pdf", 3)
    with pikepdf.open(io.BytesIO(made.data)) as found:
        assert set(found.Root.keys()) == {"/Type", "/Pages"}
        assert "/Info" not in found.trailer
        assert len(found.attachments) == 0
        for page in found.pages:
            assert not {"/AA", "/Annots", "/Metadata"} & set(page.obj.keys())
            scan = page.Resources.XObject.Scan.read_raw_bytes()
            assert Image.open(io.BytesIO(scan)).size == (1200, 1600)  # the scan can still be seen …
            assert b"Exif" not in scan  # … and no longer says where it was made
        everything = b"".join(each.unparse(resolved=True) for each in found.objects if each is not None)
    for word in (b"JavaScript", b"Launch", b"cmd.exe", b"letter.exe", papers.AUTHOR.encode()):
        assert word not in made.data
        assert word not in everything


def test_what_was_filled_into_a_form_stays_readable() -> None:
    with pikepdf.new() as form:
        form.add_blank_page()
        form.Root.AcroForm = pikepdf.Dictionary(
            Fields=pikepdf.Array([]),
            DA="/Helv 12 Tf 0 g",
            DR=pikepdf.Dictionary(
                Font=pikepdf.Dictionary(
                    Helv=form.make_indirect(
                        pikepdf.Dictionary(
                            Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
                        )
                    )
                )
            ),
            NeedAppearances=True,
        )
        box = pikepdf.Dictionary(
            Type=pikepdf.Name.Annot,
            Subtype=pikepdf.Name.Widget,
            FT=pikepdf.Name.Tx,
            T="name",
            V="LE VAN TAM",
            DA="/Helv 12 Tf 0 g",
            Rect=[50, 700, 300, 720],
        )
        held = form.make_indirect(box)
        form.pages[0].Annots = pikepdf.Array([held])
        form.Root.AcroForm.Fields.append(held)
        out = io.BytesIO()
        form.save(out)
    with pikepdf.open(io.BytesIO(make(out.getvalue()).data)) as found:
        drawn = b"".join(each.read_bytes() for each in found.objects if isinstance(each, pikepdf.Stream))
    assert b"LE VAN TAM" in drawn


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", Problem.EMPTY),
        (b"MZ\x90\x00 a program", Problem.UNKNOWN),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Problem.UNKNOWN),
        (b"GIF89a" + bytes(100), Problem.UNKNOWN),
        (papers.archive(), Problem.ARCHIVE),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), Problem.ARCHIVE),
        (b"\x00\x00\x00\x18ftypheic" + bytes(100), Problem.HEIC),
        (b"\xff\xd8\xff\xe0 this is no photo", Problem.BROKEN),
        (papers.photo()[:9000], Problem.BROKEN),
        (papers.photo("PNG")[:9000], Problem.BROKEN),
        (b"%PDF-1.7 this is no PDF", Problem.BROKEN),
        (papers.pdf()[:2000], Problem.BROKEN),
        (papers.photo(width=150, height=1600), Problem.SMALL),
        (papers.huge_png(), Problem.PIXELS),
        (papers.pdf(1, password="mật khẩu"), Problem.LOCKED),
        (papers.pdf(MAX_PAGES + 1), Problem.PAGES),
        (papers.packed_pdf(300), Problem.PACKED),
        (papers.twice_packed_pdf(300), Problem.PACKED),
    ],
)
@pytest.mark.shows("ASVS V5")
def test_what_cannot_be_a_paper_is_refused_with_its_own_words(data: bytes, problem: Problem) -> None:
    assert refused(data) is problem
    assert PROBLEMS[problem].id


def test_every_problem_has_words_of_its_own() -> None:
    assert set(PROBLEMS) == set(Problem)
    assert len({words.id for words in PROBLEMS.values()}) == len(Problem)


async def test_a_process_of_its_own_looks_at_the_file() -> None:
    made = await examine(papers.photo())
    assert made == Made("image/jpeg", make(papers.photo()).data, 1)


async def test_a_file_that_needs_too_much_memory_ends_its_own_process_only() -> None:
    bomb = papers.packed_table_pdf(1100)
    assert len(bomb) < 2 * 1024 * 1024
    with pytest.raises(PaperRefusedError) as caught:
        await examine(bomb)
    assert caught.value.problem in (Problem.HARD, Problem.BROKEN)


@pytest.mark.parametrize("seed", range(6))
def test_damaged_files_are_taken_or_refused_and_never_anything_else(seed: int) -> None:
    rng = random.Random(seed)
    whole = [papers.photo(width=400, height=300), papers.photo("PNG", width=400, height=300), papers.pdf(1)]
    for _time in range(40):
        data = bytearray(rng.choice(whole))
        for _hit in range(rng.choice((1, 4, 40))):
            data[rng.randrange(len(data))] = rng.randrange(256)
        cut = data[: rng.randrange(len(data))] if rng.random() < 0.3 else data
        found = refused(bytes(cut))
        assert found is None or isinstance(found, Problem), f"seed {seed}"
