"""A resident reports a leak with a photo."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from residents import services
from tramkit_water.sandbox import WaterworksSandbox

from tramkit.sandbox import FaultOrder
from tramkit.testing import KitStation, Make, ScriptedGlass, walk

PHONE = "0901234567"


async def where(s: KitStation, since: str) -> None:
    """Say where it is."""
    await s.start("water.leak")
    await s.driver.choose("street")
    await s.driver.at("ask")
    await s.driver.type("address", "12 phan xích long")
    await s.driver.type("since", since)
    await s.driver.type("phone", PHONE)
    await s.driver.go_on()


async def test_a_leak_is_reported_with_a_photo(station: Make, sandbox: WaterworksSandbox) -> None:
    s = await station(*services(sandbox.address))
    await where(s, "22/11/2026")
    await s.driver.at("choose")
    assert "Chụp ảnh tại đây" in await s.driver.read()
    await s.driver.choose("camera")
    await s.driver.at("capture")
    await s.driver.go_on()
    await s.driver.at("capture", "thấy rõ")
    await s.driver.go_on()
    await s.driver.at("check")
    assert "22/11/2026" in await s.driver.read()
    await s.driver.go_on()
    await s.driver.at("done")
    assert "1900 1234" in s.paper()
    await s.driver.go_on()
    await s.ended()
    (report,) = sandbox.taken()
    assert (report["place"], report["phone"]) == ("street", PHONE)
    (photo,) = report["files"]
    found = sandbox.file(photo["id"])
    assert found is not None
    assert found[1][:2] == b"\xff\xd8", "a JPEG"
    assert s.left_behind(PHONE, "phan xích long") == []


@pytest.mark.parametrize(("days", "taken"), [(-61, False), (-60, True), (0, True), (1, False)])
async def test_a_day_is_judged_by_the_day_of_the_visit(
    station: Make, sandbox: WaterworksSandbox, days: int, taken: bool
) -> None:
    s = await station(*services(sandbox.address))
    day = (s.clock.now() + timedelta(hours=7, days=days)).strftime("%d/%m/%Y")
    await where(s, day)
    await s.driver.at("choose" if taken else "ask")
    if not taken:
        await s.until(lambda: any(getattr(field, "error", None) for field in getattr(s.page, "fields", ())))


async def test_a_report_waits_until_the_waterworks_answer(station: Make, sandbox: WaterworksSandbox) -> None:
    s = await station(*services(sandbox.address))
    await where(s, "23/11/2026")
    await s.driver.choose("later")
    await s.driver.at("check")
    sandbox.order_faults(FaultOrder(faults=("down", "lost_after", "garbage")))
    await s.driver.go_on()
    await s.driver.at("done")
    (report,) = sandbox.taken()
    assert "files" not in report
    assert json.dumps(report)


@pytest.mark.parametrize("seed", range(4))
async def test_who_does_anything_finds_no_dead_end(station: Make, sandbox: WaterworksSandbox, seed: int) -> None:
    s = await station(*services(sandbox.address), seed=seed)
    sandbox.order_faults(FaultOrder(share=0.2, seed=seed))
    await s.driver.begin()
    await walk(ScriptedGlass(s, outside=True), seed)
    await s.ended()
