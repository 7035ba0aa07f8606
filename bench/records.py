"""What a bench prints: one JSON line for each figure."""

from __future__ import annotations

import json
import math
import statistics
import sys
import time
from collections.abc import Sequence

_STARTED = time.monotonic()


def emit(bench: str, metric: str, value: float, unit: str, peer: str = "", peer_value: float | None = None) -> None:
    """Print a figure as a JSON line.

    :param value: ours.
    :param peer: what it is compared with, measured in the same run; its value and the ratio ours / peer's follow.
    """
    line: dict[str, object] = {"bench": bench, "metric": metric, "value": _short(value), "unit": unit}
    if peer and peer_value is not None:
        line |= {"peer": peer, "peer_value": _short(peer_value)}
        line["ratio"] = _short(value / peer_value) if peer_value else None
    print(json.dumps(line, ensure_ascii=False, allow_nan=False), flush=True)


def say(words: str) -> None:
    """Tell the person who waits how far the bench is."""
    print(f"[{time.monotonic() - _STARTED:6.1f} s] {words}", file=sys.stderr, flush=True)


def median(values: Sequence[float]) -> float:
    """Return the middle value.

    :raises ValueError: nothing was measured.
    """
    if not values:
        raise ValueError("nothing was measured")
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest measured value that at least ``share`` (0 to 1) of all values do not exceed.

    :raises ValueError: nothing was measured.
    """
    if not values:
        raise ValueError("nothing was measured")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _short(value: float) -> float:
    return float(f"{value:.4g}")
