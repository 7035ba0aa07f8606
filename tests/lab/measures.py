"""What a call was like, counted from what each side saw and heard."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from bench.records import median, percentile
from tests.lab import sound_code

FROZEN = 0.2
"""Seconds between two new pictures that a person notices as a freeze."""


def seen(report: dict[str, Any], began: float, ended: float) -> dict[str, Any]:
    """Return frames a second, frozen share and delay of what a side saw between two moments.

    :param report: what the side has handed over; times are seconds of ``time.monotonic()``.
    """
    first: dict[int, tuple[float, float]] = {}
    for number, captured, at in report["seen"]:
        first.setdefault(int(number), (captured, at))
    shown = sorted((at, captured) for captured, at in first.values() if began <= at <= ended)
    gaps = [b - a for a, b in pairwise([began, *(at for at, _ in shown), ended])]
    delays = [at - captured for at, captured in shown]
    return {
        "fps": round(len(shown) / (ended - began), 2),
        "frozen": round(sum(gap for gap in gaps if gap > FROZEN) / (ended - began), 4),
        "longest_freeze_ms": round(max(gaps) * 1000),
        "delay_p50_ms": _ms(delays, 0.5),
        "delay_p95_ms": _ms(delays, 0.95),
        "width": report["width"],
        "height": report["height"],
        "unreadable": report["unreadable"],
    }


def heard(report: dict[str, Any]) -> dict[str, Any]:
    """Return what share of the sound was missing, and its delay."""
    if not report.get("heard"):
        return {"sound_missing": 1.0, "sound_p50_ms": None, "sound_p95_ms": None}
    found = sound_code.listen(pieces(report["heard"]))
    return _concealed(report) | {
        "sound_missing": round(found.missing, 4),
        "sound_p50_ms": _ms(found.delays, 0.5),
        "sound_p95_ms": _ms(found.delays, 0.95),
    }


def _concealed(report: dict[str, Any]) -> dict[str, Any]:
    """Return what share of its sound a browser says that it has made up."""
    name = "inbound-rtp-audio"
    if name not in report.get("after", {}):
        return {}
    before, after = report["before"].get(name, {}), report["after"][name]
    made_up, all_of_it = (after[key] - before.get(key, 0) for key in ("concealedSamples", "totalSamplesReceived"))
    return {"concealed": round(made_up / all_of_it, 4) if all_of_it else 1.0}


def pieces(heard: dict[str, Any]) -> list[tuple[float, np.ndarray[Any, np.dtype[np.int16]]]]:
    """Unpack what a side has heard: when each piece was played, and its samples."""
    samples = np.frombuffer(base64.b64decode(heard["samples"]), "<i2").astype(np.int16)
    found: list[tuple[float, np.ndarray[Any, np.dtype[np.int16]]]] = []
    at = 0
    for moment, rate, length in heard["moments"]:
        piece = samples[at : at + length]
        at += length
        if rate == sound_code.RATE:
            found.append((moment, piece))
        else:
            wanted = np.arange(length * sound_code.RATE // rate) * rate / sound_code.RATE
            found.append((moment, np.interp(wanted, np.arange(length), piece).astype(np.int16)))
    return found


def middle(lines: Sequence[dict[str, Any]]) -> dict[str, float | None]:
    """Return the medians of the figures of several calls."""
    names = {name for line in lines for name, value in line.items() if isinstance(value, int | float)}
    return {name: round(median([line[name] for line in lines if line.get(name) is not None]), 4) for name in names}


def _ms(values: Sequence[float], share: float) -> float | None:
    return round(percentile(values, share) * 1000, 1) if values else None
