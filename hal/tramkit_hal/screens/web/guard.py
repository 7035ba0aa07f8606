"""The door of the web screen: only the station's own browser, from the station's own pages, comes in.

The server listens on loopback, where any web page in any browser of the machine could still reach it: by a name
that resolves to 127.0.0.1 (DNS rebinding), by a form or a fetch (CSRF), by a foreign WebSocket. Host, Origin,
``Sec-Fetch-Site`` and a secret cookie close these ways.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)

HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

PUBLIC = frozenset({"/palettes.css", "/screen.css", "/landscape.css", "/sizes.css", "/screen.js", "/icon.svg"})
"""Files that are the same for everybody."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_log = logging.getLogger(__name__)


class Guard:
    """Checks each request.

    :param host: the address the server listens on.
    :param token: the secret of this boot.
    :param closed_page: makes the page for a browser without the secret.
    """

    def __init__(self, host: str, token: str, closed_page: Callable[[], str]) -> None:
        self.host = f"[{host}]" if ":" in host else host
        self.token = token
        self.port = 0
        self._closed_page = closed_page

    @property
    def cookie(self) -> str:
        """The cookie's name: cookies know no ports, and two stations may share a machine."""
        return f"tramkit_screen_{self.port}"

    @property
    def address(self) -> str:
        """Where the station's browser opens the screen."""
        return f"http://{self.host}:{self.port}/?token={self.token}"

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let the request in or answer 403 in plain words."""
        reason = self._foreign(request)
        if reason:
            _log.warning("request refused", extra={"reason": reason})
            return web.Response(status=403, text=f"403 Forbidden: {reason}.\n")
        if request.path in PUBLIC:
            return await handler(request)
        token = request.query.get("token")
        if request.path == "/" and token is not None and self._same(token):
            return self._let_in()
        if not self._same(request.cookies.get(self.cookie, "")):
            if request.path == "/":
                return web.Response(status=403, text=self._closed_page(), content_type="text/html")
            return web.Response(status=403, text="403 Forbidden: this browser has not opened the screen.\n")
        return await handler(request)

    def _foreign(self, request: web.Request) -> str:
        """Return why the request comes from somewhere else; empty: it does not."""
        own = {f"{self.host}:{self.port}", f"localhost:{self.port}"}
        host = request.headers.get("Host", "")
        if host not in own or len(request.headers.getall("Host")) != 1:
            return "the screen answers only to its own address"
        origin = request.headers.get("Origin")
        needs_origin = request.method not in ("GET", "HEAD") or "Upgrade" in request.headers
        if origin != f"http://{host}" and (origin is not None or needs_origin):
            return "the request comes from another site"
        site = request.headers.get("Sec-Fetch-Site", "same-origin")
        opened = request.path == "/" and request.headers.get("Sec-Fetch-Mode") == "navigate"
        if site not in ("same-origin", "none") and not opened:
            return "the request comes from another site"
        return ""

    def _same(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(errors="replace"), self.token.encode())

    def _let_in(self) -> web.Response:
        response = web.Response(status=303, headers={"Location": "/"})
        response.set_cookie(self.cookie, self.token, httponly=True, samesite="Strict", path="/")
        return response


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Put the security headers on every answer."""
    response.headers.update(HEADERS)
    response.headers["Server"] = "tramkit"
