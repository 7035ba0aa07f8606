"""The operator's panel says which fees, rates and forms begin or end soon, in the panel's language."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from playwright.async_api import async_playwright, expect
from support.station import station

from tramkit import Messages, Service, Visit
from tramkit.facts import Change, DatedValue, changes
from tramkit.operator.panel import Panel
from tramkit.plugins.dated_facts import collect
from tramkit.plugins.installed import discover
from tramkit.station.conditions import made_on
from tramkit_hal.device.clock import ManualClock
from tramkit_hal.words import bilingual

pytestmark = pytest.mark.browser
_ = Messages("tests")


class Nothing(Service):
    """Does nothing."""

    id = "test.nothing"
    title = _("Nothing")

    async def serve(self, visit: Visit) -> None:
        await visit.done(_("Done"))


def value(vi: str, en: str) -> DatedValue:
    return DatedValue("x", "y.toml", "z", "Luật 1", None, "chưa rõ", None, None, bilingual(vi=vi, en=en))


async def test_the_panel_says_what_begins_and_ends_and_why_it_is_believed() -> None:
    coming = [
        Change(date(2027, 3, 1), True, value("Luật mới", "New law")),
        Change(date(2027, 3, 2), False, value("Miễn phí", "The waiver")),
    ]
    async with station([Nothing()]) as running, async_playwright() as playwright:
        panel = Panel(running.station, port=0, changes_report=lambda: coming)
        await panel.start()
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        try:
            page = await browser.new_page()
            await page.goto(panel.address)
            card = page.locator("[data-key=changes]")
            await expect(card).to_contain_text("Thay đổi trong 90 ngày tới")
            await expect(card).to_contain_text("Bắt đầu có hiệu lực: Luật mới")
            await expect(card).to_contain_text("Hết hiệu lực: Miễn phí")
            await expect(card).to_contain_text("01/03/2027")
            await expect(card).to_contain_text("Luật 1 · chưa rõ")
            coming.clear()
            await expect(card).to_contain_text("Không có phí, mức đóng hay biểu mẫu nào thay đổi")
        finally:
            await browser.close()
            await panel.stop()


async def test_the_panel_says_how_the_clock_is_and_that_no_ledger_is_missed() -> None:
    clock = ManualClock(datetime(1970, 1, 1, 7, tzinfo=UTC))
    async with station([Nothing()], clock=clock, made=made_on()) as running, async_playwright() as playwright:
        panel = Panel(running.station, port=0)
        await panel.start()
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        try:
            page = await browser.new_page()
            await page.goto(panel.address)
            card = page.locator("[data-key=conditions]")
            await expect(card).to_contain_text("Đồng hồ và sổ đơn")
            await expect(card).to_contain_text("Không dùng được")
            await expect(card).to_contain_text("Đồng hồ chỉ ngày 01/01/1970")
            await expect(card).to_contain_text("Trạm này không nhận đơn.")
            await page.get_by_role("button", name="English").click()
            await expect(card).to_contain_text("Set it, or let it be set over the network (NTP).")
        finally:
            await browser.close()
            await panel.stop()


def test_what_the_panel_is_given_are_the_values_of_the_plugins_that_run() -> None:
    installed = discover()
    told = changes(collect(installed, ["sim_identity"], {}), date(2027, 2, 1))
    assert [(each.on, each.value.owner) for each in told] == [(date(2027, 4, 15), "sim_identity")]
