"""``python -m bench screens``: how quickly the screens answer, and what they weigh.

The same form of ten pages is written with Tramkit, PyWebIO, NiceGUI and Streamlit; one Chromium (without a window,
1080×1920) drives all of them in turns.

``tap_to_painted_*``
    from the time stamp of the finger's lifting until the frame that paints the next page's heading has been drawn; the
    same observer stands in every page. One more peer is a bare page: the station's own HTML and style from a bare
    server, swapped by ``fetch`` and ``innerHTML``. Chromium draws 60 frames a second and waits for three of them: its
    DevTools hold the touch back for one, the touch has one, and what the network brings is held back until that one is
    drawn, so a bare page takes 50 ms. p95 follows the load of the machine: compare with the peers of the same run.
``heard_to_painted_*``
    the same without the first of them: from when the page hears that the finger was lifted.
``first_load``
    bytes that reach an empty browser until its first page stands: headers, bodies, frames of a WebSocket.
``memory_growth_*``
    resident memory of the server after so many pages less that after ten.
``heap_growth_per_page``
    bytes that a page leaves on the station's Python heap (tracemalloc), over whole visits with their wipe.
``terminal_*``
    from a key or a tap until the terminal screen has drawn the next page: 42×36 cells in a pseudo-terminal.
``cold_start``
    from the start of ``tramkit run`` with every plugin until the first page is painted in a browser that already runs.
    The peer is a fresh interpreter that only imports the same libraries.
"""

from __future__ import annotations

import asyncio

from bench import peers
from bench.options import Options
from bench.records import emit, say
from bench.screens import memory, terminal, web, weight
from bench.screens.applications import PEERS
from bench.screens.cold import cold_start


async def run(options: Options) -> None:
    """Measure and print; a quick run installs no peer, and measures one where they are installed."""
    names = PEERS
    if options.quick:
        names = PEERS[:1] if peers.installed() else ()
        say(f"quick: beside {names or 'no peer, for none is installed (make peers)'}")
    emit("screens", "seed", options.seed, "")
    await web.page_changes(options, names)
    await weight.first_load(options, names)
    await memory.growth(options, names)
    await asyncio.to_thread(terminal.page_changes, options)
    await cold_start(options)
