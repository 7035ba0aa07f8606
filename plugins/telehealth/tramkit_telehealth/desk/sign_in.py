"""Signing in and out, and the guard at the doctors' door."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tramkit import LANGUAGES, Clock, adding, web_headers
from tramkit_telehealth.desk.accounts import LONGEST, Accounts, SignedIn
from tramkit_telehealth.desk.page.words import words
from tramkit_telehealth.desk.switchboard import Switchboard

_log = logging.getLogger(__name__)

COOKIE = "tramkit_desk"
PAGE = Path(__file__).parent / "page"

FAILURES_PER_ADDRESS = 30
FAILURE_WINDOW = 300.0
"""From one address at most thirty wrong passwords in five minutes, whatever the names."""

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

    def __init__(self, accounts: Accounts, board: Switchboard, clock: Clock) -> None:
        self._accounts = accounts
        self._board = board
        self._clock = clock
        self._failures: dict[str, deque[float]] = {}
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
            web.post("/language", self._language),
        ]

    async def _desk(self, request: web.Request) -> web.StreamResponse:
        token = request.cookies.get(COOKIE, "")
        doctor = await self._accounts.doctor_of(token)
        if doctor is None:
            raise web.HTTPSeeOther("/sign-in?error=ended" if token else "/sign-in")
        return await self._render("desk.html", doctor.language, state_url="/doctor")

    async def _ask(self, request: web.Request) -> web.Response:
        return await self._render("sign_in.html", _language(request), error=request.query.get("error", ""), name="")

    async def _enter(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        name, password = str(form.get("name", ""))[:200].strip(), str(form.get("password", ""))[:1000]
        language = _language(request)
        if self._too_many(request.remote or ""):
            return await self._render("sign_in.html", language, status=429, error="locked", name=name)
        found = await self._accounts.sign_in(name, password)
        if not isinstance(found, SignedIn):
            if found != "empty":
                self._failures.setdefault(request.remote or "", deque(maxlen=FAILURES_PER_ADDRESS)).append(
                    self._clock.monotonic()
                )
                _log.warning("sign-in refused", extra={"reason": found})
            status = 429 if found == "locked" else 401
            return await self._render("sign_in.html", language, status=status, error=found, name=name)
        if "language" in request.cookies:
            await self._accounts.set_language(found.doctor, language)
        _log.info("doctor signed in", extra={"doctor": found.doctor})
        response = web.HTTPSeeOther("/")
        response.set_cookie(
            COOKIE,
            found.token,
            httponly=True,
            samesite="Strict",
            secure=request.headers.get("Origin", "").startswith("https:"),
            max_age=int(LONGEST.total_seconds()),
            path="/",
        )
        raise response

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
        html = await self._templates.get_template(template).render_async(lang=language, words=words(language), **values)
        return web.Response(text=html, content_type="text/html", status=status)

    def _too_many(self, address: str) -> bool:
        failures = self._failures.get(address)
        if not failures:
            return False
        now = self._clock.monotonic()
        while failures and now - failures[0] > FAILURE_WINDOW:
            failures.popleft()
        if not failures:
            del self._failures[address]
        return len(failures) >= FAILURES_PER_ADDRESS


def _language(request: web.Request) -> str:
    """Return the language chosen before, else the browser's, else Vietnamese."""
    chosen = request.cookies.get("language", "")
    if chosen in LANGUAGES:
        return chosen
    wanted = request.headers.get("Accept-Language", "").lower()
    return "en" if wanted.startswith("en") else "vi"
