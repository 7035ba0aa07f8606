"""My receipts: the whole dialogue, by the code and by the chip of a card; what is handed out again says COPY."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest_asyncio

from tramkit import Fact, Level, Messages, Order, Outcome, Service, Visit, verbatim
from tramkit.checkout.receipts import MAX_LISTED, Receipts
from tramkit.host.order import Record
from tramkit.identity.means import IdentityMeans
from tramkit.orders.ledger import Ledger
from tramkit.orders.runner import Runner
from tramkit.orders.seal import Seal
from tramkit.station.devices import Devices
from tramkit.testing.station import Running, station
from tramkit_hal.card.trust import FolderTrust
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.device.roles import Role
from tramkit_hal.sim.chip import ChipFault
from tramkit_hal.sim.id_reader import NO_CARD, SimIdReader
from tramkit_hal.sim.people import PEOPLE
from tramkit_hal.sim.receipt_printer import SimReceiptPrinter
from tramkit_hal.ui.pages import AnyPage, Choose
from tramkit_hal.words import render

_ = Messages("tests")
CLOCK = SystemClock()
AN, HA = PEOPLE[0], PEOPLE[1]


class Counter(Service):
    """Takes an order of whoever proves by their card who they are; it costs nothing."""

    id = "test.counter"
    title = _("Counter")
    identity = Level.CHIP

    async def serve(self, visit: Visit) -> None:
        facts = (Fact(label=_("About"), value=verbatim("hộ tịch")),)
        await visit.place(Order(service=self.id, payee="UBND", amount=0, title=_("A copy"), facts=facts))

    async def fulfil(self, order: Order, key: str) -> Outcome:
        return Outcome(state="done")

    async def inquire(self, order: Order, key: str) -> Outcome:
        return Outcome(state="done")


@dataclass
class Place:
    """A station with a reader that is believed, a printer, and orders."""

    s: Running
    runner: Runner

    @property
    def reader(self) -> SimIdReader:
        (reader,) = self.s.devices.of(Role.ID_READER)
        assert isinstance(reader, SimIdReader)
        return reader

    @property
    def paper(self) -> str:
        (printer,) = self.s.devices.of(Role.RECEIPT_PRINTER)
        assert isinstance(printer, SimReceiptPrinter)
        return printer.shown()

    async def lay(self, who: str) -> None:
        await self.s.page("capture", "place your identity card")
        await self.reader.control("card", who)
        await self.s.page("capture", "Is this you")
        self.s.screen.answer()
        await self.reader.control("card", NO_CARD)

    async def order(self, who: str) -> Record:
        """Have somebody order something and leave."""
        await self.s.menu()
        self.s.screen.answer(Counter.id)
        await self.lay(who)
        await self.s.page("done")
        await self.end()
        return (await self.runner.ledger.newest(1))[0]

    async def end(self) -> None:
        self.s.screen.answer()
        await self.s.page("tell", "deleted")
        self.s.screen.touch()
        await self.s.attract()

    async def look(self, how: str) -> None:
        """Begin to look for a receipt."""
        await self.s.menu()
        self.s.screen.answer(Receipts.descriptor.id)
        await self.s.page("choose", "How would you like")
        self.s.screen.answer(how)


def words(page: AnyPage) -> str:
    facts = [f"{render(each.label, 'en')}: {render(each.value, 'en')}" for each in getattr(page, "facts", ())]
    return "\n".join([render(page.title, "en"), *(render(text, "en") for text in page.body), *facts])


@dataclass
class Outside:
    """What a station is given: who carries out, and whose cards are believed."""

    runner: Runner
    country: Path

    def joins(self, devices: Devices) -> dict[str, object]:
        return {"runner": self.runner, "means": IdentityMeans(devices, (), FolderTrust(self.country, owners=None))}


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    country = tmp_path / "country"
    ledger = Ledger(tmp_path / "ledger.sqlite", Seal(b"k" * 32))
    await ledger.open()
    counter = Counter()
    runner = Runner(ledger, {counter.id: counter}, {}, CLOCK)
    await runner.start()
    reader = SimIdReader.Settings.model_validate({"publish_country": str(country)})
    bound = {
        Role.ID_READER: [SimIdReader(reader, DeviceContext(Role.ID_READER, CLOCK))],
        Role.RECEIPT_PRINTER: [
            SimReceiptPrinter(SimReceiptPrinter.Settings(), DeviceContext(Role.RECEIPT_PRINTER, CLOCK))
        ],
    }
    services = [counter, Receipts(runner)]
    async with station(services, clock=CLOCK, bound=bound, world=Outside(runner, country)) as s:  # type: ignore[arg-type]
        yield Place(s, runner)
    await runner.stop()
    await ledger.close()


async def test_with_a_card_one_finds_what_one_ordered_and_the_reprint_says_copy(place: Place) -> None:
    record = await place.order(AN.name)
    assert "COPY" not in place.paper.upper()
    assert "BẢN IN LẠI" not in place.paper
    await place.look("card")
    await place.lay(AN.name)
    listed = await place.s.page("choose", "Which receipt")
    assert isinstance(listed, Choose)
    assert [option.value for option in listed.options] == [record.code]
    place.s.screen.answer(record.code)
    shown = words(await place.s.page("done"))
    assert "Your request has been received" in shown
    assert f"{record.code[:5]} {record.code[5:]}" in shown
    assert "BẢN IN LẠI" in place.paper


async def test_of_several_receipts_the_newest_stands_first_and_each_can_be_told_from_the_others(place: Place) -> None:
    records = [await place.order(AN.name) for _number in range(3)]
    await place.order(HA.name)
    await place.look("card")
    await place.lay(AN.name)
    listed = await place.s.page("choose", "Which receipt")
    assert isinstance(listed, Choose)
    assert [option.value for option in listed.options] == [record.code for record in reversed(records)]
    seen = [(render(option.label, "en"), render(option.hint, "en") if option.hint else "") for option in listed.options]
    assert all(record.code[-4:] in hint for record, (_label, hint) in zip(reversed(records), seen, strict=True))
    place.s.screen.answer(records[0].code)
    assert f"{records[0].code[:5]} {records[0].code[5:]}" in words(await place.s.page("done"))
    place.s.screen.press("back")
    await place.s.page("choose", "Which receipt")


async def test_whose_card_has_ordered_nothing_is_told_so_and_may_type_a_code(place: Place) -> None:
    record = await place.order(AN.name)
    await place.look("card")
    await place.lay(HA.name)
    told = await place.s.page("tell", "no receipts of yours")
    assert "compare the code" not in words(told)
    place.s.screen.answer("code")
    await place.s.page("ask", "Which receipt")
    place.s.screen.answer(code=record.code.lower())
    assert "has been received" in words(await place.s.page("done"))


async def test_a_code_is_typed_in_any_way_and_a_wrong_one_can_be_typed_again(place: Place) -> None:
    record = await place.order(AN.name)
    await place.look("code")
    await place.s.page("ask", "Which receipt")
    place.s.screen.answer(code="00000 00000")
    await place.s.page("tell", "no such receipt")
    place.s.screen.press("back")
    await place.s.page("ask", "Which receipt")
    place.s.screen.answer(code=f"{record.code[:3].lower()} {record.code[3:]}")
    await place.s.page("done")
    assert "BẢN IN LẠI" in place.paper


async def test_a_card_that_is_not_genuine_finds_nothing(place: Place) -> None:
    await place.order(AN.name)
    await place.look("card")
    await place.s.page("capture", "place your identity card")
    await place.reader.control("chip", ChipFault.FORGED.value)
    await place.reader.control("card", AN.name)
    await place.s.screen.until(lambda page: any("signature" in render(text, "en") for text in page.body))
    assert place.s.screen.page.kind == "capture"


async def test_without_a_reader_that_is_believed_the_code_alone_is_asked_for(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite", Seal(b"k" * 32))
    await ledger.open()
    runner = Runner(ledger, {}, {}, CLOCK)
    async with station([Receipts(runner)], clock=CLOCK, runner=runner) as s:
        await s.menu()
        s.screen.answer(Receipts.descriptor.id)
        await s.page("ask", "Which receipt")
    await ledger.close()


async def test_no_more_than_the_newest_are_listed(place: Place) -> None:
    for number in range(MAX_LISTED + 1):
        order = Order(service=Counter.id, payee="UBND", amount=0, title=verbatim(f"{number}"))
        await place.runner.place(f"o{number}", order, number=AN.number)
    await place.look("card")
    await place.lay(AN.name)
    listed = await place.s.page("choose", "Which receipt")
    assert isinstance(listed, Choose)
    assert [render(option.label, "en") for option in listed.options] == [
        f"{MAX_LISTED - each}" for each in range(MAX_LISTED)
    ]


async def test_a_receipt_is_found_though_nothing_can_be_written(place: Place) -> None:
    record = await place.order(AN.name)
    place.runner.ledger._opened().execute("PRAGMA query_only = ON")  # pyright: ignore[reportPrivateUsage]
    await place.look("code")
    await place.s.page("ask", "Which receipt")
    place.s.screen.answer(code=record.code)
    await place.s.page("done")
