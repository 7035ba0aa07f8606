"""Stations for :mod:`tramkit.testing.order_rounds`: each carries one order out in a process of its own, or is cut off.

Reads what each is to do as a line of JSON from standard input, and tells what came of it as one on standard output.
This process only forks: to import everything anew takes longer than an order.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tramkit.checkout.methods import payment_methods
from tramkit.host.order import Order
from tramkit.host.plugin_side import PluginSide, fulfillers
from tramkit.orders.ledger import Ledger
from tramkit.orders.runner import Runner
from tramkit.orders.seal import Seal
from tramkit.plugins.hookspecs import PluginContext
from tramkit.plugins.loader import load
from tramkit.station.devices import Devices
from tramkit.testing.kit import SwiftClock
from tramkit.testing.money import SimMoney
from tramkit.testing.order_rounds import CUT
from tramkit.visit.inline import InlinePlugin
from tramkit_hal.device.clock import SystemClock


def sides_of(plugin: str, settings: dict[str, Any]) -> list[PluginSide]:
    """Return an installed plugin, or a module's file with its services.

    :raises ValueError: the plugin was kept out; the message says why.
    """
    context = PluginContext(clock=SystemClock(), station="test-1", site="Đảo Kim Cương")
    if plugin.endswith(".py"):
        spec = importlib.util.spec_from_file_location("tramkit_plugin_under_test", plugin)
        if spec is None or spec.loader is None:
            raise ValueError(f"{plugin} is no module")
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        return [InlinePlugin(module.tramkit_services(settings=settings, context=context))]
    loaded = load([plugin], {plugin: settings}, context)
    if loaded.quarantined:
        raise ValueError(f"{plugin}: {loaded.quarantined[0].reason}")
    return list(loaded.sides)


async def carry_out(asked: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> None:
    """Place the order where one is given, go on with the one that is there otherwise; tell its ending."""
    home, cut = Path(asked["home"]), int(asked.get("cut", 0))
    places = 0
    where = ""

    def boundary(name: str) -> None:
        nonlocal places, where
        places += 1
        where = name
        if places == cut:
            tell({"where": name})
            os._exit(CUT)  # as a power cut: nothing is put away

    money = SimMoney(home / "sim_money.sqlite")
    ledger = Ledger(home / "ledger.sqlite", Seal(b"k" * 32), boundary=boundary)
    sides, clock = [*sides_of(asked["plugin"], asked["settings"]), InlinePlugin([], [money])], SystemClock()
    runner = Runner(ledger, fulfillers(sides), payment_methods(sides, Devices({}, clock)), SwiftClock(clock))
    await ledger.open()
    await runner.start()
    records = await ledger.newest(1)
    record = records[0] if records else None
    if "order" in asked:
        order = Order.model_validate(asked["order"])
        record = await runner.place(asked["id"], order, money.id if order.amount else "")
    if record is not None and record.ending is None:
        record = await runner.settled(record.id)
    await runner.stop()
    await ledger.close()
    money.close()
    tell({"ending": record.ending.value if record and record.ending else "", "where": where})


def station(asked: dict[str, Any]) -> dict[str, Any]:
    """Have a process of its own carry an order out; return what it told and how it ended."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(ours)
            asyncio.run(carry_out(asked, lambda told: _write(theirs, told)))
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    os.close(theirs)
    with os.fdopen(ours, encoding="utf-8") as told:
        lines = told.read().splitlines()
    _child, status = os.waitpid(child, 0)
    found: dict[str, Any] = json.loads(lines[-1]) if lines else {}
    return {"ending": "", "where": "", **found, "code": os.waitstatus_to_exitcode(status)}


def _write(pipe: int, told: dict[str, Any]) -> None:
    os.write(pipe, json.dumps(told).encode() + b"\n")


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(station(json.loads(line))), flush=True)
