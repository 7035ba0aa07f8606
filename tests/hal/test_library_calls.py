"""A library that hangs takes no thread of the station's, and its device is told for what it is."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support import hung_library
from support.pulseaudio import pulseaudio

from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.library import MAX_HUNG, MAX_LEFT, LibraryCalls

SOON = 10.0


async def trouble_of(step: Any) -> Trouble:
    with pytest.raises(DeviceError) as caught:
        await asyncio.wait_for(step, SOON)
    return caught.value.trouble


async def test_calls_that_hang_are_few_and_those_that_come_back_make_room() -> None:
    calls, held = LibraryCalls("a library"), threading.Event()
    for _time in range(MAX_HUNG):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await calls.call(held.wait)
    assert await calls.call(lambda: 7) == 7  # so far they are only slow
    async with asyncio.timeout(SOON):
        while True:
            try:
                await calls.call(lambda: 7)
            except DeviceError:
                break
            await asyncio.sleep(0.05)
    assert await trouble_of(calls.call(lambda: 7)) is Trouble.DEADLINE
    held.set()
    async with asyncio.timeout(SOON):
        while True:
            with contextlib.suppress(DeviceError):
                assert await calls.call(lambda: 7) == 7
                break
            await asyncio.sleep(0)


async def test_calls_that_are_left_again_and_again_are_not_begun_without_end() -> None:
    calls, held, begun = LibraryCalls("a library"), threading.Event(), 0
    try:
        for _time in range(3 * MAX_LEFT):
            with contextlib.suppress(TimeoutError, DeviceError):
                async with asyncio.timeout(0.001):
                    await calls.call(held.wait)
        begun = sum(thread.name == "a library" for thread in threading.enumerate())
        assert begun == MAX_LEFT
    finally:
        held.set()


async def test_calls_that_are_only_many_at_once_are_all_done() -> None:
    calls = LibraryCalls("a library")
    assert await asyncio.gather(*(calls.call(lambda n=n: n) for n in range(50))) == list(range(50))


async def test_what_a_library_raises_is_raised_where_it_was_called() -> None:
    with pytest.raises(KeyError):
        await LibraryCalls("a library").call(lambda: {}["nothing"])


async def told_by(*words: str, environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Run the device with the library that hangs, in a process of its own, and return what it was told."""
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, hung_library.__file__, *words),
        env={**os.environ, **(environ or {})},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        said, _ = await asyncio.wait_for(program.communicate(), 90)
    finally:
        with contextlib.suppress(ProcessLookupError):
            program.kill()
        await program.wait()
    return json.loads(said)


async def test_a_camera_that_never_opens_takes_no_thread_of_the_station(tmp_path: Path) -> None:
    never = tmp_path / "film"
    os.mkfifo(never)  # nobody writes into it: whoever opens it waits for ever
    told = await told_by("camera", str(never))
    assert told == {"opens": ["deadline"] * (MAX_LEFT + 4), "station works": True}


@pytest.mark.sound
@pytest.mark.parametrize("kind", ["microphone", "speaker"])
async def test_a_sound_server_that_hangs_is_told_takes_no_thread_of_the_station_and_comes_back(
    kind: str, tmp_path: Path
) -> None:
    with pulseaudio(tmp_path) as pulse:
        told = await told_by(kind, str(pulse.pid), environ=pulse.environ)
    troubles = [*told.pop("starts"), told.pop("health"), told.pop("in the middle")]
    assert told == {"station works": True, "back": None, "back again": None}
    assert troubles[0] == "deadline"
    assert set(troubles) <= {"deadline", "unplugged"}  # a server that takes no more callers refuses them
