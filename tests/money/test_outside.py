"""What others do must not hurt: who names two orders in one transfer, who forgets, a disk that is full at the start."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Self

import pytest
from support.money import ACCOUNT, BIN, World, world

from tramkit.host.order import Order, OrderEnding, Outcome, Record
from tramkit.host.payment import Invitation, Payment, PaymentMethod, Properties
from tramkit.orders.ledger import Ledger
from tramkit.orders.runner import Runner
from tramkit.orders.seal import Seal, read_key
from tramkit.orders.wire import payment_of
from tramkit.testing.failing_disk import FailingVfs
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.words import verbatim
from tramkit_payments.method import VietQrMethod

PAUSES = (0.02, 0.05, 0.2)
FREE = Order(service="shop", payee="EVN", amount=0, title=verbatim("a report"))
BILL = Order(service="shop", payee="EVN", amount=50_000, title=verbatim("a bill"))


class Shop:
    """Fulfils at once, or forgets whatever it is sent."""

    def __init__(self) -> None:
        self.forgets = False
        self.sent: list[str] = []
        self.sent_at: list[float] = []

    async def fulfil(self, order: Order, key: str) -> Outcome:
        self.sent.append(key)
        self.sent_at.append(asyncio.get_running_loop().time())
        return Outcome(state="unknown" if self.forgets else "done")

    async def inquire(self, order: Order, key: str) -> Outcome:
        return Outcome(state="not_found")


class AtTheStation(PaymentMethod):
    """Asks for a card of whoever stands before the station."""

    id = "test.attended"
    title = verbatim("card")

    def __init__(self) -> None:
        self.properties = Properties(can_be_asked=True, attended=True)
        self.asked_for: list[str] = []

    def invitation(self, payment: Payment) -> Invitation:
        return Invitation()

    async def collect(self, payment: Payment) -> Outcome:
        self.asked_for.append(payment.key)
        return Outcome(state="pending")

    async def inquire(self, payment: Payment) -> Outcome:
        return Outcome(state="not_found")

    async def cancel(self, payment: Payment) -> Outcome:
        return Outcome(state="refused")


class Station:
    """Ledger and runner, for as long as the context lasts."""

    def __init__(self, folder: Path, *methods: PaymentMethod, pay_within: float = 30.0) -> None:
        self.shop = Shop()
        self.disk = FailingVfs()
        seal = Seal(read_key(folder / "key" / "station.key"))
        self.ledger = Ledger(folder / "ledger.sqlite", seal, connect=self.disk.connect)
        self.runner = Runner(
            self.ledger,
            {"shop": self.shop},
            {each.id: each for each in methods},
            SystemClock(),
            pauses=PAUSES,
            pay_within=timedelta(seconds=pay_within),
        )

    async def __aenter__(self) -> Self:
        await self.ledger.open()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.runner.stop()
        await self.ledger.close()
        self.disk.unregister()

    async def record(self, id: str) -> Record:
        record = await self.ledger.record(id)
        assert record is not None
        return record


async def closed(station: Station, id: str) -> Record:
    while not (record := await station.record(id)).closed:
        await asyncio.sleep(0.02)
    return record


async def test_who_has_never_heard_of_it_again_and_again_is_asked_less_and_less_often(tmp_path: Path) -> None:
    async with Station(tmp_path) as station:
        station.shop.forgets = True
        await station.runner.place("o1", FREE)
        while len(station.shop.sent) < 6:
            await asyncio.sleep(0.02)
        station.shop.forgets = False
        assert station.shop.sent_at[5] - station.shop.sent_at[4] >= PAUSES[-1]
        assert (await station.runner.settled("o1")).ending is OrderEnding.DONE


def vietqr(outside: World, late: float) -> VietQrMethod:
    return VietQrMethod(outside.switch.address, BIN, ACCOUNT, late=timedelta(seconds=late))


async def test_one_transfer_that_names_two_orders_pays_one_at_most(tmp_path: Path) -> None:
    async with world(tmp_path) as outside:
        async with Station(tmp_path / "station", vietqr(outside, late=0.5), pay_within=1.0) as station:
            memos = [payment_of(await station.runner.place(id, BILL, VietQrMethod.id)).memo for id in ("o1", "o2")]
            outside.switch.transfer(ACCOUNT, BILL.amount, " ".join(memos))
            for id in ("o1", "o2"):
                await closed(station, id)
        back = sum(outside.went_back(memo) for memo in memos)
        assert back + len(station.shop.sent) * BILL.amount == BILL.amount


async def test_after_a_restart_a_transfer_that_names_two_orders_pays_neither(tmp_path: Path) -> None:
    async with world(tmp_path) as outside:
        async with Station(tmp_path / "station", vietqr(outside, late=60)) as station:
            memos = [payment_of(await station.runner.place(id, BILL, VietQrMethod.id)).memo for id in ("o1", "o2")]
        outside.switch.transfer(ACCOUNT, BILL.amount, " ".join(memos))
        async with Station(tmp_path / "station", vietqr(outside, late=60)) as station:
            await station.runner.start()
            await asyncio.sleep(0.5)
            assert station.shop.sent == []


async def test_a_disk_that_is_broken_at_the_start_stops_no_order_for_good(tmp_path: Path) -> None:
    card = AtTheStation()
    async with Station(tmp_path, card) as station:
        now = SystemClock().now()
        await station.ledger.place("card", BILL, card.id, now)
        await station.ledger.place("paid", FREE, "", now)
        station.disk.broken = True
        await station.runner.start()
        while not station.ledger.trouble:
            await asyncio.sleep(0.01)
        station.disk.broken = False
        assert (await station.runner.settled("paid")).ending is OrderEnding.DONE
        given_up = await station.runner.settled("card")
        assert given_up.cancelled
        assert card.asked_for == []


async def test_who_leaves_while_their_order_is_written_has_ordered_all_the_same(tmp_path: Path) -> None:
    card = AtTheStation()
    async with Station(tmp_path, card) as station:
        for id, order, method in (("free", FREE, ""), ("card", BILL, card.id)):
            placing = asyncio.create_task(station.runner.place(id, order, method))
            await asyncio.sleep(0)
            placing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await placing
            while await station.ledger.record(id) is None:
                await asyncio.sleep(0.01)
        assert (await station.runner.settled("free")).ending is OrderEnding.DONE
        assert (await station.runner.settled("card")).cancelled
        assert card.asked_for == [], "nobody is there to hold a card"
