"""The station's process is killed before and after every commit of each flow; afterwards all three ledgers agree."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.money import (
    ACCOUNT,
    BILL,
    PHONE,
    REFUSED_BILL,
    REFUSED_PHONE,
    TERMINAL_DB,
    World,
    run_station,
    world,
)
from support.slow import quick_and_slow

from tramkit.orders.wire import memo_of
from tramkit_billing.sandbox import Aggregator
from tramkit_hal.sim.payment_terminal import DECLINE, LOST_AFTER, LOST_BEFORE
from tramkit_payments.sandbox import Switch

ENOUGH = 40
"""More places to cut than any flow has."""
AT_ONCE = 4
"""So many stations, each with an outside world of its own, go through a flow side by side: they wait, mostly."""


@dataclass(frozen=True)
class Flow:
    """What happens, unless the power is cut.

    :param pays: share of the amount that a resident pays upon each of these words of the station.
    :param endings: that it has, wherever the power is cut.
    :param uncut: that it has when it is not cut.
    """

    customer: str = BILL
    pays: dict[str, float] = field(default_factory=dict[str, float])
    more: tuple[str, ...] = ()
    endings: tuple[str, ...] = ("unpaid",)
    uncut: str = "unpaid"


CARD = ("--method", "payments.terminal")
FLOWS = {
    "pay a bill": Flow(pays={"placed": 1}, endings=("done", "unpaid"), uncut="done"),
    "top up a phone": Flow(PHONE, {"placed": 1}, (), ("done", "unpaid"), "done"),
    "the biller declines": Flow(REFUSED_BILL, {"placed": 1}, (), ("refunded", "unpaid"), "refunded"),
    "the operator declines": Flow(REFUSED_PHONE, {"placed": 1}, (), ("refunded", "unpaid"), "refunded"),
    "pay too little": Flow(pays={"placed": 0.5}, endings=("refunded", "unpaid"), uncut="refunded"),
    "pay too much": Flow(pays={"placed": 1.5}, endings=("done", "unpaid"), uncut="done"),
    "pay twice": Flow(pays={"placed": 1, "ended": 1}, endings=("done", "unpaid"), uncut="done"),
    "walk away": Flow(),
    "give up": Flow(more=("--give-up",)),
    "give up and pay": Flow(pays={"given_up": 1}, more=("--give-up",), endings=("refunded",), uncut="refunded"),
    "card": Flow(more=CARD, endings=("done", "unpaid"), uncut="done"),
    "card, top up a phone": Flow(PHONE, {}, CARD, ("done", "unpaid"), "done"),
    "card declined": Flow(more=(*CARD, "--answer", DECLINE)),
    "card, line lost before the bank heard": Flow(more=(*CARD, "--answer", LOST_BEFORE)),
    "card, line lost after the bank took it": Flow(
        more=(*CARD, "--answer", LOST_AFTER), endings=("done", "unpaid"), uncut="done"
    ),
    "card, the biller declines": Flow(REFUSED_BILL, {}, CARD, ("refunded", "unpaid"), "refunded"),
}
EACH_ENDING = ("pay too much", "card, the biller declines", "give up and pay")
"""Among them are both ways to pay, each ending, and money that comes too late."""


async def run(data: Path, outside: World, flow: Flow, *more: str) -> tuple[int, list[dict[str, object]]]:
    """Run the station's process; a resident pays as the flow says."""

    def pay(told: dict[str, object]) -> None:
        for word, share in flow.pays.items():
            if word in told:
                amount, memo = int(int(str(told["amount"])) * share), str(told["memo"])
                outside.switch.transfer(ACCOUNT, amount, memo, id=f"FT {memo} {word}")  # once, though told again

    code, told = await run_station(data, outside, *more, *flow.more, on_told=pay)
    assert code in (0, -signal.SIGKILL), f"the station's process ended with {code}"
    return code, told


def test_the_ledgers_of_others_tell_what_is_lost_and_what_is_doubled(tmp_path: Path) -> None:
    outside = World(
        Switch(tmp_path / "switch.sqlite"), Aggregator(tmp_path / "aggregator.sqlite"), tmp_path / TERMINAL_DB
    )
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


async def cut_at(folder: Path, flow: Flow, at: int) -> tuple[bool, list[str]]:
    """Cut the power at one place of a flow; return whether it has that many, and where the ledgers differ."""
    async with world(folder) as outside:
        place = ("--place", f"{flow.customer},order{at}", "--kill-at", str(at))
        code, told = await run(folder, outside, flow, *place)
        if code:
            _code, told = await run(folder, outside, flow)
        settled = [each for each in told if "settled" in each]
        assert len(settled) <= 1
        wrong: list[str] = []
        for each in settled:
            id, ending = str(each["settled"]), str(each["ending"])
            assert ending in (flow.endings if code else (flow.uncut,)), (at, ending)
            if problem := outside.disagreement(id, ending, int(str(each["amount"]))):
                wrong.append(f"cut {at}: {problem}")
        return code != 0, wrong


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", quick_and_slow(EACH_ENDING, FLOWS))
async def test_a_power_cut_at_any_commit_loses_and_doubles_nothing(tmp_path: Path, name: str) -> None:
    cuts = 0
    for first in range(1, ENOUGH, AT_ONCE):
        places = range(first, first + AT_ONCE)
        async with asyncio.TaskGroup() as stations:
            tasks = [stations.create_task(cut_at(tmp_path / str(at), FLOWS[name], at)) for at in places]
        found = [task.result() for task in tasks]
        assert [problem for _cut, problems in found for problem in problems] == []
        cuts += sum(cut for cut, _problems in found)
        if not all(cut for cut, _problems in found):
            break
    assert cuts >= 6, "the flow has that many places to cut"
    print(f"{name}: {cuts} cuts")
