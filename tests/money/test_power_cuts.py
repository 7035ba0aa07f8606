"""The station's process is killed before and after every commit of each flow; afterwards all three ledgers agree."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from support.money import ACCOUNT, CUSTOMERS, World, run_station, world

from tramkit.orders.wire import memo_of
from tramkit_billing.sandbox import Aggregator
from tramkit_payments.sandbox import Switch

ENOUGH = 40
"""More commits than any flow has."""

FLOWS = {
    "pay": ("pay", 1.0, {"done"}),
    "decline": ("decline", 1.0, {"refunded"}),
    "underpay": ("pay", 0.5, {"refunded"}),
    "overpay": ("pay", 1.5, {"done"}),
    "walk away": ("pay", 0.0, {"unpaid"}),
}
"""Customer, share of the amount that is paid, and the endings where the resident has seen the code in time."""


async def run(data: Path, outside: World, *more: str, share: float = 0.0) -> tuple[int, list[dict[str, object]]]:
    """Run the station's process; a resident pays as soon as it shows the code."""

    def pay(told: dict[str, object]) -> None:
        if share:
            outside.switch.transfer(ACCOUNT, int(int(str(told["amount"])) * share), str(told["memo"]))

    code, told = await run_station(data, outside, *more, on_placed=pay)
    assert code in (0, -signal.SIGKILL), f"the station's process ended with {code}"
    return code, told


def test_the_ledgers_of_others_tell_what_is_lost_and_what_is_doubled(tmp_path: Path) -> None:
    outside = World(Switch(tmp_path / "switch.sqlite"), Aggregator(tmp_path / "aggregator.sqlite"))
    memo = memo_of("order1-collect")
    assert outside.disagreement("order1", "unpaid", 100) == ""
    outside.switch.transfer(ACCOUNT, 100, memo)
    assert "100 came" in outside.disagreement("order1", "unpaid", 100), "lost"
    outside.aggregator.db.execute("INSERT INTO payments VALUES ('order1-fulfil', '', '', '', '', 100, 'SUCCESS')")
    assert outside.disagreement("order1", "done", 100) == ""
    assert outside.disagreement("order1", "refunded", 100) != "", "paid on, though said to be sent back"
    outside.switch.db.execute("INSERT INTO refunds VALUES ('order1-refund', ?, 100, 'DONE')", (memo,))
    assert "went back" in outside.disagreement("order1", "done", 100), "doubled"
    outside.switch.db.close()
    outside.aggregator.db.close()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("flow", FLOWS)
async def test_a_power_cut_at_any_commit_loses_and_doubles_nothing(tmp_path: Path, flow: str) -> None:
    customer, share, endings = FLOWS[flow]
    cuts = 0
    wrong: list[str] = []
    for at in range(1, ENOUGH):
        folder = tmp_path / str(at)
        async with world(folder) as outside:
            place = ("--place", f"{CUSTOMERS[customer]},order{at}", "--kill-at", str(at))
            code, _told = await run(folder, outside, *place, share=share)
            if code == 0:
                break
            cuts += 1
            _code, told = await run(folder, outside)
            settled = [each for each in told if "settled" in each]
            assert len(settled) <= 1
            for each in settled:
                id, ending = str(each["settled"]), str(each["ending"])
                assert ending in endings | {"unpaid", "refunded"}, (at, ending)
                if problem := outside.disagreement(id, ending, int(str(each["amount"]))):
                    wrong.append(f"cut {at}: {problem}")
    assert wrong == []
    assert cuts >= 6, "the flow has that many places to cut"
    print(f"{flow}: {cuts} cuts")
