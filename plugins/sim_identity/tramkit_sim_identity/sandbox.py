"""A sandbox of a mobile operator: subscriptions by person, and confirmations that it takes or refuses."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from aiohttp import web

from tramkit.sandbox import ApplicationSandbox, Decision, json_object

SCHEMA = """
CREATE TABLE IF NOT EXISTS subscriptions (
    subscription TEXT PRIMARY KEY, number TEXT NOT NULL, name TEXT NOT NULL, born TEXT NOT NULL,
    confirmed INTEGER NOT NULL DEFAULT 0) STRICT;
"""
MAX_NUMBERS = 3
NEEDED = {"data", "face", "mine"}
"""What must have been agreed to."""


class Operator(ApplicationSandbox):
    """An operator; ``confirmed`` is 1 once the subscriber's face was compared, here or at the station.

    :param file: its ledger.
    """

    def __init__(self, file: Path) -> None:
        super().__init__(file, SCHEMA)
        self.app.add_routes([web.post("/subscriptions/search", self._search)])

    def give(self, subscription: str, number: str, name: str, born: str) -> None:
        """Have a subscription in somebody's name."""
        row = (subscription, number, name, born)
        self.db.execute("INSERT OR REPLACE INTO subscriptions VALUES (?, ?, ?, ?, 0)", row)

    def decide(self, body: dict[str, Any]) -> Decision:
        """Take the confirmation of who has the number, or of a number that nobody has, up to three a person."""
        agreed = {each["purpose"] for each in body["consents"] if each["version"] and each["at"]}
        signed = "signature" in [each["name"] for each in body["files"]]
        if not body["name"] or not body["number"] or not signed or not agreed >= NEEDED:
            raise ValueError("no confirmation")
        held = self.db.execute(
            "SELECT number, name, born FROM subscriptions WHERE subscription = ?", (body["subscription"],)
        ).fetchone()
        if held is not None and held[0] != body["number"]:
            words = ("Số này đang đứng tên người khác.", "This number is in another person's name.")
            return Decision("REFUSED", reason=words)
        if held is not None and (held[1].casefold(), held[2]) != (body["name"].casefold(), body["born"]):
            words = (
                "Họ tên hoặc ngày sinh không khớp với đăng ký của nhà mạng.",
                "Name or date of birth differ from the operator's register.",
            )
            return Decision("REFUSED", reason=words)
        if held is None:
            if body["why"] == "device":
                return Decision("REFUSED", reason=("Số này chưa đứng tên ông/bà.", "This number is not in your name."))
            if len(self._numbers(body["number"])) >= MAX_NUMBERS:
                return Decision("REFUSED", reason=("Ông/bà đã đứng tên ba số.", "You have three numbers already."))
            self.give(body["subscription"], body["number"], body["name"], body["born"])
        if body["face"] == "compared":
            self.db.execute("UPDATE subscriptions SET confirmed = 1 WHERE subscription = ?", (body["subscription"],))
        return Decision("ACCEPTED", f"TB{secrets.token_hex(4).upper()}")

    async def _search(self, request: web.Request) -> web.Response:
        asked = await json_object(request)
        return web.json_response({"numbers": self._numbers(str(asked.get("number", "")))})

    def _numbers(self, number: str) -> list[str]:
        rows = self.db.execute("SELECT subscription FROM subscriptions WHERE number = ? ORDER BY rowid", (number,))
        return [row[0] for row in rows]
