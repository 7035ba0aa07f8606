"""What residents do at the plugin's services when nothing fails."""

from __future__ import annotations

from tramkit_water.gateway import Waterworks
from tramkit_water.leak import ReportLeak
from tramkit_water.pay import PayBill

from tramkit import Service
from tramkit.testing import KitStation


def services(address: str) -> list[Service]:
    """Return what the plugin offers, before waterworks at an address."""
    waterworks = Waterworks(address)
    return [PayBill(waterworks), ReportLeak(waterworks, "1900 1234")]


async def to_the_end(s: KitStation, code: str = "pn 123 456") -> None:
    """Pay a bill, up to the page that says what became of it."""
    await s.start("water.pay")
    await s.driver.type("code", code)
    await s.driver.go_on()
    await s.driver.at("check")
    await s.driver.go_on()


async def pay(s: KitStation) -> None:
    """Pay a bill and go."""
    await to_the_end(s)
    await s.driver.at("done")
    await s.driver.go_on()
