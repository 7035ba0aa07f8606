"""A sandbox of VNeID: an OpenID provider with device authorization, and the page on the resident's phone."""

from __future__ import annotations

import base64
import binascii
import secrets
import tomllib
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import unquote_plus, urlencode

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey
from pydantic import ValidationError

from tramkit import Born, Clock, Data, SystemClock
from tramkit.sandbox import Sandbox
from tramkit_identity import phone, signatures
from tramkit_identity.provider import GRANT

SCHEMA = """
CREATE TABLE IF NOT EXISTS sign_ins (
    device_code TEXT PRIMARY KEY, user_code TEXT NOT NULL UNIQUE, client TEXT NOT NULL, nonce TEXT NOT NULL,
    state TEXT NOT NULL, number TEXT NOT NULL, until REAL NOT NULL, interval REAL NOT NULL, polled REAL NOT NULL,
    polls INTEGER NOT NULL, early INTEGER NOT NULL) STRICT;
"""
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""Of a user code: no vowels, so that no word comes about (RFC 8628, section 6.1)."""
TOKEN_SECONDS = 300
PEOPLE_FILE = Path(__file__).with_name("people.toml")

Trick = Literal[
    "slow_down", "audience", "issuer", "key", "unsigned", "symmetric", "expired", "nonce", "replay", "number"
]
"""What the provider does wrong next. ``slow_down``: asks for a longer interval. The others spoil the next ID token:
made for another client, by another issuer, with a key that is not published, without a signature, with HS256 and the
public key, out of date, for another sign-in, the one before once more, of somebody without a proper identity number."""


class Account(Data):
    """One who has an account; level as in Decree 69/2024/NĐ-CP."""

    number: str
    name: str
    born: Born
    sex: Literal["female", "male"]
    address: str
    level: Literal[1, 2]


class Tricks(Data):
    """The body of ``POST /_tricks``: one for each of the next polls or ID tokens, in order."""

    tricks: tuple[Trick, ...]


class OpenIdProvider(Sandbox):
    """The provider; its ledger is the sign-ins that it was asked for.

    :param file: its ledger.
    :param clients: who may ask, with their secret; empty: none.
    :param seconds: how long a code is good for.
    :param interval: seconds between two polls.
    :param echoes_nonce: the nonce comes back in the ID token; RFC 8628 does not promise it.
    """

    def __init__(
        self,
        file: Path,
        *,
        clock: Clock | None = None,
        clients: Mapping[str, str] | None = None,
        seconds: float = 180,
        interval: float = 2,
        echoes_nonce: bool = True,
    ) -> None:
        super().__init__(file, SCHEMA + signatures.SCHEMA)
        self._clock = clock or SystemClock()
        self._clients = dict(clients if clients is not None else {"tramkit-demo": ""})
        self._seconds, self._interval = seconds, interval
        self._echoes_nonce = echoes_nonce
        self._keys = [
            RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256", "kid": secrets.token_hex(4)}),
            ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256", "kid": secrets.token_hex(4)}),
        ]
        self._tricks: deque[Trick] = deque()
        self._before = ""
        told = tomllib.loads(PEOPLE_FILE.read_text(encoding="utf-8"))["people"]
        self.people = {each["number"]: Account.model_validate(each) for each in told}
        self.signatures = signatures.Signatures(
            self.db,
            {number: each.name for number, each in self.people.items()},
            self._clock.now,
            lambda: self.address,
            file.with_name(f"{file.stem}-signing-root.pem"),
        )
        self.app.add_routes(self.signatures.routes())
        self.app.add_routes(
            [
                web.get("/.well-known/openid-configuration", self._discovery),
                web.get("/jwks", self._tell_keys),
                web.post("/device_authorization", self._begin),
                web.post("/token", self._token),
                web.get("/", self._to_phone),
                web.get("/device", self._phone),
                web.post("/device", self._decide),
                web.post("/_tricks", self._order_tricks),
            ]
        )

    def play(self, *tricks: Trick) -> None:
        """Do these wrong next, in order."""
        self._tricks = deque(tricks)

    def decide(self, user_code: str, number: str, *, approve: bool = True) -> bool:
        """Approve or refuse a sign-in as the owner of an account does; False: there is none that waits."""
        if number not in self.people:
            return False
        done = self.db.execute(
            "UPDATE sign_ins SET state = ?, number = ? WHERE user_code = ? AND state = 'waiting' AND until > ?",
            ("approved" if approve else "refused", number, _tidy(user_code), self._now()),
        )
        return done.rowcount == 1

    def polls(self, user_code: str) -> tuple[int, int]:
        """Return how often a sign-in was asked about, and how often before its interval was over."""
        return self.db.execute("SELECT polls, early FROM sign_ins WHERE user_code = ?", (user_code,)).fetchone()

    # ── the station's side ────────────────────────────────────────────────────────────────────────────────────

    async def _discovery(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": self.address,
                "device_authorization_endpoint": f"{self.address}/device_authorization",
                "token_endpoint": f"{self.address}/token",
                "jwks_uri": f"{self.address}/jwks",
                "grant_types_supported": [GRANT],
                "response_types_supported": ["none"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256", "ES256"],
                "scopes_supported": ["openid", "profile"],
            }
        )

    async def _tell_keys(self, request: web.Request) -> web.Response:
        return web.json_response(KeySet(list(self._keys)).as_dict(private=False))

    async def _begin(self, request: web.Request) -> web.Response:
        form = await request.post()
        if (client := self._client(request, form)) is None:
            return web.json_response({"error": "invalid_client"}, status=401)
        if "openid" not in str(form.get("scope", "")).split():
            return web.json_response({"error": "invalid_scope"}, status=400)
        device_code = secrets.token_urlsafe(32)
        code = "".join(secrets.choice(LETTERS) for _letter in range(8))
        user_code = f"{code[:4]}-{code[4:]}"
        row = (device_code, user_code, client, str(form.get("nonce", "")), self._now() + self._seconds, self._interval)
        self.db.execute("INSERT INTO sign_ins VALUES (?, ?, ?, ?, 'waiting', '', ?, ?, 0, 0, 0)", row)
        return web.json_response(
            {
                "device_code": device_code,
                "user_code": user_code,
                "verification_uri": f"{self.address}/device",
                "verification_uri_complete": f"{self.address}/device?{urlencode({'user_code': user_code})}",
                "expires_in": self._seconds,
                "interval": self._interval,
            }
        )

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        if (client := self._client(request, form)) is None:
            return _error("invalid_client", 401)
        if form.get("grant_type") != GRANT:
            return _error("unsupported_grant_type")
        row = self.db.execute(
            "SELECT state, number, nonce, until, interval, polled FROM sign_ins WHERE device_code = ? AND client = ?",
            (str(form.get("device_code", "")), client),
        ).fetchone()
        if row is None or row[0] == "used":
            return _error("invalid_grant")
        state, number, nonce, until, interval, polled = row
        early = polled and self._now() < polled + interval
        slower = early or self._trick("slow_down") is not None
        self.db.execute(
            "UPDATE sign_ins SET polls = polls + 1, early = early + ?, polled = ?, interval = interval + ?"
            " WHERE device_code = ?",
            (1 if early else 0, self._now(), 5 if slower else 0, str(form["device_code"])),
        )
        if slower:
            return _error("slow_down")
        if state == "refused":
            return _error("access_denied")
        if self._now() >= until:
            return _error("expired_token")
        if state == "waiting":
            return _error("authorization_pending")
        self.db.execute("UPDATE sign_ins SET state = 'used' WHERE device_code = ?", (str(form["device_code"]),))
        token = self._id_token(client, self.people[number], nonce)
        told = {"access_token": secrets.token_urlsafe(24), "token_type": "Bearer", "expires_in": TOKEN_SECONDS}
        return web.json_response({**told, "id_token": token}, headers={"Cache-Control": "no-store"})

    def _client(self, request: web.Request, form: Mapping[str, Any]) -> str | None:
        """Return who asks (RFC 6749, section 2.3.1); None: nobody that is known."""
        scheme, _space, basic = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            try:
                id, _colon, secret = base64.b64decode(basic, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return None
            client, secret = unquote_plus(id), unquote_plus(secret)
        else:
            client, secret = str(form.get("client_id", "")), ""
        return client if secrets.compare_digest(self._clients.get(client, "\0").encode(), secret.encode()) else None

    def _trick(self, *which: Trick) -> Trick | None:
        return self._tricks.popleft() if self._tricks and self._tricks[0] in which else None

    def _id_token(self, client: str, account: Account, nonce: str) -> str:
        trick = self._trick(*(each for each in get_args(Trick) if each != "slow_down"))
        if trick == "replay":
            return self._before
        now = int(self._clock.now().timestamp()) - (2 * TOKEN_SECONDS if trick == "expired" else 0)
        claims = {
            "iss": "https://elsewhere.example.vn" if trick == "issuer" else self.address,
            "sub": secrets.token_hex(12),
            "aud": "another-client" if trick == "audience" else client,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "acr": f"vneid:level{account.level}",
            "personal_id": account.number[:-1] if trick == "number" else account.number,
            "name": account.name,
            "birthdate": account.born.isoformat(),
            "gender": account.sex,
            "address": {"formatted": account.address},
        }
        if nonce and self._echoes_nonce:
            claims["nonce"] = secrets.token_urlsafe(24) if trick == "nonce" else nonce
        self._before = self._sign(claims, trick)
        return self._before

    def _sign(self, claims: dict[str, Any], trick: Trick | None) -> str:
        """Sign with one of the published keys, in turn, unless a trick says otherwise."""
        key = self._keys[0]
        self._keys.reverse()
        header = {"alg": key.get("alg"), "kid": key.kid}
        if trick == "key":
            forged = RSAKey.generate_key(2048)
            return jwt.encode({"alg": "RS256", "kid": self._published("RSA")}, claims, forged)
        if trick == "unsigned":
            payload = jwt.encode(header, claims, key).split(".")[1]
            unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
            return f"{unsigned}.{payload}."
        if trick == "symmetric":
            rsa = next(each for each in self._keys if isinstance(each, RSAKey))
            public = OctKey.import_key(rsa.as_dict(private=False)["n"])  # type: ignore[arg-type]
            return jwt.encode({"alg": "HS256", "kid": rsa.kid}, claims, public)
        return jwt.encode(header, claims, key)

    def _published(self, kind: str) -> str:
        return next(each.kid or "" for each in self._keys if each.key_type == kind)

    async def _order_tricks(self, request: web.Request) -> web.Response:
        try:
            self.play(*Tricks.model_validate_json(await request.read()).tricks)
        except ValidationError as error:
            return web.json_response({"error": error.errors(include_url=False, include_input=False)}, status=400)
        return web.json_response({"done": True})

    # ── the resident's phone ──────────────────────────────────────────────────────────────────────────────────

    async def _to_phone(self, request: web.Request) -> web.Response:
        raise web.HTTPSeeOther("/device")

    async def _phone(self, request: web.Request) -> web.Response:
        language = phone.language(request.query.get("lang", ""))
        code = _tidy(request.query.get("user_code", ""))
        if not code:
            return phone.page(phone.enter(language), language)
        row = self.db.execute("SELECT client, state, until FROM sign_ins WHERE user_code = ?", (code,)).fetchone()
        if row is None:
            return phone.page(phone.enter(language, "unknown"), language, status=404)
        if row[1] == "waiting" and self._now() < row[2]:
            people = [(each.number, each.name, each.level) for each in self.people.values()]
            return phone.page(phone.choose(language, code, row[0], people), language, code)
        return phone.page(phone.told(language, row[1] if row[1] != "waiting" else "expired"), language, code)

    async def _decide(self, request: web.Request) -> web.Response:
        form = await request.post()
        code, language = _tidy(str(form.get("user_code", ""))), phone.language(str(form.get("lang", "")))
        self.decide(code, str(form.get("number", "")), approve=form.get("decision") == "approve")
        raise web.HTTPSeeOther(f"/device?{urlencode({'user_code': code, 'lang': language})}")

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _tidy(code: str) -> str:
    """Return a user code as it was given out, however it was typed."""
    letters = "".join(letter for letter in code.upper() if letter in LETTERS)
    return f"{letters[:4]}-{letters[4:]}" if len(letters) == 8 else ""


def _error(error: str, status: int = 400) -> web.Response:
    return web.json_response({"error": error}, status=status)
