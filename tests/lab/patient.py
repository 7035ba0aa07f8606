"""A station in a call through the real desk: ``python -m tests.lab.patient ADDRESS SEED``.

The plugin's own gateway, legs and ways out, led as :mod:`tramkit_telehealth.kiosk.consultation` leads them, without the
pages. The lab drives it past the relay; what it says to the desk goes through it.
"""

from __future__ import annotations

import asyncio
import sys
import time
import uuid
from datetime import UTC, datetime
from random import Random
from typing import Any

import aiohttp

from bench.call.room import MAX_MESSAGE
from tests.lab.desk import ADDRESS, KEY, STATION
from tests.lab.station import devices
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.video import NewestFrame
from tramkit_telehealth.case_link import CaseLink
from tramkit_telehealth.gateway import DeskGateway
from tramkit_telehealth.media.call import CallMedia
from tramkit_telehealth.media.connection_check import check_connection
from tramkit_telehealth.media.playout import Output
from tramkit_telehealth.media.tracks import SoundFan
from tramkit_telehealth.protocol import Consent, Intake, KioskMedia, Patient, RtcAnswer, RtcOffer, StartLeg

NAME = "patient"


def intake() -> Intake:
    """Return what somebody who does not exist brings."""
    now = datetime.now(UTC)
    return Intake(
        case=uuid.uuid4().hex,
        station=STATION,
        site="Lab",
        specialty="general",
        language="vi",
        patient=Patient(name="Người Thử", level="CLAIMED"),
        complaint="thử",
        consents=(Consent(purpose="telehealth", text_version="1", language="vi", given=True, at=now),),
        price=0,
        opened_at=now,
    )


class Visit:
    """One resident at the station, from the queue on."""

    def __init__(self, gateway: DeskGateway, camera: NewestFrame, fan: SoundFan, case: CaseLink) -> None:
        self._gateway = gateway
        self._case = case
        self._reported: KioskMedia | None = None
        self.output = Output(lambda _sound: None)
        self.frames: list[float] = []
        self.media = CallMedia(
            servers=lambda: gateway.ice_servers,
            picture=lambda: camera,
            fan=fan,
            output=self.output,
            send_offer=lambda leg, sdp: case.send(RtcOffer(case=case.id, leg=leg, sdp=sdp)),
            reachable=lambda: gateway.connected,
            clock=SystemClock(),
            random=Random(1),
            ways=gateway.ways,
        )
        self._tasks = [
            asyncio.create_task(work) for work in (self.media.run(), self._follow(), self._watch(), self._report())
        ]

    async def _follow(self) -> None:
        await self.media.prepare()
        while True:
            match await self._case.next():
                case StartLeg(leg=leg):
                    self.media.start_leg(leg)
                case RtcAnswer(leg=leg, sdp=sdp):
                    await self.media.answer(leg, sdp)
                case _:
                    pass

    async def _watch(self) -> None:
        sequence = 0
        while (frame := await self.output.picture.next(sequence)) is not None:
            sequence = frame.sequence
            self.frames.append(frame.captured_at)

    async def _report(self) -> None:
        while True:
            report = KioskMedia(case=self._case.id, leg=max(1, self.media.leg), state=self.media.connection)
            if report != self._reported:
                self._reported = report
                self._case.send(report)
            await asyncio.sleep(0.25)

    def state(self) -> dict[str, Any]:
        """Return how the call is and when pictures came since this was asked last."""
        frames, self.frames[:] = list(self.frames), []
        return {
            "connection": self.media.connection,
            "leg": self.media.leg,
            "desk": self._gateway.connected,
            "over": self._gateway.ways.current(),
            "frames": frames,
            "now": time.monotonic(),
        }

    async def close(self) -> None:
        """End it."""
        await self.media.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def main(address: str, seed: int) -> None:
    """Join the room and serve it until it closes."""
    gateway = DeskGateway(ADDRESS, KEY, STATION, SystemClock())
    await gateway.start()
    async with (
        devices(seed) as (slot, fan),
        aiohttp.ClientSession() as session,
        session.ws_connect(f"http://{address}/side/{NAME}", max_msg_size=MAX_MESSAGE) as socket,
    ):
        commands = Commands(gateway, slot, fan)
        async for message in socket:
            asked = message.json()
            try:
                told = await commands.do(asked["do"])
            except Exception as error:  # the edge of this process: the lab tells what went wrong
                told = {"error": repr(error)}
            await socket.send_json({"id": asked["id"], **told})
        await commands.end()
    await gateway.stop()


class Commands:
    """Does what the lab tells it."""

    def __init__(self, gateway: DeskGateway, slot: NewestFrame, fan: SoundFan) -> None:
        self._gateway = gateway
        self._slot = slot
        self._fan = fan
        self._case: Any = None
        self._visit: Visit | None = None

    async def do(self, what: str) -> dict[str, Any]:
        """Do it and return what there is to tell."""
        match what:
            case "queue":
                async with asyncio.timeout(15):
                    while not self._gateway.connected:
                        await asyncio.sleep(0.05)
                self._case = self._gateway.case(intake())
                self._visit = Visit(self._gateway, self._slot, self._fan, self._case.__enter__())
            case "check":
                check = await check_connection(self._gateway.ice_servers)
                return {"check": check.model_dump() if check else None, "verdict": check.verdict if check else None}
            case "state":
                return self._visit.state() if self._visit else {}
            case "end":
                await self.end()
            case _:
                raise ValueError(f"unknown: {what}")
        return {}

    async def end(self) -> None:
        """End the visit."""
        if self._visit is not None:
            await self._visit.close()
            self._case.__exit__(None, None, None)
            self._visit = None


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
