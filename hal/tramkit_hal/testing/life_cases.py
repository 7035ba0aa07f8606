"""What every device keeps of its life: opening, closing, what it says of itself, claims."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import threading
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from tramkit_hal.device.base import LEGAL, Device, DeviceInfo, DeviceState
from tramkit_hal.device.errors import DeviceError, Mend, Trouble
from tramkit_hal.testing.case import NotApplicableError, case, check
from tramkit_hal.testing.rig import Rig

CYCLES = 20
SPARE = 3
"""Descriptors and threads that a library may make once for ever."""


async def error_of(step: Any) -> DeviceError:
    """Return the error that a step must end with."""
    try:
        await step
    except DeviceError as error:
        return error
    raise AssertionError("it should have been refused")


@case("HAL-DEV-001", Device, "It opens, closes and opens again")
async def opens(rig: Rig) -> None:
    device = rig.make()
    check(device.state is DeviceState.OFFLINE, "a new device is not offline")
    for _time in range(2):
        await device.open()
        check(device.state.usable, "opened, it is not usable")
        await device.close()
        check(device.state is DeviceState.OFFLINE, "closed, it is not offline")


@case("HAL-DEV-002", Device, "Closing what is closed is fine")
async def closes_twice(rig: Rig) -> None:
    device = rig.make()
    await device.close()
    await device.open()
    await device.open()
    await device.close()
    await device.close()
    check(device.state is DeviceState.OFFLINE, "closed, it is not offline")


@case("HAL-DEV-003", Device, "A reset leaves it usable")
async def resets(rig: Rig) -> None:
    async with rig.opened() as device:
        await device.reset()
        check(device.state.usable, "after a reset it is not usable")


@case("HAL-DEV-004", Device, "What it says of itself is frozen data, and the same each time")
async def frozen(rig: Rig) -> None:
    async with rig.opened() as device:
        check(isinstance(device.info, DeviceInfo) and device.info.driver == device.driver, "info names another driver")
        check(device.info == device.info and device.capabilities == device.capabilities, "it changes while one looks")
        for data in (device.info, device.capabilities):
            for name in json.loads(data.model_dump_json()):
                try:
                    setattr(data, name, None)
                except ValidationError:
                    continue
                check(False, f"{name} can be changed")


@case("HAL-DEV-005", Device, "A setting that it does not know is refused")
async def strict_settings(rig: Rig) -> None:
    try:
        type(rig.make()).Settings.model_validate({"no_such_setting": 1})
    except ValidationError:
        return
    check(False, "an unknown setting is taken")


@case("HAL-DEV-006", Device, "Its health is never better than what is known")
async def honest_health(rig: Rig) -> None:
    device = rig.make()
    check(not (await device.health()).state.usable, "closed, it says that it is usable")
    await device.open()
    try:
        looked = await device.health("quick")
        check(looked.state is device.state, "health and state differ")
        json.loads(looked.model_dump_json())
    finally:
        await device.close()


@case("HAL-DEV-007", Device, "A second visit cannot claim it")
async def claims(rig: Rig) -> None:
    async with rig.opened() as device:
        device.claim("visit-1")
        device.claim("visit-1")
        try:
            device.claim("visit-2")
        except DeviceError as error:
            check(error.trouble is Trouble.CLAIMED, "the refusal is no claim")
        else:
            check(False, "two visits have it")
        device.release("visit-2")
        check(device.owner == "visit-1", "who does not have it released it")
        device.release("visit-1")
        device.claim("visit-2")


@case("HAL-DEV-008", Device, "Closing ends a claim")
async def close_unclaims(rig: Rig) -> None:
    device = rig.make()
    await device.open()
    device.claim("visit-1")
    await device.close()
    check(device.owner is None, "a closed device is claimed")


@case("HAL-DEV-014", Device, "Events tell of its states, and only of legal changes")
async def tells_states(rig: Rig) -> None:
    device = rig.make()
    seen = [DeviceState.OFFLINE]
    async with device.events() as events:
        await device.open()
        with suppress(DeviceError, NotApplicableError):
            await rig.operate(device)
        await device.close()
        async with asyncio.timeout(rig.seconds):
            async for event in events:
                if event.name == "state":
                    seen.append(DeviceState(event.value))
                if event.value == DeviceState.OFFLINE:
                    break
    check(seen[1] is DeviceState.STARTING, "it was never starting")
    check(DeviceState.READY in seen or DeviceState.DEGRADED in seen, "it was never ready")
    for before, after in itertools.pairwise(seen):
        check(after is before or after in LEGAL[before], f"{before} may not become {after}")


@case("HAL-DEV-015", Device, "Pulled out it is absent; put in again it is the same device")
async def comes_back(rig: Rig) -> None:
    if not rig.pluggable:
        raise NotApplicableError("nobody can pull it out")
    async with rig.opened() as device:
        before = device.info
        await rig.unplug(device)
        async with asyncio.timeout(rig.seconds):
            while device.state is not DeviceState.ABSENT:
                await asyncio.sleep(0.01)
        check(device.trouble is Trouble.UNPLUGGED, "absent, and it does not say that it is unplugged")
        check((await device.health()).trouble is Trouble.UNPLUGGED, "health does not say that it is unplugged")
        with suppress(NotApplicableError):
            error = await error_of(rig.operate(device))
            check(error.mend in Mend, "nobody can mend it")
        await rig.plug(device)
        if not device.state.usable:
            await device.open()
        check(device.state.usable and device.trouble is None, "put in again it is not usable")
        check(device.info == before, "put in again it is another device")


@case("HAL-DEV-017", Device, "Opening and closing leave no descriptor, thread or task behind")
async def no_growth(rig: Rig) -> None:
    device = rig.make()
    await device.open()
    await device.close()
    before = after = _held()
    for _time in range(CYCLES):
        await device.open()
        await device.close()
    for _look in range(100):
        after = _held()
        if all(now <= then + SPARE for now, then in zip(after, before, strict=True)):
            return
        await asyncio.sleep(0.02)
    check(False, f"descriptors, threads, tasks grew from {before} to {after}")


def _held() -> tuple[int, int, int]:
    return len(os.listdir("/proc/self/fd")), threading.active_count(), len(asyncio.all_tasks())
