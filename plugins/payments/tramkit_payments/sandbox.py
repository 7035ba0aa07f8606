"""A sandbox of the payee's bank and its switch: transfers come in, the station asks for them, money goes back."""

from __future__ import annotations

import html
import json
import secrets
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from tramkit import find_memo
from tramkit.sandbox import DayFileRow, Sandbox, write_day_file
from tramkit_payments.vietqr import QrError, parse

SCHEMA = """
CREATE TABLE IF NOT EXISTS transfers (
    id TEXT PRIMARY KEY, account TEXT NOT NULL, amount INTEGER NOT NULL, content TEXT NOT NULL, at TEXT NOT NULL
    ) STRICT;
CREATE TABLE IF NOT EXISTS refunds (
    key TEXT PRIMARY KEY, memo TEXT NOT NULL, amount INTEGER NOT NULL, status TEXT NOT NULL) STRICT;
"""


class Switch(Sandbox):
    """The bank, its switch, and a banking app that pays the code it is shown.

    :param file: its ledger.
    """

    def __init__(self, file: Path) -> None:
        super().__init__(file, SCHEMA)
        self.app.add_routes(
            [
                web.get("/", self._app),
                web.post("/app/pay", self._app_pays),
                web.get("/api/transfers", self._transfers),
                web.post("/api/refunds", self._refund),
                web.get("/api/refunds/{key}", self._refund_status),
                web.get("/day-file", self._day_file),
            ]
        )

    def transfer(self, account: str, amount: int, memo: str, id: str = "") -> str:
        """Have money come in, with the memo as banks leave it; the same id comes once."""
        id = id or f"FT{secrets.token_hex(6).upper()}"
        content = f"MBVCB.{secrets.randbelow(10**10)}.{memo}.CT tu 0123456789 NGUYEN VAN A toi {account}"
        at = datetime.now(UTC).isoformat(timespec="seconds")
        self.db.execute("INSERT OR IGNORE INTO transfers VALUES (?, ?, ?, ?, ?)", (id, account, amount, content, at))
        return id

    async def _app(self, request: web.Request) -> web.Response:
        said = html.escape(request.query.get("said", ""))
        return web.Response(
            content_type="text/html",
            text=f"""<!doctype html><html lang="vi"><meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Ứng dụng ngân hàng (thử nghiệm)</title>
<style>body{{font:18px sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem}}textarea,input,button{{font:inherit;
width:100%;padding:.6rem;margin:.3rem 0;box-sizing:border-box}}</style>
<h1>Ứng dụng ngân hàng (thử nghiệm)</h1><p role="status">{said}</p>
<form method="post" action="/app/pay"><label>Số tài khoản nhận<input name="account"></label>
<label>Nội dung chuyển khoản<input name="memo"></label><label>Số tiền<input name="amount" inputmode="numeric"></label>
<p>hoặc</p><label>Nội dung mã VietQR<textarea name="qr" rows="4"></textarea></label>
<button>Chuyển tiền</button></form></html>""",
        )

    async def _app_pays(self, request: web.Request) -> web.Response:
        form = await request.post()
        try:
            if text := str(form.get("qr", "")).strip():
                qr = parse(text)
                account, memo = qr.account, qr.memo or ""
            else:
                qr = None
                account, memo = str(form.get("account", "")).strip(), str(form.get("memo", "")).strip()
            typed = str(form.get("amount") or "").replace(".", "")
            amount = int(typed or (qr.amount if qr is not None else 0) or 0)
        except (QrError, ValueError) as problem:
            said = f"Không chuyển được: {problem}"
        else:
            if amount <= 0 or not account:
                said = "Không chuyển được: cần số tài khoản, và số tiền lớn hơn 0"
            else:
                self.transfer(account, amount, memo)
                said = f"Đã chuyển {amount:,} đồng".replace(",", ".")
        raise web.HTTPSeeOther(f"/?{urlencode({'said': said})}")

    async def _transfers(self, request: web.Request) -> web.Response:
        account, memo = request.query.get("account", ""), request.query.get("memo", "")
        rows = self.db.execute("SELECT id, amount, content FROM transfers WHERE account = ? ORDER BY at", (account,))
        found = [
            {"id": id, "amount": amount, "content": content} for id, amount, content in rows if find_memo(memo, content)
        ]
        return web.json_response({"account": account, "transfers": found})

    async def _day_file(self, request: web.Request) -> web.Response:
        """The sandbox keeps one day: all that it has."""
        rows = self.db.execute("SELECT content, amount FROM transfers ORDER BY at")
        day = date.fromisoformat(request.query.get("date", datetime.now(UTC).date().isoformat()))
        told = [DayFileRow(content, amount, True) for content, amount in rows]
        back = self.db.execute("SELECT key, amount, status FROM refunds ORDER BY rowid")
        told += [DayFileRow(key, -amount, status == "DONE") for key, amount, status in back]
        return web.Response(text=write_day_file("payments.vietqr", day, told))

    async def _refund(self, request: web.Request) -> web.Response:
        try:
            asked: Any = json.loads(await request.read())
            key, memo, amount = str(asked["key"]), str(asked["memo"]), int(asked["amount"])
        except (ValueError, KeyError, TypeError):
            return web.json_response({"error": "MALFORMED"}, status=400)
        known = self.db.execute("SELECT memo, amount FROM refunds WHERE key = ?", (key,)).fetchone()
        if known is not None and known != (memo, amount):
            return web.json_response({"error": "KEY_REUSED"}, status=409)
        if known is None:
            came = sum(
                row[0] for row in self.db.execute("SELECT amount, content FROM transfers") if find_memo(memo, row[1])
            )
            gone = self.db.execute("SELECT coalesce(sum(amount), 0) FROM refunds WHERE memo = ?", (memo,)).fetchone()[0]
            if amount <= 0 or gone + amount > came:
                return web.json_response({"error": "TOO_MUCH"}, status=400)
            self.db.execute("INSERT INTO refunds VALUES (?, ?, ?, 'DONE')", (key, memo, amount))
        return web.json_response({"key": key, "status": "DONE"})

    async def _refund_status(self, request: web.Request) -> web.Response:
        key = request.match_info["key"]
        row = self.db.execute("SELECT status FROM refunds WHERE key = ?", (key,)).fetchone()
        if row is None:
            return web.json_response({"error": "NO_SUCH_REFUND"}, status=404)
        return web.json_response({"key": key, "status": row[0]})
