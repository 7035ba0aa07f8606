"""A sound whose every 20 ms say when they were made, so that what is missing and how late the rest is can be heard.

A symbol is two tones at once, one of sixteen from each of two groups, all multiples of 100 Hz: 256 symbols, 5.12 s
until they begin again. Symbol number n sounds from ``n / 50`` to ``(n + 1) / 50`` seconds of ``time.monotonic()``.
Concealment can lengthen a symbol that came but not make up one that did not: what was lost stays missing.
``static/sound.js`` does the same in a page.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
SYMBOL = 960
"""Samples of a symbol: 20 ms."""

SECONDS = SYMBOL / RATE
SYMBOLS = 256
GROUPS = ((500, 2000), (2300, 3800))
"""Hertz, first and last of sixteen steps of 100."""

STEP = 100
LOUDNESS = 5000
WINDOW = 480
"""Samples that are looked at at once: 10 ms, in which every tone has whole waves."""

HOP = 120
SURE = 1.2
"""How much stronger the tone must be than the second of its group; sound from Opus FEC is rough."""

QUIET = 200.0

AROUND = 0.5
"""Seconds before and after a window that tell which delay is likely."""

UNLIKE = 0.15
"""Seconds by which a delay may differ from those around it; more is a mistake of the ear."""

LONGEST_DELAY = 2.5
"""Seconds; what would be later than this is a mistake of the ear."""


def symbol(number: int) -> NDArray[np.int16]:
    """Return the 960 samples of a symbol, 48 kHz."""
    return _made(number % SYMBOLS)


@lru_cache(maxsize=SYMBOLS)
def _made(number: int) -> NDArray[np.int16]:
    scattered = number * 117 % SYMBOLS  # neighbours differ in every group
    tones = [GROUPS[group][0] + STEP * (scattered >> 4 * group & 15) for group in range(2)]
    at = np.arange(SYMBOL) / RATE
    return (sum(np.sin(2 * np.pi * tone * at) for tone in tones) * LOUDNESS).astype(np.int16)


_NUMBERS = {number * 117 % SYMBOLS: number for number in range(SYMBOLS)}


@dataclass(frozen=True)
class Heard:
    """What of the sound came through.

    :param missing: share of the symbols sent meanwhile that were not heard, 0 to 1.
    :param delays: seconds from making to hearing, one for each symbol.
    """

    missing: float
    delays: list[float]


def listen(pieces: list[tuple[float, NDArray[np.int16]]]) -> Heard:
    """Find the symbols in what was played.

    :param pieces: when each was played, seconds of ``time.monotonic()``, and its samples, 48 kHz mono.
    """
    if not pieces:
        return Heard(1.0, [])
    first: dict[int, float] = {}
    for number, delay in _likely(_symbols(pieces)):
        first.setdefault(number, delay)
    if not first:
        return Heard(1.0, [])
    usual = float(np.median(list(first.values())))
    begin, end = pieces[0][0] - usual, pieces[-1][0] - usual
    sent = range(int(begin / SECONDS) + 1, int(end / SECONDS) - 1)
    heard = [first[number] for number in sent if number in first]
    return Heard(1 - len(heard) / max(1, len(sent)), heard)


def _likely(windows: list[tuple[float, int]]) -> list[tuple[int, float]]:
    """Return number and delay of each window whose delay is like that of most windows around it."""
    times = np.array([at for at, _ in windows])
    newest = np.array([int(at / SECONDS) for at, _ in windows], int)
    numbers = newest - (newest - np.array([found for _, found in windows], int)) % SYMBOLS  # made last before it played
    delays = times - numbers * SECONDS
    likely: list[tuple[int, float]] = []
    for n, at in enumerate(times):
        around = delays[np.searchsorted(times, at - AROUND) : np.searchsorted(times, at + AROUND)]
        if delays[n] < LONGEST_DELAY and abs(delays[n] - np.median(around)) < UNLIKE:
            likely.append((int(numbers[n]), float(delays[n])))
    return likely


def _symbols(pieces: list[tuple[float, NDArray[np.int16]]]) -> list[tuple[float, int]]:
    """Return each window's moment and symbol, where one is clear."""
    samples = np.concatenate([piece for _, piece in pieces]).astype(np.float64)
    starts = np.concatenate([[0], np.cumsum([len(piece) for _, piece in pieces])])
    times = np.array([at for at, _ in pieces])
    offsets = np.arange(0, len(samples) - WINDOW, HOP)
    if not len(offsets):
        return []
    windows = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[offsets]
    strength = np.abs(np.fft.rfft(windows, axis=1))
    scattered = np.zeros(len(offsets), int)
    clear = np.sqrt((windows**2).mean(axis=1)) > QUIET
    for group, (low, high) in enumerate(GROUPS):
        tones = strength[:, low // STEP : high // STEP + 1]
        order = np.sort(tones, axis=1)
        clear &= order[:, -1] > SURE * order[:, -2]
        scattered |= tones.argmax(axis=1) << 4 * group
    of = np.searchsorted(starts, offsets, side="right") - 1
    at = times[of] + (offsets - starts[of]) / RATE
    return [(float(at[n]), _NUMBERS[int(scattered[n])]) for n in np.flatnonzero(clear)]
