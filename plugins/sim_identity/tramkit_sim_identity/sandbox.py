"""A sandbox of a mobile operator: subscriptions by person, and confirmations that it takes or refuses."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from aiohttp import web

from tramkit.sandbox import ApplicationSandbox, Decision, json_object

SCHEMA = """
CREATE TABLE IF NOT EXISTS subscriptions (
    subscription TEXT PRIMARY KEY, number TEXT NOT NULL, name TEXT NOT NULL, born TEXT NOT NULL) STRICT;
"""
MOST_NUMBERS = 3


class Operator(ApplicationSandbox):
    """An operator.

    :param file: its ledger.
    """

    def __init__(self, file: Path) -> None:
        super().__init__(file, SCHEMA)
        self.app.add_routes([web.post("/subscriptions/search", self._search)])

    def give(self, subscription: str, number: str, name: str, born: str) -> None:
        """Have a subscription in somebody's name."""
        row = (subscription, number, name, born)
        self.db.execute("INSERT OR REPLACE INTO subscriptions VALUES (?, ?, ?, ?)", row)

    def decide(self, body: dict[str, Any]) -> Decision:
        """Take the confirmation of who has the number, or of a number that nobody has, up to three a person."""
        if not body["name"] or not body["number"] or "data" not in body["consents"]:
            raise ValueError("no confirmation")
        held = self.db.execute(
            "SELECT number, born FROM subscriptions WHERE subscription = ?", (body["subscription"],)
        ).fetchone()
        if held is not None and held != (body["number"], body["born"]):
            words = ("Số này đang đứng tên người khác.", "This number is in another person's name.")
            return Decision("REFUSED", reason=words)
        if held is None:
            if len(self._numbers(body["number"])) >= MOST_NUMBERS:
                words = ("Ông/bà đã đứng tên ba số.", "You have three numbers already.")
                return Decision("REFUSED", reason=words)
            self.give(body["subscription"], body["number"], body["name"], body["born"])
        return Decision("ACCEPTED", f"TB{secrets.token_hex(4).upper()}")

    async def _search(self, request: web.Request) -> web.Response:
        asked = await json_object(request)
        return web.json_response({"numbers": self._numbers(str(asked.get("number", "")))})

    def _numbers(self, number: str) -> list[str]:
        rows = self.db.execute("SELECT subscription FROM subscriptions WHERE number = ? ORDER BY rowid", (number,))
        return [row[0] for row in rows]
