"""The sandbox's digital signature: forms that stations hand over, signed on the resident's phone with a certificate."""

from __future__ import annotations

import base64
import hashlib
import html
import secrets
import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tramkit.sandbox import json_object
from tramkit_identity import phone

SCHEMA = """
CREATE TABLE IF NOT EXISTS signatures (
    id TEXT PRIMARY KEY, code TEXT NOT NULL UNIQUE, client TEXT NOT NULL, title TEXT NOT NULL, form TEXT NOT NULL,
    signer TEXT NOT NULL, state TEXT NOT NULL, signature TEXT NOT NULL, certificate TEXT NOT NULL, until REAL NOT NULL
    ) STRICT;
"""
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
MAX_FORM = 200_000
WORDS: dict[str, tuple[str, str]] = {
    "question": ("Ký tờ khai này?", "Sign this form?"),
    "compare": (
        "Chỉ ký khi đang đứng trước trạm và mã dưới đây giống mã trên màn hình.",
        "Sign only if you stand before the station and its screen shows these letters.",
    ),
    "sign": ("Ký số", "Sign"),
    "refuse": ("Từ chối", "Refuse"),
    "signed": ("Đã ký. Mời ông/bà nhìn lên màn hình của trạm.", "Signed. Please look at the station's screen."),
    "refused": ("Đã từ chối. Tờ khai không được ký.", "Refused. The form is not signed."),
    "expired": ("Mã đã hết hạn.", "The code has run out."),
    "unknown": ("Không có mã này.", "There is no such code."),
}


class Signatures:
    """The signing part of the sandbox.

    :param db: the sandbox's ledger.
    :param people: name of each account, by its number.
    :param now: the time.
    :param address: of the sandbox.
    :param publish: the root's certificate is written here, for stations that are to believe it.
    :param seconds: how long a form waits.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        people: Mapping[str, str],
        now: Callable[[], datetime],
        address: Callable[[], str],
        publish: Path,
        seconds: float = 300,
    ) -> None:
        self._db, self._people, self._now, self._address, self._seconds = db, people, now, address, seconds
        self._root_key = ec.generate_private_key(ec.SECP256R1())
        self._root = self._certificate("Tramkit sandbox root", "", self._root_key, authority=True)
        publish.write_bytes(self._root.public_bytes(serialization.Encoding.PEM))
        self.forges: bool = False
        """True: what is signed next is another form than was handed over."""

    def routes(self) -> list[web.RouteDef]:
        """Return what the sandbox answers to."""
        return [
            web.post("/signatures", self._begin),
            web.get("/signatures/{id}", self._tell),
            web.get("/sign", self._phone),
            web.post("/sign", self._decide),
        ]

    def decide(self, code: str, *, sign: bool = True, signer: str = "") -> bool:
        """Sign or refuse as the owner of an account does on the phone; False: no form with this code waits.

        :param signer: who signs; empty: whom the form is for.
        """
        row = self._db.execute(
            "SELECT id, form, signer FROM signatures WHERE code = ? AND state = 'waiting' AND until > ?",
            (code, self._now().timestamp()),
        ).fetchone()
        if row is None:
            return False
        id, form, wanted = row
        if not sign:
            self._db.execute("UPDATE signatures SET state = 'refused' WHERE id = ?", (id,))
            return True
        key = ec.generate_private_key(ec.SECP256R1())
        who = signer or wanted
        certificate = self._certificate(self._people.get(who, "?"), who, key, authority=False)
        what = (form + ("x" if self.forges else "")).encode()
        signature = base64.b64encode(key.sign(what, ec.ECDSA(hashes.SHA256()))).decode()
        pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
        self._db.execute(
            "UPDATE signatures SET state = 'signed', signature = ?, certificate = ? WHERE id = ?", (signature, pem, id)
        )
        return True

    def _certificate(
        self, name: str, number: str, key: ec.EllipticCurvePrivateKey, *, authority: bool
    ) -> x509.Certificate:
        subject = [x509.NameAttribute(NameOID.COMMON_NAME, name[:64])]
        if number:
            subject.append(x509.NameAttribute(NameOID.USER_ID, f"CCCD:{number}"))
        issuer = x509.Name(subject) if authority else self._root.subject
        today = self._now()
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name(subject))
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(today - timedelta(days=1))
            .not_valid_after(today + timedelta(days=365 if authority else 1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        return builder.sign(self._root_key, hashes.SHA256())

    async def _begin(self, request: web.Request) -> web.Response:
        asked = await json_object(request)
        form, signer = str(asked.get("form", "")), str(asked.get("signer", ""))
        if not form or len(form) > MAX_FORM or hashlib.sha256(form.encode()).hexdigest() != asked.get("sha256"):
            return web.json_response({"error": "MALFORMED"}, status=400)
        letters = "".join(secrets.choice(LETTERS) for _letter in range(8))
        id, code = secrets.token_urlsafe(24), f"{letters[:4]}-{letters[4:]}"
        until = self._now().timestamp() + self._seconds
        row = (id, code, str(asked.get("client", ""))[:80], str(asked.get("title", ""))[:200], form, signer, until)
        self._db.execute("INSERT INTO signatures VALUES (?, ?, ?, ?, ?, ?, 'waiting', '', '', ?)", row)
        link = f"{self._address()}/sign?{urlencode({'code': code})}"
        return web.json_response({"id": id, "code": link, "spoken": code, "seconds": self._seconds}, status=201)

    async def _tell(self, request: web.Request) -> web.Response:
        row = self._db.execute(
            "SELECT state, signature, certificate, until FROM signatures WHERE id = ?", (request.match_info["id"],)
        ).fetchone()
        if row is None:
            return web.json_response({"error": "NO_SUCH_REQUEST"}, status=404)
        state = "expired" if row[0] == "waiting" and row[3] <= self._now().timestamp() else row[0]
        certificates = [row[2]] if row[2] else []
        return web.json_response({"state": state, "signature": row[1], "certificates": certificates})

    # ── the resident's phone ──────────────────────────────────────────────────────────────────────────────────

    async def _phone(self, request: web.Request) -> web.Response:
        language = phone.language(request.query.get("lang", ""))
        code = request.query.get("code", "").upper()
        row = self._db.execute(
            "SELECT client, form, signer, state, until FROM signatures WHERE code = ?", (code,)
        ).fetchone()
        if row is None:
            return phone.page(f'<h1 role="status">{_word(language, "unknown")}</h1>', language, status=404)
        client, form, signer, state, until = row
        if state == "waiting" and self._now().timestamp() < until:
            return phone.page(self._question(language, code, client, form, signer), language)
        said = _word(language, "expired" if state == "waiting" else state)
        return phone.page(f'<h1 role="status">{said}</h1>', language)

    def _question(self, language: phone.Language, code: str, client: str, form: str, signer: str) -> str:
        name = html.escape(self._people.get(signer, signer))
        return (
            f"<h1>{_word(language, 'question')}</h1><p>{_word(language, 'compare')}</p>"
            f'<strong class="code">{html.escape(code)}</strong><p>{name}<br><small>{html.escape(client)}</small></p>'
            f'<pre style="white-space:pre-wrap;background:#fff;padding:.8rem">{html.escape(form)}</pre>'
            f'<form method="post" action="/sign"><input type="hidden" name="lang" value="{language}">'
            f'<input type="hidden" name="code" value="{html.escape(code)}">'
            f'<button name="decision" value="sign">{_word(language, "sign")}</button>'
            f'<button class="no" name="decision" value="refuse">{_word(language, "refuse")}</button></form>'
        )

    async def _decide(self, request: web.Request) -> web.Response:
        form = await request.post()
        code, language = str(form.get("code", "")), phone.language(str(form.get("lang", "")))
        self.decide(code, sign=form.get("decision") == "sign")
        raise web.HTTPSeeOther(f"/sign?{urlencode({'code': code, 'lang': language})}")


def _word(language: phone.Language, key: str) -> str:
    return WORDS[key][0 if language == "vi" else 1]
