"""What every device keeps when it works: deadlines, ends, wipes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Generator
from typing import Any

from tramkit_hal.contracts.face import FaceMatcher
from tramkit_hal.contracts.printer import ReceiptPrinter
from tramkit_hal.contracts.scanner import CodeScanner
from tramkit_hal.contracts.voice import Voice
from tramkit_hal.device.base import Device
from tramkit_hal.device.errors import Mend, Trouble
from tramkit_hal.testing.case import NotApplicableError, case, check
from tramkit_hal.testing.life_cases import error_of
from tramkit_hal.testing.rig import CANARY, RECEIPT, Rig
from tramkit_hal.testing.sim_operations import scanned, view
from tramkit_hal.ui.screen import Screen

LATE = 0.5
"""Seconds that an operation may run over its deadline."""
BLOCKED = 1.0
"""Seconds for which a driver may keep everybody else from running."""


@case("HAL-DEV-009", Device, "An operation on a closed device says who can mend it")
async def closed_refuses(rig: Rig) -> None:
    if isinstance(rig.make(), FaceMatcher):
        raise NotApplicableError("its operation needs a picture of a face")
    error = await error_of(rig.operate(rig.make()))
    check(error.trouble in Trouble and error.mend in Mend, "the error is none of the closed set")


@case("HAL-DEV-010", Device, "It does what it is for, and is usable again")
async def works(rig: Rig) -> None:
    async with rig.opened() as device:
        async with asyncio.timeout(rig.seconds):
            await rig.operate(device)
        check(device.state.usable, "after its work it is not usable")


@case("HAL-DEV-011", Device, "A wipe leaves it usable at any time")
async def wipes(rig: Rig) -> None:
    async with rig.opened() as device:
        await device.wipe()
        with contextlib.suppress(NotApplicableError):
            async with asyncio.timeout(rig.seconds):
                await rig.operate(device)
        await device.wipe()
        await device.wipe()
        check(device.state.usable, "after a wipe it is not usable")


@case("HAL-DEV-012", Device, "An operation that is cancelled leaves it usable")
async def cancels(rig: Rig) -> None:
    async with rig.opened() as device:
        for turns in (0, 1, 5, 20):
            task = asyncio.create_task(rig.operate(device))
            for _turn in range(turns + 1):
                await asyncio.sleep(0)
            task.cancel()
            done = await asyncio.gather(task, return_exceptions=True)
            if isinstance(done[0], NotApplicableError):
                raise done[0]
            check(device.state.usable, "after a cancellation it is not usable")


@case("HAL-DEV-013", Device, "An operation that never ends keeps its deadline")
async def keeps_deadline(rig: Rig) -> None:
    async with rig.opened() as device:
        if not await rig.hang(device):
            raise NotApplicableError("nobody can make it hang")
        begin = time.monotonic()
        error = await error_of(rig.operate_shortly(device))
        took = time.monotonic() - begin
        check(error.trouble in (Trouble.DEADLINE, Trouble.OUTCOME_UNKNOWN), f"it ended with {error.trouble}")
        check(took < 0.1 + LATE, f"a deadline of 0.1 s took {took:.2f} s")


@case("HAL-DEV-016", Device, "Pulled out while it works, the work ends at once with an error")
async def unplugged_at_work(rig: Rig) -> None:
    if not rig.pluggable:
        raise NotApplicableError("nobody can pull it out")
    async with rig.opened() as device:
        if not await rig.hang(device):
            raise NotApplicableError("nobody can make it wait")
        task = asyncio.create_task(rig.operate(device))
        for _turn in range(10):
            await asyncio.sleep(0)
        if task.done():
            raise NotApplicableError("its work is done before anybody can pull it out")
        await rig.unplug(device)
        try:
            async with asyncio.timeout(rig.seconds):
                error = await error_of(task)
        finally:
            task.cancel()
        check(error.trouble is not Trouble.CLAIMED, "the error says that it is in use")
        async with asyncio.timeout(rig.seconds):
            while device.state.usable:
                await asyncio.sleep(0.01)


@case("HAL-DEV-018", Device, "A wipe ends the work under way")
async def wipe_ends_work(rig: Rig) -> None:
    async with rig.opened() as device:
        if not await rig.hang(device):
            raise NotApplicableError("nobody can make it wait")
        task = asyncio.create_task(rig.operate(device))
        for _turn in range(10):
            await asyncio.sleep(0)
        if task.done():
            raise NotApplicableError("its work is done before anybody can wipe")
        with contextlib.suppress(Exception):
            await device.wipe(deadline=1)
        done, _waiting = await asyncio.wait({task}, timeout=1)
        task.cancel()
        check(done, "the work goes on after a wipe")


@case("HAL-DEV-019", Device, "It keeps nobody else from running")
async def never_blocks(rig: Rig) -> None:
    longest, stop = 0.0, asyncio.Event()

    async def beat() -> None:
        nonlocal longest
        while not stop.is_set():
            begin = time.monotonic()
            await asyncio.sleep(0.005)
            longest = max(longest, time.monotonic() - begin - 0.005)

    heart = asyncio.create_task(beat())
    await asyncio.sleep(0.02)
    try:
        async with rig.opened() as device:
            with contextlib.suppress(NotApplicableError):
                await rig.operate(device)
            await device.health("full")
            await device.wipe()
    finally:
        stop.set()
        await heart
    check(longest < BLOCKED, f"everything stood for {longest:.2f} s")


@case("HAL-DEV-020", Device, "After a wipe nothing of the resident is left in it or in the log")
async def forgets(rig: Rig) -> None:
    with _log() as lines:
        async with rig.opened() as device:
            await _give(device, rig)
            with contextlib.suppress(NotApplicableError):
                rig.shown(device)
            await device.wipe()
            check(not _holds(device, CANARY, set(), 0), "it still holds what the resident gave it")
            with contextlib.suppress(NotApplicableError):
                check(CANARY not in rig.shown(device), "a bystander still sees what the resident gave it")
    check(not [line for line in lines if CANARY in line], "the log tells of the resident")


async def _give(device: Any, rig: Rig) -> None:
    """Give a device personal data."""
    match device:
        case ReceiptPrinter():
            await device.print(RECEIPT, "vi", f"canary:{id(rig)}", rig.seconds)
        case CodeScanner():
            await scanned(device, rig, CANARY)
        case Voice():
            await device.say(CANARY, "vi")
        case Screen():
            await device.show(view(CANARY))
        case _:
            raise NotApplicableError("it is given nothing of the resident as words")


@contextlib.contextmanager
def _log() -> Generator[list[str]]:
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(f"{record.getMessage()} {record.__dict__}")

    handler = Keep()
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield lines
    finally:
        root.removeHandler(handler)


def _holds(value: Any, canary: str, seen: set[int], depth: int) -> bool:
    """Look for a text in an object and all that it holds."""
    if isinstance(value, str):
        return canary in value
    if isinstance(value, bytes | bytearray):
        return canary.encode() in value
    if depth > 6 or id(value) in seen or isinstance(value, type | int | float):
        return False
    seen.add(id(value))
    if isinstance(value, dict):
        parts: list[Any] = [*value.keys(), *value.values()]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    elif isinstance(value, list | tuple | set | frozenset):
        parts = list(value)  # pyright: ignore[reportUnknownArgumentType]
    elif hasattr(value, "maxlen") and hasattr(value, "popleft"):
        parts = list(value)
    else:
        parts = list(getattr(value, "__dict__", {}).values())
    return any(_holds(part, canary, seen, depth + 1) for part in parts)
