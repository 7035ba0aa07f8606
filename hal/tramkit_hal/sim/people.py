"""Synthetic people for the simulated card. None of them exists."""

from __future__ import annotations

from datetime import date

from tramkit_hal.card.groups import CardData
from tramkit_hal.partial_date import write

PEOPLE: tuple[CardData, ...] = (
    CardData(
        number="079090123458",
        name="Nguyễn Văn An",
        born=date(1990, 5, 17),
        sex="male",
        address="Tháp A, Đảo Kim Cương, Bình Trưng Tây, Thủ Đức, TP. Hồ Chí Minh",
        issued=date(2021, 6, 20),
        expires=date(2030, 5, 17),
    ),
    CardData(
        number="079150004213",
        name="Trần Thị Thu Hà",
        born=date(1950, 3, 8),
        sex="female",
        address="Tháp B, Đảo Kim Cương, Bình Trưng, TP. Hồ Chí Minh",
        issued=date(2022, 1, 11),
    ),
    CardData(
        number="079303012342",
        name="Lê Ngọc Bảo Châu",
        born=date(2003, 9, 2),
        sex="female",
        address="Tháp C, Đảo Kim Cương, Bình Trưng, TP. Hồ Chí Minh",
        issued=date(2023, 4, 5),
        expires=date(2028, 9, 2),
    ),
    CardData(
        number="001199000016",
        name="Phạm Thùy Dương",
        born=date(1999, 12, 31),
        sex="female",
        address="Phường Hoàn Kiếm, Hà Nội",
        issued=date(2021, 12, 1),
        expires=date(2039, 12, 31),
    ),
    CardData(
        number="079214004460",
        name="Đặng Minh Khôi",
        born=date(2014, 2, 28),
        sex="male",
        address="Tháp A, Đảo Kim Cương, Bình Trưng, TP. Hồ Chí Minh",
        issued=date(2025, 3, 3),
    ),
)


def by_name(name: str) -> CardData | None:
    """Return the person of that name."""
    return next((person for person in PEOPLE if person.name == name), None)


def qr_text(card: CardData) -> str:
    """Return what the QR code printed on the person's card says."""
    return "|".join(
        (
            card.number,
            "",
            card.name,
            write(card.born).replace("/", "").rjust(8, "0"),
            "Nam" if card.sex == "male" else "Nữ",
            card.address,
            card.issued.strftime("%d%m%Y") if card.issued else "",
        )
    )
