"""The panel's page in Chromium, as an operator uses it, over the simulators that come with Tramkit."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tramkit import Document, Messages, Option, Row, Service, Visit, verbatim
from tramkit.operator.panel import Panel
from tramkit.operator.self_test import DeviceResult, SelfTest
from tramkit.testing.station import Running, station
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.device.roles import Role
from tramkit_hal.sim.camera import SimCamera
from tramkit_hal.sim.id_reader import SimIdReader
from tramkit_hal.sim.receipt_printer import SimReceiptPrinter

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
_ = Messages("tests")
CANARY = "Nguyễn Thị Chim Hoàng Yến"


class Pets(Service):
    """Asks which pet, nothing more."""

    id = "test.pets"
    title = _("Pets")
    wants = (Role.CAMERA,)

    async def serve(self, visit: Visit) -> None:
        await visit.choose(_("Which pet?"), [Option(value="cat", label=verbatim("cat"))])
        await visit.done(_("Registered"))


@dataclass
class Desk:
    """The operator's browser beside a running station."""

    page: Page
    panel: Panel
    station: Running
    printer: SimReceiptPrinter
    found: list[SelfTest]
    complaints: list[str] = field(default_factory=list[str])

    def card(self, role: str) -> Any:
        return self.page.locator(f"[data-role={role}]")


@contextlib.asynccontextmanager
async def desk(browser: Browser) -> AsyncGenerator[Desk]:
    clock = SystemClock()

    def make(kind: Any, role: Role) -> Any:
        return kind(kind.Settings(), DeviceContext(role, clock))

    printer = make(SimReceiptPrinter, Role.RECEIPT_PRINTER)
    bound = {
        Role.ID_READER: [make(SimIdReader, Role.ID_READER)],
        Role.CAMERA: [make(SimCamera, Role.CAMERA)],
        Role.RECEIPT_PRINTER: [printer, make(SimReceiptPrinter, Role.RECEIPT_PRINTER)],
    }
    async with station([Pets()], clock=clock, bound=bound) as running:
        found: list[SelfTest] = []
        panel = Panel(running.station, port=0, self_test_report=lambda: found[-1] if found else None)
        await panel.start()
        page = await browser.new_page(viewport={"width": 1280, "height": 800})
        try:
            opened = Desk(page, panel, running, printer, found)
            page.on("console", lambda m: opened.complaints.append(m.text) if m.type == "error" else None)
            page.on("pageerror", lambda error: opened.complaints.append(str(error)))
            await page.goto(panel.address)
            await expect(page.locator("article").first).to_be_visible()
            yield opened
        finally:
            await page.context.close()
            await panel.stop()


async def test_an_operator_sees_the_devices_and_mends_them_in_both_languages(browser: Browser) -> None:
    async with desk(browser) as d:
        assert d.page.url == f"http://127.0.0.1:{d.panel.guard.port}/"
        camera = d.card("camera")
        await expect(camera).to_contain_text("Sẵn sàng")
        await d.page.get_by_role("button", name="English").click()
        await expect(camera).to_contain_text("Ready")
        await expect(d.page.locator("html")).to_have_attribute("lang", "en")

        await camera.locator("[data-name=plugged]").click()
        await expect(camera).to_contain_text("Not connected")
        await expect(camera).to_contain_text("A technician: check the device and its cable.")
        await expect(camera.locator("svg.shape").first).to_have_class("shape bad")
        await expect(d.page.locator("aside")).to_contain_text("Without a picture")
        await camera.locator("[data-name=plugged]").click()
        await expect(camera).to_contain_text("Ready")

        first = d.card("receipt_printer").locator("article").first
        await first.get_by_label("Fault").select_option("faulty")
        await expect(first).to_contain_text("You: press Reset.")
        await expect(d.card("receipt_printer").locator("article").last).to_contain_text("In use")
        await first.get_by_label("Fault").select_option("none")
        await first.get_by_role("button", name="Reset").click()
        await expect(first).to_contain_text("In use")
        await d.page.reload()
        await expect(camera).to_contain_text("Ready")
        assert d.complaints == []


async def test_the_panel_shows_what_the_last_self_test_found_and_when(browser: Browser) -> None:
    async with desk(browser) as d:
        card = d.page.locator("[data-key=self_test]")
        await expect(card).to_contain_text("Chưa có lần tự kiểm tra nào")
        at = datetime(2026, 11, 30, 22, 30, tzinfo=UTC)  # half past five in Việt Nam, a day later
        printer = DeviceResult(
            role="receipt_printer", driver="escpos", serial="192.0.2.9", outcome="passed", found="printed"
        )
        d.found.append(SelfTest(at=at, tested=(printer,)))
        await expect(card).to_contain_text("Mọi thiết bị đều hoạt động tốt")
        await expect(card).to_contain_text("01/12/2026 05:30")
        failed = printer.model_copy(update={"outcome": "failed", "found": "out_of_paper", "mend": "refill"})
        d.found.append(SelfTest(at=at, tested=(failed,)))
        await expect(card).to_contain_text("Máy in biên nhận: escpos 192.0.2.9, out_of_paper. Nhân viên")
        await expect(card).not_to_contain_text("Mọi thiết bị")
        assert d.complaints == []


async def test_half_typed_words_and_focus_stay_while_the_station_moves_on(browser: Browser) -> None:
    async with desk(browser) as d:
        box = d.card("id_reader").locator("input")
        await box.click()
        await box.press_sequentially('{"number":')
        d.station.bell.ring(_("A resident asks for help"))
        await expect(d.page.locator("#banner")).to_contain_text("A resident asks for help")
        await expect(box).to_have_value('{"number":')
        await expect(box).to_be_focused()
        await box.press("Enter")
        await expect(d.page.locator("#notes")).to_contain_text("Thiết bị mô phỏng không nhận giá trị này")
        await expect(box).to_have_value('{"number":')


async def test_a_call_for_staff_is_answered_from_the_banner(browser: Browser) -> None:
    async with desk(browser) as d:
        call = d.station.bell.ring(_("A resident asks for help"))
        await expect(d.page).to_have_title("(1) Bảng thiết bị · Đảo Kim Cương")
        await d.page.locator("#banner").get_by_role("button", name="Tôi đến ngay").click()
        async with asyncio.timeout(5):
            await call.acknowledged()
        await expect(d.page.locator("#banner")).to_be_empty()
        await expect(d.page).to_have_title("Bảng thiết bị · Đảo Kim Cương")


async def test_the_paper_hangs_out_until_the_visit_is_wiped(browser: Browser) -> None:
    async with desk(browser) as d:
        document = Document(title=verbatim("Phiếu"), blocks=(Row(label=verbatim("Tên"), value=verbatim(CANARY)),))
        await d.station.menu()
        await expect(d.page.locator("aside")).to_contain_text("đang chọn")
        await d.printer.print(document, "vi", "operation-1")
        paper = d.page.locator("img.paper")
        await expect(paper).to_be_visible()
        await expect(paper).to_have_js_property("naturalWidth", 576)
        assert CANARY in (await paper.get_attribute("alt") or "")
        d.station.screen.press("start_over")
        await d.station.page("leave")
        d.station.screen.answer("leave")
        await expect(paper).to_have_count(0)
        assert CANARY not in await d.page.content()
        assert d.complaints == []


async def test_the_page_says_when_the_station_is_gone(browser: Browser) -> None:
    async with desk(browser) as d:
        await d.panel.stop()
        await expect(d.page.locator("#banner")).to_contain_text("Mất kết nối với trạm")
        await expect(d.page.locator("#panel")).to_have_class("stale")


async def test_staff_end_a_visit_after_being_asked_and_the_figures_of_today_count_it(browser: Browser) -> None:
    async with desk(browser) as d:
        await d.station.menu()
        visit, today = d.page.locator("[data-key=visit]"), d.page.locator("[data-key=today]")
        await visit.get_by_role("button", name="Kết thúc lượt này").click()
        dialog = d.page.get_by_role("dialog")
        await expect(dialog).to_contain_text("Đơn đã đặt và tiền đã trả vẫn giữ nguyên")
        await dialog.get_by_role("button", name="Huỷ").click()
        await expect(visit).to_contain_text("đang chọn")
        await visit.get_by_role("button", name="Kết thúc lượt này").click()
        await dialog.get_by_role("button", name="Kết thúc lượt này").click()
        await expect(visit).to_contain_text("Không có ai ở trạm")
        await expect(today).to_contain_text("Nhân viên kết thúc")
        assert d.complaints == []
