"""What phones see of a link, and what they send: an application of its own, apart from the screen's.

It knows one link at a time and nothing else of the station. It is served in the station's process or, as it should be,
in a process of its own (see :mod:`tramkit.papers.face`).
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import BodyPartReader, web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tramkit.papers import words
from tramkit.papers.link import Link, LinkEvent
from tramkit.papers.place import Place
from tramkit.papers.problem import Made, Problem
from tramkit.papers.sending import NotTakenError, looks_like
from tramkit_hal.device.clock import Clock
from tramkit_hal.ui.serving import FaceRunner, LogBudget
from tramkit_hal.ui.web_headers import adding, web_headers
from tramkit_hal.words import LANGUAGES, Text, render

MAX_EMPTY_PARTS = 2
"""Parts of one sending beside the files: a browser sends an empty one where no file was chosen."""
SENDINGS = 20
"""Attempts that one link takes."""
SEND_SECONDS = 180.0
STRAYS = 30
"""Wrong links that one address may open in :data:`STRAY_SECONDS`."""
STRAY_SECONDS = 60.0
MAX_ADDRESSES = 500
MAX_CONNECTIONS = 64
MAX_CONNECTIONS_EACH = 12
"""Of one address; a browser opens six."""
LINGER_SECONDS = 3.0
"""How long the rest of something too large is read and thrown away, so that the phone hears why."""

HEADERS = web_headers({"style-src": "'self'", "form-action": "'self'"}, referrer="same-origin")
_HERE = Path(__file__).parent
_log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Look = Callable[[list[bytes], int], Awaitable[list[Made]]]
"""Looks at all files of a sending, given how many bytes they may have together; raises ``NotTakenError``."""


class PhoneApp:
    """The application that phones speak to.

    :param agency: whose station it is, on each page.
    :param most_bytes: of one file.
    :param look: looks at what a phone has sent.
    :ivar place: where it is reached.
    :ivar link: the one link that there is; None: there is none.
    """

    def __init__(self, clock: Clock, agency: str, most_bytes: int, look: Look) -> None:
        self._clock = clock
        self._agency = agency
        self._most_bytes = most_bytes
        self._look = look
        self.place = Place()
        self.link: Link | None = None
        self._lines = LogBudget(clock)
        self._strays: dict[str, deque[float]] = {}
        templates = Environment(loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined)
        self._template = templates.get_template("phone.html")

    def runner(self, *, proxied: bool) -> FaceRunner:
        """Return what serves it, within its budgets.

        :param proxied: a proxy stands before it: every connection comes from the proxy's address.
        """
        app = web.Application(middlewares=[self._door])
        app.on_response_prepare.append(adding(HEADERS))
        app.router.add_get("/phone.css", self._style, allow_head=False)
        app.router.add_get("/{token}", self._open, allow_head=False)
        app.router.add_post("/{token}", self._take)
        app.router.add_post("/{token}/begin", self._begin)
        return FaceRunner(
            app,
            "uploads",
            connections=MAX_CONNECTIONS,
            each=MAX_CONNECTIONS if proxied else MAX_CONNECTIONS_EACH,
            seconds=None,
            clock=self._clock,
            shutdown_timeout=1.0,
            lingering_time=LINGER_SECONDS,
        )

    # ── the door ──────────────────────────────────────────────────────────────────────────────────────────

    @web.middleware
    async def _door(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer only to the server's own name, and not for ever to somebody who tries links out."""
        named = request.headers.getall("Host", [])
        if len(named) != 1 or not self.place.is_own(named[0]):
            return web.Response(status=403, text="403 Forbidden: the server answers only to its own address.\n")
        origin = request.headers.get("Origin")
        if request.method == "POST" and origin is not None and not self.place.is_own_origin(origin):
            return web.Response(status=403, text="403 Forbidden: the request comes from another site.\n")
        if self._strayed(request.remote or ""):
            if (left_out := self._lines.take()) is not None:
                _log.warning("too many wrong links from one address", extra={"left_out": left_out})
            return web.Response(status=429, text="429 Too Many Requests\n", headers={"Retry-After": "60"})
        return await handler(request)

    def _strayed(self, remote: str) -> bool:
        times = self._strays.get(remote)
        return times is not None and len(times) >= STRAYS and self._clock.monotonic() - times[0] < STRAY_SECONDS

    def _stray(self, remote: str) -> None:
        if len(self._strays) >= MAX_ADDRESSES:
            self._strays.pop(next(iter(self._strays)))
        self._strays.setdefault(remote, deque(maxlen=STRAYS)).append(self._clock.monotonic())

    def _known(self, request: web.Request) -> Link | None:
        """Return the link that a request is for; None: there is no such link (any more)."""
        link = self.link
        token = request.match_info["token"]
        if link is None or not hmac.compare_digest(token.encode(), link.token.encode()):
            self._stray(request.remote or "")
            return None
        return None if link.spent or self._clock.monotonic() >= link.expires else link

    def _is_its_phone(self, request: web.Request, link: Link) -> bool:
        secret = request.cookies.get(_cookie(link), "")
        return bool(link.phone) and hmac.compare_digest(secret.encode(errors="replace"), link.phone.encode())

    def _bind(self, request: web.Request, link: Link) -> bool:
        """Give a link to the phone on which somebody has pressed a button; False: it is another one's.

        A phone is known by what it was given when it looked; looking alone, as a messenger's preview does, is nothing.
        """
        if self._is_its_phone(request, link):
            return True
        secret = request.cookies.get(_cookie(link), "")
        if link.phone or not hmac.compare_digest(secret.encode(errors="replace"), _marked(link, secret).encode()):
            link.tell(LinkEvent("stranger"))
            return False
        link.phone = secret
        link.tell(LinkEvent("opened"))
        return True

    # ── what a phone sees ─────────────────────────────────────────────────────────────────────────────────

    async def _style(self, _request: web.Request) -> web.Response:
        text = await asyncio.to_thread((_HERE / "phone.css").read_text, encoding="utf-8")
        return web.Response(text=text, content_type="text/css")

    async def _open(self, request: web.Request) -> web.Response:
        link = self._known(request)
        if link is None:
            return self._page(request, None, words.PHONE_GONE, (words.PHONE_GONE_HOW,), status=410)
        if self._is_its_phone(request, link):
            return self._form(request, link)
        if "prefetch" in request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", ""):
            return web.Response(status=503, text="503: open the link itself.\n")
        if link.phone:
            link.tell(LinkEvent("stranger"))
            return self._page(request, link, words.PHONE_TAKEN, (words.PHONE_TAKEN_HOW,), status=403)
        photo = link.kind == "photo"
        how = words.PHONE_PHOTO_START_HOW if photo else words.PHONE_START_HOW
        title = words.PHONE_PHOTO_TITLE if photo else words.PHONE_TITLE
        response = self._page(request, link, title, (how,), start=True)
        if not self._has_looked(request, link):
            mark = _marked(link, secrets.token_urlsafe(18))
            response.set_cookie(
                _cookie(link), mark, httponly=True, samesite="Strict", secure=self.place.secure, path="/"
            )
        return response

    def _has_looked(self, request: web.Request, link: Link) -> bool:
        secret = request.cookies.get(_cookie(link), "")
        return hmac.compare_digest(secret.encode(errors="replace"), _marked(link, secret).encode())

    async def _begin(self, request: web.Request) -> web.StreamResponse:
        """Bind the link to the phone on which the button was pressed, and show it the form."""
        link = self._known(request)
        if link is None:
            return self._page(request, None, words.PHONE_GONE, (words.PHONE_GONE_HOW,), status=410)
        if not self._bind(request, link):
            return self._page(request, link, words.PHONE_TAKEN, (words.PHONE_TAKEN_HOW,), status=403)
        language = self._language(request, link)
        return web.Response(status=303, headers={"Location": f"/{link.token}?lang={language}"})

    def _form(
        self, request: web.Request, link: Link, problems: tuple[str, ...] = (), status: int = 200
    ) -> web.Response:
        title = words.PHONE_PHOTO_TITLE if link.kind == "photo" else words.PHONE_TITLE
        one, several = (
            (words.PHONE_PHOTO_HOW, words.PHONE_PHOTO_HOW_SEVERAL)
            if link.kind == "photo"
            else (words.PHONE_HOW, words.PHONE_HOW_SEVERAL)
        )
        how = several if link.most > 1 else one
        return self._page(request, link, title, (how,), problems, form=True, status=status)

    def _page(
        self,
        request: web.Request,
        link: Link | None,
        title: Text,
        body: tuple[Text, ...],
        problems: tuple[str, ...] = (),
        *,
        form: bool = False,
        start: bool = False,
        status: int = 200,
    ) -> web.Response:
        language = self._language(request, link)
        most = link.most if link else 0
        limit = words.PHONE_SEVERAL if most > 1 else words.PHONE_ONE
        html = self._template.render(
            agency=self._agency,
            languages=LANGUAGES,
            language=language,
            title=render(title, language),
            body=[render(each, language) for each in body],
            not_taken=render(words.PHONE_NOT_TAKEN, language),
            problems=problems,
            what=render(link.what, language) if link else "",
            start=render(words.PHONE_START, language) if start else "",
            begin=f"/{link.token}/begin?lang={language}" if link else "",
            form={
                "choose": render(words.PHONE_CHOOSE, language),
                "send": render(words.PHONE_SEND, language),
                "wait": render(words.PHONE_WAIT, language),
                "limit": render(limit, language).format(count=most, size=self._most_bytes // 1024 // 1024),
                "several": most > 1,
            }
            if form
            else None,
        )
        return web.Response(text=html, content_type="text/html", status=status)

    def _language(self, request: web.Request, link: Link | None) -> str:
        asked = request.query.get("lang", "")
        return asked if asked in LANGUAGES else link.language if link else "vi"

    # ── what a phone sends ────────────────────────────────────────────────────────────────────────────────

    async def _take(self, request: web.Request) -> web.Response:
        link = self._known(request)
        if link is None:
            return self._page(request, None, words.PHONE_GONE, (words.PHONE_GONE_HOW,), status=410)
        if not self._bind(request, link):
            return self._page(request, link, words.PHONE_TAKEN, (words.PHONE_TAKEN_HOW,), status=403)
        if link.sending or link.attempts >= SENDINGS:
            return self._page(request, link, words.PHONE_BUSY, (words.PHONE_GONE_HOW,), status=429)
        link.sending = True
        link.attempts += 1
        link.tell(LinkEvent("sending"))
        try:
            async with asyncio.timeout(SEND_SECONDS):
                files = await self._files(request, link)
                made = await self._look(files, link.room)
        except NotTakenError as refused:
            return self._refuse(request, link, refused)
        except (ConnectionError, TimeoutError, web.RequestPayloadError, ValueError):
            return self._refuse(request, link, NotTakenError(((0, Problem.CUT_OFF, ""),)))
        finally:
            link.sending = False
        if link.spent:
            return self._page(request, None, words.PHONE_GONE, (words.PHONE_GONE_HOW,), status=410)
        link.spent = True
        link.tell(LinkEvent("arrived", files=tuple(made)))
        return self._page(request, link, words.PHONE_SENT, (words.PHONE_SENT_HOW,))

    def _refuse(self, request: web.Request, link: Link, refused: NotTakenError) -> web.Response:
        link.tell(LinkEvent("refused", *zip(*((problem, kind) for _n, problem, kind in refused.problems), strict=True)))
        _log.info("a file was refused", extra={"problems": ",".join(p.value for _n, p, _k in refused.problems)})
        language = self._language(request, link)
        said: list[str] = []
        for number, problem, kind in refused.problems:
            what = render(words.said_of(problem, kind), language)
            said.append(f"{number}. {what}" if number else what)
        large = any(problem in (Problem.LARGE, Problem.MUCH) for _number, problem, _kind in refused.problems)
        response = self._form(request, link, tuple(said), status=413 if large else 400)
        if large:
            response.force_close()
        return response

    async def _files(self, request: web.Request, link: Link) -> list[bytes]:
        """Read the files that are sent, never more than there may be.

        :raises NotTakenError: too large, too many, none.
        """
        if (request.content_length or 0) > min(link.room, link.most * self._most_bytes) + 64 * 1024:
            raise NotTakenError(((0, Problem.LARGE if link.most == 1 else Problem.MUCH, ""),))
        if request.content_type != "multipart/form-data":
            raise NotTakenError(((0, Problem.EMPTY, ""),))
        files: list[bytes] = []
        together = 0
        parts = 0
        async for part in await request.multipart():
            parts += 1
            if parts > link.most + MAX_EMPTY_PARTS:
                raise NotTakenError(((0, Problem.MUCH, ""),))
            if not isinstance(part, BodyPartReader) or part.name != "files":
                raise NotTakenError(((0, Problem.UNKNOWN, ""),))
            data = bytearray()
            while chunk := await part.read_chunk(64 * 1024):
                data += chunk
                together += len(chunk)
                if len(data) > self._most_bytes:
                    raise NotTakenError(((len(files) + 1 if files else 0, Problem.LARGE, looks_like(data)),))
                if together > link.room:
                    raise NotTakenError(((0, Problem.MUCH, ""),))
            if data:
                files.append(bytes(data))
            if len(files) > link.most:
                raise NotTakenError(((0, Problem.MUCH, ""),))
        if not files:
            raise NotTakenError(((0, Problem.EMPTY, ""),))
        return files


def _cookie(link: Link) -> str:
    return f"tramkit_phone_{link.token[:8]}"


def _marked(link: Link, mark: str) -> str:
    """Return a mark with the seal of its link, by which a phone is known that has looked at it."""
    own = mark.partition(".")[0]
    seal = hmac.new(link.secret, own.encode(errors="replace"), "sha256").hexdigest()
    return f"{own}.{seal}"
