"""The headers of every page that a station, its desk or a stand-in serves: what a browser is not to do with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web

CLOSED = {"default-src": "'none'", "form-action": "'none'", "frame-ancestors": "'none'", "base-uri": "'none'"}
"""Content-Security-Policy (W3C CSP 3) of a page that loads nothing, sends nothing and stands in no other page."""


def web_headers(
    policy: Mapping[str, str], *, referrer: str = "no-referrer", camera: bool = False, microphone: bool = False
) -> dict[str, str]:
    """Return the headers of a page.

    :param policy: directives of its Content-Security-Policy beside :data:`CLOSED`, or instead of one there.
    :param referrer: its Referrer-Policy; with ``no-referrer`` a form is posted with the origin "null" (Fetch, 3.2).
    :param camera, microphone: it may ask its own user for them.
    """
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}".strip() for name, value in {**CLOSED, **policy}.items()),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",  # for browsers older than frame-ancestors
        "Referrer-Policy": referrer,
        "Cache-Control": "no-store",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": (
            f"camera=({'self' if camera else ''}), microphone=({'self' if microphone else ''}), geolocation=()"
        ),
        "Server": "tramkit",
    }


def adding(headers: Mapping[str, str]) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Return what puts headers on every answer of an application; for ``app.on_response_prepare``."""

    async def add(_request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(headers)

    return add
