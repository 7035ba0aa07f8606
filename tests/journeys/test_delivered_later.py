"""The authority is down when something is handed in: it is accepted, said so, and delivered once it is back."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import Browser
from support.other_hands import AnyHands
from support.rounds import begin, fill, finish, go_on
from support.services import ServiceSite, service_site
from support.slow import quick_and_slow

from tramkit.sandbox import FaultOrder
from tramkit_procedures.sandbox import Authorities

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PROCEDURES = '[settings.procedures]\ngateway_url = "{authorities}"\n'
RECEIPT_CODE = re.compile(r"Mã biên nhận[\s:]*([A-Z0-9]+ [A-Z0-9]+)")
DONE = "Phản ánh đã được gửi"
FOR_LONG = 1_000


async def handed_in(resident: AnyHands) -> str:
    """Hand in a report and leave while it is under way; return the receipt's code."""
    await begin(resident, "procedures.report")
    await resident.choose("no")
    await resident.choose("noise")
    await fill(resident, what="hát to", where="tầng ba", when="=now")
    await resident.choose("anonymous")
    await go_on(resident, "check")
    await resident.says("Mã biên nhận")
    found = RECEIPT_CODE.search(await resident.read())
    assert found is not None
    await resident.press("bar-start_over")
    await resident.choose("leave")
    await resident.at("attract")
    return found[1].replace(" ", "").lower()


async def looked_up(resident: AnyHands, code: str) -> str:
    """Look a receipt up and return what the page says."""
    await begin(resident, "tramkit.receipts")
    await resident.choose("code")
    await fill(resident, code=code)
    await resident.says("Nội dung\n")  # a receipt says what it is for, whatever became of it
    return await resident.read()


async def until_done(resident: AnyHands, code: str) -> str:
    """Look a receipt up until it is done: the authority has it a moment before the station knows that it does."""
    async with asyncio.timeout(180):  # the runner asks less and less often, at last once a minute
        while "chưa xác nhận" in (said := await looked_up(resident, code)):
            await finish(resident)
    return said


async def journey(site: ServiceSite, authorities: Authorities) -> None:
    authorities.order_faults(FaultOrder(faults=("down",) * FOR_LONG))
    code = await handed_in(site.glass)
    said = await looked_up(site.glass, code)
    assert "chưa xác nhận" in said
    assert DONE not in said
    assert "chưa xác nhận" in " ".join(site.paper().split()), "the paper says the same"
    assert authorities.taken() == []
    await finish(site.glass)
    authorities.order_faults(FaultOrder())
    async with asyncio.timeout(180):  # the runner asks less and less often, at last once a minute
        while not authorities.taken():
            await asyncio.sleep(0.05)
    said = await until_done(site.glass, code)
    assert DONE in said
    assert "chưa xác nhận" not in said
    await finish(site.glass)
    assert len(authorities.taken()) == 1


@pytest.mark.timeout(480)
@pytest.mark.parametrize("screen", quick_and_slow(["terminal"], ["scripted", "terminal", "web"]))
async def test_what_is_handed_in_while_the_authority_is_down_is_delivered_once_it_is_back(
    tmp_path: Path, browser: Browser, screen: str
) -> None:
    authorities = Authorities(tmp_path / "authorities.sqlite")
    at = browser if screen == "web" else None
    async with service_site(tmp_path, screen, at, PROCEDURES, authorities=authorities) as site:
        await journey(site, authorities)
