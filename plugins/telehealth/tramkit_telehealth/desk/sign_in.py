"""Signing in and out, and the guard at the doctors' door."""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from yarl import URL

from tramkit import LANGUAGES, Clock, LogBudget, adding, web_headers
from tramkit_telehealth.desk.accounts import DEVICE_KNOWN, LONGEST, Accounts, SignedIn, SignInTrouble
from tramkit_telehealth.desk.attempts import TooManyError
from tramkit_telehealth.desk.clients import TrustedProxies
from tramkit_telehealth.desk.page.words import words
from tramkit_telehealth.desk.passkeys import PasskeyError, Passkeys
from tramkit_telehealth.desk.passwords import PasswordError
from tramkit_telehealth.desk.switchboard import Switchboard
from tramkit_telehealth.desk.tables import DoctorRow

_log = logging.getLogger(__name__)

COOKIE = "tramkit_desk"
PAGE = Path(__file__).parent / "page"

PENDING_COOKIE = "tramkit_desk_pending"
"""Of a browser in which a password was right and the passkey is still asked for."""

DEVICE_COOKIE = "tramkit_desk_device"
"""Marks a browser in which a doctor has signed in before; it lets nobody in."""

HEADERS = web_headers(
    {
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "media-src": "'self' blob:",
        "form-action": "'self'",
    },
    referrer="same-origin",
    camera=True,
    microphone=True,
)
add_headers = adding(HEADERS)
"""Puts the security headers on an answer."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Guard:
    """Lets browsers in only by the desk's own addresses and from its own pages.

    Against DNS rebinding the Host must be one of ours; against foreign pages (CSRF, WebSocket hijacking) whatever
    changes something, and each WebSocket, must bear one of our origins.

    :ivar origins: the desk's own addresses.
    """

    def __init__(self, origins: Sequence[str]) -> None:
        self.origins = set(origins)

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse what does not come from one of our pages; kiosks come with a key and from nowhere."""
        if request.path == "/kiosk":
            return await handler(request)
        hosts = {urlsplit(origin).netloc for origin in self.origins}
        if request.host not in hosts:
            _log.warning("foreign host refused")
            raise web.HTTPMisdirectedRequest(text="The desk is not at this address.")
        changes = request.method not in ("GET", "HEAD") or request.headers.get("Upgrade", "").lower() == "websocket"
        if changes and request.headers.get("Origin") not in self.origins:
            _log.warning("foreign origin refused")
            raise web.HTTPForbidden(text="This comes from another page than the desk's own.")
        return await handler(request)


class SignIn:
    """The pages of the desk that are made on the server."""

    def __init__(
        self,
        accounts: Accounts,
        board: Switchboard,
        clock: Clock,
        proxies: TrustedProxies,
        passkeys: Passkeys,
        origins: Callable[[], Iterable[str]],
    ) -> None:
        self._accounts = accounts
        self._passkeys = passkeys
        self._origins = origins
        self._board = board
        self._proxies = proxies
        self._refusals = LogBudget(clock)
        self._templates = Environment(
            loader=FileSystemLoader(PAGE / "templates"), autoescape=True, undefined=StrictUndefined, enable_async=True
        )

    def routes(self) -> list[web.RouteDef]:
        """Return what is served."""
        return [
            web.get("/", self._desk),
            web.get("/sign-in", self._ask),
            web.post("/sign-in", self._enter),
            web.post("/sign-out", self._leave),
            web.get("/account", self._account),
            web.post("/account/password", self._change),
            web.get("/sign-in/passkey", self._ask_passkey),
            web.post("/sign-in/passkey", self._take_passkey),
            web.post("/account/passkey/options", self._passkey_options),
            web.post("/account/passkey", self._add_passkey),
            web.post("/account/passkey/remove", self._remove_passkey),
            web.post("/account/sign-out-everywhere", self._leave_everywhere),
            web.post("/language", self._language),
        ]

    async def _desk(self, request: web.Request) -> web.StreamResponse:
        token = request.cookies.get(COOKIE, "")
        doctor = await self._accounts.doctor_of(token)
        if doctor is None:
            raise web.HTTPSeeOther("/sign-in?error=ended" if token else "/sign-in")
        if await self._accounts.kept_out(doctor):
            raise web.HTTPSeeOther("/account")
        return await self._render("desk.html", doctor.language, state_url="/doctor")

    async def _ask(self, request: web.Request) -> web.Response:
        return await self._render("sign_in.html", _language(request), error=request.query.get("error", ""), name="")

    async def _enter(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        name, password = str(form.get("name", ""))[:200].strip(), str(form.get("password", ""))[:1000]
        language = _language(request)
        client, device = self._proxies.client_of(request), request.cookies.get(DEVICE_COOKIE, "")
        try:
            found = await self._check(name, password, client, device)
        except TooManyError as busy:
            await self._log_refusal("waits", name, client)
            return await self._wait(language, busy, name=name)
        if isinstance(found, str):
            if found != "empty":
                await self._log_refusal(found, name, client)
            return await self._render("sign_in.html", language, status=401, error=found, name=name)
        if await self._passkeys.of(found.id):
            response = web.HTTPSeeOther("/sign-in/passkey")
            mark = await self._passkeys.ask(found.id, device)
            response.set_cookie(
                PENDING_COOKIE, mark, httponly=True, samesite="Strict", secure=_secure(request), path="/"
            )
            raise response
        raise await self._begin(request, found.id, device)

    async def _check(self, name: str, password: str, client: str, device: str) -> DoctorRow | SignInTrouble:
        if not name or not password:
            return "empty"
        return await self._accounts.check(name, password, client=client, device=device) or "wrong"

    async def _begin(self, request: web.Request, doctor: str, device: str) -> web.HTTPSeeOther:
        """Begin a session; return the way to the desk."""
        found = await self._accounts.begin(doctor, device)
        if "language" in request.cookies:
            await self._accounts.set_language(doctor, _language(request))
        _log.info("doctor signed in", extra={"doctor": doctor, "client": self._proxies.client_of(request)})
        return self._let_in(request, found)

    # ── passkeys ──────────────────────────────────────────────────────────────────────────────────────────

    async def _ask_passkey(self, request: web.Request) -> web.StreamResponse:
        try:
            options = await self._passkeys.options(request.cookies.get(PENDING_COOKIE, ""), self._origin(request))
        except PasskeyError:
            raise web.HTTPSeeOther("/sign-in") from None
        return await self._render("passkey.html", _language(request), options=options.replace("<", "\\u003c"))

    async def _take_passkey(self, request: web.Request) -> web.StreamResponse:
        mark, said = request.cookies.get(PENDING_COOKIE, ""), words(_language(request))
        try:
            doctor, device = await self._passkeys.proven(mark, request.headers["Origin"], await _json(request))
        except PasskeyError as problem:
            if (left_out := self._refusals.take()) is not None:
                extra = {"reason": str(problem), "client": self._proxies.client_of(request), "left_out": left_out}
                _log.warning("passkey refused", extra=extra)
            return web.json_response({"words": said["passkey.error"]}, status=401)
        way = await self._begin(request, doctor, device)
        response = web.json_response({"to": str(way.location)})
        response.cookies.update(way.cookies)
        response.del_cookie(PENDING_COOKIE, path="/")
        return response

    async def _passkey_options(self, request: web.Request) -> web.StreamResponse:
        doctor = await self._accounts.doctor_of(request.cookies.get(COOKIE, ""))
        if doctor is None or doctor.must_change:
            return web.json_response({"words": ""}, status=401)
        said, client = words(doctor.language), self._proxies.client_of(request)
        password = str((await _json(request)).get("password", ""))[:1000]
        try:
            await self._accounts.confirm(doctor, password, client=client)
            mark, options = await self._passkeys.enrol(doctor, request.headers["Origin"])
        except PermissionError:
            await self._log_refusal("wrong at passkey", doctor.id, client)
            return web.json_response({"words": said["account.error.old"]}, status=401)
        except TooManyError as busy:
            text = said["account.error.wait"].replace("{seconds}", str(math.ceil(busy.wait)))
            return web.json_response({"words": text}, status=429)
        except PasskeyError:
            return web.json_response({"words": said["passkey.error"]}, status=400)
        return web.json_response({"mark": mark, "options": options})

    async def _add_passkey(self, request: web.Request) -> web.StreamResponse:
        doctor = await self._accounts.doctor_of(request.cookies.get(COOKIE, ""))
        if doctor is None:
            return web.json_response({"words": ""}, status=401)
        body = await _json(request)
        credential: Any = body.get("credential")
        try:
            if not isinstance(credential, dict):
                raise PasskeyError("malformed")
            await self._passkeys.enrolled(
                str(body.get("mark", "")),
                doctor.id,
                request.headers["Origin"],
                cast(dict[str, Any], credential),
                str(body.get("label", "")),
            )
        except PasskeyError:
            return web.json_response({"words": words(doctor.language)["passkey.error"]}, status=400)
        _log.info("passkey added", extra={"doctor": doctor.id, "client": self._proxies.client_of(request)})
        return web.json_response({"done": True})

    async def _remove_passkey(self, request: web.Request) -> web.StreamResponse:
        doctor = await self._accounts.doctor_of(request.cookies.get(COOKIE, ""))
        if doctor is None:
            raise web.HTTPSeeOther("/sign-in")
        form, client = await request.post(), self._proxies.client_of(request)
        try:
            await self._accounts.confirm(doctor, str(form.get("password", ""))[:1000], client=client)
        except PermissionError:
            await self._log_refusal("wrong at passkey", doctor.id, client)
            return await self._render_account(doctor, status=401, error="old")
        except TooManyError as busy:
            return await self._render_account(doctor, status=429, error="wait", seconds=str(math.ceil(busy.wait)))
        if id := str(form.get("id", "")):
            await self._passkeys.remove(doctor.id, id)
            _log.info("passkey removed", extra={"doctor": doctor.id, "client": client})
        raise web.HTTPSeeOther("/account")

    def _origin(self, request: web.Request) -> str:
        """Return the origin of the page that a request is for; its Host is one of the desk's own."""
        return next((each for each in self._origins() if URL(each).authority == request.host), f"http://{request.host}")

    def _let_in(self, request: web.Request, found: SignedIn) -> web.HTTPSeeOther:
        """Return the way to the desk, with the cookies of session and browser."""
        response = web.HTTPSeeOther("/account" if found.must_change else "/")
        for name, value, age in (
            (COOKIE, found.token, LONGEST),
            (DEVICE_COOKIE, found.device, DEVICE_KNOWN),
        ):
            seconds = int(age.total_seconds())
            response.set_cookie(
                name, value, httponly=True, samesite="Strict", secure=_secure(request), max_age=seconds, path="/"
            )
        return response

    async def _wait(self, language: str, busy: TooManyError, **values: str) -> web.Response:
        """Say after how many seconds the next attempt is heard (RFC 6585 §4)."""
        seconds = math.ceil(busy.wait)
        answer = await self._render("sign_in.html", language, status=429, error="wait", seconds=str(seconds), **values)
        answer.headers["Retry-After"] = str(seconds)
        return answer

    async def _log_refusal(self, reason: str, name: str, client: str) -> None:
        """Log whose account and from where; a name that is no account's may be a password typed too early."""
        account = name if await self._accounts.exists(name) else "(none)"
        if (left_out := self._refusals.take()) is not None:
            extra = {"reason": reason, "account": account, "client": client, "left_out": left_out}
            _log.warning("sign-in refused", extra=extra)

    # ── the doctor's own account ──────────────────────────────────────────────────────────────────────────

    async def _account(self, request: web.Request) -> web.StreamResponse:
        doctor = await self._accounts.doctor_of(request.cookies.get(COOKIE, ""))
        if doctor is None:
            raise web.HTTPSeeOther("/sign-in")
        return await self._render_account(doctor, done=request.query.get("done", ""))

    async def _render_account(
        self, doctor: DoctorRow, *, status: int = 200, error: str = "", done: str = "", seconds: str = ""
    ) -> web.Response:
        must = "yes" if doctor.must_change else ""
        kept_out = "yes" if await self._accounts.kept_out(doctor) else ""
        keys = [{"id": each.id, "label": each.label} for each in await self._passkeys.of(doctor.id)]
        values: dict[str, Any] = {
            "name": doctor.name,
            "must": must,
            "kept_out": kept_out,
            "passkeys": keys,
            "error": error,
            "done": done,
            "seconds": seconds,
        }
        return await self._render("account.html", doctor.language, status=status, **values)

    async def _change(self, request: web.Request) -> web.StreamResponse:
        token = request.cookies.get(COOKIE, "")
        doctor = await self._accounts.doctor_of(token)
        if doctor is None:
            raise web.HTTPSeeOther("/sign-in")
        form = await request.post()
        old, new, again = (str(form.get(name, ""))[:1000] for name in ("old", "new", "again"))
        client = self._proxies.client_of(request)
        if new != again:
            return await self._render_account(doctor, status=400, error="differ")
        try:
            await self._accounts.change_password(doctor.id, old, new, client=client, keep=token)
        except PermissionError:
            await self._log_refusal("wrong at change", doctor.id, client)
            return await self._render_account(doctor, status=401, error="old")
        except PasswordError:
            return await self._render_account(doctor, status=400, error="weak")
        except TooManyError as busy:
            return await self._render_account(doctor, status=429, error="wait", seconds=str(math.ceil(busy.wait)))
        _log.info("password changed", extra={"doctor": doctor.id, "client": client})
        raise web.HTTPSeeOther("/account?done=password")

    async def _leave_everywhere(self, request: web.Request) -> web.StreamResponse:
        doctor = await self._accounts.doctor_of(request.cookies.get(COOKIE, ""))
        if doctor is None:
            raise web.HTTPSeeOther("/sign-in")
        await self._accounts.sign_out_everywhere(doctor.id)
        await self._board.sign_out(doctor.id)
        _log.info("signed out everywhere", extra={"doctor": doctor.id})
        raise web.HTTPSeeOther("/sign-in")

    async def _leave(self, request: web.Request) -> web.StreamResponse:
        token = request.cookies.get(COOKIE, "")
        doctor = await self._accounts.doctor_of(token)
        if doctor is not None:
            await self._accounts.sign_out(token)
            await self._board.sign_out(doctor.id)
        response = web.HTTPSeeOther("/sign-in")
        response.del_cookie(COOKIE, path="/")
        raise response

    async def _language(self, request: web.Request) -> web.StreamResponse:
        language = str((await request.post()).get("lang", ""))
        if language not in LANGUAGES:
            raise web.HTTPBadRequest(text="The desk speaks: " + ", ".join(LANGUAGES))
        doctor = await self._accounts.doctor_of(request.cookies.get(COOKIE, ""))
        if doctor is not None:
            await self._accounts.set_language(doctor.id, language)
        response = web.HTTPSeeOther("/" if doctor is not None else "/sign-in")
        response.set_cookie("language", language, samesite="Strict", httponly=True, path="/")
        raise response

    async def _render(self, template: str, language: str, *, status: int = 200, **values: Any) -> web.Response:
        values = {"seconds": ""} | values
        html = await self._templates.get_template(template).render_async(lang=language, words=words(language), **values)
        return web.Response(text=html, content_type="text/html", status=status)


def _secure(request: web.Request) -> bool:
    return request.headers.get("Origin", "").startswith("https:")


async def _json(request: web.Request) -> dict[str, Any]:
    """Return a JSON object that a page of the desk has sent; empty: it is none."""
    try:
        found: Any = await request.json()
    except ValueError:
        return {}
    return cast(dict[str, Any], found) if isinstance(found, dict) else {}


def _language(request: web.Request) -> str:
    """Return the language chosen before, else the browser's, else Vietnamese."""
    chosen = request.cookies.get("language", "")
    if chosen in LANGUAGES:
        return chosen
    wanted = request.headers.get("Accept-Language", "").lower()
    return "en" if wanted.startswith("en") else "vi"
