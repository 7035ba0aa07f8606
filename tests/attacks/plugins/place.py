"""A station with a hostile plugin and a good one, and what the hostile one goes for."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import os
import secrets
import socket
import sys
import threading
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.plugins import install

from tramkit.plugins.hookspecs import PluginContext
from tramkit.plugins.isolation import Grant, Isolation, Kind
from tramkit.plugins.loader import load
from tramkit.testing.station import Running, station
from tramkit_hal.device.clock import SystemClock

from .attack import MANIFEST, Attack

GOOD = """
from tramkit import Messages, Option, Outcome, Service, hookimpl
from tramkit_hal.words import verbatim

_ = Messages("tests")

class Hello(Service):
    id = "good.hello"

    def __init__(self, settings):
        self.settings = settings.model_dump()

    async def serve(self, visit):
        await visit.tell(verbatim("good"))

    async def fulfil(self, order, key):
        return Outcome(state="done")

    async def inquire(self, order, key):
        return Outcome(state="unknown")

@hookimpl
def tramkit_services(settings, context):
    return [Hello(settings)]
"""
GOOD_SETTINGS = """
from tramkit import PluginSettings

class Mine(PluginSettings):
    password: str
"""
GOOD_MANIFEST = """
api = 1
settings = "toy_good.settings:Mine"
name = "good"
title = {{ vi = "Thử", en = "Toy" }}

[[services]]
id = "good.hello"
title = {{ vi = "Chào", en = "Hello good" }}
"""


LOOT = ("key", "ledger", "toml", "env", "net", "other")


@dataclass
class Loot:
    """What a hostile plugin goes for, and where it lies.

    :ivar words: of which it must get none.
    """

    folder: Path
    words: dict[str, str] = field(default_factory=dict[str, str])
    place: dict[str, Any] = field(default_factory=dict[str, Any])

    def told(self, *, confined: bool) -> str:
        """Return what the plugin is told: an attacker knows where things lie."""
        return json.dumps({**self.place, "confined": confined})


@contextlib.contextmanager
def loot(folder: Path) -> Generator[Loot]:
    """Lay out what there is to get: files, memory, environment, servers of the machine's own loopback."""
    words = {name: f"{name.upper()}-{secrets.token_hex(8)}" for name in LOOT}
    for name in ("key", "orders", "shared"):
        (folder / name).mkdir()
    shared = folder / "shared"
    shared.chmod(0o777)
    lies = {"key": "key/station.key", "ledger": "orders/ledger.sqlite", "toml": "station.toml"}
    files = {name: folder / where for name, where in lies.items()}
    files["key"].write_text(words["key"])
    files["ledger"].write_text(words["ledger"])
    files["toml"].write_text(f'# {words["toml"]}\n[settings.good]\npassword = "{words["other"]}"\n')
    half, rest = secrets.token_hex(8), secrets.token_hex(8)
    needle = ctypes.create_string_buffer(f"{half}-{rest}".encode())
    os.environ["TRAMKIT_TEST_TOKEN"] = words["env"]
    with contextlib.ExitStack() as stack:
        stack.enter_context(files["ledger"].open("rb"))  # as the station has it
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        http = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        abstract = f"tramkit-test-{secrets.token_hex(4)}"
        unix = stack.enter_context(socket.socket(socket.AF_UNIX))
        unix.bind(f"\0{abstract}")
        unix.listen()
        answer = f"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{words['net']}".encode()
        for each, said in ((server, words["net"].encode()), (http, answer), (unix, words["net"].encode())):
            threading.Thread(target=_serve, args=(each, said), daemon=True).start()
        place = {
            **{name: str(path) for name, path in files.items()},
            "shared": str(shared),
            "pid": os.getpid(),
            "needle_half": half,
            "needle_rest": rest,
            "needle_at": ctypes.addressof(needle),
            "needle_size": len(needle),
            "port": server.getsockname()[1],
            "http": http.getsockname()[1],
            "abstract": abstract,
        }
        try:
            yield Loot(folder, words, place)
        finally:
            os.environ.pop("TRAMKIT_TEST_TOKEN", None)
            for each in (server, http, unix):
                each.shutdown(socket.SHUT_RDWR)


def _serve(server: socket.socket, said: bytes) -> None:
    with contextlib.suppress(OSError):
        while True:
            line, _address = server.accept()
            with line, contextlib.suppress(OSError):
                line.sendall(said)
                line.shutdown(socket.SHUT_WR)
                line.settimeout(1)
                line.recv(4096)


@contextlib.asynccontextmanager
async def attacked(attack: Attack, found: Loot, kind: Kind) -> AsyncGenerator[Running]:
    """Run a station with the hostile plugin and a good one, both of a kind."""
    plugins = found.folder / "plugins"
    plugins.mkdir()
    install(plugins, "hostile", code="", manifest=MANIFEST)
    code = attack.code(found.told(confined=kind != "inline"))
    (plugins / "toy_hostile/plugin.py").write_text(code, encoding="utf-8")
    install(plugins, "good", code=GOOD, manifest=GOOD_MANIFEST)
    (plugins / "toy_good/settings.py").write_text(GOOD_SETTINGS, encoding="utf-8")
    clock = SystemClock()
    with _importable(plugins) if kind == "inline" else contextlib.nullcontext():
        loaded = load(
            ["hostile", "good"],
            {"good": {"password": found.words["other"]}},
            PluginContext(clock, "test-1", "here"),
            path=[str(plugins)],
            isolation=lambda _plugin: Isolation(kind=kind, origins=("http://127.0.0.1:9",), grant=Grant()),
        )
        assert not loaded.quarantined, loaded.report()
        async with station(loaded.sides, clock=clock) as running:
            yield running


@contextlib.contextmanager
def _importable(folder: Path) -> Generator[None]:
    """Let what lies in a folder be imported, and leave nothing of it behind."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in [each for each in sys.modules if each.startswith("toy_")]:
            del sys.modules[name]


async def try_it(running: Running, way: str) -> str:
    """Let the hostile service do something in a visit; return what it tells, ``FAULT`` for the page of a fault."""
    await running.menu()
    running.screen.answer("hostile.hello")
    await running.page("choose", "Which?")
    visit = running.station.progress
    assert visit is not None
    running.screen.answer(way)
    page = await running.screen.until(lambda page: page.id == "fault" or page.title.id.startswith(("GOT", "NOTHING")))
    said = "FAULT" if page.id == "fault" else page.title.id
    running.screen.answer()
    if said != "FAULT":  # what it has done to its pipe can end it after its last page
        page = await running.screen.until(lambda page: page.id == "fault" or page.kind == "attract")
        if page.id == "fault":
            running.screen.answer()
    await running.attract()
    return f"{said} [{visit.visit}]"


async def good_goes_on(running: Running) -> None:
    """Use the good plugin's service from the first page to the last."""
    async with asyncio.timeout(60):
        while True:
            page = await running.menu()
            if next(each for each in page.options if each.value == "good.hello").state.value != "closed":
                break
            running.screen.press("start_over")
            await running.attract()
    running.screen.answer("good.hello")
    await running.page("tell", "good")
    running.screen.answer()
    await running.attract()
