"""The station's process is killed before and after every commit of each flow; afterwards all three ledgers agree."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest
from support.money import CUSTOMERS, World, command, world

TESTS = Path(__file__).parents[1]
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
    """Run the station's process; a resident pays as soon as it shows the code. Returns how it ended and what it told."""
    process = await asyncio.create_subprocess_exec(
        *command(data, outside, *more),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    told: list[dict[str, object]] = []
    async for line in process.stdout:
        told.append(json.loads(line))
        if "placed" in told[-1] and share:
            amount = int(int(str(told[-1]["amount"])) * share)
            outside.switch.transfer("0011001234567", amount, str(told[-1]["memo"]))
    errors = (await process.stderr.read()).decode()
    code = await process.wait()
    assert code in (0, -signal.SIGKILL), errors
    return code, told


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
