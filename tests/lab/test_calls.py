"""The station's calls on bad networks, a few of each kind: every one comes up, and the figures are not absurd.

The full measure is ``python -m tests.lab`` and ``python -m tests.lab.cuts``; ``docs/telehealth.md`` has its figures.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator

import pytest

from tests.lab.consultations import consultations
from tests.lab.cuts import cut
from tests.lab.measures import heard, seen
from tests.lab.network import Lab, Plan
from tests.lab.pairs import Pair, pairs
from tests.lab.profiles import PROFILES
from tests.lab.scenarios import SCENARIOS
from tests.lab.turn_server import turn_server

SEED = 11

pytestmark = [pytest.mark.long, pytest.mark.browser, pytest.mark.root]


@contextlib.asynccontextmanager
async def station_in(name: str) -> AsyncGenerator[tuple[Lab, Pair]]:
    """Have the station and the doctor's browser in the networks of a scenario."""
    print(f"seed {SEED}")
    scenario = SCENARIOS[name]
    async with contextlib.AsyncExitStack() as stack:
        lab = await stack.enter_async_context(Lab(scenario.plan, SEED).open())
        await lab.set_profile(scenario.profile)
        server = await stack.enter_async_context(turn_server(lab)) if scenario.turn else None
        servers, env = (server.servers(), server.environment()) if server else ([], {})
        station, _browsers = await stack.enter_async_context(pairs(lab, SEED, servers, env))
        yield lab, station


@pytest.mark.parametrize(
    ("name", "over"),
    [
        ("cone-cone", {"srflx", "prflx"}),
        ("symmetric-symmetric", {"relay"}),
        ("noudp-cone", {"relay"}),
        ("cone-noudp", {"relay"}),
        ("tls-tls", {"relay"}),
        ("ipv6", {"host", "prflx"}),
    ],
)
async def test_the_call_comes_up_over_the_best_way_there_is(name: str, over: set[str]) -> None:
    async with station_in(name) as (_lab, station):
        for _ in range(2):
            set_up = await station.set_up()
            assert set_up.both is not None
            await asyncio.sleep(2)
            path = await station.path()
            assert path is not None
            assert over & set(path)
            await station.end()


async def test_picture_and_sound_go_both_ways_at_five_per_cent_loss() -> None:
    async with station_in("loss5") as (lab, station):
        assert (await station.set_up()).both is not None
        await asyncio.sleep(4)
        await station.count()
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(10)
        ended = asyncio.get_running_loop().time()
        counts = (await lab.counts())["station"]
        for report in await station.report():
            picture, sound = seen(report, began, ended), heard(report)
            assert picture["fps"] > 5
            assert sound["sound_missing"] < 0.5
        await station.end()
    assert counts["outward"]["lost"] / (counts["outward"]["lost"] + counts["outward"]["passed"]) < 0.1


@pytest.mark.parametrize(("kind", "uplinks"), [("5", 1), ("uplink", 2)])
async def test_the_call_comes_back_after_a_cut_and_over_another_uplink(kind: str, uplinks: int) -> None:
    async with (
        Lab(Plan(uplinks=uplinks), SEED).open() as lab,
        turn_server(lab) as server,
        consultations(lab, SEED, server) as talk,
    ):
        for port in ("station", "station2")[:uplinks]:
            await lab.set_profile(PROFILES["clean"], port)
        await talk.begin()
        before = (await talk.patient.ask("state"))["over"]
        line = await cut(lab, talk, kind)
        assert line["doctor_ms"] is not None
        assert line["station_ms"] is not None
        assert (line["over"] != before) == (uplinks == 2)


async def test_the_trial_of_the_connection_tells_good_weak_and_blocked_apart() -> None:
    async with (
        Lab(Plan(), SEED).open() as lab,
        turn_server(lab) as server,
        consultations(lab, SEED, server) as talk,
    ):
        await lab.set_profile(PROFILES["clean"])
        await talk.patient.ask("queue")
        good = await talk.patient.ask("check")
        await lab.set_profile(PROFILES["loss20"])
        weak = await talk.patient.ask("check")
        await lab.cut(True)
        blocked = await talk.patient.ask("check")
        assert [check["verdict"] for check in (good, weak, blocked)] == ["good", "weak", "blocked"]
        assert good["check"]["relay"] == "udp"
        assert 38 <= good["check"]["round_trip_ms"] <= 150  # 20 ms to the relay and 20 ms back
        assert weak["check"]["lost"] > 0.05
