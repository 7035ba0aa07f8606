"""Users of the machine, a copied token, what others have sent: who may look, who may act, what reaches a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import os
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import aiohttp
import pytest
from support.station import station

from tramkit.app.config import ConfigError, read_config
from tramkit.log import configure, visible
from tramkit.operator.console.client import PanelClient, PanelError
from tramkit.operator.panel import Panel
from tramkit.operator.panel.peers import Actor, Peers
from tramkit.operator.panel.report import without_secrets
from tramkit.plugins.loader import discover
from tramkit_hal.device.base import DeviceContext, DeviceState
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.device.roles import Role
from tramkit_hal.screens.web import screen as web_screen
from tramkit_hal.screens.web.screen import WebScreen

ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eabc\r\n"
SECRET, VIEWERS = "operators-secret-of-this-test", "viewers-secret-of-this-test"


class Known(Peers):
    """Peers as they would be if the user at the socket were another."""

    def __init__(self, actor: Actor) -> None:
        super().__init__()
        self._actor = actor

    def actor(self, uid: int) -> Actor:
        assert uid == os.getuid(), "the kernel says who asks"
        return self._actor


@contextlib.asynccontextmanager
async def panel_of(folder: Path, peers: Peers | None = None, *, tcp: bool = False) -> AsyncGenerator[Panel]:
    async with station([]) as running:
        socket = folder / "panel.sock"
        panel = Panel(running.station, port=0, token=SECRET, viewer_token=VIEWERS, tcp=tcp, socket=socket, peers=peers)
        await panel.start()
        try:
            yield panel
        finally:
            await panel.stop()


@contextlib.asynccontextmanager
async def at(address: str) -> AsyncGenerator[PanelClient]:
    client = PanelClient(address)
    try:
        yield client
    finally:
        await client.close()


@pytest.mark.shows("ASVS V8", "ASVS V16")
async def test_at_the_socket_the_kernel_says_who_asks_and_no_secret_is_needed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        async with panel_of(tmp_path) as panel, at(panel.address) as client:
            assert panel.address == f"unix:{tmp_path}/panel.sock"
            await client.sign_in()
            assert await client.report("en")
            await client.close_station(True, "en")
            await client.close_station(False, "en")
    acts = [record.__dict__["operator"] for record in caplog.records if record.getMessage() == "operator acts"]
    import pwd

    assert acts == [pwd.getpwuid(os.getuid()).pw_name] * 2


@pytest.mark.shows("ASVS V8")
async def test_a_viewer_looks_and_changes_nothing_and_others_do_not_even_look(tmp_path: Path) -> None:
    async with panel_of(tmp_path, Known(Actor("vi", may_act=False))) as panel, at(panel.address) as client:
        await client.sign_in()
        await client.report("en")
        with pytest.raises(PanelError, match="change nothing"):
            await client.close_station(True, "en")
    stranger = Known(Actor("st", may_act=False, may_look=False))
    async with panel_of(tmp_path, stranger) as panel, at(panel.address) as client:
        with pytest.raises(PanelError, match="may not look"):
            await client.sign_in()
        with pytest.raises(PanelError, match="may not look"):
            await client.report("en")


@pytest.mark.parametrize(
    ("operators", "viewers", "look", "act"),
    [
        ((), (), False, False),
        (("nobody",), (), True, True),
        ((), ("nobody",), True, False),
        ((), ("@nogroup",), True, False),
    ],
)
def test_who_may_do_what_is_the_configurations(
    operators: Sequence[str], viewers: Sequence[str], look: bool, act: bool
) -> None:
    import pwd

    actor = Peers(operators, viewers).actor(pwd.getpwnam("nobody").pw_uid)
    assert (actor.may_look or actor.may_act, actor.may_act) == (look, act)


@pytest.mark.shows("EN 5.6")
async def test_without_tcp_nothing_listens_on_a_port(tmp_path: Path) -> None:
    async with panel_of(tmp_path) as panel:
        assert panel.guard.port == 0


@pytest.mark.shows("ASVS V8")
async def test_over_tcp_a_viewers_secret_changes_nothing(tmp_path: Path) -> None:
    async with panel_of(tmp_path, tcp=True) as panel:
        base = f"http://127.0.0.1:{panel.guard.port}"
        for secret, status in ((VIEWERS, 403), (SECRET, 200), ("another-secret-that-is-wrong", 403)):
            async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
                async with http.get(f"{base}/?token={secret}") as page:
                    assert page.status == (200 if secret in (VIEWERS, SECRET) else 403)
                async with http.get(f"{base}/api/state") as state:
                    assert state.status == (200 if secret in (VIEWERS, SECRET) else 403)
                asked = http.post(f"{base}/api/station/closed", json={"closed": False}, headers={"Origin": base})
                async with asked as answer:
                    assert answer.status == status


@pytest.mark.shows("ASVS V8")
async def test_what_the_panel_tells_of_a_screen_does_not_open_it() -> None:
    screen = WebScreen(WebScreen.Settings(), DeviceContext(clock=SystemClock(), role=Role.SCREEN))
    await screen.open()
    try:
        address, told = screen.addresses["station"], without_secrets(screen.addresses)["station"]
        assert told == address.partition("?")[0]
        async with aiohttp.ClientSession() as http, http.get(told) as answer:
            assert answer.status == 403
    finally:
        await screen.close()


@pytest.mark.shows("EN 5.9")
async def test_a_screen_that_nobody_looks_at_says_so_and_is_well_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert web_screen.SILENT_SECONDS + web_screen.LOOK_SECONDS < 10
    monkeypatch.setattr(web_screen, "SILENT_SECONDS", 0.5)  # the same rule, faster
    monkeypatch.setattr(web_screen, "LOOK_SECONDS", 0.1)
    screen = WebScreen(WebScreen.Settings(), DeviceContext(clock=SystemClock(), role=Role.SCREEN))
    with caplog.at_level(logging.INFO):
        await screen.open()
        try:
            async with asyncio.timeout(20), screen.events() as events:
                async for event in events:
                    if event.value == DeviceState.DEGRADED.value:
                        break
                address = screen.addresses["station"]
                base = address.partition("/?")[0]
                async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
                    await (await http.get(address)).read()
                    async with http.ws_connect(f"{base}/line", headers={"Origin": base}) as line:
                        await line.send_str("")
                        async for event in events:
                            if event.value == DeviceState.READY.value:
                                break
        finally:
            await screen.close()
    said = [record.getMessage() for record in caplog.records]
    assert "nobody looks at the screen" in said
    assert "somebody looks at the screen again" in said


@pytest.mark.shows("ASVS V1", "ASVS V16")
def test_what_others_have_sent_is_shown_and_never_obeyed() -> None:
    shown = visible(ESCAPES + "Nguyễn Thị Hoa")
    assert shown.endswith("Nguyễn Thị Hoa")
    assert shown.isprintable()
    out = io.StringIO()
    out.isatty = lambda: True  # type: ignore[method-assign]
    try:
        configure("info", stream=out)
        logging.getLogger("test").warning("a reference", extra={"reference": ESCAPES})
    finally:
        configure("info", stream=io.StringIO())
    for dangerous in ("\x1b]0;", "\x1b[2J", "\x9b", "\u202e", "\x07"):
        assert dangerous not in out.getvalue()


def test_a_log_file_that_was_rotated_away_is_opened_again(tmp_path: Path) -> None:
    file = tmp_path / "station.log"
    try:
        configure("info", str(file))
        logging.getLogger("test").info("before")
        file.rename(tmp_path / "station.log.1")
        logging.getLogger("test").info("after")
    finally:
        configure("info", stream=io.StringIO())
    assert "after" in file.read_text(encoding="utf-8")
    assert "before" in (tmp_path / "station.log.1").read_text(encoding="utf-8")


@pytest.mark.shows("ASVS V13", "EN 5.12")
def test_one_look_at_a_configuration_names_everything_and_run_refuses_the_same(tmp_path: Path) -> None:
    file = tmp_path / "station.toml"
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "ledger.sqlite").touch()
    file.write_text(
        f"""
[station]
id = "a-1"
site = "Sảnh"
agency = "UBND"
[panel]
port = 8099
[log]
level = "loud"
file = "{tmp_path}/no/such/folder/log"
[uploads]
host = "127.0.0.1"
port = 8099
[orders]
data = "{tmp_path}/data"
key = "{tmp_path}/data/station.key"
[plugins]
enabled = ["payments", "telehealth"]
[settings.payments]
switch_url = "http://127.0.0.1:1"
bin = "97043"
account = "1"
[settings.telehealth]
desk_url = "http://127.0.0.1:1"
station_key = ""
[[roles.screen]]
driver = "web"
port = 8099
[[roles.id_reader]]
driver = "pcsc_id_reader"
[[roles.face_matcher]]
driver = "sim_face_matcher"
""",
        encoding="utf-8",
    )
    file.chmod(0o644)
    with pytest.raises(ConfigError) as found:
        read_config(file, discover())
    told = "\n".join(found.value.problems)
    for key in (
        "log.level", "uploads.port", "roles.screen.0.port", "orders.key", "settings.payments.bin",
        "settings.telehealth.station_key", "roles.face_matcher.0.driver", "others can read this secret",
    ):  # fmt: skip
        assert key in told, told
    assert "lies in the folder of the ledger" in told
    assert "is missing, and the ledger" in told
    with pytest.raises(ConfigError) as run:
        read_config(file)
    own = {problem for problem in found.value.problems if not problem.startswith("settings.")}
    assert set(run.value.problems) >= own
    file.write_text(file.read_text(encoding="utf-8").replace('level = "loud"', 'level = "info"'), encoding="utf-8")
    with pytest.raises(ConfigError, match="no folder"):
        read_config(file)
