"""Everything outside a station: what its services ask, what its residents pay with, a doctor who closes cases.

The station's services are those of ``default_station.toml``: all plugins of this repository. Whatever that file asks
over the network stands here as a sandbox on a free port.
"""

from __future__ import annotations

import contextlib
import json
import random
import re
import tomllib
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from tramkit.checkout.methods import PluginPayment, payment_methods
from tramkit.checkout.receipts import Receipts
from tramkit.checkout.terminals import StationTerminals
from tramkit.host.order import EffectKind
from tramkit.host.plugin_side import PluginSide, fulfillers
from tramkit.identity.means import IdentityMeans
from tramkit.identity.methods import sign_ins
from tramkit.orders.ledger import Ledger
from tramkit.orders.runner import Runner
from tramkit.orders.seal import Seal, read_key
from tramkit.orders.wire import payment_of
from tramkit.plugins.hookspecs import PluginContext
from tramkit.plugins.loader import PluginSet, load
from tramkit.sandbox import FaultOrder, Sandbox
from tramkit.station.devices import Devices
from tramkit.station.offer import OwnService
from tramkit_banking.sandbox import Bank
from tramkit_billing.sandbox import Aggregator
from tramkit_hal.device.clock import Clock
from tramkit_hal.device.roles import Role
from tramkit_hal.sim.chip import ChipFault
from tramkit_hal.ui.pages import View
from tramkit_identity.sandbox import OpenIdProvider
from tramkit_payments.sandbox import Switch
from tramkit_procedures.sandbox import Authorities
from tramkit_sim_identity.sandbox import Operator
from tramkit_telehealth.protocol import CaseState, CaseSummary, CaseUpdate, LeaveCase, OpenCase, Summary

from .cards import believing
from .scripted_desk import DOCTOR, KEY, ScriptedDesk

CARDS = (
    {"number": "079152000123", "name": "Trần Thị Sáo", "born": "1952-05-17", "sex": "female"},
    {"number": "079054001234", "name": "Lê Văn Tám", "born": "1954-09-02", "sex": "male"},
)
CHIPS = (ChipFault.NONE, ChipFault.NONE, ChipFault.NONE, *ChipFault)
"""What is wrong with the chip of a card that is laid: more often nothing than something."""
DESK_PORT = 8082
STANDS: Mapping[int, type[Sandbox]] = {
    8083: Aggregator,
    8084: Switch,
    8085: Authorities,
    8086: Bank,
    8087: Bank,
    8088: Operator,
    8089: Operator,
    8091: OpenIdProvider,
}
"""What stands at which port of the demonstration."""

_TROUBLED = 0.1
"""In every third world this share of what is asked fails."""
_ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")


class Doctor(ScriptedDesk):
    """A desk whose doctor lets each resident wait, and then closes the case with a summary."""

    def __init__(self) -> None:
        super().__init__()
        self._open: list[str] = []

    async def look_around(self) -> None:
        """Tell the newest case what comes next: its place in the queue, then the summary."""
        for message in self.said:
            if isinstance(message, OpenCase) and message.intake.case not in self._open:
                self._open.append(message.intake.case)
                await self.say(CaseUpdate(case=message.intake.case, state=CaseState.WAITING, position=2, estimate=8))
                return
        left = {message.case for message in self.said if isinstance(message, LeaveCase)}
        for case in self._open:
            if case not in left:
                summary = Summary(doctor=DOCTOR, conclusion="Huyết áp thấp", closed_at=datetime.now(UTC))
                await self.say(CaseSummary(case=case, summary=summary))
                await self.say(CaseUpdate(case=case, state=CaseState.CLOSED, doctor=DOCTOR))


@dataclass
class OutsideWorld:
    """The outside of one station.

    :ivar plugins: all that the demonstration has, loaded.
    :ivar country: folder of the certificates by which the station believes the chips of cards.
    """

    plugins: PluginSet
    runner: Runner
    switch: Switch
    doctor: Doctor
    random: random.Random
    country: Path
    devices: Devices | None = None

    @property
    def services(self) -> list[PluginSide | OwnService]:
        """All services of the station, the core's receipts too."""
        return [*self.plugins.sides, Receipts(self.runner)]

    def joins(self, devices: Devices) -> dict[str, Any]:
        """Let it find a station's devices and return what that station is to be given."""
        self.devices = devices
        for side in self.plugins.sides:
            side.use(StationTerminals(devices))
        for method in self.runner.methods.values():
            assert isinstance(method, PluginPayment)
            method.devices = devices
        trust = believing(devices.of(Role.ID_READER), self.country)
        means = IdentityMeans(devices, sign_ins(self.plugins.sides), trust)
        return {"runner": self.runner, "means": means}

    async def happen(self, view: View) -> None:
        """Let something happen beside the screen, or nothing: a card is laid, money is sent, the doctor speaks."""
        if self.random.random() < 0.5:
            return
        match view.page.kind:
            case "capture":
                await self._use(Role.ID_READER, "chip", self.random.choice(CHIPS).value)
                await self._use(Role.ID_READER, "card_data", json.dumps(self.random.choice(CARDS)))
            case "pay":
                await self._pay()
            case "wait":
                await self.doctor.look_around()
            case "choose" if not view.back:
                await self._use(Role.ID_READER, "card", "none")
            case _:
                return

    async def _pay(self) -> None:
        for record in await self.runner.ledger.live():
            if EffectKind.COLLECT in record.effects and not record.ending:
                payment = payment_of(record)
                amount = payment.amount if self.random.random() < 0.8 else payment.amount - 1000
                account = str(SETTINGS["payments"]["account"])
                self.switch.transfer(account, amount, payment.memo)
        await self._use(Role.PAYMENT_TERMINAL, "card", "")

    async def _use(self, role: Role, name: str, value: str) -> None:
        for device in self.devices.of(role) if self.devices else ():
            await device.control(name, value)  # type: ignore[attr-defined]

    async def placed(self) -> dict[str, int]:
        """Return how many orders were placed, by service."""
        return dict(Counter(record.order.service for record in await self.runner.ledger.newest(1000)))


def _demonstration() -> dict[str, Any]:
    return tomllib.loads(files("tramkit.app").joinpath("default_station.toml").read_text(encoding="utf-8"))


SETTINGS: dict[str, dict[str, Any]] = _demonstration()["settings"]
PLUGINS: list[str] = _demonstration()["plugins"]["enabled"]


@contextlib.asynccontextmanager
async def outside_world(folder: Path, clock: Clock, seed: int) -> AsyncGenerator[OutsideWorld]:
    """Let the outside of a station stand until the block ends."""
    async with contextlib.AsyncExitStack() as stack:
        doctor = Doctor()
        await doctor.start()
        stack.push_async_callback(doctor.stop)
        addresses = {DESK_PORT: doctor.url}
        stands: dict[int, Sandbox] = {}
        for port, kind in STANDS.items():
            stands[port] = kind(folder / f"{port}.sqlite")
            addresses[port] = await stack.enter_async_context(stands[port].running())
            stands[port].order_faults(FaultOrder(share=_TROUBLED if seed % 3 == 0 else 0, seed=seed))
        settings = json.loads(_here(json.dumps(SETTINGS), addresses))
        settings["telehealth"]["station_key"] = KEY
        for name, file in (("banking", "banks_file"), ("sim_identity", "operators_file")):
            bundled = files(f"tramkit_{name}").joinpath(file.replace("_file", ".toml")).read_text(encoding="utf-8")
            (folder / f"{file}.toml").write_text(_here(bundled, addresses), encoding="utf-8")
            settings.setdefault(name, {})[file] = str(folder / f"{file}.toml")
        plugins = load(PLUGINS, settings, PluginContext(clock=clock, station="test-1", site="Đảo Kim Cương"))
        assert not plugins.quarantined, plugins.report()
        ledger = Ledger(folder / "ledger.sqlite", Seal(read_key(folder / "key" / "station.key")))
        methods = payment_methods(plugins.sides, Devices({}, clock))
        runner = Runner(ledger, fulfillers(plugins.sides), methods, clock)
        await ledger.open()
        stack.push_async_callback(ledger.close)
        await runner.start()
        stack.push_async_callback(runner.stop)
        switch = stands[8084]
        assert isinstance(switch, Switch)
        (folder / "country").mkdir()
        yield OutsideWorld(plugins, runner, switch, doctor, random.Random(f"outside world {seed}"), folder / "country")


def _here(text: str, addresses: Mapping[int, str]) -> str:
    """Return settings with the addresses of this world in the place of the demonstration's."""
    return _ADDRESS.sub(lambda found: addresses[int(found[1])], text)
