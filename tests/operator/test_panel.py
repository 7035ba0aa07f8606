"""The operator's panel over real sockets: what it tells, what it does, and whom it refuses."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from PIL import Image

from tramkit import Messages, Option, Service, Visit, verbatim
from tramkit.operator.panel import Panel
from tramkit.operator.panel.server import MAX_BODY
from tramkit.testing.station import Running, station
from tramkit_hal.contracts.printer import Printed, ReceiptPrinter, ReceiptPrinterCapabilities
from tramkit_hal.device.base import Device, DeviceContext, DeviceInfo, DeviceState, NoSettings
from tramkit_hal.device.clock import ManualClock
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.device.simulated import SimControl
from tramkit_hal.document.document import Document

_ = Messages("tests")
CANARY = "Nguyễn Thị Chim Hoàng Yến"


class ToyPrinter(ReceiptPrinter):
    """A printer whose paper can run out, stick, or not be cleared."""

    driver = "toy_printer"

    def __init__(self, context: DeviceContext, serial: str = "T-1") -> None:
        super().__init__(NoSettings(), context)
        self.serial = serial
        self.text = ""
        self.paper = True
        self.sticky = False
        self.broken = False

    @property
    def info(self) -> DeviceInfo:
        return DeviceInfo(driver=self.driver, model="Toy 80", serial=self.serial, simulated=True)

    @property
    def capabilities(self) -> ReceiptPrinterCapabilities:
        return ReceiptPrinterCapabilities(medium="paper")

    async def _open(self) -> None: ...

    async def _close(self) -> None: ...

    async def _wipe(self) -> None:
        if self.sticky:
            raise DeviceError(Trouble.JAMMED)
        self.text = ""

    async def _check(self, level: str) -> dict[str, str]:
        return {"Paper": "enough" if self.paper else "none"}

    async def print(self, document: Document, language: str, operation: str, deadline: float = 30.0) -> Printed:
        return Printed(medium="paper")

    async def present(self, deadline: float = 5.0) -> None: ...

    def controls(self) -> tuple[SimControl, ...]:
        if self.broken:
            raise RuntimeError(CANARY)
        return (
            SimControl(name="paper", label="Paper", kind="switch", value="on" if self.paper else "off"),
            SimControl(name="unplug", label="Pull the plug", kind="press"),
            SimControl(name="width", label="Width", kind="choice", options=("80", "58"), value="80"),
            SimControl(name="write", label="Write on the paper", kind="text", value=""),
        )

    async def control(self, name: str, value: str = "") -> None:
        match name:
            case "paper":
                self.paper = value == "on"
                self._become(
                    DeviceState.READY if self.paper else DeviceState.DEGRADED,
                    None if self.paper else Trouble.OUT_OF_PAPER,
                )
            case "unplug":
                self._lost()
            case "write" if value == "crash":
                raise KeyError(CANARY)
            case "write" if value == "hiss":
                raise ValueError("the ink is dry")
            case "write" if value == "jam":
                raise DeviceError(Trouble.JAMMED, "roller 2")
            case _:
                self.text = value

    def shown(self) -> str:
        return self.text

    def paper_png(self) -> bytes | None:
        if not self.text:
            return None
        file = io.BytesIO()
        Image.new("1", (576, 300), 1).save(file, "PNG")
        return file.getvalue()


class Slow(Service):
    """Asks which pet, nothing more."""

    id = "test.slow"
    title = _("Pets")
    wants = (Role.RECEIPT_PRINTER,)

    async def serve(self, visit: Visit) -> None:
        await visit.choose(_("Which pet?"), [Option(value=CANARY, label=verbatim(CANARY))])
        await visit.done(_("Registered"))


@dataclass
class Opened:
    """A panel over a running station, and a browser of the operator's."""

    panel: Panel
    station: Running
    printers: tuple[ToyPrinter, ToyPrinter]
    http: aiohttp.ClientSession
    clock: ManualClock

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.panel.guard.port}"

    async def state(self, language: str = "en") -> dict[str, Any]:
        async with self.http.get(f"{self.origin}/api/state?language={language}") as response:
            assert response.status == 200
            return await response.json()

    async def role(self, role: str) -> list[dict[str, Any]]:
        return next(r["devices"] for r in (await self.state())["roles"] if r["role"] == role)

    async def post(
        self, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        sent = {"Origin": self.origin, "Content-Type": "application/json", **(headers or {})}
        data = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        async with self.http.post(f"{self.origin}{path}", data=data, headers=sent) as response:
            return response.status, await response.json(content_type=None)

    async def control(self, name: str, value: str = "", index: int = 0) -> tuple[int, dict[str, Any]]:
        return await self.post(f"/api/devices/receipt_printer/{index}/control", {"name": name, "value": value})


@contextlib.asynccontextmanager
async def opened(**options: Any) -> AsyncGenerator[Opened]:
    clock = ManualClock()
    printers = tuple(ToyPrinter(DeviceContext(Role.RECEIPT_PRINTER, clock), serial) for serial in ("T-1", "T-2"))
    bound: dict[Role, list[Device]] = {Role.RECEIPT_PRINTER: list(printers)}
    async with station([Slow()], clock=clock, bound=bound) as running:
        panel = Panel(running.station, port=0, **options)
        await panel.start()
        jar = aiohttp.CookieJar(unsafe=True)
        try:
            async with aiohttp.ClientSession(cookie_jar=jar, timeout=aiohttp.ClientTimeout(20)) as http:
                async with http.get(panel.address) as response:
                    assert response.status == 200
                yield Opened(panel, running, (printers[0], printers[1]), http, clock)
        finally:
            await panel.stop()


async def events(response: aiohttp.ClientResponse) -> AsyncGenerator[dict[str, Any]]:
    async for line in response.content:
        if line.startswith(b"data: {"):
            yield json.loads(line[6:])


# ── what it tells ─────────────────────────────────────────────────────────────────────────────────────────


async def test_every_role_is_listed_with_its_drivers_in_order_and_the_one_in_use() -> None:
    async with opened() as o:
        state = await o.state()
        assert [role["role"] for role in state["roles"]] == ["screen", "receipt_printer"]
        first, second = await o.role("receipt_printer")
        assert (first["serial"], first["in_use"], first["state_words"]) == ("T-1", True, "Ready")
        assert (second["serial"], second["in_use"]) == ("T-2", False)
        assert first["facts"] == [["Paper", "enough"]]
        assert [control["name"] for control in first["controls"]] == ["paper", "unplug", "width", "write"]


async def test_a_trouble_names_who_can_mend_it_and_the_next_driver_takes_over() -> None:
    async with opened() as o:
        assert await o.control("paper", "off") == (200, {"done": True})
        first, second = await o.role("receipt_printer")
        assert (first["state"], first["trouble"], first["mend"]) == ("degraded", "out_of_paper", "refill")
        assert first["mend_words"] == "Staff on site: put in paper, or close the cover."
        assert first["in_use"]
        assert (await o.control("unplug"))[0] == 200
        first, second = await o.role("receipt_printer")
        assert (first["state"], first["mend"], first["in_use"]) == ("absent", "technician", False)
        assert second["in_use"]
        services = (await o.state())["services"]
        assert services[0]["state"] == "available"
        await o.control("unplug", index=1)
        service = (await o.state())["services"][0]
        assert (service["state"], service["reason"]) == (
            "limited",
            "Without paper: the printer does not work now.",
        )


async def test_the_panel_speaks_vietnamese() -> None:
    async with opened() as o:
        state = await o.state("vi")
        titles = [role["title"] for role in state["roles"]]
        assert titles == ["Màn hình", "Máy in biên nhận"]
        async with o.http.get(f"{o.origin}/api/words?language=vi") as response:
            assert (await response.json())["staff"] == "Gọi nhân viên"


async def test_the_visit_is_told_without_anything_of_the_resident(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with opened() as o:
        state = await o.state()
        assert (state["visit"], state["visits"], state["last_wipe_certain"]) == (None, 0, None)
        await o.station.menu()
        o.station.screen.answer("test.slow")
        await o.station.page("choose", "Which pet")
        state = await o.state()
        visit = state["visit"]
        assert (visit["service"], visit["page"], visit["doing"]) == ("Pets", "choose", "chooses")
        assert CANARY not in json.dumps(state, ensure_ascii=False)
        o.station.screen.answer(CANARY)
        await o.station.page("done")
        o.station.screen.answer()
        await o.station.attract()
        state = await o.state()
        assert (state["visit"], state["visits"], state["last_wipe_certain"]) == (None, 1, True)
    assert CANARY not in caplog.text


async def test_a_change_is_pushed_over_the_stream() -> None:
    async with opened() as o, o.http.get(f"{o.origin}/api/stream?language=en") as response:
        assert response.content_type == "text/event-stream"
        stream = events(response)
        async with asyncio.timeout(10):
            assert (await anext(stream))["calls"] == []
            await o.control("unplug")
            async for state in stream:
                if state["roles"][1]["devices"][0]["state"] == "absent":
                    break
            o.station.bell.ring(_("A resident asks for help"))
            async for state in stream:
                if state["calls"]:
                    break
        await stream.aclose()


async def test_a_stream_ends_when_the_panel_stops() -> None:
    async with opened() as o:
        response = await o.http.get(f"{o.origin}/api/stream")
        await anext(events(response))
        async with asyncio.timeout(5):
            await o.panel.stop()
            with contextlib.suppress(aiohttp.ClientError):
                await response.read()
        response.close()


async def test_plugins_are_listed_with_the_reason_they_are_kept_out() -> None:
    report = [
        {"name": "tramkit-telehealth", "title": verbatim("Khám từ xa"), "version": "0.1", "state": "enabled"},
        {"name": "broken", "state": "quarantined", "reason": "it cannot be imported: ModuleNotFoundError"},
    ]
    async with opened(plugins_report=lambda: report) as o:
        plugins = (await o.state())["plugins"]
        assert [plugin["state_words"] for plugin in plugins] == ["On", "Kept out"]
        assert plugins[0]["title"] == "Khám từ xa"
        assert plugins[1]["reason"] == "it cannot be imported: ModuleNotFoundError"


async def test_a_simulator_that_breaks_does_not_blank_the_panel(caplog: pytest.LogCaptureFixture) -> None:
    async with opened() as o:
        o.printers[0].broken = True
        first, second = await o.role("receipt_printer")
        assert (first["controls"], len(second["controls"])) == ([], 4)
        await o.role("receipt_printer")
    said = [record for record in caplog.records if record.message == "simulator cannot be shown"]
    assert len(said) == 1
    assert CANARY not in caplog.text


# ── what it does ──────────────────────────────────────────────────────────────────────────────────────────


async def test_the_paper_is_seen_while_it_hangs_out_and_gone_after_the_wipe(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with opened() as o:
        assert (await o.role("receipt_printer"))[0]["paper"] == ""
        await o.control("write", CANARY)
        first = (await o.role("receipt_printer"))[0]
        assert first["shown"] == CANARY
        async with o.http.get(o.origin + first["paper"]) as response:
            assert response.content_type == "image/png"
            assert Image.open(io.BytesIO(await response.read())).size == (576, 300)
        await o.station.menu()
        o.station.screen.press("start_over")
        await o.station.page("leave")
        o.station.screen.answer("leave")
        await o.station.attract()
        assert CANARY not in json.dumps(await o.state(), ensure_ascii=False)
        async with o.http.get(o.origin + first["paper"]) as response:
            assert response.status == 404
    assert CANARY not in caplog.text


async def test_a_reset_brings_a_device_back() -> None:
    async with opened() as o:
        await o.control("unplug")
        assert await o.post("/api/devices/receipt_printer/0/reset") == (200, {"done": True})
        assert (await o.role("receipt_printer"))[0]["state"] == "ready"


async def test_a_device_that_could_not_be_cleared_is_shown_and_a_clean_reset_returns_it() -> None:
    async with opened() as o:
        o.printers[0].sticky = True
        await o.station.menu()
        o.station.screen.press("start_over")
        await o.station.page("leave")
        o.station.screen.answer("leave")
        await o.station.attract()
        state = await o.state()
        assert state["last_wipe_certain"] is False
        first = (await o.role("receipt_printer"))[0]
        assert first["quarantined"]
        assert "Press Reset" in first["trouble_words"]
        assert not first["in_use"]
        status, answer = await o.post("/api/devices/receipt_printer/0/reset")
        assert (status, answer["trouble"], answer["mend"]) == (409, "jammed", "technician")
        o.printers[0].sticky = False
        assert (await o.post("/api/devices/receipt_printer/0/reset"))[0] == 200
        assert (await o.role("receipt_printer"))[0]["in_use"]


async def test_staff_end_the_visit_that_they_see_and_no_other(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with opened() as o:
        assert (await o.post("/api/visit/end", {"visit": "none"}))[0] == 409
        await o.station.menu()
        o.station.screen.answer("test.slow")
        await o.station.page("choose", "Which pet")
        seen = (await o.state())["visit"]["id"]
        assert (await o.post("/api/visit/end", {"visit": "0123456789ab"}))[0] == 409
        assert (await o.state())["visit"]["id"] == seen
        assert await o.post("/api/visit/end", {"visit": seen}) == (200, {"done": True})
        await o.station.attract()
        assert (await o.post("/api/visit/end", {"visit": seen}))[0] == 409
        state = await o.state()
        assert (state["visit"], state["last_wipe_certain"]) == (None, True)
        assert state["today"]["endings"] == [["Ended by staff", 1]]
        assert state["today"]["services"] == [["Pets", 1]]
    assert "visit ended by operator" in caplog.text


async def test_the_figures_of_a_day_begin_anew_at_midnight_in_vietnam() -> None:
    async with opened() as o:
        await o.station.menu()
        o.station.screen.answer("test.slow")
        await o.station.page("choose", "Which pet")
        o.station.screen.answer(CANARY)
        await o.station.page("done")
        o.station.screen.answer()
        await o.station.attract()
        today = (await o.state("vi"))["today"]
        assert (today["visits"], today["endings"]) == (1, [["Làm xong", 1]])
        assert CANARY not in json.dumps(today, ensure_ascii=False)
        await o.clock.advance(24 * 3600)
        assert (await o.state())["today"]["visits"] == 0


async def test_a_call_for_staff_is_acknowledged() -> None:
    async with opened() as o:
        call = o.station.bell.ring(_("A resident asks for help"))
        shown = (await o.state())["calls"]
        assert (shown[0]["id"], shown[0]["acknowledged"]) == (call.id, "")
        assert await o.post(f"/api/staff/{call.id}/acknowledge") == (200, {"done": True})
        assert (await o.state())["calls"][0]["acknowledged"] != ""
        async with asyncio.timeout(5):
            await call.acknowledged()
        for wrong in ("99", "0x1", "-1", "٣"):
            status, answer = await o.post(f"/api/staff/{wrong}/acknowledge")
            assert (status, answer) == (404, {"error": "There is no such call for staff."})


# ── whom and what it refuses ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("path", "body", "status", "says"),
    [
        ("toaster/0/control", {"name": "paper"}, 404, "no such role. It has: screen, receipt_printer"),
        ("camera/0/control", {"name": "paper"}, 404, "no such role"),
        ("receipt_printer/2/control", {"name": "paper"}, 404, "its last one is number 1"),
        ("receipt_printer/-1/control", {"name": "paper"}, 404, "its last one is number 1"),
        ("receipt_printer/²/control", {"name": "paper"}, 404, "its last one is number 1"),
        ("screen/0/control", {"name": "paper"}, 409, "not a simulator"),
        ("receipt_printer/0/control", {"name": "fly"}, 404, "It has: paper, unplug, width, write"),
        ("receipt_printer/0/control", {"name": "paper", "value": "maybe"}, 422, "one of: on, off"),
        ("receipt_printer/0/control", {"name": "width", "value": "90"}, 422, "one of: 80, 58"),
        ("receipt_printer/0/control", {"name": "write", "value": "hiss"}, 422, "the ink is dry"),
        ("receipt_printer/0/control", {"name": "write", "value": "jam"}, 409, "Paper is stuck"),
        ("receipt_printer/0/control", {"name": "write", "value": "crash"}, 500, "has a fault"),
        ("receipt_printer/0/control", {"value": "x"}, 400, "name: Field required"),
        ("receipt_printer/0/control", {"name": "write", "value": 5}, 400, "value: Input should be a valid string"),
        ("receipt_printer/0/control", {"name": "write", "value": "x" * 4001}, 400, "at most 4000 characters"),
        ("receipt_printer/0/control", {"name": "write", "more": ""}, 400, "more: Extra inputs"),
        ("receipt_printer/0/control", b'{"name": ', 400, "Invalid JSON"),
        ("receipt_printer/0/control", b"\xff\xfe", 400, "malformed"),
        ("receipt_printer/0/control", [], 400, "malformed"),
        ("receipt_printer/0/control", {"name": "write", "value": "x" * MAX_BODY}, 413, f"at most {MAX_BODY} bytes"),
        ("receipt_printer/0/fly", {}, 404, "no such address"),
    ],
)
async def test_a_wrong_request_gets_a_clear_message(
    path: str, body: object, status: int, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened() as o:
        got, answer = await o.post(f"/api/devices/{path}", body)
        assert got == status
        assert says in answer["error"]
        assert (await o.role("receipt_printer"))[0]["state"] == "ready"
    assert CANARY not in caplog.text


@pytest.mark.shows("ASVS V4")
async def test_a_body_of_another_type_or_without_a_length_is_refused() -> None:
    async with opened() as o:
        path = "/api/devices/receipt_printer/0/control"
        status, _answer = await o.post(path, b'{"name":"unplug"}', {"Content-Type": "text/plain"})
        assert status == 415

        async def endless() -> AsyncGenerator[bytes]:
            for _i in range(40):
                yield b" " * 1024

        headers = {"Origin": o.origin, "Content-Type": "application/json"}
        async with o.http.post(o.origin + path, data=endless(), headers=headers) as response:
            assert response.status == 413
        assert (await o.role("receipt_printer"))[0]["state"] == "ready"


@pytest.mark.shows("ASVS V8", "EN 5.6")
async def test_without_the_token_nothing_is_told_and_nothing_done() -> None:
    async with opened() as o, aiohttp.ClientSession() as stranger:
        for path in ("/", "/?token=wrong", "/api/state", "/api/stream", "/api/devices/receipt_printer/0/paper"):
            async with stranger.get(o.origin + path) as response:
                assert response.status == 403
                assert "Toy 80" not in await response.text()
        headers = {"Origin": o.origin}
        for path in ("/api/devices/receipt_printer/0/reset", "/api/staff/1/acknowledge"):
            async with stranger.post(o.origin + path, headers=headers, json={}) as response:
                assert response.status == 403


@pytest.mark.shows("ASVS V3", "ASVS V7")
async def test_the_token_becomes_a_strict_cookie_and_leaves_the_address() -> None:
    async with (
        opened() as o,
        aiohttp.ClientSession() as browser,
        browser.get(o.panel.address, allow_redirects=False) as response,
    ):
        assert (response.status, response.headers["Location"]) == (303, "/")
        cookie = response.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie


@pytest.mark.shows("ASVS V3", "ASVS V4")
async def test_requests_from_elsewhere_are_refused() -> None:
    async with opened() as o:
        get: list[dict[str, str]] = [
            {"Host": "evil.example"},
            {"Host": f"evil.example:{o.panel.guard.port}"},
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
        ]
        for headers in get:
            async with o.http.get(o.origin + "/api/state", headers=headers) as response:
                assert response.status == 403, headers
        path = "/api/devices/receipt_printer/0/reset"
        for headers in [*get, {"Origin": "http://127.0.0.1:1"}]:
            sent = {"Origin": o.origin, **headers}
            async with o.http.post(o.origin + path, headers=sent, json={}) as response:
                assert response.status == 403, headers
        async with o.http.post(o.origin + path, json={}) as response:
            assert response.status == 403


@pytest.mark.shows("ASVS V3")
async def test_every_answer_carries_the_headers_that_shut_scripts_and_frames_out() -> None:
    async with opened() as o:
        for path in ("/", "/panel.js", "/api/state", "/missing"):
            async with o.http.get(o.origin + path) as response:
                policy = response.headers["Content-Security-Policy"]
                assert "unsafe" not in policy
                assert "default-src 'none'" in policy
                assert response.headers["X-Content-Type-Options"] == "nosniff"
                assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.shows("ASVS V13", "EN 5.6")
async def test_the_panel_listens_on_loopback_only() -> None:
    async with station([Slow()]) as running:
        for host in ("0.0.0.0", "192.0.2.1", "localhost", ""):
            with pytest.raises(ValueError, match="loopback"):
                Panel(running.station, host=host)


@pytest.mark.shows("ASVS V6", "EN 5.1")
async def test_a_fixed_token_is_kept_and_a_weak_one_refused() -> None:
    token = "a-token-fixed-by-the-operator"
    async with opened(token=token) as o:
        assert o.panel.address == f"{o.origin}/?token={token}"
        for weak in ("secret", "a token with spaces in it, long", "a-token;-with-a-semicolon-1"):
            with pytest.raises(ValueError, match="at least 24"):
                Panel(o.station.station, token=weak)


async def test_a_port_that_is_taken_is_told_and_the_panel_can_be_stopped_all_the_same() -> None:
    async with opened() as o:
        second = Panel(o.station.station, port=o.panel.guard.port)
        with pytest.raises(OSError, match="address already in use"):
            await second.start()
        await second.stop()


async def test_words_in_every_language_follow_the_operators() -> None:
    report = [{"name": "telehealth", "title": {"vi": "Khám từ xa", "en": "Telehealth"}, "state": "installed"}]
    async with opened(plugins_report=lambda: report) as o:
        assert (await o.state("vi"))["plugins"][0]["title"] == "Khám từ xa"
        assert (await o.state("en"))["plugins"][0]["title"] == "Telehealth"
