"""A dossier in each of its ten states, and who may withdraw it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from support.journeys import TAM, Somebody, begin, dossier_in, fill, fine_of, finish, own, track
from support.services import ServiceSite, whole_site

from tramkit_billing import service
from tramkit_billing.sandbox import UNKNOWN_CUSTOMER
from tramkit_hal.words import render
from tramkit_procedures import pay_fine
from tramkit_procedures.gateway import STATES, WITHDRAWABLE
from tramkit_procedures.sandbox import Authorities
from tramkit_procedures.tracking import MAX_TRIES, MAX_WRONG

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

STRANGER = replace(TAM, name="Hoàng Thị Én", number="079152777123", born="02091952", sex="female")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServiceSite]:
    """One site for all tests of this module."""
    async with whole_site(tmp_path_factory.mktemp("site"), "scripted", None) as site:
        yield site


@pytest.mark.parametrize("state", list(STATES))
@pytest.mark.shows("ASVS V8", "ASVS V14")
async def test_each_state_is_told_in_plain_words_with_what_to_do_next(site: ServiceSite, state: int) -> None:
    await begin(site.glass, "procedures.track")
    await track(site, TAM, dossier_in(site, state))
    title, next_step = STATES[state]
    said = await site.glass.read()
    assert await site.glass.title() == render(title, "vi")
    assert render(next_step, "vi") in said
    for more in ("Rút hồ sơ", "Ngày hẹn", "Đăng ký thường trú", "Công an phường"):
        assert more not in said, "a code alone tells the state only"
    await finish(site.glass)


@pytest.mark.parametrize("state", list(STATES))
async def test_whose_dossier_it_is_sees_it_whole(site: ServiceSite, state: int) -> None:
    await begin(site.glass, "procedures.track")
    await own(site, TAM, dossier_in(site, state, TAM.number))
    await site.glass.at("tell")
    await site.glass.says("Công an phường")
    said = await site.glass.read()
    assert ("Rút hồ sơ" in said) == (state in WITHDRAWABLE)
    assert ("Ngày hẹn" in said) == (state in (1, 2, 4, 5, 6, 9)), "who need not come is given no day"
    await finish(site.glass)


@pytest.mark.parametrize(("who", "state"), [(STRANGER, 2), (TAM, 7)], ids=["a stranger", "who filed it"])
@pytest.mark.shows("ASVS V8")
async def test_only_who_filed_a_dossier_sees_its_note_and_can_withdraw_it(
    site: ServiceSite, who: Somebody, state: int
) -> None:
    resident, authorities = site.glass, site.sandboxes["authorities"]
    code = dossier_in(site, 2, TAM.number)
    await begin(resident, "procedures.track")
    assert isinstance(authorities, Authorities)
    authorities.move(code, 2, "Ghi chú riêng")
    await own(site, who, code)
    if who is TAM:
        await resident.says("Ghi chú riêng")
        await resident.choose("withdraw")
        await resident.choose("yes")
        await resident.at("done")
    else:
        await resident.says("Hồ sơ này do người khác nộp")
        assert "Ghi chú riêng" not in await resident.read()
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


@pytest.mark.shows("ASVS V2")
async def test_codes_cannot_be_tried_out_over_many_visits(site: ServiceSite) -> None:
    resident = site.glass
    for visit in range(MAX_WRONG // MAX_TRIES):
        await begin(resident, "procedures.track")
        await resident.choose("code")
        for attempt in range(MAX_TRIES):
            await fill(resident, code=f"000.00.01.h29-260310-{9000 + 10 * visit + attempt}")
            await resident.at("tell")
            await resident.says("Không có hồ sơ nào mang mã này")
            await resident.go_on()
        await resident.at("attract")
    await begin(resident, "procedures.track")
    await resident.choose("code")
    await resident.says("Hiện chưa tra cứu được bằng mã hồ sơ")
    await resident.go_on()
    await resident.at("attract")


@pytest.mark.shows("ASVS V2")
async def test_decisions_cannot_be_tried_out_over_many_visits(site: ServiceSite) -> None:
    resident = site.glass
    for visit in range(pay_fine.MAX_WRONG // pay_fine.MAX_TRIES):
        await begin(resident, "procedures.fines")
        await resident.choose("decision")
        for attempt in range(pay_fine.MAX_TRIES):
            await fill(resident, number=f"777{visit}{attempt}77/QĐ-XPHC")
            await resident.at("tell", "Không có quyết định")
            await resident.go_on()
        await resident.at("attract")
    await begin(resident, "procedures.fines")
    await resident.choose("decision")
    await fill(resident, number="0012345/QĐ-XPHC")  # one that there is
    await resident.at("tell", "Hiện chưa tra cứu được")
    await resident.go_on()
    await resident.at("attract")


@pytest.mark.shows("ASVS V2")
async def test_plates_cannot_be_tried_out_over_many_visits(site: ServiceSite) -> None:
    resident = site.glass
    for visit in range(pay_fine.MAX_WRONG):
        await begin(resident, "procedures.fines")
        await fine_of(site, TAM, f"51F-999.{visit:02}")
        await resident.at("done")
        await finish(resident)
    await begin(resident, "procedures.fines")
    await fine_of(site, TAM)
    await resident.at("tell", "Hiện chưa tra cứu được")
    await resident.go_on()
    await resident.at("attract")


@pytest.mark.shows("ASVS V2")
async def test_customers_of_bills_cannot_be_tried_out_over_many_visits(site: ServiceSite) -> None:
    resident = site.glass
    for visit in range(service.MAX_WRONG):
        await begin(resident, "billing.pay")
        await resident.choose("evn")
        await fill(resident, code=f"PE01{UNKNOWN_CUSTOMER}{visit:03}")
        await resident.at("tell", "Không tìm thấy mã khách hàng này")
        await resident.go_on()
        await resident.at("attract")
    await begin(resident, "billing.pay")
    await resident.choose("evn")
    await fill(resident, code="PE01000123456")
    await resident.at("tell", "Hiện chưa tra cứu được")
    await resident.go_on()
    await resident.at("attract")
