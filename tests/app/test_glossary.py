"""The house's Vietnamese, held over every catalogue: one word for one thing, and elders are spoken to as elders."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from support.golden_pages import golden_pages

from tramkit.conversation.speech import parts_of
from tramkit_hal.words import Messages, Text, personal, phone_text, public, render, verbatim

ROOT = Path(__file__).parents[2]
CATALOGUES = sorted(
    path for top in ("core", "hal", "plugins") for path in (ROOT / top).rglob("locale/vi/LC_MESSAGES/*.po")
)
MANIFESTS = sorted(ROOT.glob("plugins/*/tramkit_*/plugin.toml"))

_ = Messages("tramkit")

NEVER: dict[str, str] = {
    r"của mình|người mình|câu mình": "an elder is spoken of as ông/bà, never as mình",
    r"[Mm]áy quay|[Mm]áy ảnh|[Mm]áy chụp": "camera",
    r"(?<![Tt]ài )khoản thanh toán": "trả tiền (bills), đóng tiền (insurance), nộp lệ phí (fees)",
    r"[Pp]hiên làm việc": "lượt: phiên làm việc is a programmer's word",
    r"\b(?:hóa|xóa|hủy|khỏe|tòa|Hóa|Xóa|Hủy|Khỏe|Tòa)\b": "hoá, xoá, huỷ, khoẻ, toà (Decision 1989/QĐ-BGDĐT)",
    r"\bđợi\b": "chờ",
    r"\bca khám\b": "lượt khám",
    r"\b[Nn]hấn\b": "chạm (on the station), bấm (elsewhere)",
    r"biên lai": "biên nhận",
    r"[Cc]ư dân": "người dân",
    r"Nhiệt độ": "thân nhiệt",
    r"bên kia": "người đối thoại: bên kia is where the dead are",
    r"(?:[Nn]gân hàng|[Nn]hà mạng|[Nn]hà cung cấp|[Mm]áy chủ|VNeID|[Hh]ệ thống[^.]*) (?:hiện |chưa |không )*trả lời": (
        "machines phản hồi, people trả lời"
    ),
    r"(?<![\d.])\d{4,}(?= ?(?:₫|đồng))": "amounts are grouped: 50.000 ₫",
    r"(?<![\d.])0\d{9}(?!\d)": "phone numbers are written 0901 234 567",
    r"\d\.\d{3} VND|\d ?VNĐ": "amounts end in ₫ or đồng",
}
"""What never stands in a catalogue, and what to say instead."""

PARDON = re.compile(r"\b[Xx]in(?! (?:lỗi|cảm ơn|chào|ông/bà (?:cứ )?chờ|chờ))")
"""“Xin” asks pardon, thanks, or bids to wait; what may be done next is bidden with “Mời”."""

GLOSSARY: dict[str, str] = {
    "Camera": "Camera",
    "Receipt": "Biên nhận",
    "Receipt code": "Mã biên nhận",
    "Temperature": "Thân nhiệt",
    "Full name": "Họ và tên",
    "Phone number": "Số điện thoại",
    "Identity number": "Số định danh cá nhân",
    "Cancel": "Huỷ",
    "Emergency": "Cấp cứu",
    "Start over": "Kết thúc",
    "Help": "Gọi nhân viên",
}
"""Message ids that are translated by this word wherever they stand."""


def entries(path: Path) -> Iterator[tuple[str, str]]:
    with path.open("rb") as stream:
        for message in read_po(stream, locale="vi"):
            if message.id:
                forms = (message.string,) if isinstance(message.string, str) else tuple(message.string)
                yield (message.id if isinstance(message.id, str) else message.id[0]), " ".join(forms)


def toml_words(path: Path) -> Iterator[str]:
    """Yield each Vietnamese word of a file of data."""

    def walk(value: object) -> Iterator[str]:
        if isinstance(value, dict):
            for key, inner in value.items():
                if key == "vi" and isinstance(inner, str):
                    yield inner
                else:
                    yield from walk(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from walk(inner)

    yield from walk(tomllib.loads(path.read_text(encoding="utf-8")))


DATA = sorted(path for path in ROOT.glob("plugins/*/tramkit_*/*.toml"))


def test_there_are_catalogues_to_hold() -> None:
    assert len(CATALOGUES) >= 9
    assert sum(1 for path in CATALOGUES for _entry in entries(path)) > 1000


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_no_catalogue_says_what_the_house_does_not_say(path: Path) -> None:
    wrong = [
        f"{id!r}: {said!r}: {instead}"
        for id, said in entries(path)
        for pattern, instead in NEVER.items()
        if re.search(pattern, said)
    ]
    wrong += [f"{id!r}: {said!r}: Mời, not Xin" for id, said in entries(path) if PARDON.search(said)]
    assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize("path", DATA, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_data_of_the_plugins_speaks_as_the_catalogues_do(path: Path) -> None:
    wrong = [
        f"{said!r}: {instead}"
        for said in toml_words(path)
        for pattern, instead in NEVER.items()
        if re.search(pattern, said)
    ]
    assert wrong == [], "\n".join(wrong)


def test_one_word_stands_for_one_thing_in_every_catalogue() -> None:
    wrong = [
        f"{path.stem}: {id!r} is {said!r}, not {GLOSSARY[id]!r}"
        for path in CATALOGUES
        for id, said in entries(path)
        if id in GLOSSARY and said != GLOSSARY[id]
    ]
    assert wrong == [], "\n".join(wrong)


def test_every_word_of_the_glossary_is_in_use() -> None:
    used = {id for path in CATALOGUES for id, _said in entries(path)}
    assert GLOSSARY.keys() <= used


def test_the_titles_of_a_manifest_are_those_of_the_catalogue() -> None:
    """The menu takes a service's words from its class, the plugin list from the manifest: they must agree."""
    wrong: list[str] = []
    for manifest in MANIFESTS:
        told = tomllib.loads(manifest.read_text(encoding="utf-8"))
        said = dict(entries(next(manifest.parent.glob("locale/vi/LC_MESSAGES/*.po"))))
        for service in told.get("services", ()):
            for words in (service["title"], service.get("hint", {"en": "", "vi": ""})):
                if words["en"] in said and said[words["en"]] != words["vi"]:
                    wrong.append(
                        f"{service['id']}: {words['vi']!r} in plugin.toml, {said[words['en']]!r} in the catalogue"
                    )
    assert wrong == [], "\n".join(wrong)


CANARIES = ("Trần Thị Thu Hà", "lê văn tám", "lê thị chín", "0381 234 567", "0901 999 999", "12 trần não")
"""What residents of the golden pages are and said."""
FINDINGS = ("Huyết áp thấp khi đứng dậy", "Paracetamol", "Sau 2 tuần tại Trung tâm Y tế", "Đứng dậy từ từ")


def test_nothing_of_a_golden_page_that_is_about_a_resident_is_said_without_headphones() -> None:
    from tramkit_hal.ui.verbalise import verbalise

    shown: set[str] = set()
    for name, page in golden_pages().items():
        said = " ".join(parts_of(page, "vi", private=False))
        for canary in (*CANARIES, *FINDINGS):
            if canary in page.model_dump_json():
                shown.add(canary)
            assert verbalise(canary, "vi") not in said, f"{name} says {canary} into the room"
    assert {"Huyết áp thấp khi đứng dậy", "0381 234 567"} <= shown, "the golden pages hold what is looked for"


def test_a_text_knows_that_it_is_personal() -> None:
    name = verbatim("Trần Thị Thu Hà")
    assert name.is_personal
    assert phone_text("0901234567").is_personal
    assert render(phone_text("0901234567"), "vi") == "0901 234 567"
    assert _("Call {phone}", phone=name).is_personal
    assert not public("115").is_personal
    assert not _("Call {phone}", phone=public("115")).is_personal
    assert personal(_("Thank you. Goodbye.")).is_personal
    assert not _("Thank you. Goodbye.").is_personal
    assert Text.model_validate_json(personal(name).model_dump_json()).is_personal
