"""A sandbox of the bill aggregator: inquire → pay → status, with bills made up for every customer code."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from tramkit.sandbox import DayFileRow, Sandbox, json_object, write_day_file
from tramkit_billing.codes import Provider, check_with, providers

SCHEMA = """
CREATE TABLE IF NOT EXISTS payments (
    partner_ref TEXT PRIMARY KEY, body TEXT NOT NULL, agg_ref TEXT NOT NULL, service TEXT NOT NULL,
    customer TEXT NOT NULL, amount INTEGER NOT NULL, status TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS paid_parts (
    bill_id TEXT NOT NULL, partner_ref TEXT NOT NULL, amount INTEGER NOT NULL, PRIMARY KEY (bill_id, partner_ref))
    STRICT;
"""
MONTHS = ("2026-09", "2026-10", "2026-11")
REFUSED_CUSTOMER = "9" * 6
"""A customer whose code holds this is refused when it is paid, after the money was taken."""
UNKNOWN_CUSTOMER = "8" * 6
"""Nobody has a code that holds this."""


class Aggregator(Sandbox):
    """The aggregator.

    :param file: its ledger.
    :param known: providers whose bills it has; None: those that come with the plugin.
    """

    def __init__(self, file: Path, known: Mapping[str, Provider] | None = None) -> None:
        super().__init__(file, SCHEMA)
        self._known = known or providers()
        self.app.add_routes(
            [
                web.post("/inquire", self._inquire),
                web.post("/pay", self._pay),
                web.get("/status/{ref}", self._status),
                web.get("/day-file", self._day_file),
            ]
        )

    async def _inquire(self, request: web.Request) -> web.Response:
        asked = await json_object(request)
        provider, customer = str(asked.get("provider")), str(asked.get("customer"))
        right = provider in self._known and check_with(self._known[provider], customer).ok
        if not right or UNKNOWN_CUSTOMER in customer:
            return web.json_response({"error": "NO_CUSTOMER"}, status=404)
        bills = self.owes(provider, customer)
        return web.json_response({"inquiry_token": secrets.token_hex(8), **customer_of(customer), "bills": bills})

    async def _pay(self, request: web.Request) -> web.Response:
        asked = await json_object(request)
        ref = str(asked.get("partner_ref", ""))
        body = json.dumps({name: value for name, value in asked.items() if name != "inquiry_token"}, sort_keys=True)
        known = self.db.execute("SELECT body FROM payments WHERE partner_ref = ?", (ref,)).fetchone()
        if known is not None:
            return self._told(ref) if known[0] == body else web.json_response({"error": "KEY_REUSED"}, status=409)
        provider, customer, bills = str(asked.get("provider")), str(asked.get("customer")), asked.get("bill_ids")
        amount = asked.get("amount")
        if provider == "topup" and ref and isinstance(amount, int):
            status = "FAILED" if REFUSED_CUSTOMER in customer or amount <= 0 else "SUCCESS"
            row = (ref, body, f"AG{secrets.token_hex(6).upper()}", provider, customer, amount, status)
            self.db.execute("INSERT INTO payments VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            return self._told(ref)
        if not ref or not isinstance(bills, list) or not isinstance(amount, int) or provider not in self._known:
            return web.json_response({"error": "MALFORMED"}, status=400)
        parts = self._parts(provider, customer, bills, amount)
        status = "FAILED" if REFUSED_CUSTOMER in customer or not parts else "SUCCESS"
        row = (ref, body, f"AG{secrets.token_hex(6).upper()}", provider, customer, amount, status)
        self.db.execute("BEGIN IMMEDIATE")
        self.db.execute("INSERT INTO payments VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        if status == "SUCCESS":
            self.db.executemany("INSERT INTO paid_parts VALUES (?, ?, ?)", [(id, ref, part) for id, part in parts])
        self.db.execute("COMMIT")
        return self._told(ref)

    def owes(self, provider: str, customer: str) -> list[dict[str, Any]]:
        """Return what a customer owes now, oldest first."""
        paid: dict[str, int] = dict(self.db.execute("SELECT bill_id, sum(amount) FROM paid_parts GROUP BY bill_id"))
        bills = [
            {**bill, "amount": bill["amount"] - paid.get(bill["bill_id"], 0)} for bill in bills_of(provider, customer)
        ]
        return [bill for bill in bills if bill["amount"] > 0]

    def _parts(self, provider: str, customer: str, ids: list[Any], amount: int) -> list[tuple[str, int]]:
        """Return what of an amount goes to which bill; nothing: the provider's rules do not allow it."""
        rule, bills = self._known[provider], self.owes(provider, customer)
        asked = [bill for bill in bills if bill["bill_id"] in ids]
        if (
            not ids
            or [bill["bill_id"] for bill in asked] != ids
            or (rule.pay_oldest_first and asked != bills[: len(ids)])
        ):
            return []
        whole, last = sum(bill["amount"] for bill in asked), asked[-1]["amount"]
        if amount != whole and not (rule.allow_partial and whole - last < amount < whole):
            return []
        return [(bill["bill_id"], bill["amount"]) for bill in asked[:-1]] + [(ids[-1], last - (whole - amount))]

    async def _day_file(self, request: web.Request) -> web.Response:
        """The sandbox keeps one day: all that it has."""
        rows = self.db.execute("SELECT partner_ref, amount, status FROM payments ORDER BY rowid")
        day = date.fromisoformat(request.query.get("date", datetime.now(UTC).date().isoformat()))
        told = [DayFileRow(ref, amount, status == "SUCCESS") for ref, amount, status in rows]
        return web.Response(text=write_day_file("billing", day, told))

    async def _status(self, request: web.Request) -> web.Response:
        return self._told(request.match_info["ref"])

    def _told(self, ref: str) -> web.Response:
        row = self.db.execute("SELECT agg_ref, amount, status FROM payments WHERE partner_ref = ?", (ref,)).fetchone()
        if row is None:
            return web.json_response({"error": "NO_SUCH_PAYMENT"}, status=404)
        return web.json_response({"partner_ref": ref, "agg_ref": row[0], "amount": row[1], "status": row[2]})


def customer_of(customer: str) -> dict[str, str]:
    """Return whose code it is, as aggregators tell it: the name masked, the address often not."""
    seed = hashlib.sha256(customer.encode()).digest()
    name = ("NGUYỄN V. A.", "TRẦN T. B.", "LÊ H. C.", "PHẠM Q. D.")[seed[0] % 4]
    street = ("Lê Lợi", "Nguyễn Trãi", "Lý Tự Trọng", "Hàm Nghi")[seed[1] % 4]
    return {"customer": name, "address": f"{10 + seed[2]} {street}, P. Bến Thành"}


def bills_of(provider: str, customer: str) -> list[dict[str, Any]]:
    """Return what a customer owes: the same for the same code, one to three months, oldest first."""
    seed = int.from_bytes(hashlib.sha256(f"{provider}/{customer}".encode()).digest()[:4])
    return [
        {
            "bill_id": f"{provider}-{customer}-{month}",
            "period": month,
            "amount": 50_000 + (seed >> at) % 900_000,
            "due": date.fromisoformat(f"{month}-28").isoformat(),
        }
        for at, month in enumerate(MONTHS[-(1 + seed % 3) :])
    ]
