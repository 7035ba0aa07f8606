"""Fines, credit card, signature on the phone, information: each screen, both languages, their gateways down.

What goes well is in :mod:`test_services`; here what is behind each service does not answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser
from support.hands import Hands
from support.rounds import TAM, begin, card_wanted, fill, fine_of, finish, go_on, says_one_of, signed, typed_identity
from support.services import ServiceSite, whole_site
from support.slow import quick_and_slow

from tramkit.sandbox import ApplicationSandbox, FaultOrder, Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, chromium: Browser
) -> AsyncIterator[ServiceSite]:
    """One site for all tests before the screen of their parameter."""
    folder: Path = tmp_path_factory.mktemp("site")
    async with whole_site(folder, request.param, chromium if request.param == "web" else None) as site:
        yield site
        if isinstance(site.glass, Hands):
            await site.glass.page.context.close()


async def _fine(site: ServiceSite) -> None:
    await fine_of(site, TAM)
    await says_one_of(
        site.glass, "Hiện chưa kết nối được với hệ thống của cơ quan", "The authority's system does not answer now"
    )


async def _decision(site: ServiceSite) -> None:
    await site.glass.choose("decision")
    await fill(site.glass, number="0012345/qd-xphc")
    await says_one_of(
        site.glass, "Hiện chưa kết nối được với hệ thống của cơ quan", "The authority's system does not answer now"
    )


async def _card(site: ServiceSite) -> None:
    await card_wanted(site, TAM)
    await says_one_of(site.glass, "Ngân hàng sẽ gọi", "The bank will call", "calls you")
    await go_on(site.glass, "tell")
    await fill(site.glass, terms="=yes", data="=yes", credit="=yes")
    await go_on(site.glass, "check")
    await signed(site.glass)
    await site.glass.at("done")


async def _unsigned(site: ServiceSite) -> None:
    await typed_identity(site.glass)
    await site.glass.choose("residence")
    await site.glass.choose("1.010041")
    await go_on(site.glass, "read")
    await fill(site.glass, about="12 trần não", phone=TAM.phone)
    await go_on(site.glass, "check")
    await site.glass.choose("phone")
    await says_one_of(site.glass, "Hệ thống ký số hiện không phản hồi", "The digital signature does not answer now")
    await go_on(site.glass, "tell")
    await site.glass.at("done")


async def _information(site: ServiceSite) -> None:
    await site.glass.choose("notices")
    await site.glass.choose("working_hours")
    await says_one_of(site.glass, "Giờ tiếp dân", "When the ward receives residents")


Way = Callable[[ServiceSite], Awaitable[None]]
WAYS: dict[str, tuple[str, str, str, Way, str]] = {
    "fine": ("procedures.fines", "authorities", "/fines", _fine, ""),
    "decision": ("procedures.fines", "authorities", "/fines", _decision, ""),
    "card": ("banking.card", "lender", "/appointments", _card, "lender"),
    "signature": ("procedures.file", "vneid", "/signatures", _unsigned, "authorities"),
    "information": ("procedures.information", "authorities", "/information", _information, ""),
}
"""Each service, who does not answer and where, what is seen of it, and where something is handed in all the same."""


def done(sandbox: Sandbox) -> int:
    """Return how many applications a sandbox has taken."""
    assert isinstance(sandbox, ApplicationSandbox)
    return len(sandbox.taken())


async def _down(site: ServiceSite, name: str, language: str) -> None:
    service, sandbox, path, way, handed_in = WAYS[name]
    before = {each: done(site.sandboxes[each]) for each in ("authorities", "lender")}
    site.sandboxes[sandbox].order_faults(FaultOrder(faults=("down",) * 6, path=path))
    try:
        await begin(site.glass, service, language)
        await way(site)
        await finish(site.glass)
    finally:
        site.sandboxes[sandbox].order_faults(FaultOrder())
    after = {each: done(site.sandboxes[each]) for each in before}
    assert {each for each in after if after[each] != before[each]} == ({handed_in} if handed_in else set())
    if isinstance(site.glass, Hands):
        assert site.glass.problems == []


ALL = [(name, language) for name in WAYS for language in ("vi", "en")]


@pytest.mark.parametrize("site", ["scripted"], indirect=True)
@pytest.mark.parametrize(("name", "language"), ALL)
async def test_what_is_behind_a_service_is_down(site: ServiceSite, name: str, language: str) -> None:
    await _down(site, name, language)


@pytest.mark.parametrize("site", ["terminal"], indirect=True)
@pytest.mark.parametrize(("name", "language"), quick_and_slow([("card", "en")], ALL))
async def test_what_is_behind_a_service_is_down_at_the_terminal(site: ServiceSite, name: str, language: str) -> None:
    await _down(site, name, language)


@pytest.mark.parametrize("site", ["web"], indirect=True)
@pytest.mark.parametrize(("name", "language"), quick_and_slow([("signature", "en")], ALL))
async def test_what_is_behind_a_service_is_down_in_chromium(site: ServiceSite, name: str, language: str) -> None:
    await _down(site, name, language)
