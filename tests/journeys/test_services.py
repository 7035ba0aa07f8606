"""Each service of the citizen station from the attract page to the receipt: robot's screen, terminal, Chromium."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser
from support.journeys import ROUNDS, TAM, finish, go_round
from support.services import ServiceSite, whole_site
from support.slow import quick_and_slow

from tramkit.sandbox import ApplicationSandbox, Sandbox
from tramkit.testing.drivers import ScriptedDriver
from tramkit.testing.web_driver import WebDriver
from tramkit.testing.wipe_search import found_in, heap_strings
from tramkit_identity.sandbox import OpenIdProvider

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def open_site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, chromium: Browser
) -> AsyncIterator[ServiceSite]:
    """One site for all tests before the screen of their parameter."""
    folder: Path = tmp_path_factory.mktemp("site")
    async with whole_site(folder, request.param, chromium if request.param == "web" else None) as site:
        yield site
        if isinstance(site.glass, WebDriver):
            await site.glass.page.context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def site(open_site: ServiceSite) -> AsyncIterator[ServiceSite]:
    """The site with its attract page showing, whatever became of the test before."""
    yield open_site
    driver = open_site.glass
    with suppress(Exception):
        if isinstance(driver, ScriptedDriver) and driver.screen.page.kind != "attract":
            await driver.press("bar-start_over")
            await driver.choose("leave")
    if isinstance(driver, WebDriver):
        driver.problems.clear()


EFFECTS = {
    "file": "authorities",
    "file signed on the phone": "authorities",
    "fine": "authorities",
    "fine by decision": "authorities",
    "supplement": "authorities",
    "withdraw": "authorities",
    "report": "authorities",
    "report by name": "authorities",
    "health insurance": "authorities",
    "account": "lender",
    "account by VNeID": "lender",
    "account by face": "lender",
    "loan": "lender",
    "credit card": "lender",
    "identify": "carrier",
    "identify again by face": "carrier",
    "top up": "aggregator",
    **{name: "aggregator" for name in ROUNDS if name.startswith("bill ")},
}
"""Which sandbox's ledger has one entry more after a round; no other one has."""


LEVELS = {
    "account": "claimed",
    "account by VNeID": "vneid",
    "credit card": "claimed",
    "account by face": "chip_face",
    "identify": "claimed",
    "identify again by face": "chip_face",
}
"""How surely the bank or the operator is told that the resident was known."""

BRANCH, STILL = (
    ("Mang căn cước đến", "Go with your card to", "Ông/bà mang theo", "Bring with you"),
    (
        "Còn phải làm",
        "Still to do",
    ),
)
"""What the receipts of a bank and of an operator say where the face was not compared at the station."""


def done(sandbox: Sandbox) -> int:
    """Return how much was done at a sandbox."""
    if isinstance(sandbox, OpenIdProvider):
        return sandbox.db.execute("SELECT count(*) FROM sign_ins WHERE state = 'used'").fetchone()[0]
    table = "applications" if isinstance(sandbox, ApplicationSandbox) else "payments"
    return sandbox.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


RECEIPT = {"vi": "BIÊN NHẬN", "en": "RECEIPT"}


async def journey(site: ServiceSite, name: str, language: str) -> None:
    """Go through a service and look at what everybody has of it then."""
    web = isinstance(site.glass, WebDriver)
    for table in ("payments", "paid_parts"):
        site.sandboxes["aggregator"].db.execute(f"DELETE FROM {table}")
    before = {each: done(sandbox) for each, sandbox in site.sandboxes.items()}
    await go_round(site, name, language)
    after = {each: done(sandbox) for each, sandbox in site.sandboxes.items()}
    expected = ({EFFECTS[name]: 1} if name in EFFECTS else {}) | ({"vneid": 1} if name.endswith("VNeID") else {})
    assert {each: after[each] - before[each] for each in after if after[each] != before[each]} == expected
    if name in EFFECTS:
        assert RECEIPT[language] in site.paper().upper()
    if name in LEVELS:
        outside = site.sandboxes[EFFECTS[name]]
        assert isinstance(outside, ApplicationSandbox)
        assert outside.taken()[-1]["level"] == LEVELS[name]
        later = any(words in site.paper() for words in (*BRANCH, *STILL))
        assert later == (LEVELS[name] == "claimed"), "who was known for sure need not go anywhere"
    await finish(site.glass)
    assert site.found_on_disk([TAM.name, TAM.name.lower(), TAM.number, TAM.address]) == []
    if web:
        assert site.glass.problems == []


ONCE = {"account by face", *(name for name in ROUNDS if name.startswith("bill ") and name != "bill evn")}
"""Billers differ in their codes only, and the face is the same before a bank: once is enough in the second language."""
VARIANTS = (
    "file signed on the phone",
    "fine by decision",
    "track by card",
    "supplement",
    "withdraw",
    "report by name",
    "account by VNeID",
    "identify again by face",
)
"""Other ways through a service: in the second language the robot goes them, and people one way through each service."""


ALL = [*((name, "vi") for name in ROUNDS), *((name, "en") for name in ROUNDS if name not in {*ONCE, *VARIANTS})]
AT_THE_TERMINAL = [
    ("supplement", "vi"),
    ("health insurance", "vi"),
    ("loan", "vi"),
    ("top up", "en"),
    ("identify", "en"),
]
IN_CHROMIUM = [("file", "vi"), ("bill evn", "vi"), ("account by face", "vi"), ("track", "en"), ("my numbers", "en")]
"""The robot goes them all at once; people one way through each plugin, and all the others in ``make test-slow``."""


def before(screen: str) -> pytest.MarkDecorator:
    """Make a test at the site that has this screen."""
    return pytest.mark.parametrize("open_site", [screen], indirect=True)


@before("scripted")
@pytest.mark.parametrize(("name", "language"), ALL)
async def test_a_service_from_the_attract_page_to_the_receipt(site: ServiceSite, name: str, language: str) -> None:
    await journey(site, name, language)


@before("terminal")
@pytest.mark.parametrize(("name", "language"), quick_and_slow(AT_THE_TERMINAL, ALL))
async def test_a_service_at_the_terminal(site: ServiceSite, name: str, language: str) -> None:
    await journey(site, name, language)


@before("web")
@pytest.mark.parametrize(("name", "language"), quick_and_slow(IN_CHROMIUM, ALL))
async def test_a_service_in_chromium(site: ServiceSite, name: str, language: str) -> None:
    await journey(site, name, language)


@before("scripted")
@pytest.mark.parametrize("name", VARIANTS)
async def test_another_way_through_a_service_in_the_second_language(site: ServiceSite, name: str) -> None:
    await journey(site, name, "en")


@before("web")
@pytest.mark.parametrize("rounds", quick_and_slow(["quick"], ["quick", "all"]))
async def test_after_all_that_the_browser_holds_nothing_of_who_was_there(site: ServiceSite, rounds: str) -> None:
    """Comes last: whatever a page of a visit before has left in the browser is found.

    :param rounds: that were made before.
    """
    assert isinstance(site.glass, WebDriver)
    await site.glass.at("attract")
    strings = await heap_strings(site.glass.page)
    assert found_in(strings, [TAM.name, TAM.name.lower(), TAM.number, TAM.address, TAM.phone, TAM.subscription]) == []
