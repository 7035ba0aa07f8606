"""``python -m bench screen``: how quickly the web screen answers.

``tap_to_painted_*``
    from the finger's lifting until the frame after the one that paints the new page begins, measured in the browser
    (Chromium without a window, 1080×1920, 60 frames a second: up to 33 ms of it is waiting for frames). The peer is the
    same HTML and style from a bare server, swapped by ``fetch`` and ``innerHTML``.
``cold_start``
    from the start of ``tramkit run`` with every plugin until the first page is painted in a browser that already runs.
    The peer is a fresh interpreter that only imports the same libraries.
"""

from bench.options import Options
from bench.records import emit
from bench.screen.changes import page_changes
from bench.screen.cold import cold_start


async def run(options: Options) -> None:
    """Measure and print."""
    emit("screen", "seed", options.seed, "")
    await page_changes(options)
    await cold_start(options)
