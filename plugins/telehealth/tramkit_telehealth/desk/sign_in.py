"""Signing in and out, and the guard at the doctors' door."""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tramkit_hal.device.clock import Clock
from tramkit_hal.ui.serving import LogBudget
from tramkit_hal.words import LANGUAGES
from tramkit_telehealth.desk.accounts import DEVICE_KNOWN, LONGEST, Accounts, SignedIn
from tramkit_telehealth.desk.attempts import TooManyError
from tramkit_telehealth.desk.clients import TrustedProxies
from tramkit_telehealth.desk.page.words import words
from tramkit_telehealth.desk.passwords import PasswordError
from tramkit_telehealth.desk.switchboard import Switchboard
from tramkit_telehealth.desk.tables import DoctorRow

_log = logging.getLogger(__name__)

COOKIE = "tramkit_desk"
PAGE = Path(__file__).parent / "page"

DEVICE_COOKIE = "tramkit_desk_device"
"""Marks a browser in which a doctor has signed in before; it lets nobody in."""

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "media-src 'self' blob:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Content-Security-Policy (W3C CSP 3): nothing inline, nothing from elsewhere, no framing."""

HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer a form would be posted with the origin "null"
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=()",
    "Server": "tramkit",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Put the security headers on an answer."""
    for name, value in HEADERS.items():
        response.headers[name] = value


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

    def __init__(self, accounts: Accounts, board: Switchboard, clock: Clock, proxies: TrustedProxies) -> None:
        self._accounts = accounts
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
            web.post("/account/sign-out-everywhere", self._leave_everywhere),
            web.post("/language", self._language),
        ]

    async def _desk(self, request: web.Request) -> web.StreamResponse:
        token = request.cookies.get(COOKIE, "")
        doctor = await self._accounts.doctor_of(token)
        if doctor is None:
            raise web.HTTPSeeOther("/sign-in?error=ended" if token else "/sign-in")
        if doctor.must_change:
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
            found = await self._accounts.sign_in(name, password, client=client, device=device)
        except TooManyError as busy:
            await self._log_refusal("waits", name, client)
            return await self._wait(language, busy, name=name)
        if not isinstance(found, SignedIn):
            if found != "empty":
                await self._log_refusal(found, name, client)
            return await self._render("sign_in.html", language, status=401, error=found, name=name)
        if "language" in request.cookies:
            await self._accounts.set_language(found.doctor, language)
        _log.info("doctor signed in", extra={"doctor": found.doctor, "client": client})
        raise self._let_in(request, found)

    def _let_in(self, request: web.Request, found: SignedIn) -> web.HTTPSeeOther:
        """Return the way to the desk, with the cookies of session and browser."""
        response = web.HTTPSeeOther("/account" if found.must_change else "/")
        secure = request.headers.get("Origin", "").startswith("https:")
        for name, value, age in (
            (COOKIE, found.token, LONGEST),
            (DEVICE_COOKIE, found.device, DEVICE_KNOWN),
        ):
            seconds = int(age.total_seconds())
            response.set_cookie(name, value, httponly=True, samesite="Strict", secure=secure, max_age=seconds, path="/")
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
        values = {"name": doctor.name, "must": must, "error": error, "done": done, "seconds": seconds}
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

    async def _render(self, template: str, language: str, *, status: int = 200, **values: str) -> web.Response:
        values = {"seconds": ""} | values
        html = await self._templates.get_template(template).render_async(lang=language, words=words(language), **values)
        return web.Response(text=html, content_type="text/html", status=status)


def _language(request: web.Request) -> str:
    """Return the language chosen before, else the browser's, else Vietnamese."""
    chosen = request.cookies.get("language", "")
    if chosen in LANGUAGES:
        return chosen
    wanted = request.headers.get("Accept-Language", "").lower()
    return "en" if wanted.startswith("en") else "vi"
