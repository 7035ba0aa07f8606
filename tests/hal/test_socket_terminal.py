"""A payment terminal in a process of its own: the reference adapter between the station and an acquirer."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from support.fake_acquirer import FAULTS, FakeAcquirer

from tramkit_hal.contracts.payment_terminal import Charge
from tramkit_hal.device.base import DeviceContext, DeviceState
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.drivers.socket_terminal import SocketTerminal
from tramkit_hal.testing import NotApplicableError

from .conformance import DeviceConformance


async def trouble_of(step: Any) -> Trouble:
    with pytest.raises(DeviceError) as caught:
        await step
    return caught.value.trouble


class TestSocketTerminal(DeviceConformance):
    """Station, adapter process, acquirer, each over real sockets."""

    contract = SocketTerminal

    pluggable = True

    @pytest_asyncio.fixture(autouse=True)
    async def _acquirer(self, tmp_path: Path) -> AsyncIterator[None]:
        self.folder = tmp_path
        self.acquirer = FakeAcquirer()
        self.acquirer.card.clear()  # no card is there until somebody holds one to it
        await self.acquirer.start()
        self.refs = 0
        self.away = tmp_path / "away"
        yield
        await self.acquirer.stop()

    def make(self) -> Any:
        # a shell in between: while the file "away" is there, the adapter does not come up
        command = (
            f"test ! -e {self.away} && exec {sys.executable} -m tramkit_hal.drivers.terminal_adapter "
            f"--listen {self.folder}/terminal.sock --journal {self.folder}/terminal.sqlite "
            f"--acquirer 127.0.0.1:{self.acquirer.port}"
        )
        settings = SocketTerminal.Settings(path=f"{self.folder}/terminal.sock", command=["sh", "-c", command])
        return SocketTerminal(settings, DeviceContext(Role.PAYMENT_TERMINAL))

    async def operate(self, device: Any) -> None:
        self.acquirer.card.set()
        self.refs += 1
        ref = f"ref-{self.refs}"
        await device.start(ref, 50_000)
        assert (await self.settled(device, ref)).charge is Charge.SETTLED

    async def settled(self, device: Any, ref: str) -> Any:
        async with asyncio.timeout(10):
            while (told := await device.inquire(ref)).charge in (Charge.PENDING, Charge.UNKNOWN):
                await asyncio.sleep(0.01)
        return told

    async def unplug(self, device: Any) -> None:
        await asyncio.to_thread(self.away.touch)
        os.kill(device._process.pid, signal.SIGKILL)

    async def plug(self, device: Any) -> None:
        await asyncio.to_thread(self.away.unlink)

    async def do(self, device: Any, name: str, value: str = "") -> None:
        if name != "card":
            raise NotApplicableError(name)
        self.acquirer.card.set()

    async def test_a_number_is_charged_once_and_given_back_once(self) -> None:
        self.acquirer.card.set()
        async with self.opened() as device:
            for _again in range(3):
                await device.start("ref", 50_000)
            assert (await self.settled(device, "ref")).amount == 50_000
            for _again in range(2):
                assert (await device.refund("ref", "back", 30_000)).charge is Charge.SETTLED
            assert (await device.refund("ref", "back-2", 30_000)).charge is Charge.DECLINED
            assert (await device.inquire("other")).charge is Charge.NOT_FOUND
            assert await trouble_of(device.start("ref", 60_000)) is Trouble.UNSUPPORTED
        assert self.acquirer.charged == [("ref", 50_000)]
        assert self.acquirer.returned == [("ref", 30_000)]

    async def test_while_one_waits_for_its_card_another_is_refused_and_cancelled_is_declined(self) -> None:
        async with self.opened() as device, device.events() as events:
            assert (await device.start("one", 1_000)).charge is Charge.PENDING
            assert (await anext(events)).name in ("state", "prompt")
            assert await trouble_of(device.start("two", 1_000)) is Trouble.CLAIMED
            assert (await device.cancel("one")).charge is Charge.DECLINED
            self.acquirer.card.set()
            assert (await self.settled(device, "one")).charge is Charge.DECLINED
        assert not self.acquirer.charged

    async def test_when_the_acquirer_is_away_health_says_so(self) -> None:
        async with self.opened() as device:
            assert (await device.health()).trouble is None
            await self.acquirer.stop()
            assert (await device.health()).trouble is Trouble.FAULTY

    @pytest.mark.parametrize("first", [0, pytest.param(1000, marks=pytest.mark.long)])
    async def test_whatever_breaks_what_is_told_in_the_end_is_what_the_acquirer_did(self, first: int) -> None:
        self.acquirer.card.set()
        rounds = 12 if not first else 150
        for seed in range(first, first + rounds):
            dice = random.Random(seed)
            self.acquirer.fault = dice.choice(FAULTS)
            device = self.make()
            await device.open()
            ref, kill = f"ref-{seed}", dice.random() < 0.5
            starting = asyncio.create_task(device.start(ref, seed + 1, deadline=1))
            await asyncio.sleep(dice.random() * 0.02)
            if kill:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(device._process.pid, signal.SIGKILL)
            with contextlib.suppress(DeviceError):
                await starting
            if not kill and self.acquirer.fault == "silent":
                await device.cancel(ref)
            if not device.state.usable or kill:
                await device.reset()
            told = await self.settled(device, ref)
            real = self.acquirer.ledger.get(ref)
            expected = Charge.SETTLED if real and real[1] else None
            if expected is not None or ref in self.acquirer.ledger:
                assert (told.charge is Charge.SETTLED) == bool(real and real[1]), f"seed {seed}"
            else:
                assert told.charge in (Charge.DECLINED, Charge.NOT_FOUND), f"seed {seed}"
            await device.close()
        refs = [ref for ref, _amount in self.acquirer.charged]
        assert len(refs) == len(set(refs)), "charged twice"


async def test_an_adapter_that_answers_nonsense_leaves_the_outcome_unknown(tmp_path: Path) -> None:
    answers: list[Any] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            asked = json.loads(line)
            told = {"protocol": 1} if asked["do"] == "hello" else answers[0]
            if told is None:
                break
            writer.write(json.dumps({"id": asked["id"], **told}).encode() + b"\n")
        writer.close()

    server = await asyncio.start_unix_server(serve, str(tmp_path / "s"))
    device = SocketTerminal(SocketTerminal.Settings(path=str(tmp_path / "s")), DeviceContext(Role.PAYMENT_TERMINAL))
    for told in ({}, {"charge": "perhaps"}, {"charge": "settled", "amount": -1}, None):
        await device.open()
        answers[:] = [told]
        assert await trouble_of(device.start("ref", 1)) is Trouble.OUTCOME_UNKNOWN
        await device.close()
    await device.open()
    answers[:] = [{"error": "claimed"}]
    assert await trouble_of(device.start("ref", 1)) is Trouble.CLAIMED
    assert device.state is DeviceState.READY
    await device.close()
    server.close()
