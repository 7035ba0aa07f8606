"""A stand-in of the waterworks' system, with a ledger of its own and faults that can be scripted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aiohttp import web

from tramkit.sandbox import ApplicationSandbox, Decision

BILLS = """
CREATE TABLE IF NOT EXISTS bills (
    customer TEXT PRIMARY KEY, month TEXT NOT NULL, amount INTEGER NOT NULL, due TEXT NOT NULL)
    STRICT;
INSERT OR IGNORE INTO bills VALUES ('PN123456', '11/2026', 185000, '2026-12-15'), ('PN000001', '11/2026', 92000, '');
"""
DECLINED = "PN000001"
"""A customer whose payments the waterworks decline."""


class WaterworksSandbox(ApplicationSandbox):
    """Tells what customers owe, and takes payments and reports.

    :param file: its SQLite file.
    """

    def __init__(self, file: Path) -> None:
        super().__init__(file, BILLS)
        self.app.add_routes([web.get("/bills/{customer}", self._bill)])

    async def _bill(self, request: web.Request) -> web.Response:
        found = self.db.execute(
            "SELECT customer, month, amount, due FROM bills WHERE customer = ?", (request.match_info["customer"],)
        ).fetchone()
        if found is None:
            return web.json_response({"error": "NO_SUCH_CUSTOMER"}, status=404)
        return web.json_response(dict(zip(("customer", "month", "amount", "due"), found, strict=True)))

    def decide(self, body: dict[str, Any]) -> Decision:
        """Decline what is paid for one customer; take everything else."""
        if body.get("customer") == DECLINED:
            return Decision("REFUSED", reason=("Hợp đồng đã chấm dứt.", "The contract has ended."))
        return super().decide(body)

    def times(self, key: str) -> int:
        """Return how often a key was carried out."""
        sql = "SELECT count(*) FROM applications WHERE key = ? AND status = 'ACCEPTED'"
        return self.db.execute(sql, (key,)).fetchone()[0]
