"""Paying by card: the simulated terminal and its acquirer, the runner and a ledger on disk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pytest

from tramkit.checkout.methods import payment_methods
from tramkit.checkout.terminals import StationTerminals
from tramkit.host.order import EffectKind, Order, OrderEnding, Outcome, Record, State
from tramkit.orders.ledger import Ledger
from tramkit.orders.runner import Runner
from tramkit.orders.seal import Seal, read_key
from tramkit.station.devices import Devices
from tramkit.visit.inline import InlinePlugin
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.device.roles import Role
from tramkit_hal.sim.payment_terminal import LOST_AFTER, LOST_BEFORE, SimPaymentTerminal
from tramkit_hal.ui.pages import Fact
from tramkit_hal.words import Day, Messages, render, verbatim
from tramkit_payments.terminal import CardTerminal

_ = Messages("tramkit")
MINUTE = timedelta(minutes=1)
ORDER = Order(service="shop", payee="EVN", amount=120_000, title=verbatim("Tiền điện"))


@dataclass
class Shop:
    """A service that does what it is asked, or refuses."""

    refuses: bool = False
    done: list[str] = field(default_factory=list[str])

    async def fulfil(self, order: Order, key: str) -> Outcome:
        if self.refuses:
            return Outcome(state="refused")
        if key not in self.done:
            self.done.append(key)
        when = Fact(label=verbatim("Ngày hẹn"), value=_("{day}", day=Day(day=date(2026, 12, 4))))
        return Outcome(state="done", facts=(when,))

    async def inquire(self, order: Order, key: str) -> Outcome:
        return Outcome(state="done" if key in self.done else "not_found")


@dataclass
class Station:
    """Ledger, runner and a terminal."""

    runner: Runner
    terminal: SimPaymentTerminal
    devices: Devices
    shop: Shop

    async def paying(self) -> Record:
        """Place an order and wait until the terminal asks for a card."""
        async with self.terminal.events() as events:
            placed = await self.runner.place("order-1", ORDER, CardTerminal.id)
            async for event in events:
                if event.name == "prompt":
                    break
        return placed

    async def until(self, record: Record, state: State) -> Record:
        """Wait until the payment is in a state."""
        while record.effects[EffectKind.COLLECT].state is not state:
            record = await self.runner.changed(record.id, record)
        return record

    def charged(self) -> int:
        """Return what the acquirer took less what it gave back, VND."""
        rows = self.terminal._db().execute("SELECT of, amount FROM charges WHERE state = 'settled'").fetchall()  # pyright: ignore[reportPrivateUsage]
        return sum(-amount if of else amount for of, amount in rows)


@asynccontextmanager
async def station(folder: Path, **settings: object) -> AsyncIterator[Station]:
    terminal = SimPaymentTerminal(
        SimPaymentTerminal.Settings.model_validate({"journal": str(folder / "terminal.sqlite"), **settings}),
        DeviceContext(Role.PAYMENT_TERMINAL),
    )
    devices = Devices({Role.PAYMENT_TERMINAL: [terminal]}, SystemClock())
    await devices.open()
    plugin = InlinePlugin([], [CardTerminal()])
    plugin.use(StationTerminals(devices))
    ledger = Ledger(folder / "ledger.sqlite", Seal(read_key(folder / "key" / "station.key")))
    await ledger.open()
    shop = Shop()
    runner = Runner(
        ledger,
        {"shop": shop},
        payment_methods([plugin], devices),
        SystemClock(),
        pauses=(0.01, 0.02),
        pay_within=timedelta(seconds=30),
    )
    await runner.start()
    try:
        yield Station(runner, terminal, devices, shop)
    finally:
        await runner.stop()
        await ledger.close()
        await devices.close()


async def test_a_card_pays_once(tmp_path: Path) -> None:
    async with station(tmp_path) as here:
        placed = await here.paying()
        assert "120.000 VND" in here.terminal.shown()
        await here.terminal.control("card")
        settled = await here.runner.settled(placed.id)
        assert settled.ending is OrderEnding.DONE
        assert settled.effects[EffectKind.COLLECT].reference
        (fact,) = settled.effects[EffectKind.FULFIL].facts
        assert render(fact.value, "vi") == "04/12/2026", "what the service says is kept as it was said"
        assert (here.charged(), here.shop.done) == (120_000, ["order-1-fulfil"])


async def test_a_declined_card_pays_nothing_and_says_why(tmp_path: Path) -> None:
    async with station(tmp_path, answer="decline") as here:
        placed = await here.paying()
        await here.terminal.control("card")
        settled = await here.runner.settled(placed.id)
        assert settled.ending is OrderEnding.UNPAID
        assert settled.effects[EffectKind.COLLECT].reason is not None
        assert (here.charged(), here.shop.done) == (0, [])


@pytest.mark.parametrize(
    ("answer", "ending", "charged"), [(LOST_AFTER, OrderEnding.DONE, 120_000), (LOST_BEFORE, OrderEnding.UNPAID, 0)]
)
async def test_a_lost_line_is_asked_about_until_it_is_known(
    tmp_path: Path, answer: str, ending: OrderEnding, charged: int
) -> None:
    async with station(tmp_path, answer=answer, doubts=5) as here:
        placed = await here.paying()
        await here.terminal.control("card")
        assert (await here.runner.settled(placed.id)).ending is ending
        assert here.charged() == charged


async def test_what_cannot_be_fulfilled_goes_back_to_the_card(tmp_path: Path) -> None:
    async with station(tmp_path) as here:
        here.shop.refuses = True
        placed = await here.paying()
        await here.terminal.control("card")
        assert (await here.runner.settled(placed.id)).ending is OrderEnding.REFUNDED
        assert here.charged() == 0


async def test_a_payment_that_is_given_up_takes_the_amount_off_the_terminal(tmp_path: Path) -> None:
    async with station(tmp_path) as here:
        placed = await here.paying()
        await here.runner.left(placed.id)
        assert (await here.runner.settled(placed.id)).ending is OrderEnding.UNPAID
        assert "VND" not in here.terminal.shown()
        await here.terminal.control("card")
        assert here.charged() == 0


async def test_the_next_payment_waits_until_the_terminal_is_free(tmp_path: Path) -> None:
    async with station(tmp_path) as here:
        first = await here.paying()
        second = await here.runner.place("order-2", ORDER, CardTerminal.id)
        await here.terminal.control("card")
        assert (await here.runner.settled(first.id)).ending is OrderEnding.DONE
        while "VND" not in here.terminal.shown():
            second = await here.runner.changed(second.id, second)
        await here.terminal.control("card")
        assert (await here.runner.settled(second.id)).ending is OrderEnding.DONE
        assert here.charged() == 240_000


async def test_a_power_cut_while_the_terminal_asks_gives_the_payment_up(tmp_path: Path) -> None:
    async with station(tmp_path) as here:
        placed = await here.paying()
        await here.until(placed, State.SENT)
    async with station(tmp_path) as again:
        assert (await again.runner.settled(placed.id)).ending is OrderEnding.UNPAID
        assert again.charged() == 0


async def test_a_power_cut_after_the_card_was_charged_goes_on_to_the_service(tmp_path: Path) -> None:
    async with station(tmp_path) as here:
        placed = await here.paying()
        await here.runner.stop()  # the station hears no more
        await here.terminal.control("card")
    async with station(tmp_path) as again:
        assert (await again.runner.settled(placed.id)).ending is OrderEnding.DONE
        assert (again.charged(), again.shop.done) == (120_000, ["order-1-fulfil"])


async def test_a_pulled_terminal_takes_no_new_payment_and_loses_no_old_one(tmp_path: Path) -> None:
    async with station(tmp_path) as here:
        placed = await here.paying()
        await here.terminal.control("card")
        await here.terminal.control("plugged", "off")
        method = here.runner.methods[CardTerminal.id]
        assert method.availability().availability.value == "closed"
        await here.terminal.control("plugged", "on")
        assert (await here.runner.settled(placed.id)).ending is OrderEnding.DONE
        assert method.availability().availability.value == "available"
