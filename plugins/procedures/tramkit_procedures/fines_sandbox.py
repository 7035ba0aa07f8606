"""The sandbox's traffic police: violations of a few plates, decisions, and what was paid."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from aiohttp import web

from tramkit.sandbox import Decision, json_object

SCHEMA = """
CREATE TABLE IF NOT EXISTS violations (
    plate TEXT NOT NULL, vehicle INTEGER NOT NULL, told TEXT NOT NULL, decision TEXT NOT NULL, amount INTEGER NOT NULL,
    paid INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (plate, vehicle, told)) STRICT;
"""
OFFICES = (
    "Đội Cảnh sát giao thông số 1, 342 Võ Văn Kiệt, phường Cầu Ông Lãnh, TP. Hồ Chí Minh",
    "Phòng Cảnh sát giao thông, Công an TP. Hồ Chí Minh, điện thoại 069 3187 521",
)
RED_LIGHT = "12321.5.3.a.01. Không chấp hành hiệu lệnh của đèn tín hiệu giao thông"
TOO_FAST = "12321.6.3.i.01. Điều khiển xe chạy quá tốc độ quy định từ 05 km/h đến dưới 10 km/h"
REFUSED_DECISION = "0009999/QĐ-XPHC"
"""A decision whose payment is refused after the money was taken."""


def _told(kind: str, at: str, place: str, behaviour: str, state: str, **more: Any) -> dict[str, Any]:
    return {
        "plate_colour": "Nền màu trắng, chữ và số màu đen",
        "vehicle": kind,
        "at": at,
        "place": place,
        "behaviour": behaviour,
        "state": state,
        "found_by": "Phòng Cảnh sát giao thông, Công an TP. Hồ Chí Minh",
        "handled_at": list(OFFICES),
        **more,
    }


OPEN, PUNISHED = "Chưa xử phạt", "Đã xử phạt"
FAMOUS: tuple[tuple[str, int, str, int, dict[str, Any]], ...] = (
    (
        "51F12345",
        1,
        "0012345/QĐ-XPHC",
        5_000_000,
        _told("Ô tô", "07:41, 16/10/2026", "Ngã tư Nguyễn Duy Trinh – Đồng Văn Cống", RED_LIGHT, PUNISHED, late=75_000),
    ),
    ("51F12345", 1, "", 0, _told("Ô tô", "21:05, 18/11/2026", "Đường Mai Chí Thọ", TOO_FAST, OPEN)),
    ("59X312345", 2, "", 0, _told("Xe máy", "17:20, 20/11/2026", "Cầu Rạch Chiếc", RED_LIGHT, OPEN)),
    (
        "59MĐ112345",
        3,
        "0013579/QĐ-XPHC",
        150_000,
        _told("Xe đạp điện", "06:55, 02/11/2026", "Đường Lương Định Của", "Không đội mũ bảo hiểm", PUNISHED),
    ),
    (
        "51G99999",
        1,
        REFUSED_DECISION,
        900_000,
        _told("Ô tô", "10:00, 01/11/2026", "Xa lộ Hà Nội", TOO_FAST, PUNISHED),
    ),
)
"""Plates that have violations: plate, kind of vehicle, decision, VND, and the rest."""


class TrafficPoliceSandbox:
    """The part of the sandbox that stands for the traffic police.

    :param db: the sandbox's ledger.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        for plate, vehicle, decision, amount, told in FAMOUS:
            text = json.dumps(told, ensure_ascii=False)
            row = (plate, vehicle, text, decision, amount)
            self._db.execute(
                "INSERT OR IGNORE INTO violations (plate, vehicle, told, decision, amount) VALUES (?, ?, ?, ?, ?)", row
            )

    def routes(self) -> list[web.RouteDef]:
        """Return what it answers to."""
        return [
            web.post("/fines/search", self._search),
            web.get("/fines/decisions/{number:.+}", self._decision),
        ]

    def pay(self, body: dict[str, Any]) -> Decision:
        """Take a payment: the whole of one decision, once."""
        decision, amount = str(body["decision"]), body["amount"]
        found = self._found("decision = ?", decision)
        if not found or not decision:
            return Decision("REFUSED", "", ("Không có quyết định này.", "There is no such decision."))
        told = found[0]
        if told["paid"]:
            return Decision("REFUSED", "", ("Quyết định này đã được nộp phạt.", "This fine has been paid already."))
        if decision == REFUSED_DECISION:
            return Decision("REFUSED", "", ("Quyết định đang được xem xét lại.", "The decision is being reviewed."))
        if amount != told["amount"] + told.get("late", 0):
            return Decision("REFUSED", "", ("Số tiền không khớp với quyết định.", "The amount is not the decision's."))
        self._db.execute("UPDATE violations SET paid = 1 WHERE decision = ?", (decision,))
        return Decision("ACCEPTED", f"BL{decision.partition('/')[0]}")

    def paid(self) -> list[str]:
        """Return the decisions that were paid."""
        return [row[0] for row in self._db.execute("SELECT decision FROM violations WHERE paid")]

    async def _search(self, request: web.Request) -> web.Response:
        asked = await json_object(request)
        plate, vehicle = str(asked.get("BienKiemSoat", "")), asked.get("LoaiXe")
        found = [each for each in self._found("plate = ?", plate) if each["_vehicle"] == vehicle]
        return web.json_response({"violations": found})

    async def _decision(self, request: web.Request) -> web.Response:
        number = request.match_info["number"]
        found = self._found("decision = ?", number) if number else []
        return web.json_response(found[0]) if found else web.json_response({"error": "NO_SUCH_DECISION"}, status=404)

    def _found(self, where: str, value: str) -> list[dict[str, Any]]:
        rows = self._db.execute(
            f"SELECT plate, vehicle, told, decision, amount, paid FROM violations WHERE {where} ORDER BY rowid DESC",
            (value,),
        )
        return [
            {
                **json.loads(told),
                "plate": plate,
                "_vehicle": vehicle,
                "decision": decision,
                "amount": amount,
                "paid": bool(paid),
            }
            for plate, vehicle, told, decision, amount, paid in rows
        ]
