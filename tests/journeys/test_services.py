"""Each service of the citizen station from the attract page to the receipt: before a robot's screen and in Chromium."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import async_playwright
from support.hands import Hands
from support.other_hands import ScriptedHands
from support.rounds import ROUNDS, TAM, finish, go_round
from support.services import ServiceSite, whole_site

from tramkit.sandbox import ApplicationSandbox, Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=["scripted", "web"])
async def open_site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    """One site for all tests of a screen."""
    folder: Path = tmp_path_factory.mktemp("site")
    async with async_playwright() as playwright:
        browser = None
        if request.param == "web":
            browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        async with whole_site(folder, request.param, browser) as site:
            yield site
        if browser is not None:
            await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def site(open_site: ServiceSite) -> AsyncIterator[ServiceSite]:
    """The site with its attract page showing, whatever became of the test before."""
    yield open_site
    hands = open_site.glass
    with suppress(Exception):
        if isinstance(hands, ScriptedHands) and hands.screen.page.kind != "attract":
            await hands.press("bar-start_over")
            await hands.choose("leave")
    if isinstance(hands, Hands):
        hands.problems.clear()


EFFECTS = {
    "file": "authorities",
    "report": "authorities",
    "report by name": "authorities",
    "health insurance": "authorities",
    "account": "lender",
    "loan": "lender",
    "identify": "carrier",
    "top up": "aggregator",
    **{name: "aggregator" for name in ROUNDS if name.startswith("bill ")},
}
"""Which sandbox's ledger has one entry more after a round; no other one has."""


def done(sandbox: Sandbox) -> int:
    """Return how much was done at a sandbox."""
    table = "applications" if isinstance(sandbox, ApplicationSandbox) else "payments"
    return sandbox.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


RECEIPT = {"vi": "BIÊN NHẬN", "en": "RECEIPT"}


IN_ENGLISH = [name for name in ROUNDS if not name.startswith("bill ") or name == "bill evn"]
"""Billers differ in their codes only: one of them is enough in the second language."""


@pytest.mark.parametrize(
    ("name", "language"), [*((name, "vi") for name in ROUNDS), *((name, "en") for name in IN_ENGLISH)]
)
async def test_a_service_from_the_attract_page_to_the_receipt(site: ServiceSite, name: str, language: str) -> None:
    web = isinstance(site.glass, Hands)
    for table in ("payments", "paid_bills"):
        site.sandboxes["aggregator"].db.execute(f"DELETE FROM {table}")
    before = {each: done(sandbox) for each, sandbox in site.sandboxes.items()}
    await go_round(site, name, language)
    after = {each: done(sandbox) for each, sandbox in site.sandboxes.items()}
    assert {each: after[each] - before[each] for each in after if after[each] != before[each]} == (
        {EFFECTS[name]: 1} if name in EFFECTS else {}
    )
    if name in EFFECTS:
        assert RECEIPT[language] in site.paper().upper()
    await finish(site.glass)
    assert site.found_on_disk([TAM.name, TAM.name.lower(), TAM.number, TAM.address]) == []
    if web:
        assert site.glass.problems == []
