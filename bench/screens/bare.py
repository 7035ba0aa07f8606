"""A page change by itself: the same pages from a bare server, swapped by nothing but ``fetch`` and ``innerHTML``.

The document, its style and the HTML of the pages are the station's own, so that layout and paint cost the same.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence

from aiohttp import web

SCRIPT = """
let number = 0;
document.addEventListener("click", async (event) => {
  if (!event.target.closest("[data-choice]")) return;
  number += 1;
  const html = await (await fetch(`/page/${number}`)).text();
  document.getElementById("root").innerHTML = html;
});
"""


@contextlib.asynccontextmanager
async def bare(document: str, pages: Sequence[str], styles: Mapping[str, str]) -> AsyncGenerator[str]:
    """Serve until the block ends; gives the address.

    :param document: HTML of the first page, with ``/bare.js`` for its script.
    :param pages: what stands in ``#root``, in the order of the pages; after the last comes the first.
    :param styles: the style sheets by path.
    """

    async def page(request: web.Request) -> web.Response:
        return web.Response(text=pages[int(request.match_info["number"]) % len(pages)], content_type="text/html")

    app = web.Application()
    app.router.add_get("/", _text(document, "text/html"))
    app.router.add_get("/bare.js", _text(SCRIPT, "text/javascript"))
    app.router.add_get("/page/{number:[0-9]+}", page)
    for path, style in styles.items():
        app.router.add_get(path, _text(style, "text/css"))
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


def _text(text: str, content_type: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text=text, content_type=content_type)

    return answer
