"""A resident pays a bill by VietQR: a real browser, the aggregator's and the bank's sandboxes over real sockets."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.async_api import Browser
from support.money import ACCOUNT, BIN, World, world
from support.qr_reading import read_code
from support.site import PanelClient, Program, panel, start

from tramkit.sandbox import FaultOrder
from tramkit.testing.browser_screen import LANDSCAPE, PORTRAIT
from tramkit.testing.web_driver import WebDriver
from tramkit.testing.wipe_search import found_in_files
from tramkit_billing.sandbox import bills_of
from tramkit_payments.vietqr import parse

from .steps import until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CODE = "PE01000123456"
REFUSED = "PE01009999991"
STATION = """
[station]
id = "demo-1"
site = "Đảo Kim Cương"
agency = "UBND phường Bình Trưng"
[help]
phone = "1022"
[panel]
port = 0
[plugins]
enabled = ["billing", "payments"]
[orders]
data = "orders"
key = "key/station.key"
[settings.billing]
aggregator_url = "{aggregator}"
[settings.payments]
switch_url = "{switch}"
bin = "{bin}"
account = "{account}"
[[roles.screen]]
driver = "web"
port = 0
[[roles.receipt_printer]]
driver = "sim_receipt_printer"
"""


class BillSite:
    """A station, the outside world and a resident's browser."""

    def __init__(self, folder: Path, outside: World, browser: Browser) -> None:
        self.folder = folder
        self.outside = outside
        self.browser = browser
        self.station: Program | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[PanelClient]:
        """Run the station until the block ends; a power cut may end it before."""
        file = self.folder / "station.toml"
        outside = {"aggregator": self.outside.aggregator.address, "switch": self.outside.switch.address}
        file.write_text(STATION.format(**outside, bin=BIN, account=ACCOUNT), encoding="utf-8")
        self.station = await start(["run", "--config", str(file)], self.folder)
        try:
            async with panel(await self.station.address("panel")) as client:
                yield client
        finally:
            await self.station.stop()

    async def resident(self, *, landscape: bool = False) -> WebDriver:
        """Let a resident come before the screen."""
        assert self.station is not None
        context = await self.browser.new_context(viewport=LANDSCAPE if landscape else PORTRAIT)
        driver = WebDriver(await context.new_page())
        await driver.open(await self.station.address("station"))
        return driver


async def to_the_code(resident: WebDriver, code: str) -> dict[str, str]:
    """Lead the resident to the Pay page and return what it shows: amount, receipt code, memo."""
    await resident.begin()
    await resident.choose("billing.pay")
    await resident.choose("evn")
    await resident.at("ask")
    await resident.type("code", code.lower())
    await resident.go_on()
    bills = bills_of("evn", code)
    if len(bills) > 1:
        await resident.at("choose", "")
        await resident.choose(bills[0]["bill_id"])
    await resident.at("check")
    await resident.go_on()
    return await at_the_code(resident) | {"amount": str(bills[0]["amount"])}


async def at_the_code(resident: WebDriver) -> dict[str, str]:
    """Return what the Pay page says: all of it, receipt code, memo."""
    await resident.at("pay")
    words = await resident.read()
    said = [line for line in words.split("\n") if ": " in line]
    return {
        "words": words,
        "memo": next(line for line in said if "chuyển khoản" in line).rpartition(" ")[2],
        "code": "".join(next(line for line in said if "Mã biên nhận" in line).partition(": ")[2].split()),
    }


async def qr_of(resident: WebDriver) -> str:
    """Read the code on the screen as a banking app does: it looks again until it sees one."""
    async with asyncio.timeout(90):
        while True:
            picture = cv2.imdecode(np.frombuffer(await resident.page.screenshot(), np.uint8), cv2.IMREAD_GRAYSCALE)
            if text := read_code(picture):
                return text


def money(amount: str) -> str:
    return f"{int(amount):,}".replace(",", ".")


@pytest.mark.parametrize("landscape", [False, pytest.param(True, marks=pytest.mark.slow)])
async def test_a_resident_pays_a_bill_and_gets_the_receipt(tmp_path: Path, browser: Browser, landscape: bool) -> None:
    async with world(tmp_path / "outside") as outside:
        site = BillSite(tmp_path, outside, browser)
        async with site.running() as client:
            resident = await site.resident(landscape=landscape)
            shown = await to_the_code(resident, CODE)
            assert money(shown["amount"]) in shown["words"]
            qr = parse(await qr_of(resident))
            assert (qr.bin, qr.account, qr.memo, str(qr.amount)) == (BIN, ACCOUNT, shown["memo"], shown["amount"])
            outside.switch.transfer(ACCOUNT, int(shown["amount"]), shown["memo"])
            await resident.at("done")
            paper = await client.shown("receipt_printer")
            assert shown["code"][:5] in paper
            assert money(shown["amount"]) in paper
            assert outside.aggregator.db.execute("SELECT amount, status FROM payments").fetchall() == [
                (int(shown["amount"]), "SUCCESS")
            ]
            await resident.go_on()
            await resident.at("attract")
            assert resident.problems == []
        assert found_in_files(tmp_path / "orders", [CODE]) == [], "the ledger holds nothing personal in the clear"


async def test_who_walks_away_and_whose_station_loses_power_finds_the_receipt_later(
    tmp_path: Path, browser: Browser
) -> None:
    async with world(tmp_path / "outside") as outside:
        site = BillSite(tmp_path, outside, browser)
        async with site.running():
            resident = await site.resident()
            shown = await to_the_code(resident, CODE)
            assert site.station is not None
            await site.station.stop(signal.SIGKILL)
        outside.switch.transfer(ACCOUNT, int(shown["amount"]), shown["memo"])
        async with site.running() as client:
            await until(lambda: _payments(outside), bool)
            resident = await site.resident()
            await resident.begin()
            await resident.choose("tramkit.receipts")
            await resident.at("ask")
            await resident.type("code", shown["code"].lower())
            await resident.go_on()
            await resident.at("done")
            assert "BẢN IN LẠI" in await client.shown("receipt_printer")
        assert len(await _payments(outside)) == 1


async def test_a_bill_that_is_refused_after_the_money_came_is_refunded_and_said(
    tmp_path: Path, browser: Browser
) -> None:
    async with world(tmp_path / "outside") as outside:
        site = BillSite(tmp_path, outside, browser)
        async with site.running() as client:
            resident = await site.resident()
            shown = await to_the_code(resident, REFUSED)
            outside.switch.transfer(ACCOUNT, int(shown["amount"]), shown["memo"])
            await resident.at("tell", "không thực hiện được")
            await resident.says("hoàn")
            assert "hoàn" in await client.shown("receipt_printer")
            assert outside.went_back(shown["memo"]) == int(shown["amount"])


async def test_a_resident_who_decides_not_to_pay_is_told_that_nothing_was_paid_and_may_try_again(
    tmp_path: Path, browser: Browser
) -> None:
    async with world(tmp_path / "outside") as outside:
        site = BillSite(tmp_path, outside, browser)
        async with site.running() as client:
            resident = await site.resident()
            first = await to_the_code(resident, CODE)
            await resident.choose("give_up")
            await resident.choose("give_up_surely")
            await resident.at("tell", "Chưa trả được tiền")
            await resident.choose("payments.vietqr")
            again = await at_the_code(resident)
            assert again["memo"] != first["memo"]
            assert parse(await qr_of(resident)).memo == again["memo"]
            outside.switch.transfer(ACCOUNT, int(first["amount"]), again["memo"])
            await resident.at("done")
            assert again["code"][:5] in await client.shown("receipt_printer")
            assert len(await _payments(outside)) == 1


async def test_with_the_aggregator_down_nothing_is_ordered_and_the_resident_is_told(
    tmp_path: Path, browser: Browser
) -> None:
    async with world(tmp_path / "outside") as outside:
        site = BillSite(tmp_path, outside, browser)
        outside.aggregator.order_faults(FaultOrder(faults=("down", "garbage", "lost_before")))
        async with site.running():
            for _fault in range(3):
                resident = await site.resident()
                await resident.begin()
                await resident.choose("billing.pay")
                await resident.choose("evn")
                await resident.at("ask")
                await resident.type("code", CODE.lower())
                await resident.go_on()
                await resident.at("tell", "Hiện chưa kết nối được với nhà cung cấp")
                await resident.go_on()
                await resident.at("attract")


async def _payments(outside: World) -> list[object]:
    return outside.aggregator.db.execute("SELECT * FROM payments WHERE status = 'SUCCESS'").fetchall()
