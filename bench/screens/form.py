"""The form that every screen shows in this bench: ten pages, the same words, the same answers.

It imports nothing but the standard library, so that a peer's environment can read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SERVICE = "Ghi danh lớp học"
GO_ON = "Tiếp tục"
AGAIN = "Xong, về trang đầu"

WARDS = ("Bình Trưng", "Thảo Điền", "An Phú", "Cát Lái", "Thủ Thiêm", "An Khánh", "Long Trường", "Phước Long")
LONG = "Trạm dùng thông tin ông/bà cung cấp chỉ để làm việc ông/bà vừa chọn. Khi ông/bà rời đi, trạm xoá hết."


@dataclass(frozen=True)
class Question:
    """One page.

    :param heading: no other page has it.
    :param answer: what the resident types or chooses; a date as ISO 8601.
    """

    kind: Literal["tell", "text", "number", "choice", "date", "yes_no", "check", "done"]
    heading: str
    label: str = ""
    answer: str = ""
    choices: tuple[str, ...] = ()


PAGES = (
    Question("tell", "Lớp học cho người cao tuổi"),
    Question("text", "Ông/bà tên gì?", "Họ và tên", "Lê Văn Tám"),
    Question("number", "Gọi ông/bà số nào?", "Số điện thoại", "0901234567"),
    Question("choice", "Ông/bà ở phường nào?", choices=WARDS, answer="An Phú"),
    Question("date", "Ông/bà sinh ngày nào?", "Ngày sinh", "1954-09-02"),
    Question("yes_no", "Ông/bà có đi xe lăn không?", "Xe lăn", choices=("Có", "Không"), answer="Không"),
    Question("number", "Mấy người đi cùng?", "Số người", "2"),
    Question("text", "Nhà ông/bà ở đâu?", "Địa chỉ", "12 đường Nguyễn Thị Định"),
    Question("check", "Ông/bà kiểm tra lại"),
    Question("done", "Đã ghi danh"),
)
CHANGES = len(PAGES) - 1
"""Page changes from the first page to the last."""


def facts() -> list[tuple[str, str]]:
    """Return what the check page shows."""
    return [(page.label or page.heading, page.answer) for page in PAGES if page.answer]
