"""After a case nothing of the resident can be reached in the station's memory, however it ended."""

from __future__ import annotations

import asyncio
import gc
import types
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest
from clinic import Clinic, clinic, summary_of
from media_kit import until

from tramkit_hal.video import Frame, NewestFrame
from tramkit_telehealth.case_link import CaseLink
from tramkit_telehealth.kiosk.consultation import Consultation
from tramkit_telehealth.media.call import CallMedia
from tramkit_telehealth.media.leg import Leg
from tramkit_telehealth.protocol import CaseState, Intake, Medicine, OpenCase, Patient, Summary

pytestmark = pytest.mark.young

PERSONAL = (CaseLink, Consultation, CallMedia, Leg, Intake, OpenCase, Patient, Summary, Medicine, Frame)


class Secret:
    """A word that is nowhere in memory while nobody asks for it."""

    def __init__(self) -> None:
        self._codes = [ord(letter) + 1 for letter in f"canary{uuid4().hex[:8]}"]

    def word(self) -> str:
        return "".join(chr(code - 1) for code in self._codes)


def holders(secret: Secret) -> list[str]:
    """Return the types of everything tracked by the collector that holds the word."""
    word = secret.word()
    wire = word.encode()
    found: list[str] = []
    for each in gc.get_objects():
        if isinstance(each, types.FrameType):
            continue
        for held in gc.get_referents(each):
            text = isinstance(held, str) and held is not word and word in held
            raw = isinstance(held, bytes | bytearray) and held is not wire and wire in held
            if text or raw:
                found.append(f"{type(each).__module__}.{type(each).__qualname__}")
    return found


def personal() -> list[object]:
    """Return the objects in this process that hold a resident's data."""
    gc.collect()
    objects = [each for each in gc.get_objects() if isinstance(each, PERSONAL)]
    slots = [each for each in gc.get_objects() if isinstance(each, NewestFrame) and each.frame is not None]
    return [*objects, *slots]


class LeftOver:
    """What holds a resident's data now and did not yet when this began: other tests keep samples of their own."""

    def __init__(self) -> None:
        self._before = personal()

    def __call__(self) -> list[str]:
        before = {id(each) for each in self._before}
        return [type(each).__name__ for each in personal() if id(each) not in before]


async def done(c: Clinic, conclusion: str) -> None:
    await c.call()
    await c.close_case(summary_of(c.desk, conclusion))
    await c.step("tell", "The doctor's summary for you")
    await c.step("done", "Your consultation is finished")


async def left_in_call(c: Clinic, _conclusion: str) -> None:
    await c.call()
    assert {"CallMedia", "Leg", "Frame", "NewestFrame"} <= {type(each).__name__ for each in personal()}
    await c.leave()


async def summary_after_leaving(c: Clinic, conclusion: str) -> None:
    await c.call()
    summary = summary_of(c.desk, conclusion)
    await c.leave()
    await c.gone()
    await c.close_case(summary)


async def left_with_the_desk_down(c: Clinic, _conclusion: str) -> None:
    await c.says(CaseState.WAITING, position=1)
    await c.page("wait", "You are in the queue")
    await c.desk.stop()
    await until(lambda: not c.gateway.connected)
    await c.leave()


async def never_acknowledged(c: Clinic, _conclusion: str) -> None:
    await c.leave()


@pytest.mark.parametrize(
    "end", [done, left_in_call, summary_after_leaving, left_with_the_desk_down, never_acknowledged]
)
async def test_nothing_of_a_resident_stays(end: Callable[[Clinic, str], Awaitable[None]]) -> None:
    complaint, conclusion = Secret(), Secret()
    left_over = LeftOver()
    async with clinic() as c:
        c.desk.acknowledges = end is not never_acknowledged
        await c.to_queue(complaint=complaint.word())
        assert holders(complaint), "the search finds what is there"
        assert "Intake" in left_over()
        await end(c, conclusion.word())
        await c.gone()
        for browser in c.browsers:
            await browser.close()
        c.browsers.clear()
        c.desk.said.clear()  # the desk of the test forgets: the real one is there to remember
        c.desk.envelopes.clear()
        await until_nothing(left_over)
        await until_nothing(lambda: holders(complaint) + holders(conclusion))


async def until_nothing(look: Callable[[], list[str]]) -> None:
    """Wait until nothing is found: sockets that close hold their last message for a moment."""
    found: list[str] = []
    try:
        async with asyncio.timeout(10):
            while found := look():
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise AssertionError(f"still there: {sorted(set(found))}") from None
