"""The terminal screen in a pseudo-terminal of its smallest size: from a key or a tap until the new page is drawn."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Generator
from itertools import pairwise

import pyte

from bench.options import Options
from bench.records import emit, median, percentile, say
from bench.screens.form import CHANGES, GO_ON, PAGES, Question

ROUNDS, QUICK_ROUNDS = 10, 1
COLUMNS, LINES = 42, 36
PAUSE = 0.3
"""Seconds between two touches, as on the web screen."""

QUIET = 0.05
"""Seconds without output after which a page counts as drawn; they are not part of the figure."""

PATIENCE = 60.0
MENU = "Hôm nay ông/bà cần làm việc gì?"


class Glass:
    """A terminal: what is written to it, with the time at which it came, and what then stands there."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self._screen)
        self._came: list[tuple[float, bytes]] = []
        self._lock = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()

    def press(self, keys: str) -> float:
        """Press keys; return when."""
        at = time.monotonic()
        os.write(self._fd, keys.encode())
        return at

    def tap(self, words: str) -> float:
        """Tap where words stand, as a terminal with a mouse or a touch screen tells it (SGR 1006); return when."""
        for line, row in enumerate(self._screen.display, 1):
            if (column := row.find(words)) >= 0:
                at = f"{column + 2};{line}"
                return self.press(f"\x1b[<0;{at}M\x1b[<0;{at}m")
        raise RuntimeError(f"the page has no {words!r}:\n" + "\n".join(self._screen.display))

    def shows(self, words: str) -> bool:
        """Tell whether words stand there, on one line or wrapped at a space."""
        return words in " ".join(" ".join(self._screen.display).split())

    def wait(self, words: str, since: float) -> float:
        """Wait until words stand there and nothing more is drawn; return seconds from ``since`` to the last output."""
        drawn = 0.0
        found = self.shows(words)
        while time.monotonic() < since + PATIENCE:
            with self._lock:
                came, self._came = self._came, []
            for at, output in came:
                self._stream.feed(output)
                drawn = at
            found = found or (bool(came) and self.shows(words))
            if found and time.monotonic() - drawn > QUIET:
                return drawn - since
            time.sleep(0.005)
        raise TimeoutError(f"{words!r} did not come:\n" + "\n".join(self._screen.display))

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # the station has closed its side
            while output := os.read(self._fd, 1 << 16):
                with self._lock:
                    self._came.append((time.monotonic(), output))


@contextlib.contextmanager
def _station() -> Generator[Glass]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    # what the caller says of its own terminal would be believed before this one's size
    size = {"COLUMNS": str(COLUMNS), "LINES": str(LINES)}
    environment = {**os.environ, **size, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.screens.station", "terminal"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield Glass(ours)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(ours)


def page_changes(options: Options) -> None:
    """Measure and print."""
    rounds = QUICK_ROUNDS if options.quick else ROUNDS
    taps: list[float] = []
    keys: list[float] = []
    with _station() as glass:
        for number in range(rounds + 1):
            _begin(glass, again=number > 0)
            found_taps, found_keys = _round(glass)
            if number:  # the first round warms up
                taps += found_taps
                keys += found_keys
    say(f"terminal: {rounds * CHANGES} page changes")
    for metric, value in (("p50", median), ("p95", lambda values: percentile(values, 0.95))):
        emit("screens", f"terminal_tap_to_drawn_{metric}", value(taps) * 1000, "ms")
        emit("screens", f"terminal_key_to_drawn_{metric}", value(keys) * 1000, "ms")


def _begin(glass: Glass, *, again: bool) -> None:
    """Come from the attract page through the menu to the first page.

    :param again: the last page of the round before led to the menu: "another errand".
    """
    if again:
        glass.wait(MENU, time.monotonic())
    else:
        glass.wait("chạm vào màn hình", time.monotonic())
        time.sleep(PAUSE)
        glass.wait(MENU, glass.press("\r"))  # the attract page has the service's name too
    time.sleep(PAUSE)
    glass.wait(PAGES[0].heading, glass.press("\r"))


def _round(glass: Glass) -> tuple[list[float], list[float]]:
    """Go through the form once; return the seconds of page changes by tap and by key."""
    taps: list[float] = []
    keys: list[float] = []
    for page, after in pairwise(PAGES):
        time.sleep(PAUSE)
        _fill(glass, page)
        if page.kind in ("tell", "choice", "check"):  # what is focused leads on
            keys.append(glass.wait(after.heading, glass.press("\r")))
        else:
            taps.append(glass.wait(after.heading, glass.tap(GO_ON)))
    time.sleep(PAUSE)
    glass.press("\r")
    return taps, keys


def _fill(glass: Glass, page: Question) -> None:
    match page.kind:
        case "text":
            glass.wait("│ a", glass.press("a"))  # which words it is does not matter here
        case "number":
            glass.wait("│ 1", glass.press("1"))
        case "date":
            glass.wait("02091954", glass.press("02091954"))
        case "yes_no":
            glass.wait(f"(•) {page.answer}", glass.tap(page.answer))
        case _:
            pass
