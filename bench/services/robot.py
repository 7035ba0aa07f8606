"""A robot resident who goes through each service once, counting pages and taps."""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))  # the station and its outside world, as tests do

from support.other_hands import SIGNATURE, AnyHands, ScriptedHands
from support.services import ServiceSite, service_site

from tramkit.sandbox import Sandbox
from tramkit_banking import banks
from tramkit_banking.sandbox import Bank
from tramkit_billing.sandbox import Aggregator, bills_of
from tramkit_procedures.sandbox import Authorities
from tramkit_sim_identity import operators
from tramkit_sim_identity.sandbox import Operator

Round = Callable[["Counting", ServiceSite], Awaitable[None]]


class Counting:
    """Hands that count what they do.

    :ivar taps: choices, continued pages and fields that were filled in.
    """

    def __init__(self, hands: AnyHands) -> None:
        self.hands = hands
        self.taps = 0

    async def choose(self, *values: str) -> None:
        """Choose one after the other."""
        for value in values:
            await self.hands.choose(value)
            self.taps += 1

    async def go_on(self) -> None:
        """Touch "continue"."""
        await self.hands.go_on()
        self.taps += 1

    async def fill(self, **values: str) -> None:
        """Fill in a page and go on."""
        await self.hands.at("ask")
        for name, value in values.items():
            await self.hands.type(name, value)
            self.taps += 1
        await self.go_on()

    async def read(self, kind: str) -> None:
        """Read a page and go on."""
        await self.hands.at(kind)
        await self.go_on()

    async def identity(self) -> None:
        """Type who one is."""
        await self.hands.at("capture")
        await self.choose("typed")
        await self.fill(name="lê văn tám", number="079054001234", born="02091954", sex="male")


async def _file(robot: Counting, site: ServiceSite) -> None:
    await robot.choose("procedures.file")
    await robot.identity()
    await robot.choose("residence", "1.010041")
    await robot.read("read")
    await robot.fill(about="nơi ở", phone="0901234567")
    await robot.read("check")


async def _report(robot: Counting, site: ServiceSite) -> None:
    await robot.choose("procedures.report")
    await robot.read("tell")
    await robot.choose("noise")
    await robot.fill(what="hát to", where="tầng ba", when="now")
    await robot.choose("anonymous")
    await robot.read("check")


async def _insure(robot: Counting, site: ServiceSite) -> None:
    await robot.choose("procedures.health_insurance")
    await robot.identity()
    await robot.read("read")
    await robot.choose("1")
    await robot.fill(born="02091954")
    await robot.choose("12")
    await robot.read("check")
    await robot.choose("payments.vietqr")
    await site.pay()


async def _bill(robot: Counting, site: ServiceSite) -> None:
    await robot.choose("billing.pay", "evn")
    await robot.fill(code="PE01000123458")
    bills = bills_of("evn", "PE01000123458")
    if len(bills) > 1:
        await robot.choose(bills[0]["bill_id"])
    await robot.read("check")
    await robot.choose("payments.vietqr")
    await site.pay()


async def _top_up(robot: Counting, site: ServiceSite) -> None:
    await robot.choose("billing.topup")
    await robot.fill(number="0901234567")
    await robot.choose("50000")
    await robot.read("check")
    await robot.choose("payments.terminal")
    await site.hold_card()


async def _account(robot: Counting, site: ServiceSite) -> None:
    await robot.choose("banking.account")
    await robot.identity()
    await robot.choose("song_xanh", "basic")
    await robot.read("tell")
    await robot.read("read")
    await robot.fill(phone="0901234567", address="12 trần não")
    await robot.fill(occupation="hưu trí", lives_here="yes")
    await robot.choose("pension")
    await robot.fill(american="no")
    await robot.read("read")
    await robot.fill(terms="yes", data="yes")
    await robot.read("check")
    await robot.fill(signature=SIGNATURE)


async def _loan(robot: Counting, site: ServiceSite) -> None:
    await robot.choose("banking.loan")
    await robot.identity()
    await robot.choose("song_xanh", "10000000", "12", "home")
    await robot.fill(income="10000000", debts="0", employer="lương hưu", phone="0901234567")
    await robot.read("tell")
    await robot.read("read")
    await robot.fill(cost="yes", data="yes", credit="yes")
    await robot.read("check")
    await robot.fill(signature=SIGNATURE)


async def _identify(robot: Counting, site: ServiceSite) -> None:
    await robot.choose("sim_identity.identify", "number")
    await robot.identity()
    await robot.fill(number="0381234567")
    await robot.choose("viettel")
    await robot.read("read")
    await robot.fill(data="yes", face="yes", mine="yes")
    await robot.read("check")
    await robot.fill(signature=SIGNATURE)


ROUNDS: dict[str, Round] = {
    "file_dossier": _file,
    "report": _report,
    "health_insurance": _insure,
    "pay_bill": _bill,
    "top_up": _top_up,
    "open_account": _account,
    "loan": _loan,
    "identify_subscription": _identify,
}


async def rounds(name: str, folder: Path) -> tuple[int, int, float]:
    """Go through a service from the menu to the last page; return pages, taps and seconds of the processor."""
    sandboxes: dict[str, Sandbox] = {
        "authorities": Authorities(folder / "authorities.sqlite"),
        "aggregator": Aggregator(folder / "aggregator.sqlite"),
        "lender": Bank(folder / "lender.sqlite"),
        "carrier": Operator(folder / "carrier.sqlite"),
    }
    lenders, carriers = folder / "banks.toml", folder / "operators.toml"
    settings = (
        '[settings.procedures]\ngateway_url = "{authorities}"\n[settings.billing]\naggregator_url = "{aggregator}"\n'
        f'[settings.banking]\nbanks_file = "{lenders}"\n[settings.sim_identity]\noperators_file = "{carriers}"\n'
    )

    def ready(addresses: dict[str, str]) -> None:
        text = Path(banks.BUNDLED).read_text(encoding="utf-8")
        lenders.write_text(text.replace("http://127.0.0.1:8086", addresses["lender"]), encoding="utf-8")
        text = Path(operators.BUNDLED).read_text(encoding="utf-8")
        carriers.write_text(text.replace("http://127.0.0.1:8088", addresses["carrier"]), encoding="utf-8")

    async with service_site(folder, "scripted", None, settings, ready, **sandboxes) as site:
        assert isinstance(site.glass, ScriptedHands)
        robot = Counting(site.glass)
        await site.glass.begin()
        before = len(site.glass.screen.history)
        began = time.process_time()
        await ROUNDS[name](robot, site)
        await site.glass.at("done")
        pages = len({view.page.id for view in list(site.glass.screen.history)[before:]})
        return pages, robot.taps, time.process_time() - began
