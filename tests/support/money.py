"""The money's side of a station as a process of its own, which ends itself at a commit; and its outside world.

``python -m support.money DATA SWITCH AGGREGATOR [--place CUSTOMER,ID] [--method M] [--answer A] [--kill-at N]``
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection, wait
from pathlib import Path

from tramkit.checkout.terminals import StationTerminals
from tramkit.host.order import EffectKind, Order, State
from tramkit.orders.ledger import Ledger
from tramkit.orders.runner import Runner
from tramkit.orders.seal import Seal, read_key
from tramkit.orders.wire import memo_of, payment_of
from tramkit.station.devices import Devices
from tramkit_billing.gateway import Aggregator as AggregatorClient
from tramkit_billing.sandbox import Aggregator, bills_of
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.device.roles import Role
from tramkit_hal.sim.payment_terminal import APPROVE, SimPaymentTerminal
from tramkit_hal.words import verbatim
from tramkit_payments.method import VietQrMethod
from tramkit_payments.sandbox import Switch
from tramkit_payments.terminal import CardTerminal

BIN, ACCOUNT = "970436", "0011001234567"
SERVICE, TOPUP = "billing.pay", "billing.topup"
TERMINAL_DB = "terminal.sqlite"
BILL, REFUSED_BILL = "PE01000123456", "PE01009999991"
PHONE, REFUSED_PHONE = "0901234567", "0909999991"
PAY_WITHIN = 0.8
LATE = 0.5


class Killer:
    """Ends the process, as a power cut would, at the n-th commit, before or after it."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.count = 0

    def __call__(self, _name: str) -> None:
        self.count += 1
        if self.count == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


def order_of(customer: str) -> Order:
    """Return the order of a customer's oldest bill, or of a top-up of a phone."""
    if customer.startswith("0"):
        request = {"provider": "topup", "customer": customer}
        return Order(service=TOPUP, payee="Nạp tiền", amount=50_000, title=verbatim("Nạp tiền"), request=request)
    bill = bills_of("evn", customer)[0]
    return Order(
        service=SERVICE,
        payee="EVN",
        amount=bill["amount"],
        title=verbatim("Tiền điện"),
        request={"provider": "evn", "customer": customer, "bill_ids": [bill["bill_id"]]},
    )


@asynccontextmanager
async def station(
    data: Path, switch: str, aggregator: str, kill_at: int = 0, pay_within: float = PAY_WITHIN, answer: str = APPROVE
) -> AsyncIterator[Runner]:
    """Run ledger, runner and a terminal, to which a card is held at once, until the context ends."""
    settings = {"journal": str(data / TERMINAL_DB), "answer": answer, "card_after": 0.05}
    terminal = SimPaymentTerminal(
        SimPaymentTerminal.Settings.model_validate(settings), DeviceContext(Role.PAYMENT_TERMINAL)
    )
    card = CardTerminal()
    devices = Devices({Role.PAYMENT_TERMINAL: [terminal]}, SystemClock())
    card.terminals = StationTerminals(devices)
    await devices.open()
    seal = Seal(read_key(data.parent / "key" / "station.key"))
    ledger = Ledger(data / "ledger.sqlite", seal, boundary=Killer(kill_at))
    await ledger.open()
    runner = Runner(
        ledger,
        {SERVICE: AggregatorClient(aggregator), TOPUP: AggregatorClient(aggregator)},
        {VietQrMethod.id: VietQrMethod(switch, BIN, ACCOUNT, late=timedelta(seconds=LATE)), card.id: card},
        SystemClock(),
        pauses=(0.05, 0.1, 0.2),
        pay_within=timedelta(seconds=pay_within),
    )
    await runner.start()
    try:
        yield runner
    finally:
        await runner.stop()
        await ledger.close()
        await devices.close()


async def main(words: argparse.Namespace, tell: Callable[[dict[str, object]], None]) -> None:
    """Place what is to be placed, tell it, and run until nothing is left to do."""
    numbers = (words.kill_at, words.pay_within, words.answer)
    async with station(words.data, words.switch, words.aggregator, *numbers) as runner:
        for place in words.place or ():
            customer, _comma, id = place.partition(",")
            record = await runner.place(id, order_of(customer), words.method)
            payment = payment_of(record)
            tell({"placed": id, "memo": payment.memo, "amount": payment.amount, "at": time.monotonic()})
            if words.give_up:
                await runner.cancel(id)
        ended: set[str] = set()
        while live := [record for record in await runner.ledger.live() if not record.manual]:
            for record in live:
                given_up = record.effects[EffectKind.COLLECT].state is State.REJECTED
                if (given_up or record.ending is not None) and record.id not in ended:
                    ended.add(record.id)
                    word = "given_up" if given_up else "ended"
                    tell({word: record.id, "memo": payment_of(record).memo, "amount": record.order.amount})
            await asyncio.sleep(0.02)
        for record in await runner.ledger.newest(words.tell):
            ending = record.ending.value if record.ending else "manual"
            again = EffectKind.RETURN in record.effects
            tell({"settled": record.id, "ending": ending, "amount": record.order.amount, "paid_again": again})


@dataclass
class World:
    """What is outside a station, with its own ledgers."""

    switch: Switch
    aggregator: Aggregator
    terminal: Path
    """The acquirer's journal."""

    def came(self, memo: str) -> int:
        """Return what residents have paid under a memo, VND."""
        rows = self.switch.db.execute("SELECT amount FROM transfers WHERE instr(content, ?)", (memo,))
        return sum(row[0] for row in rows)

    def went_back(self, memo: str) -> int:
        """Return what was sent back under a memo."""
        rows = self.switch.db.execute("SELECT amount FROM refunds WHERE memo = ?", (memo,))
        return sum(row[0] for row in rows)

    def charged(self, id: str) -> tuple[int, int]:
        """Return what the acquirer took for an order, and what it gave back."""
        if not self.terminal.exists():
            return 0, 0
        with contextlib.closing(sqlite3.connect(self.terminal)) as journal:
            taken, back = (
                journal.execute(f"SELECT coalesce(sum(amount), 0) FROM charges WHERE {where}", (f"{id}-collect",))
                for where in ("ref = ? AND state = 'settled'", "of = ? AND state = 'settled'")
            )
            return taken.fetchone()[0], back.fetchone()[0]

    def billed(self, id: str) -> tuple[int, int]:
        """Return how often an order's bill was paid, and with how much."""
        rows = self.aggregator.db.execute(
            "SELECT amount FROM payments WHERE partner_ref = ? AND status = 'SUCCESS'", (f"{id}-fulfil",)
        ).fetchall()
        return len(rows), sum(row[0] for row in rows)

    def disagreement(self, id: str, ending: str, amount: int) -> str:
        """Return where the station's ledger and the others' do not agree about an order; empty: nowhere."""
        memo = memo_of(f"{id}-collect")
        (taken, given), (times, billed) = self.charged(id), self.billed(id)
        came, back = self.came(memo) + taken, self.went_back(memo) + given
        if came != back + billed:
            return f"{id}: {came} came, {back} went back, {billed} were paid on"
        expected = {"done": (1, amount), "refunded": (0, 0), "unpaid": (0, 0), "failed": (0, 0)}.get(ending)
        if expected != (times, billed):
            return f"{id}: {ending}, but the biller has {times} payments of {billed}"
        if (ending == "unpaid" and came) or (ending == "refunded" and not back):
            return f"{id}: {ending}, but {came} came and {back} went back"
        return ""


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    """Run the sandboxes on free ports."""
    switch, aggregator = Switch(folder / "switch.sqlite"), Aggregator(folder / "aggregator.sqlite")
    async with switch.running(), aggregator.running():
        yield World(switch, aggregator, folder / TERMINAL_DB)


def words_of(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("switch")
    parser.add_argument("aggregator")
    parser.add_argument("--place", action="append")
    parser.add_argument("--tell", type=int, default=100, help="tell so many of the newest orders")
    parser.add_argument("--method", default=VietQrMethod.id)
    parser.add_argument("--answer", default=APPROVE, help="what the acquirer says")
    parser.add_argument("--give-up", action="store_true", help="do so after each order")
    parser.add_argument("--kill-at", type=int, default=0)
    parser.add_argument("--pay-within", type=float, default=PAY_WITHIN)
    return parser.parse_args(arguments)


def child(arguments: Sequence[str], told: Connection) -> None:
    """Be a station's process that tells through a pipe."""
    asyncio.run(main(words_of(arguments), told.send))


_servers = multiprocessing.get_context("forkserver")
_servers.set_forkserver_preload([__name__])
"""Starting a process anew takes most of a second, forking one that has imported everything a hundredth."""


async def run_station(
    data: Path,
    outside: World,
    *more: str,
    on_told: Callable[[dict[str, object]], None] = lambda _told: None,
    kill_after: float | None = None,
) -> tuple[int, list[dict[str, object]]]:
    """Run a station's process until it ends; returns its exit code (negative: a signal) and what it told.

    :param kill_after: seconds until it is killed, whatever it does then.
    """
    ours, theirs = _servers.Pipe(duplex=False)
    arguments = [str(data), outside.switch.address, outside.aggregator.address, *more]
    process = _servers.Process(target=child, args=(arguments, theirs))
    process.start()  # on this thread, as everything that looks at its end: of two that look at once, one gets none
    theirs.close()
    killing = None if kill_after is None else asyncio.get_running_loop().call_later(kill_after, process.kill)
    told: list[dict[str, object]] = []
    try:
        with contextlib.suppress(EOFError):
            while True:
                told.append(await asyncio.to_thread(ours.recv))
                on_told(told[-1])
        await asyncio.to_thread(wait, [process.sentinel])
    except BaseException:
        process.kill()  # the test has failed or was stopped: its station goes with it
        raise
    finally:
        if killing is not None:
            killing.cancel()
        process.join()
        code = process.exitcode
        process.close()
        ours.close()
    assert code is not None
    return code, told


if __name__ == "__main__":
    asyncio.run(main(words_of(sys.argv[1:]), lambda told: print(json.dumps(told), flush=True)))
