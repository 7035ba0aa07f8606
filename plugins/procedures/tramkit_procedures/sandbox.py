"""A sandbox of the authorities' gateway: takes dossiers, reports and insurance; an officer's page moves dossiers on."""

from __future__ import annotations

import html
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from tramkit import web_headers, working_days
from tramkit.sandbox import ApplicationSandbox, Decision, json_object
from tramkit_hal.device.clock import Clock, SystemClock
from tramkit_hal.words import VIETNAM, render
from tramkit_procedures import fines_sandbox, information
from tramkit_procedures.gateway import STATES

SCHEMA = """
CREATE TABLE IF NOT EXISTS dossiers (
    code TEXT PRIMARY KEY, number TEXT NOT NULL, name_vi TEXT NOT NULL, name_en TEXT NOT NULL, agency TEXT NOT NULL,
    state INTEGER NOT NULL, note TEXT NOT NULL, due TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS papers (code TEXT NOT NULL, file TEXT NOT NULL REFERENCES files (id), name TEXT NOT NULL)
    STRICT;
"""
AGENCY = "000.00.01.H29"
REFUSED_NUMBER = "079199999999"
"""An applicant with this identity number is refused."""


class Authorities(ApplicationSandbox):
    """The gateway.

    :param file: its ledger.
    """

    def __init__(self, file: Path, clock: Clock | None = None) -> None:
        super().__init__(file, SCHEMA + fines_sandbox.SCHEMA)
        self._clock = clock or SystemClock()
        self.police = fines_sandbox.TrafficPoliceSandbox(self.db)
        self.app.add_routes(self.police.routes())
        self.app.add_routes(
            [
                web.get("/", self._officer),
                web.post("/officer", self._move),
                web.get("/officer/files/{id}", self._show_file),
                web.post("/dossiers/search", self._search),
                web.get("/dossiers/{code}", self._tell),
                web.get("/information", self._information),
            ]
        )

    def decide(self, body: dict[str, Any]) -> Decision:
        """Take an application, give it a code, and open a dossier where it is one."""
        match body["kind"]:
            case "dossier":
                return self._open(body)
            case "report":
                return self._with_papers(body, Decision("ACCEPTED", self._code("PA")))
            case "traffic_fine":
                return self.police.pay(body)
            case "health_insurance":
                if not body["members"] or not isinstance(body["amount"], int):
                    raise ValueError("no members, or no amount")
                return Decision("ACCEPTED", f"{self._now():%m%d%H/%Y}/{self._count():05d}")
            case "withdraw" | "supplement":
                state = 7 if body["kind"] == "withdraw" else 4
                select = "SELECT state, number FROM dossiers WHERE code = ?"
                found = self.db.execute(select, (body["code"],)).fetchone()
                if found is None or found[0] in (3, 7, 8, 9, 10):
                    words = ("Hồ sơ không còn thay đổi được.", "It can no longer be changed.")
                    return Decision("REFUSED", body["code"], words)
                if found[1] != body.get("number"):
                    words = ("Hồ sơ này do người khác nộp.", "Somebody else has filed this dossier.")
                    return Decision("REFUSED", body["code"], words)
                self.db.execute("UPDATE dossiers SET state = ? WHERE code = ?", (state, body["code"]))
                return self._with_papers(body, Decision("ACCEPTED", body["code"]))
            case _:
                raise ValueError("no such kind")

    def _open(self, body: dict[str, Any]) -> Decision:
        applicant = body["applicant"]
        if applicant["number"] == REFUSED_NUMBER:
            return Decision(
                "REFUSED",
                "",
                ("Thông tin người nộp không khớp với cơ sở dữ liệu dân cư.", "Your details do not match the register."),
            )
        code = self._code(AGENCY)
        due = working_days().after(self._now().date(), int(body["working_days"]))
        row = (code, applicant["number"], body["name_vi"], body["name_en"], body["agency"], 1, "", due.isoformat())
        self.db.execute("INSERT INTO dossiers VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        return self._with_papers(body, Decision("ACCEPTED", code, more={"appointment": due.isoformat()}))

    def _with_papers(self, body: dict[str, Any], decision: Decision) -> Decision:
        """Put the files of an application into the dossier."""
        for each in body.get("files", []):
            row = (decision.reference, each["id"], each["name"])
            self.db.execute("INSERT INTO papers VALUES (?, ?, ?)", row)
        return decision

    def papers(self, code: str) -> list[tuple[str, str]]:
        """Return the papers of a dossier or report: the name and the file's id of each."""
        return self.db.execute("SELECT name, file FROM papers WHERE code = ? ORDER BY rowid", (code,)).fetchall()

    async def _show_file(self, request: web.Request) -> web.Response:
        found = self.file(request.match_info["id"])
        if found is None:
            raise web.HTTPNotFound
        headers = web_headers({"sandbox": ""})
        return web.Response(body=found[1], content_type=found[0], headers=headers)

    def _now(self) -> datetime:
        return self._clock.now().astimezone(VIETNAM)

    def _count(self) -> int:
        return self.db.execute("SELECT count(*) FROM applications").fetchone()[0] + 1

    def _code(self, agency: str) -> str:
        return f"{agency}-{self._now():%y%m%d}-{self._count():04d}"

    async def _information(self, request: web.Request) -> web.Response:
        return web.json_response(information.bundled().model_dump(mode="json"))

    async def _tell(self, request: web.Request) -> web.Response:
        found = self._dossiers("code = ?", request.match_info["code"])
        return web.json_response(found[0]) if found else web.json_response({"error": "NO_SUCH_DOSSIER"}, status=404)

    async def _search(self, request: web.Request) -> web.Response:
        asked = await json_object(request)
        return web.json_response({"dossiers": self._dossiers("number = ?", str(asked.get("number", "")))})

    def _dossiers(self, where: str, value: str) -> list[dict[str, Any]]:
        rows = self.db.execute(
            f"SELECT code, name_vi, name_en, agency, state, note, due FROM dossiers WHERE {where} ORDER BY rowid DESC",
            (value,),
        )
        names = ("code", "name_vi", "name_en", "agency", "state", "note", "due")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def move(self, code: str, state: int, note: str = "") -> None:
        """Move a dossier on, as an officer does."""
        self.db.execute("UPDATE dossiers SET state = ?, note = ? WHERE code = ?", (state, note, code))

    async def _officer(self, request: web.Request) -> web.Response:
        rows = "".join(
            f'<form method="post" action="/officer"><b>{html.escape(each["code"])}</b> {html.escape(each["name_vi"])}'
            f'<input type="hidden" name="code" value="{html.escape(each["code"])}">'
            f'<label>Trạng thái <select name="state">{_state_options(int(each["state"]))}</select></label>'
            f'<label>Ghi chú <input name="note" value="{html.escape(each["note"])}"></label><button>Lưu</button>'
            f"{self._links(each['code'])}</form>"
            for each in self._dossiers("code <> ?", "")
        )
        reports = self.db.execute("SELECT DISTINCT code FROM papers WHERE code LIKE 'PA-%' ORDER BY code DESC")
        rows += "".join(f"<p><b>{html.escape(code)}</b>{self._links(code)}</p>" for (code,) in reports.fetchall())
        return web.Response(
            content_type="text/html",
            text=f"""<!doctype html><html lang="vi"><meta charset="utf-8"><title>Một cửa (thử nghiệm)</title>
<style>body{{font:18px sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}}form{{margin:1rem 0}}
input,select,button{{font:inherit;margin:0 .6rem}}</style>
<h1>Một cửa (thử nghiệm)</h1>{rows or "Chưa có hồ sơ"}</html>""",
        )

    def _links(self, code: str) -> str:
        links = (
            f'<a href="/officer/files/{html.escape(file)}">{html.escape(name)}</a>' for name, file in self.papers(code)
        )
        return "".join(f" · {link}" for link in links)

    async def _move(self, request: web.Request) -> web.Response:
        form = await request.post()
        state = str(form.get("state", ""))
        if state.isdigit() and 1 <= int(state) <= 10:
            self.move(str(form.get("code", "")), int(state), str(form.get("note", ""))[:500])
        raise web.HTTPSeeOther("/")


def _state_options(now: int) -> str:
    """Return the ten states as an officer chooses among them, by number and name."""
    return "".join(
        f'<option value="{number}"{" selected" if number == now else ""}>{html.escape(render(name, "vi"))}</option>'
        for number, (name, _) in STATES.items()
    )
