"""The lab measures what it says: a link loses, delays, limits and keeps order as its profile has it."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import numpy as np
import pytest

from tests.lab import sound_code
from tests.lab.network import Place, rules
from tests.lab.profiles import PROFILES, Profile
from tests.lab.relay import Link
from tests.lab.scenarios import GROUPS, SCENARIOS, chosen

SEED = 7
PACKETS = 20_000
GAP = 0.005


def send(profile: Profile, packets: int = PACKETS, size: int = 1000, gap: float = GAP) -> list[float | None]:
    """Send packets through a link and return when each comes out; None: never."""
    link = Link(Random(f"{SEED}"), profile)
    return [link.take(n * gap, size) for n in range(packets)]


def lost(out: list[float | None]) -> float:
    return sum(at is None for at in out) / len(out)


@pytest.mark.parametrize("share", [0.02, 0.05, 0.2])
def test_it_loses_the_share_it_says_and_the_same_packets_each_time(share: float) -> None:
    out = send(Profile(loss=share))
    assert lost(out) == pytest.approx(share, rel=0.12)
    assert [at is None for at in out] == [at is None for at in send(Profile(loss=share))]


def test_bursts_lose_the_same_share_in_longer_runs() -> None:
    gone = [at is None for at in send(Profile(loss=0.05, burst=5))]
    assert sum(gone) / len(gone) == pytest.approx(0.05, rel=0.25)
    runs = sum(not a and b for a, b in pairwise([False, *gone]))
    assert sum(gone) / runs == pytest.approx(5, rel=0.25)


def test_a_packet_takes_the_delay_of_its_link() -> None:
    assert {round(at - n * GAP, 6) for n, at in enumerate(send(Profile(delay=0.15), 100))} == {0.15}


def test_jitter_stays_within_its_bounds_and_keeps_the_order() -> None:
    out = send(Profile(delay=0.04, jitter=0.03))
    delays = [at - n * GAP for n, at in enumerate(out)]
    assert min(delays) >= 0.01 - 1e-9
    assert max(delays) <= 0.07 + 1e-9
    assert max(delays) - min(delays) > 0.05
    assert all(b >= a for a, b in pairwise(out))


def test_reordering_overtakes_the_share_it_says() -> None:
    out = send(Profile(reorder=0.05))
    late = sum(at - n * GAP > 0.021 for n, at in enumerate(out))
    assert late / len(out) == pytest.approx(0.05, rel=0.2)
    assert any(b < a for a, b in pairwise(out))


def test_a_limit_lets_its_rate_through_and_keeps_no_longer_queue_than_it_says() -> None:
    out = send(Profile(delay=0, rate=350_000, queue=0.3))  # 1.6 Mb/s are offered
    passed = [at for at in out if at is not None]
    assert len(passed) * 8000 / (PACKETS * GAP) == pytest.approx(350_000, rel=0.01)
    assert max(at - n * GAP for n, at in enumerate(out) if at is not None) <= 0.3 + 8000 / 350_000 + 1e-9


def test_a_cut_lets_nothing_through() -> None:
    link = Link(Random(SEED), Profile(), cut=True)
    assert link.take(0, 100) is None
    assert link.count.cut == 1


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
def test_the_sound_tells_how_much_of_it_is_missing_and_how_late_it_is(share: float) -> None:
    random = Random(SEED)
    silence = np.zeros(sound_code.SYMBOL, np.int16)
    gone = [random.random() < share for _ in range(1000)]
    pieces = [
        ((7000 + n) * sound_code.SECONDS + 0.12, silence if gone[n] else sound_code.symbol(7000 + n))
        for n in range(1000)
    ]
    heard = sound_code.listen(pieces)
    assert heard.missing == pytest.approx(sum(gone) / len(gone), abs=0.02)
    assert np.median(heard.delays) == pytest.approx(0.12, abs=0.006)


def test_sound_that_was_made_up_counts_as_missing() -> None:
    pieces = [
        ((7000 + n) * sound_code.SECONDS, sound_code.symbol(7000 + n - n % 2))  # every other piece is the one before
        for n in range(1000)
    ]
    assert sound_code.listen(pieces).missing == pytest.approx(0.5, abs=0.03)


def test_a_router_lets_out_what_its_firewall_allows() -> None:
    assert "udp accept" in rules(Place("port_restricted", "no_udp"), "up0")
    assert "dport 443 accept" in rules(Place("port_restricted", "tls_only"), "up0")
    assert "fully-random" in rules(Place("symmetric"), "up0")


def test_every_scenario_has_a_name_and_a_group() -> None:
    assert chosen(["profiles", "networks"]) == list(SCENARIOS)
    assert set(GROUPS["profiles"]) == set(PROFILES)
    with pytest.raises(KeyError):
        chosen(["somewhere"])
