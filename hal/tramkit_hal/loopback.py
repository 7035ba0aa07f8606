"""The door of a page that the station serves to a browser on the same machine.

A server on loopback can still be reached by any web page in any browser of that machine: by a name that resolves
to 127.0.0.1 (DNS rebinding), by a form or a fetch (CSRF), by a foreign WebSocket. Host, Origin, ``Sec-Fetch-Site``
and a secret cookie close these ways; the headers keep a page from loading or running anything but the server's own.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from tramkit_hal.ui.web_headers import adding, web_headers

HEADERS = web_headers(
    {
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
    }
)
"""On every answer."""
add_headers = adding(HEADERS)
"""Puts them there; for ``app.on_response_prepare``."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_log = logging.getLogger(__name__)


def loopback_address(host: str) -> str:
    """Return an address that only this machine can reach.

    :raises ValueError: any other address, or a name.
    """
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ValueError("this is served on a loopback address only, such as 127.0.0.1")
    return host


def fixed_token(token: str) -> str:
    """Return a secret that an operator has fixed; it stands in an address and a cookie, so it is plain and long.

    :raises ValueError: too short, or with other characters.
    """
    if len(token) < 24 or not token.isascii() or not token.replace("-", "_").isidentifier():
        raise ValueError("a fixed token has at least 24 letters, digits, - or _, and begins with a letter")
    return token


class Guard:
    """Lets only a browser in that was opened with this boot's secret, and only from the server's own pages.

    Give :attr:`middleware` and :func:`add_headers` to the application, and set :attr:`port` once it listens.

    :param name: what is served, for the cookie: cookies know no ports, and two servers share a machine.
    :param host: the address the server listens on.
    :param token: the secret of this boot.
    :param public: paths of files that are the same for everybody.
    :param closed_page: makes the HTML for a browser without the secret.
    """

    def __init__(
        self,
        name: str,
        host: str,
        token: str,
        *,
        public: frozenset[str] = frozenset(),
        closed_page: Callable[[], str] | None = None,
    ) -> None:
        self.name = name
        self.host = f"[{host}]" if ":" in host else host
        self.token = token
        self.port = 0
        self._public = public
        self._closed_page = closed_page

    @property
    def cookie(self) -> str:
        """The name of the cookie that holds the secret."""
        return f"tramkit_{self.name}_{self.port}"

    @property
    def address(self) -> str:
        """Where the browser is opened; the secret in it is exchanged for the cookie at once."""
        return f"http://{self.host}:{self.port}/?token={self.token}"

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let the request in or answer 403 in plain words."""
        reason = self.foreign(request)
        if reason:
            _log.warning("request refused", extra={"server": self.name, "reason": reason})
            return web.Response(status=403, text=f"403 Forbidden: {reason}.\n")
        if request.path in self._public:
            return await handler(request)
        token = request.query.get("token")
        if request.path == "/" and token is not None and self._same(token):
            return self._let_in()
        if not self._same(request.cookies.get(self.cookie, "")):
            if request.path == "/" and self._closed_page is not None:
                return web.Response(status=403, text=self._closed_page(), content_type="text/html")
            text = "403 Forbidden: open the address with the token that the station printed when it started.\n"
            return web.Response(status=403, text=text)
        return await handler(request)

    def foreign(self, request: web.Request) -> str:
        """Return why the request comes from somewhere else; empty: it does not."""
        own = {f"{self.host}:{self.port}", f"localhost:{self.port}"}
        host = request.headers.get("Host", "")
        if host not in own or len(request.headers.getall("Host")) != 1:
            return "the server answers only to its own address"
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
