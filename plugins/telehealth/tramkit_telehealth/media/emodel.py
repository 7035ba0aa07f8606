"""How good a conversation sounds, from its delay and loss: the E-model (ITU-T G.107, 06/2015).

All of its defaults, so R0 − Is = 93.2 (G.107 table 3), less what delay and the loss of packets take away.
"""

from __future__ import annotations

from math import inf, log

BASE = 93.2
"""R0 − Is at the default values (G.107 §7.7)."""

MUTE_DELAY = 0.1
"""Seconds of one-way delay below which nobody notices (G.107 §7.4: Ta ≤ 100 ms gives Idd = 0)."""

BPL_PLAIN, BPL_FEC = 10.0, 20.0
"""Robustness against loss (Bpl, G.113): Opus with concealment, and with in-band FEC or redundant sound.

G.113 lists no Opus; these are the values that LiveKit's call score uses for it, after G.711 with concealment (25.1) and
G.729 (19.0) in G.113 table I.4. Indicative.
"""

GOOD, FAIR = 80.0, 70.0
"""R from which users are satisfied; from which many are not, yet understand (G.109 table 1)."""


def impairment_of_delay(delay: float) -> float:
    """Return Idd.

    :param delay: seconds from mouth to ear, one way.
    """
    if delay <= MUTE_DELAY:
        return 0.0
    x = log(delay / MUTE_DELAY) / log(2)
    return 25 * ((1 + x**6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2)


def rating(delay: float, missing: float, *, repaired: bool = True) -> float:
    """Return R, 0 (useless) to 93.2.

    :param delay: seconds from mouth to ear, one way.
    :param missing: share of the sound lost, 0 to 1.
    :param repaired: sound has FEC or redundancy.
    """
    percent = 100 * missing
    robustness = BPL_FEC if repaired else BPL_PLAIN
    return max(0.0, BASE - impairment_of_delay(delay) - 95 * percent / (percent + robustness))


def opinion(rating: float) -> float:
    """Return the mean opinion score, 1 to 4.5 (G.107 annex B)."""
    r = min(100.0, max(0.0, rating))
    return min(4.5, max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)) if r < inf else 4.5
