"""Whole visits with real drivers on virtual hardware, in Chromium; the station has no simulator installed.

Card → vpcd → pcscd → pyscard; scanner on a serial line; ESC/POS over TCP; the terminal's adapter process and an
acquirer; a film before the camera and OpenCV's classes for faces.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser
from support import without_simulators
from support.hands import Hands
from support.hardware import Hardware, hardware
from support.money import ACCOUNT, BIN
from support.pcscd import Pcscd
from support.resident import PORTRAIT
from support.rounds import fill, go_on, says_one_of, signed
from support.services import MEMO
from support.site import Program, start

from tramkit_banking import banks
from tramkit_banking.sandbox import Bank
from tramkit_billing.sandbox import Aggregator, bills_of
from tramkit_hal.sim.people import PEOPLE
from tramkit_payments.sandbox import Switch

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
pytest.importorskip("smartcard.scard", reason="pyscard is not installed: make pyscard", exc_type=ImportError)

AN, HA = PEOPLE[0], PEOPLE[1]
STATION = """
[station]
id = "demo-1"
site = "Đảo Kim Cương"
agency = "UBND phường Bình Trưng"
[panel]
enabled = false
[timeouts]
farewell = 0.1
[plugins]
enabled = ["billing", "payments", "banking"]
[orders]
data = "{folder}/orders"
key = "{folder}/key/station.key"
[settings.billing]
aggregator_url = "{aggregator}"
[settings.banking]
banks_file = "{folder}/banks.toml"
[settings.payments]
switch_url = "{switch}"
bin = "{bin}"
account = "{account}"
terminal = true
[[roles.screen]]
driver = "web"
port = 0
ghost_tap_ms = 0
{hardware}
"""


@dataclass
class RealSite:
    """A station in a process without simulators, its hardware, and what stands outside."""

    station: Program
    hands: Hands
    hardware: Hardware
    switch: Switch
    aggregator: Aggregator
    bank: Bank


@contextlib.asynccontextmanager
async def real_site(folder: Path, pcscd: Pcscd, browser: Browser) -> AsyncGenerator[RealSite]:
    async with contextlib.AsyncExitStack() as stack:
        wires = await stack.enter_async_context(hardware(folder, pcscd, before_the_camera=AN))
        switch, aggregator = Switch(folder / "switch.sqlite"), Aggregator(folder / "aggregator.sqlite")
        bank, other = Bank(folder / "bank.sqlite", None), Bank(folder / "other.sqlite", None)
        for sandbox in (switch, aggregator, bank, other):
            await stack.enter_async_context(sandbox.running())
        await asyncio.to_thread(_write, folder, wires, switch, aggregator, bank, other)
        program = [sys.executable, str(Path(without_simulators.__file__))]
        station = await start(["run", "--config", str(folder / "station.toml")], folder, tramkit=program)
        try:
            context = await browser.new_context(viewport=PORTRAIT)
            hands = Hands(await context.new_page())
            await hands.open(await station.address("station"))
            yield RealSite(station, hands, wires, switch, aggregator, bank)
            await context.close()
        finally:
            code = await station.stop()
            log = await asyncio.to_thread(station.log.read_text)
            assert code == 0, log[-3000:]


def _write(folder: Path, wires: Hardware, switch: Switch, aggregator: Aggregator, bank: Bank, other: Bank) -> None:
    text = banks.BUNDLED.read_text(encoding="utf-8")
    for port, address in ((8086, bank.address), (8087, other.address)):
        text = text.replace(f"http://127.0.0.1:{port}", address)
    (folder / "banks.toml").write_text(text, encoding="utf-8")
    (folder / "station.toml").write_text(
        STATION.format(
            folder=folder,
            aggregator=aggregator.address,
            switch=switch.address,
            bin=BIN,
            account=ACCOUNT,
            hardware=wires.sections,
        ),
        encoding="utf-8",
    )


async def printed(site: RealSite, papers: int) -> None:
    """Wait until so many receipts have been cut off."""
    async with asyncio.timeout(30):
        while len(site.hardware.printer.papers) < papers:
            await asyncio.sleep(0.05)


async def home(site: RealSite) -> None:
    await site.hands.go_on()
    await site.hands.at("attract")


async def test_a_bill_is_paid_by_qr_and_a_top_up_at_the_card_terminal(
    tmp_path: Path, pcscd: Pcscd, browser: Browser
) -> None:
    async with real_site(tmp_path, pcscd, browser) as site:
        hands = site.hands
        await hands.begin()
        await hands.choose("billing.pay")
        await hands.choose("evn")
        await fill(hands, code="pe01000123456")
        await hands.choose(bills_of("evn", "PE01000123456")[0]["bill_id"])
        await go_on(hands, "check")
        await hands.choose("payments.vietqr")
        await hands.at("pay")
        lines = (await hands.read()).split("\n")
        memo = next(line for line in lines if line.startswith(MEMO)).rpartition(" ")[2]
        amount = int("".join(letter for letter in next(line for line in lines if "₫" in line) if letter.isdigit()))
        site.switch.transfer(ACCOUNT, amount, memo)
        await hands.at("done")
        await printed(site, 1)
        await home(site)

        await hands.begin()
        await hands.choose("billing.topup")
        await fill(hands, number="0901234567")
        await hands.choose("50000")
        await go_on(hands, "check")
        await hands.choose("payments.terminal")
        await hands.at("pay")
        assert site.hardware.acquirer.charged == []
        site.hardware.acquirer.card.set()
        await hands.at("done")
        await printed(site, 2)
        assert [amount for _ref, amount in site.hardware.acquirer.charged] == [50_000]
        await home(site)


async def test_an_account_is_opened_by_chip_and_face(tmp_path: Path, pcscd: Pcscd, browser: Browser) -> None:
    async with real_site(tmp_path, pcscd, browser) as site:
        hands = site.hands
        await hands.begin()
        await hands.choose("banking.account")
        await known_by_face(site)
        await hands.choose("song_xanh")
        await hands.choose("basic")
        await go_on(hands, "tell")
        await fill(hands, phone="0901234567")
        await fill(hands, occupation="hưu trí", lives_here="=yes")
        await hands.choose("pension")
        await fill(hands, american="=no")
        await go_on(hands, "read")
        await fill(hands, terms="=yes", data="=yes")
        await go_on(hands, "check")
        await signed(hands)
        await hands.at("done")
        await printed(site, 1)


async def known_by_face(site: RealSite) -> None:
    hands = site.hands
    await hands.at("capture")
    await hands.says("mã")
    site.hardware.hold_code(AN)
    await hands.says("bên phải màn hình")
    await site.hardware.lay_card(AN)
    await hands.says(AN.name)
    await hands.go_on()
    await site.hardware.take_card()
    await says_one_of(hands, "Đối chiếu ngay")
    await hands.go_on()
    await says_one_of(hands, "Cùng một người")
    await hands.go_on()
