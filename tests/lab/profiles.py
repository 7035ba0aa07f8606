"""What a link does to packets: the profiles of the lab, by name."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Profile:
    """One link, the same in both directions.

    :param delay: seconds that every packet takes.
    :param jitter: greatest seconds by which the delay wanders to either side; order is kept.
    :param loss: share of packets lost, 0 to 1.
    :param burst: mean number of packets lost in a row (Gilbert 1960); 1: each packet for itself.
    :param reorder: share of packets that are held back by another 3 to 30 ms and overtaken.
    :param rate: bits a second; 0: no limit.
    :param queue: seconds of traffic that wait at the limit before packets are dropped at its tail.
    """

    delay: float = 0.020
    jitter: float = 0.0
    loss: float = 0.0
    burst: float = 1.0
    reorder: float = 0.0
    rate: float = 0.0
    queue: float = 0.3

    def as_json(self) -> dict[str, Any]:
        """Return it for the relay and for the record."""
        return asdict(self)


PROFILES = {
    "clean": Profile(),
    "loss2": Profile(loss=0.02),
    "loss5": Profile(loss=0.05),
    "loss10": Profile(loss=0.10),
    "loss20": Profile(loss=0.20),
    "burst5": Profile(loss=0.05, burst=5),
    "delay150": Profile(delay=0.150),
    "jitter": Profile(delay=0.040, jitter=0.030),
    "reorder": Profile(reorder=0.05),
    "rate1000": Profile(rate=1_000_000),
    "rate350": Profile(rate=350_000),
    "rate150": Profile(rate=150_000),
    "rate64": Profile(rate=64_000),
}
