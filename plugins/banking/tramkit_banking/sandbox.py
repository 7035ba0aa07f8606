"""A sandbox of a bank: takes applications for accounts, loans and cards; an officer's page moves them on."""

from __future__ import annotations

import html
import json
import secrets
from datetime import datetime, time
from pathlib import Path
from typing import Any

from aiohttp import web

from tramkit import VIETNAM, Clock, SystemClock, working_days
from tramkit.sandbox import ApplicationSandbox, Decision
from tramkit_banking.gateway import STATES

SCHEMA = """
CREATE TABLE IF NOT EXISTS progress (
    reference TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL, note TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS meetings (slot TEXT PRIMARY KEY, reference TEXT NOT NULL) STRICT;
"""
REFUSED_NUMBER = "079199999999"
"""An applicant with this identity number is refused."""
HOURS = ("08:30", "10:00", "14:00", "15:30")
"""When applicants for a card are received, on working days."""
MEETING_DAYS = 3
SURE = ("chip_face", "vneid")
"""Levels of identity that the bank takes in place of seeing the applicant (Circular 17/2024/TT-NHNN, Article 17)."""
NEEDED = {"account": {"terms", "data"}, "loan": {"cost", "data", "credit"}, "card": {"terms", "data"}}
"""What must have been agreed to."""


class Bank(ApplicationSandbox):
    """A bank; its ledger is the applications that it has.

    :param file: its ledger.
    """

    def __init__(self, file: Path, clock: Clock | None = None) -> None:
        super().__init__(file, SCHEMA)
        self._clock = clock or SystemClock()
        self.app.add_routes(
            [
                web.get("/", self._officer),
                web.post("/officer", self._move),
                web.get("/progress/{reference}", self._tell_progress),
                web.get("/appointments", self._tell_slots),
            ]
        )

    def decide(self, body: dict[str, Any]) -> Decision:
        """Open accounts of who has been identified well enough, refer others to the branch, refuse one number."""
        kind = body["kind"]
        agreed = {each["purpose"] for each in body["consents"] if each["version"] and each["at"]}
        signed = "signature" in [each["name"] for each in body["files"]]
        if not body["name"] or not signed or not agreed >= NEEDED[kind]:
            raise ValueError("no application")
        reference = f"{kind[:2].upper()}{secrets.token_hex(4).upper()}"
        if body["number"] == REFUSED_NUMBER:
            words = ("Ngân hàng chưa thể nhận hồ sơ này.", "The bank cannot take this application.")
            return Decision("REFUSED", reference, words)
        if kind == "loan" and body["income"] <= 0:
            return Decision("REFUSED", reference, ("Thu nhập chưa đủ.", "The income is too small."))
        more: dict[str, Any] = {}
        if kind == "card":
            at = self._meet(str(body["slot"]), reference)
            more = {"appointment": at.isoformat()} if at is not None else {}
            said = ("Ngân hàng gặp ông/bà rồi mới quyết định.", "The bank decides after it has met you.")
            state = "branch"
        elif body["level"] not in SURE:
            state, said = "branch", ("Mời ông/bà mang căn cước đến chi nhánh.", "Please come to the branch.")
        elif kind == "account":
            state, said = "open", ("Tài khoản đã mở.", "The account is open.")
            more["account"] = f"{secrets.randbelow(10**10):010d}"
        else:
            said = ("Ngân hàng trả lời trong 2 ngày làm việc.", "The bank answers within 2 working days.")
            state = "received"
        self.db.execute("INSERT INTO progress VALUES (?, ?, ?, ?, '')", (reference, kind, body["name"], state))
        return Decision("ACCEPTED", reference, more={**more, "says": {"vi": said[0], "en": said[1]}})

    def slots(self) -> dict[str, datetime]:
        """Return the times that are free, by their id: some working days ahead."""
        taken = {row[0] for row in self.db.execute("SELECT slot FROM meetings")}
        day = self._clock.now().astimezone(VIETNAM).date()
        days = [working_days().after(day, number) for number in range(1, MEETING_DAYS + 1)]
        times = [datetime.combine(each, time.fromisoformat(hour), VIETNAM) for each in days for hour in HOURS]
        return {f"{at:%Y%m%d-%H%M}": at for at in times if f"{at:%Y%m%d-%H%M}" not in taken}

    def _meet(self, slot: str, reference: str) -> datetime | None:
        """Keep a time for an applicant, the next one where somebody else has taken it; None: the bank calls."""
        free = self.slots()
        if not slot or not free:
            return None
        id = slot if slot in free else next(iter(free))
        self.db.execute("INSERT INTO meetings VALUES (?, ?)", (id, reference))
        return free[id]

    async def _tell_slots(self, request: web.Request) -> web.Response:
        slots = [{"id": id, "at": at.isoformat()} for id, at in self.slots().items()]
        return web.json_response({"slots": slots})

    async def _tell_progress(self, request: web.Request) -> web.Response:
        found = self.db.execute(
            "SELECT reference, kind, state, note FROM progress WHERE reference = ?", (request.match_info["reference"],)
        ).fetchone()
        if found is None:
            return web.json_response({"error": "NO_SUCH_APPLICATION"}, status=404)
        told = dict(zip(("reference", "kind", "state"), found, strict=False))
        note = {"note": json.loads(found[3])} if found[3] else {}
        return web.json_response(told | note)

    def move(self, reference: str, state: str, note: tuple[str, str] | None = None) -> None:
        """Move an application on, as an officer does."""
        words = json.dumps({"vi": note[0], "en": note[1]}, ensure_ascii=False) if note else ""
        self.db.execute("UPDATE progress SET state = ?, note = ? WHERE reference = ?", (state, words, reference))

    async def _officer(self, request: web.Request) -> web.Response:
        rows = self.db.execute("SELECT reference, kind, name, state FROM progress ORDER BY rowid DESC").fetchall()
        forms = "".join(
            f'<form method="post" action="/officer"><b>{html.escape(reference)}</b> {html.escape(name)} ({kind})'
            f'<input type="hidden" name="reference" value="{html.escape(reference)}"><select name="state">'
            + "".join(f"<option{' selected' if each == state else ''}>{each}</option>" for each in STATES)
            + '</select><label>Lời nhắn <input name="note"></label><button>Lưu</button></form>'
            for reference, kind, name, state in rows
        )
        return web.Response(
            content_type="text/html",
            text=f"""<!doctype html><html lang="vi"><meta charset="utf-8"><title>Ngân hàng (thử nghiệm)</title>
<style>body{{font:18px sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}}form{{margin:1rem 0}}
input,select,button{{font:inherit;margin:0 .6rem}}</style><h1>Ngân hàng (thử nghiệm)</h1>{forms or "Chưa có hồ sơ"}""",
        )

    async def _move(self, request: web.Request) -> web.Response:
        form = await request.post()
        state, note = str(form.get("state", "")), str(form.get("note", ""))[:200]
        if state in STATES:
            self.move(str(form.get("reference", "")), state, (note, note) if note else None)
        raise web.HTTPSeeOther("/")
