"""The PC/SC driver over real pcscd: station → pyscard → pcscd → vpcd → virtual card."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from support.pcscd import Pcscd

from tramkit_hal.card.access import from_qr
from tramkit_hal.card.apdu import Transport
from tramkit_hal.card.groups import read_card
from tramkit_hal.card.qr import parse as parse_qr
from tramkit_hal.card.trust import FolderTrust, Proven, authenticate
from tramkit_hal.device.base import Device, DeviceContext, DeviceState
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.drivers.pcsc import PcscReader
from tramkit_hal.sim.chip import Country
from tramkit_hal.sim.hostile_cards import HOSTILE, TakenAway
from tramkit_hal.sim.issued_card import issue
from tramkit_hal.sim.people import PEOPLE
from tramkit_hal.sim.virtual_card import VirtualCard
from tramkit_hal.sim.vpcd import VirtualSlot

from .conformance import CYCLES, DeviceConformance

pytest.importorskip("smartcard.scard", reason="pyscard is not installed: make pyscard", exc_type=ImportError)

NOW = datetime(2026, 11, 25, tzinfo=UTC)
AN, BINH = PEOPLE[0], PEOPLE[1]
QR = "079090123458||Nguyễn Văn An|17051990|Nam|Tháp A|20062021"
SECONDS = 10.0

pytestmark = pytest.mark.slow


@pytest.fixture
def slots(pcscd: Pcscd) -> Iterator[tuple[VirtualSlot, VirtualSlot]]:
    both = VirtualSlot(pcscd.ports[0]), VirtualSlot(pcscd.ports[1])
    yield both
    for slot in both:
        slot.take()


@pytest.fixture(scope="module")
def country() -> Country:
    return Country(NOW)


@pytest.fixture
def trust(country: Country, tmp_path: Path) -> FolderTrust:
    (tmp_path / "csca.pem").write_bytes(country.pem())
    return FolderTrust(tmp_path, owners=None)


def make(reader: str = "") -> PcscReader:
    return PcscReader(PcscReader.Settings(reader=reader, place="right"), DeviceContext(Role.ID_READER))


@contextlib.asynccontextmanager
async def opened(reader: str = "") -> AsyncGenerator[PcscReader]:
    device = make(reader)
    await device.open()
    try:
        yield device
    finally:
        await device.close()


class Blocked:
    """A card on which the reader waits for ever; letting go ends it."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def transmit(self, command: bytes) -> bytes:
        self.let_go.wait(60)
        return b"\x6f\x00"


class TestPcscReader(DeviceConformance):
    """Pulling the reader out is ending pcscd: its readers go with it."""

    pluggable = True

    @pytest.fixture(autouse=True)
    def _reader(self, pcscd: Pcscd, country: Country) -> Iterator[None]:
        self.daemon = pcscd
        self.slot = VirtualSlot(pcscd.ports[0])
        self.card = issue(AN, country)
        self.blocked = Blocked()
        self.laid = False
        yield
        self.blocked.let_go.set()
        self.slot.take()

    def make(self) -> Device:
        return make()

    async def operate(self, device: Device) -> None:
        assert isinstance(device, PcscReader)
        if not self.laid:
            with contextlib.suppress(OSError):  # the reader was pulled
                await asyncio.to_thread(self.slot.lay, self.card.chip())
            self.laid = True
        if device.state is DeviceState.READY:
            await device.wait_card(5)
        assert read_card(await device.read(AN.number)) == AN

    async def hang(self, device: Device) -> bool:
        assert isinstance(device, PcscReader)
        try:
            await asyncio.to_thread(self.slot.lay, self.blocked)
        except TimeoutError:  # pcscd waits for ever for the card before, which went amid an answer
            await asyncio.to_thread(self.daemon.stop)
            await asyncio.to_thread(self.daemon.start)
            await asyncio.to_thread(self.slot.lay, self.blocked)
        self.laid = True
        await device.wait_card(SECONDS)
        return True

    async def operate_shortly(self, device: Device) -> None:
        assert isinstance(device, PcscReader)
        await device.read(AN.number, deadline=0.1)

    async def unplug(self, device: Device) -> None:
        await asyncio.to_thread(self.slot.take)
        await asyncio.to_thread(self.daemon.stop)

    async def plug(self, device: Device) -> None:
        await asyncio.to_thread(self.daemon.start)


# ── from card to verified person ──


async def test_from_the_printed_code_to_a_verified_person(
    slots: tuple[VirtualSlot, VirtualSlot], country: Country, trust: FolderTrust
) -> None:
    """QR → CAN → PACE → groups → passive and chip authentication."""
    qr = parse_qr(QR)
    async with opened() as device:
        seen: list[str] = []
        async with device.events() as events:
            slots[0].lay(issue(AN, country).chip())
            await device.wait_card(SECONDS)
            files = await device.read(from_qr(qr), ("dg1", "dg2", "dg13", "sod"))
            slots[0].take()
            await device.wait_removed(SECONDS)
            async with asyncio.timeout(SECONDS):
                async for event in events:
                    seen.append(event.name)
                    if event.name == "card_out":
                        break
    found = await authenticate(files, trust, NOW)
    assert found.data == AN
    assert found.data.number == qr.number
    assert found.proven is Proven.CHIP_AUTHENTICATION
    assert found.portrait is not None
    assert [name for name in seen if name not in {"state", "progress"}] == ["card_in", "card_out"]
    assert "progress" in seen


@pytest.mark.parametrize("odd", HOSTILE[:16], ids=lambda odd: odd.name)
async def test_hostile_cards_end_the_same_through_pcscd(
    odd: object, slots: tuple[VirtualSlot, VirtualSlot], country: Country, trust: FolderTrust
) -> None:
    from tramkit_hal.card.passive import NotAuthenticError
    from tramkit_hal.sim.hostile_cards import OddCard

    assert isinstance(odd, OddCard)
    async with opened() as device:
        slots[0].lay(odd.make(AN, country))
        await device.wait_card(SECONDS)
        with pytest.raises((NotAuthenticError, DeviceError)) as caught:
            await authenticate(await device.read(AN.number, ("dg1", "dg2", "dg13", "sod")), trust, NOW)
        ended = caught.value.flaw if isinstance(caught.value, NotAuthenticError) else caught.value.trouble
        assert ended is odd.ends
        assert device.state.usable


async def test_a_card_taken_away_at_any_apdu_leaves_the_reader_ready_for_the_next(
    slots: tuple[VirtualSlot, VirtualSlot], country: Country
) -> None:
    card = issue(AN, country)
    async with opened() as device:
        for at in (1, 2, 5, 8, 13, 21, 34):
            slots[0].lay(TakenAway(card.chip(), at))
            await device.wait_card(SECONDS)
            with pytest.raises(DeviceError) as caught:
                await device.read(AN.number, ("dg1", "dg2"))
            assert caught.value.trouble is Trouble.UNREADABLE
            slots[0].take()
            await device.wait_removed(SECONDS)
            slots[0].lay(card.chip())
            await device.wait_card(SECONDS)
            assert read_card(await device.read(AN.number)) == AN
            slots[0].take()
            await device.wait_removed(SECONDS)


# ── the reader ──


async def test_the_card_may_lie_on_any_of_several_readers(
    slots: tuple[VirtualSlot, VirtualSlot], country: Country
) -> None:
    async with opened() as device:
        for slot, person in zip(slots, (AN, BINH), strict=True):
            slot.lay(issue(person, country).chip())
            await device.wait_card(SECONDS)
            assert read_card(await device.read(person.number)) == person
            slot.take()
            await device.wait_removed(SECONDS)


async def test_a_reader_is_chosen_by_its_name(slots: tuple[VirtualSlot, VirtualSlot], country: Country) -> None:
    async with opened("virtual pcd 00 01") as device:
        slots[0].lay(issue(BINH, country).chip())
        slots[1].lay(issue(AN, country).chip())
        await device.wait_card(SECONDS)
        assert read_card(await device.read(AN.number)) == AN
    other = make("no such reader")
    with pytest.raises(DeviceError) as caught:
        await other.open()
    assert caught.value.trouble is Trouble.UNPLUGGED
    assert other.detail == "pcscd knows no reader of that name"


async def test_a_pcscd_that_hangs_is_told_keeps_nobody_waiting_and_goes_on(
    pcscd: Pcscd, slots: tuple[VirtualSlot, VirtualSlot], country: Country
) -> None:
    async with opened() as device:
        await asyncio.to_thread(slots[0].lay, issue(AN, country).chip())
        await device.wait_card(SECONDS)
        with pcscd.hanging():
            async with asyncio.timeout(SECONDS):
                while (looked := await device.health("full", 1)).trouble is None:
                    await asyncio.sleep(0.05)
            assert looked.trouble is Trouble.DEADLINE
            with pytest.raises(DeviceError) as caught:
                await asyncio.wait_for(device.read(AN.number, deadline=0.5), SECONDS)
            assert caught.value.trouble is Trouble.DEADLINE
            await asyncio.wait_for(device.wipe(), SECONDS)
        async with asyncio.timeout(SECONDS):
            while (await device.health("full", 1)).trouble is not None:
                await asyncio.sleep(0.05)
        assert read_card(await device.read(AN.number, deadline=SECONDS)) == AN


async def test_a_restart_of_pcscd_goes_by_unseen(
    pcscd: Pcscd, slots: tuple[VirtualSlot, VirtualSlot], country: Country
) -> None:
    async with opened() as device:
        for _again in range(3):
            await asyncio.to_thread(pcscd.stop)
            await asyncio.to_thread(pcscd.start)
            slots[0].lay(issue(AN, country).chip())
            await device.wait_card(SECONDS)
            assert read_card(await device.read(AN.number)) == AN
            slots[0].take()
            await device.wait_removed(SECONDS)
        assert device.state is DeviceState.READY


async def test_a_chip_is_opened_only_when_somebody_asks(
    slots: tuple[VirtualSlot, VirtualSlot], country: Country
) -> None:
    class Counted:
        def __init__(self, chip: VirtualCard) -> None:
            self.chip, self.count = chip, 0

        def transmit(self, command: bytes) -> bytes:
            self.count += 1
            return self.chip.transmit(command)

    card = Counted(issue(AN, country).chip())
    async with opened() as device:
        slots[0].lay(card)
        await device.wait_card(SECONDS)
        await device.health("full")
        assert card.count == 0
        await device.read(AN.number)
        assert card.count > 10


async def test_a_card_that_hangs_holds_up_the_next_only_until_it_is_taken_away(
    slots: tuple[VirtualSlot, VirtualSlot], country: Country
) -> None:
    async with opened() as device:
        blocked: Blocked = Blocked()
        slots[0].lay(blocked)
        await device.wait_card(SECONDS)
        with pytest.raises(DeviceError) as caught:
            await device.read(AN.number, deadline=0.3)
        assert caught.value.trouble is Trouble.DEADLINE
        blocked.let_go.set()
        slots[0].take()
        await device.wait_removed(SECONDS)
        slots[0].lay(issue(AN, country).chip())
        await device.wait_card(SECONDS)
        assert read_card(await device.read(AN.number)) == AN


async def test_without_a_key_that_could_open_a_chip_none_is_touched(
    slots: tuple[VirtualSlot, VirtualSlot], country: Country
) -> None:
    async with opened() as device:
        slots[0].lay(issue(AN, country).chip())
        await device.wait_card(SECONDS)
        for key in ("", "12 34"):
            with pytest.raises(DeviceError) as caught:
                await device.read(key)
            assert caught.value.trouble is Trouble.UNSUPPORTED
        with pytest.raises(DeviceError) as caught:
            await device.read(BINH.number)
        assert caught.value.trouble is Trouble.ACCESS_REFUSED


async def test_opening_and_reading_again_and_again_leaves_nothing_behind(
    slots: tuple[VirtualSlot, VirtualSlot], country: Country
) -> None:
    process = psutil.Process()
    card: Transport = issue(AN, country).chip()
    slots[0].lay(card)

    async def cycle() -> None:
        async with opened() as device:
            await device.wait_card(SECONDS)
            await device.read(AN.number, ("dg1",))

    for _warm in range(3):
        await cycle()
    before, memory = (process.num_fds(), threading.active_count()), process.memory_info().rss
    for _again in range(CYCLES or 30):
        await cycle()
    assert (process.num_fds(), threading.active_count()) == before
    grown = process.memory_info().rss - memory
    print(f"{CYCLES or 30} readings: {grown / 1024:.0f} KB more")
    assert grown < 8 * 1024 * 1024
