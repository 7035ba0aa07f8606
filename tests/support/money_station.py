"""A station that takes money, with all that is outside it: what a state machine does to it, it does here.

Real are conversation, services, runner, ledger, sockets, the providers' sandboxes and the receiver of notices; the
screen is the robot's, the card terminal is simulated.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from support.money import ACCOUNT, BIN, TERMINAL_DB, World, world
from tramkit.checkout.methods import payment_methods
from tramkit.checkout.receipts import Receipts
from tramkit.checkout.terminals import StationTerminals
from tramkit.host.order import Record
from tramkit.host.plugin_side import fulfillers
from tramkit.orders.ledger import Ledger
from tramkit.orders.runner import PAY_WITHIN, Runner
from tramkit.orders.seal import Seal
from tramkit.orders.wire import payment_of
from tramkit.sandbox import Fault, FaultOrder
from tramkit.station.devices import Devices
from tramkit.testing.failing_disk import FailingVfs
from tramkit.testing.station import Running, station
from tramkit.visit.inline import InlinePlugin
from tramkit_billing.codes import providers
from tramkit_billing.gateway import Aggregator
from tramkit_billing.service import PayBill
from tramkit_billing.topup import TopUp
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.roles import Role
from tramkit_hal.sim.payment_terminal import APPROVE, SimPaymentTerminal
from tramkit_hal.ui.pages import AnyPage
from tramkit_payments.method import VietQrMethod
from tramkit_payments.receiver import Receiver, Secrets
from tramkit_payments.terminal import CardTerminal
from tramkit_payments.webhooks import payos_signature

KEY, STATION_KEY = "k" * 32, "station-key-0123456789"
LATE = timedelta(hours=24)
PAUSES = (0.01, 0.02)
MINUTE = 60
ENDLESS = 10_000
"""So many requests fail while a provider is faulty: more than a life has."""


class JumpingClock:
    """The machine's clock, which somebody sets forwards and backwards, and whose hours can be skipped."""

    def __init__(self) -> None:
        self.wrong = timedelta(0)
        self.skipped = 0.0
        self._skip = asyncio.Event()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.wrong + timedelta(seconds=self.skipped)

    def monotonic(self) -> float:
        return asyncio.get_event_loop().time() + self.skipped

    async def sleep(self, seconds: float) -> None:
        until = self.monotonic() + seconds
        while (left := until - self.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._skip.wait()

    def skip(self, seconds: float) -> None:
        """Let time go by: who sleeps for less wakes up."""
        self.skipped += seconds
        skip, self._skip = self._skip, asyncio.Event()
        skip.set()


class MoneyStation:
    """The station, its disk and clock, and what is outside.

    :param folder: where all ledgers lie.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "station"
        self.clock = JumpingClock()
        self.disk = FailingVfs()
        self.disk_works = True
        self.outside: World
        self.ledger: Ledger
        self.runner: Runner
        self.running: Running
        self.terminal: SimPaymentTerminal
        self.connection: Any = None
        self._cuts = itertools.count()
        self._sandboxes = contextlib.AsyncExitStack()
        self._station = contextlib.AsyncExitStack()
        self._receiver: web.AppRunner | None = None
        self._port = 0

    async def open(self) -> None:
        """Start everything."""
        self.outside = await self._sandboxes.enter_async_context(world(self.folder))
        await self.start_receiver()
        await self.start()

    async def close(self) -> None:
        """Stop everything."""
        await self.stop()
        await self.stop_receiver()
        await self._sandboxes.aclose()
        self.disk.unregister()

    # ── the station ───────────────────────────────────────────────────────────────────────────────────────

    async def start(self) -> None:
        """Start the station: it goes on with its ledger, on a disk that works."""
        self.disk.broken, self.disk_works = False, True
        self.ledger = Ledger(self.home / "ledger.sqlite", Seal(b"k" * 32), connect=self._connect)
        settings = SimPaymentTerminal.Settings.model_validate({"journal": str(self.folder / TERMINAL_DB)})
        self.terminal = SimPaymentTerminal(settings, DeviceContext(Role.PAYMENT_TERMINAL, self.clock))
        card, aggregator = CardTerminal(), Aggregator(self.outside.aggregator.address)
        bills, topups = PayBill(aggregator, list(providers().values())), TopUp(aggregator)
        receiver = f"http://127.0.0.1:{self._port}"
        transfer = VietQrMethod(
            self.outside.switch.address, BIN, ACCOUNT, late=LATE, receiver=receiver, station_key=STATION_KEY
        )
        devices = Devices({Role.PAYMENT_TERMINAL: [self.terminal]}, self.clock)
        plugin = InlinePlugin([bills, topups], [transfer, card])
        plugin.use(StationTerminals(devices))
        self.runner = Runner(
            self.ledger, fulfillers([plugin]), payment_methods([plugin], devices), self.clock, pauses=PAUSES
        )
        services = (plugin, Receipts(self.runner))
        await self.ledger.open()
        self.running = await self._station.enter_async_context(
            station(services, clock=self.clock, bound={Role.PAYMENT_TERMINAL: [self.terminal]}, runner=self.runner)
        )
        await self.runner.start()

    def _connect(self, file: Path) -> Any:
        self.connection = self.disk.connect(file)
        return self.connection

    async def stop(self) -> None:
        """Stop the station in an orderly way."""
        await self.runner.stop()
        await self._station.aclose()
        await self.ledger.close()

    async def cut(self) -> None:
        """Cut the power: the next start has the files as they lie there now, the log not written into the file."""
        await self.runner.stop()
        after = self.folder / f"after-{next(self._cuts)}"
        after.mkdir()
        for file in self.home.glob("ledger.sqlite*"):
            if not file.name.endswith("-shm"):
                shutil.copy(file, after)
        await self.stop()
        self.home = after

    def break_disk(self, how: str) -> None:
        """Have the disk ``full``, ``read-only``, or faulty (``EIO``) from now on."""
        self.disk_works = False
        if how == "full":
            self.connection.execute("PRAGMA max_page_count = 1")
        elif how == "read-only":
            self.connection.execute("PRAGMA query_only = ON")
        else:
            self.disk.broken = True

    def mend_disk(self) -> None:
        """Have the disk as it should be."""
        self.disk.broken, self.disk_works = False, True
        self.connection.execute("PRAGMA max_page_count = 1000000")
        self.connection.execute("PRAGMA query_only = OFF")

    async def records(self) -> list[Record]:
        """Return all orders, oldest first."""
        return (await self.ledger.newest(1000))[::-1]

    async def page(self, title: str) -> AnyPage:
        """Wait for a page with this title."""
        return await self.running.screen.until(lambda page: page.title.id == title)

    async def closed(self, record: Record) -> Record:
        """Let the time for late money go by."""
        self.clock.skip((PAY_WITHIN + LATE).total_seconds() + MINUTE)
        while not (record.closed or record.manual):
            record = await self.runner.changed(record.id, record)
        return record

    # ── outside ───────────────────────────────────────────────────────────────────────────────────────────

    def network(self, bank: Fault | None, biller: Fault | None) -> None:
        """Have providers fail from now on, or answer again."""
        for sandbox, fault in ((self.outside.switch, bank), (self.outside.aggregator, biller)):
            sandbox.order_faults(FaultOrder(faults=(fault,) * ENDLESS if fault else ()))

    def transfer(self, record: Record, amount: int) -> bytes:
        """Have a resident transfer money for an order; return the true notice of it."""
        memo = payment_of(record).memo
        id = self.outside.switch.transfer(ACCOUNT, amount, memo)
        words = self.outside.switch.db.execute("SELECT content FROM transfers WHERE id = ?", (id,)).fetchone()[0]
        return notice(amount, words, id)

    async def hold_card(self, says: str = APPROVE) -> None:
        """Hold a card to the terminal once it asks for one; the bank says what it is told to."""
        await self.terminal.control("answer", says)
        async with self.terminal.events() as events:
            while "card" not in self.terminal.shown():
                async for event in events:
                    assert event.name == "prompt"
                    break
        await self.terminal.control("card", "")

    async def start_receiver(self) -> None:
        """Start the receiver of notices, at the address that it had."""
        secrets = Secrets(secrets={"payos": KEY, "sepay": KEY}, station_key=STATION_KEY)
        app = Receiver(self.folder / "notices.sqlite", secrets).app
        self._receiver = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await self._receiver.setup()
        await web.TCPSite(self._receiver, "127.0.0.1", self._port).start()
        self._port = self._receiver.addresses[0][1]

    async def stop_receiver(self) -> None:
        """Stop it; what it took is on the disk."""
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            await receiver.cleanup()

    async def tell_receiver(self, body: bytes, provider: str = "payos") -> int:
        """Send a notice to the receiver and return the status of its answer; 0: it is away."""
        try:
            async with (
                aiohttp.ClientSession() as http,
                http.post(f"http://127.0.0.1:{self._port}/notices/{provider}", data=body) as answer,
            ):
                return answer.status
        except aiohttp.ClientError:
            return 0


def notice(amount: int, words: str, id: str, key: str = KEY, **changes: object) -> bytes:
    """Return payOS' notice of a transfer.

    :param words: what the transfer says, with the memo.
    :param key: it is signed with.
    """
    data: dict[str, object] = {
        "amount": amount,
        "description": words,
        "accountNumber": ACCOUNT,
        "reference": id,
        "transactionDateTime": "2026-11-24 14:02:37",
        "currency": "VND",
        "code": "00",
        **changes,
    }
    return json.dumps({"data": data, "signature": payos_signature(data, key), "success": True}).encode()
