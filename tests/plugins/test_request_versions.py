"""An order outlives its plugin's version: its request is made today's each time, and what is too new waits in words."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest
from support.plugins import MANIFEST, install

from tramkit.host.order import Order
from tramkit.host.plugin_side import fulfillers
from tramkit.operator.open_orders import OpenOrders
from tramkit.orders.ledger import Ledger
from tramkit.orders.runner import Runner
from tramkit.orders.seal import Seal
from tramkit.plugins.hookspecs import PluginContext
from tramkit.plugins.isolation import Grant, Isolation
from tramkit.plugins.loader import load
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.words import render, verbatim

KINDS = ("inline", "process")
Kind = Literal["inline", "process"]
PAUSES = (0.01,)
CODE = """
from tramkit import Outcome, Service, hookimpl

class Hello(Service):
    id = "{name}.hello"

    async def serve(self, visit): ...

    async def fulfil(self, order, key):
        return Outcome(state="done", reference=f"{order.request['KEY']} of {order.request_version}")

    async def inquire(self, order, key):
        return Outcome(state="not_found")

    MIGRATE

@hookimpl
def tramkit_services(settings, context):
    return [Hello()]
"""
MIGRATE = """def migrate(self, request, version):
        return {"full_name": request["name"] + f" from {version}"}"""


@asynccontextmanager
async def running(
    folder: Path, kind: Kind, version: int, monkeypatch: pytest.MonkeyPatch, *, migrates: bool = True
) -> AsyncGenerator[Runner]:
    """Carry the orders of a ledger out with one version of a plugin."""
    packages = folder / f"v{version}{kind}{migrates}"
    packages.mkdir(parents=True)
    name = f"toy{version}{kind}{migrates}".lower()
    code = CODE.replace("KEY", "name" if version == 1 else "full_name").replace("MIGRATE", MIGRATE if migrates else "")
    code = code.replace("{name}.hello", "water.hello")
    manifest = MANIFEST.replace('id = "{name}.hello"', f'id = "{{name}}.hello"\nrequest_version = {version}')
    install(packages, "water", code=code, manifest=manifest)
    (packages / "toy_water").rename(packages / name)
    info = packages / "toy_water-1.0.dist-info/entry_points.txt"
    info.write_text(f"[tramkit.plugins]\nwater = {name}.plugin\n", encoding="utf-8")
    if kind == "inline":
        monkeypatch.syspath_prepend(str(packages))
    clock = SystemClock()
    loaded = load(
        ["water"],
        {},
        PluginContext(clock, "test-1", "here"),
        path=[str(packages)],
        isolation=lambda _plugin: Isolation(kind=kind, grant=Grant()),
    )
    assert not loaded.quarantined, loaded.report()
    ledger = Ledger(folder / "ledger.sqlite", Seal(b"k" * 32))
    await ledger.open()
    for side in loaded.sides:
        await side.start()
    runner = Runner(ledger, fulfillers(loaded.sides), {}, clock, pauses=PAUSES)
    try:
        yield runner
    finally:
        await runner.stop()
        await ledger.close()
        for side in loaded.sides:
            await side.stop()
        loaded.close()


def order() -> Order:
    return Order(service="water.hello", payee="A", amount=0, title=verbatim("Water"), request={"name": "An"})


async def placed(folder: Path, runner: Runner, id: str) -> None:
    """Write an order that nobody carries out yet, as a power cut right after it leaves it."""
    await runner.ledger.place(id, runner.of_today(order()), "", SystemClock().now())


@pytest.mark.parametrize("kind", KINDS)
async def test_an_order_of_an_older_version_is_carried_out_by_a_newer_one(
    tmp_path: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path, kind, 1, monkeypatch) as old:
        await placed(tmp_path, old, "order1")
    async with running(tmp_path, kind, 3, monkeypatch) as new:
        await new.start()
        record = await new.settled("order1")
        assert [each.reference for each in record.effects.values()] == ["An from 1 of 3"]
        assert record.order.request_version == 1, "the ledger keeps what was ordered"
        assert (await new.ledger.verify()).problem == ""


async def test_what_is_of_a_newer_version_waits_and_the_operator_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path, "inline", 2, monkeypatch) as new:
        await placed(tmp_path, new, "order1")
    async with running(tmp_path, "inline", 1, monkeypatch) as old:
        await old.start()
        orders = OpenOrders(old)
        await orders.look(SystemClock().now())
        assert orders.now[0].state == "stuck"
        assert "newer version of its plugin" in render(orders.now[0].why, "en")
        assert (await old.ledger.record("order1")).ending is None  # type: ignore[union-attr]


async def test_a_plugin_that_raises_the_version_and_migrates_nothing_leaves_the_order_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path, "inline", 1, monkeypatch) as old:
        await placed(tmp_path, old, "order1")
    async with running(tmp_path, "inline", 2, monkeypatch, migrates=False) as new:
        await new.start()
        record = await new.changed("order1", None)
        assert record.ending is None
