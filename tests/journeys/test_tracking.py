"""A dossier in each of its ten states, and who may withdraw it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from support.journeys import TAM, Somebody, begin, by_chip, dossier_in, finish, track
from support.services import ServiceSite, whole_site

from tramkit_hal.words import render
from tramkit_procedures.gateway import STATES, WITHDRAWABLE

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

STRANGER = replace(TAM, name="Hoàng Thị Én", number="079152777123", born="02091952", sex="female")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServiceSite]:
    """One site for all tests of this module."""
    async with whole_site(tmp_path_factory.mktemp("site"), "scripted", None) as site:
        yield site


@pytest.mark.parametrize("state", list(STATES))
async def test_each_state_is_told_in_plain_words_with_what_to_do_next(site: ServiceSite, state: int) -> None:
    await begin(site.glass, "procedures.track")
    await track(site, TAM, dossier_in(site, state))
    title, next_step = STATES[state]
    said = await site.glass.read()
    assert await site.glass.title() == render(title, "vi")
    assert render(next_step, "vi") in said
    assert ("Rút hồ sơ" in said) == (state in WITHDRAWABLE)
    assert ("Ngày hẹn" in said) == (state in (1, 2, 4, 5, 6, 9)), "who need not come is given no day"
    await finish(site.glass)


@pytest.mark.parametrize(("who", "state"), [(STRANGER, 2), (TAM, 7)], ids=["a stranger", "who filed it"])
async def test_only_who_filed_a_dossier_can_withdraw_it(site: ServiceSite, who: Somebody, state: int) -> None:
    resident, authorities = site.glass, site.sandboxes["authorities"]
    code = dossier_in(site, 2, TAM.number)
    await begin(resident, "procedures.track")
    await track(site, who, code)
    await resident.choose("withdraw")
    await resident.choose("yes")
    await by_chip(site, who)
    if who is TAM:
        await resident.at("done")
    else:
        await resident.says("Hồ sơ này do người khác nộp.")
    await finish(resident)
    assert authorities.db.execute("SELECT state FROM dossiers WHERE code = ?", (code,)).fetchone() == (state,)


async def test_who_has_no_card_to_lay_sees_nobodys_dossiers(site: ServiceSite) -> None:
    code = dossier_in(site, 2, TAM.number)
    await begin(site.glass, "procedures.track")
    await site.glass.choose("card")
    await site.glass.at("capture")
    await site.glass.choose("neither")
    await site.glass.at("tell")
    assert code not in await site.glass.read()
    await site.glass.go_on()
    await site.glass.at("attract")
