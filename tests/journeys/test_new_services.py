"""Traffic fines, a credit card as a referral, a form signed on the phone, information: what can go wrong in each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import get_args

import pytest
import pytest_asyncio
from support.other_hands import ScriptedHands
from support.rounds import (
    TAM,
    Somebody,
    begin,
    card_wanted,
    fill,
    fine_of,
    finish,
    go_on,
    go_round,
    says_one_of,
    signed,
    typed_identity,
)
from support.services import ServiceSite, whole_site

from tramkit.sandbox import Fault, FaultOrder
from tramkit_banking.sandbox import Bank
from tramkit_identity.sandbox import OpenIdProvider
from tramkit_procedures.fines_sandbox import REFUSED_DECISION
from tramkit_procedures.sandbox import Authorities

pytestmark = [pytest.mark.asyncio(loop_scope="module")]
FAULTS = [each for each in get_args(Fault) if each != "slow"]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def whole(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServiceSite]:
    """One site for all tests of this module."""
    async with whole_site(tmp_path_factory.mktemp("site"), "scripted", None) as site:
        yield site


@pytest_asyncio.fixture(loop_scope="module")
async def site(whole: ServiceSite) -> AsyncIterator[ServiceSite]:
    """The site with its attract page showing and nothing failing."""
    authorities(whole).db.execute("UPDATE violations SET paid = 0")
    yield whole
    for sandbox in whole.sandboxes.values():
        sandbox.order_faults(FaultOrder())
    assert isinstance(whole.glass, ScriptedHands)
    with suppress(Exception):
        if whole.glass.screen.page.kind != "attract":
            await whole.glass.press("bar-start_over")
            await whole.glass.choose("leave")


def authorities(site: ServiceSite) -> Authorities:
    found = site.sandboxes["authorities"]
    assert isinstance(found, Authorities)
    return found


def lender(site: ServiceSite) -> Bank:
    found = site.sandboxes["lender"]
    assert isinstance(found, Bank)
    return found


def phone(site: ServiceSite) -> OpenIdProvider:
    found = site.sandboxes["vneid"]
    assert isinstance(found, OpenIdProvider)
    return found


# ── traffic fines ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("plate", ["51F12345", "51f-123.45", " 51F 123 45 ", "51F–123·45", "５１Ｆ12345"])
async def test_a_plate_as_people_write_it(site: ServiceSite, plate: str) -> None:
    await begin(site.glass, "procedures.fines")
    await fine_of(site, TAM, plate)
    await site.glass.at("choose", "vi phạm nào")


@pytest.mark.parametrize("plate", ["hello", "51F", "123456789012345678901", "51F1234567"])
async def test_what_can_be_no_plate_is_told_and_asked_again(site: ServiceSite, plate: str) -> None:
    await begin(site.glass, "procedures.fines")
    await fine_of(site, TAM, plate)
    await site.glass.at("tell", "chưa đúng")
    await site.glass.go_on()
    await fill(site.glass, plate="59MĐ1-123.45")
    await site.glass.at("done")  # the plate is right, and of no car


@pytest.mark.parametrize("plate", ["59mđ1-12345", "59MD1 123.45", "59md112345"])
async def test_a_plate_of_an_electric_vehicle_has_its_letter_also_where_it_cannot_be_typed(
    site: ServiceSite, plate: str
) -> None:
    await begin(site.glass, "procedures.fines")
    await fine_of(site, TAM, plate, "electric")
    await site.glass.at("tell")
    await site.glass.says("0013579/QĐ-XPHC")


async def test_a_fine_that_is_paid_cannot_be_paid_again(site: ServiceSite) -> None:
    await go_round(site, "fine by decision")
    assert authorities(site).police.paid() == ["0012345/QĐ-XPHC"]
    assert "0012345/QĐ-XPHC" in site.paper()
    await finish(site.glass)
    await begin(site.glass, "procedures.fines")
    await site.glass.choose("decision")
    await fill(site.glass, number="0012345/QĐ-XPHC")
    await site.glass.at("tell", "đã nộp phạt")
    assert "Nộp" not in await site.glass.read()


async def test_an_unknown_decision_is_told_and_asked_again(site: ServiceSite) -> None:
    await begin(site.glass, "procedures.fines")
    await site.glass.choose("decision")
    await fill(site.glass, number="7777777/QĐ-XPHC")
    await site.glass.at("tell", "Không có quyết định")
    await site.glass.go_on()
    await fill(site.glass, number="0012345/QĐ-XPHC")
    await site.glass.says("5.000.000")
    await site.glass.says("75.000")


async def test_a_payment_that_the_police_refuse_comes_back(site: ServiceSite) -> None:
    await begin(site.glass, "procedures.fines")
    await site.glass.choose("decision")
    await fill(site.glass, number=REFUSED_DECISION)
    await go_on(site.glass, "tell")
    await go_on(site.glass, "check")
    await site.glass.choose("payments.vietqr")
    await site.pay()
    await site.glass.at("tell")
    await site.glass.says("Quyết định đang được xem xét lại")
    back = site.switch.db.execute("SELECT amount, status FROM refunds").fetchall()
    assert back == [(900_000, "DONE")]
    assert authorities(site).police.paid() == []


@pytest.mark.parametrize(
    "answer",
    [
        {"violations": "none"},
        {"violations": [{"plate": "51F12345"}]},
        {"violations": [{"plate": "51F12345", "behaviour": "x", "state": "y", "amount": -5}]},
        {"violations": [{"plate": "51F12345", "behaviour": "x", "state": "y", "amount": "5.000.000"}]},
        {"violations": [None]},
        {},
        [],
    ],
)
async def test_an_answer_that_cannot_be_understood_is_no_answer(tmp_path: Path, answer: object) -> None:
    from aiohttp import web

    from tramkit import GatewayError
    from tramkit_procedures.violations import TrafficPolice

    async def tell(_request: web.Request) -> web.Response:
        return web.json_response(answer)

    app = web.Application()
    app.add_routes([web.post("/fines/search", tell)])
    runner = web.AppRunner(app, handle_signals=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        with pytest.raises(GatewayError):
            await TrafficPolice(f"http://127.0.0.1:{runner.addresses[0][1]}").violations("51F12345", 1)
    finally:
        await runner.cleanup()


async def test_what_is_not_known_yet_may_be_null() -> None:
    from aiohttp import web

    from tramkit_procedures.violations import TrafficPolice

    unknown = dict.fromkeys(("decision", "amount", "late", "paid", "place", "at", "handled_at", "found_by", "vehicle"))
    seen = {"plate": "51F12345", "behaviour": "12321.5.3.a.01. Vượt đèn đỏ", "state": "Chưa xử phạt", **unknown}

    async def tell(_request: web.Request) -> web.Response:
        return web.json_response({"violations": [seen]})

    app = web.Application()
    app.add_routes([web.post("/fines/search", tell)])
    runner = web.AppRunner(app, handle_signals=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        (found,) = await TrafficPolice(f"http://127.0.0.1:{runner.addresses[0][1]}").violations("51F12345", 1)
    finally:
        await runner.cleanup()
    assert (found.due, found.words, found.moment) == (0, "Vượt đèn đỏ", None)


# ── a credit card ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_it_is_said_before_anything_is_typed_that_the_bank_must_meet_the_resident(site: ServiceSite) -> None:
    await begin(site.glass, "banking.card")
    await typed_identity(site.glass)
    await site.glass.choose("classic")
    await go_on(site.glass, "tell")
    await site.glass.at("read", "Ngân hàng phải gặp ông/bà")
    await site.glass.says("đối chiếu khuôn mặt")
    await site.glass.says("45/2025/TT-NHNN")
    await site.glass.says("Trạm không phát hành thẻ")


async def _card(site: ServiceSite, who: Somebody = TAM, slot: str = "phone") -> None:
    await begin(site.glass, "banking.card")
    await card_wanted(site, who)
    if slot:
        await site.glass.choose(slot)
    else:
        await go_on(site.glass, "tell")
    await fill(site.glass, terms="=yes", data="=yes", credit="=yes")
    await go_on(site.glass, "check")
    await signed(site.glass, who)
    await site.glass.at("done")


async def test_the_appointment_stands_on_the_receipt_and_at_the_bank(site: ServiceSite) -> None:
    slot, at = next(iter(lender(site).slots().items()))
    await _card(site, slot=slot)
    assert f"{at:%d/%m/%Y}" in site.paper()
    assert slot not in lender(site).slots()
    assert lender(site).taken()[-1]["slot"] == slot
    state = lender(site).db.execute("SELECT state FROM progress ORDER BY rowid DESC").fetchone()
    assert state == ("branch",)


async def test_an_appointment_that_somebody_else_has_taken_meanwhile_becomes_the_next_one(site: ServiceSite) -> None:
    slots = list(lender(site).slots().items())
    await begin(site.glass, "banking.card")
    await card_wanted(site, TAM)
    await site.glass.choose(slots[0][0])
    lender(site).db.execute("INSERT INTO meetings VALUES (?, 'somebody else')", (slots[0][0],))
    await fill(site.glass, terms="=yes", data="=yes", credit="=yes")
    await go_on(site.glass, "check")
    await signed(site.glass)
    await site.glass.at("done")
    assert f"{slots[1][1]:%H:%M}" in site.paper()


async def test_who_finds_no_time_is_called(site: ServiceSite) -> None:
    await _card(site, slot="phone")
    assert lender(site).taken()[-1]["slot"] == ""


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_bank_that_does_not_show_its_appointments_calls(site: ServiceSite, fault: Fault) -> None:
    lender(site).order_faults(FaultOrder(faults=(fault,) * 3, path="/appointments"))
    await _card(site, slot="")
    assert lender(site).taken()[-1]["slot"] == ""


@pytest.mark.parametrize(
    ("who", "income", "said"),
    [
        (Somebody(born="02092010", number="079210001234"), "9000000", "18 tuổi"),
        (TAM, "5999999", "6.000.000"),
    ],
)
async def test_who_does_not_fit_is_told_before_anything_is_signed(
    site: ServiceSite, who: Somebody, income: str, said: str
) -> None:
    before = len(lender(site).taken())
    await begin(site.glass, "banking.card")
    with suppress(TimeoutError):
        if said == "18 tuổi":
            await typed_identity(site.glass, who)
            await site.glass.choose("classic")
            await go_on(site.glass, "tell")
            await go_on(site.glass, "read")
        else:
            await card_wanted(site, who, income)
    await site.glass.at("tell", "chưa phù hợp")
    await site.glass.says(said)
    assert len(lender(site).taken()) == before


# ── a form signed on the phone ────────────────────────────────────────────────────────────────────────────────────────


async def _to_signing(site: ServiceSite, who: Somebody = TAM) -> str:
    """Go as far as the code for the phone, and return its letters."""
    resident = site.glass
    await begin(resident, "procedures.file")
    await typed_identity(resident, who)
    await resident.choose("residence")
    await resident.choose("1.010041")
    await go_on(resident, "read")
    await fill(resident, about="nơi thường trú", phone=who.phone)
    await go_on(resident, "check")
    await resident.choose("phone")
    await resident.at("tell", "Ký trên điện thoại")
    page = resident.screen.page  # type: ignore[attr-defined]
    assert page.codes == (f"{phone(site).address}/sign?code={page.large.id}",)
    return page.large.id


def files_of_newest(site: ServiceSite) -> dict[str, bytes]:
    """Return the files of the newest dossier by name."""
    newest = authorities(site).taken()[-1]
    files = {each["name"]: authorities(site).file(each["id"]) for each in newest.get("files", [])}
    return {name: file[1] for name, file in files.items() if file is not None}


async def test_what_was_signed_is_handed_in_with_its_signature_and_holds_by_itself(site: ServiceSite) -> None:
    import json
    from datetime import UTC, datetime

    from cryptography import x509

    from tramkit_procedures.signing import Signed, check_signature

    code = await _to_signing(site)
    assert phone(site).signatures.decide(code)
    await site.glass.go_on()
    await go_on(site.glass, "tell")
    await site.glass.at("done")
    files = files_of_newest(site)
    assert set(files) == {"ct01", "ct01-signature"}
    form = files["ct01"].decode()
    assert TAM.number in form
    assert "116/2026/TT-BCA" in form
    assert "nơi thường trú" in form.casefold()
    told = Signed.model_validate({"state": "signed", **json.loads(files["ct01-signature"])})
    roots = x509.load_pem_x509_certificates((site.folder / "vneid-signing-root.pem").read_bytes())
    check_signature(told, files["ct01"], TAM.number, roots, datetime.now(UTC))


async def test_who_touches_too_early_is_told_that_the_phone_has_not_signed_yet(site: ServiceSite) -> None:
    code = await _to_signing(site)
    await site.glass.go_on()
    await site.glass.says("Điện thoại chưa ký xong")
    assert phone(site).signatures.decide(code)
    await site.glass.go_on()
    await site.glass.at("tell", "Tờ khai đã được ký")


async def _without_signature(site: ServiceSite, said: str) -> None:
    await site.glass.at("tell", "chưa được ký")
    await site.glass.says(said)
    await site.glass.go_on()
    await site.glass.at("done")
    assert files_of_newest(site) == {}


async def test_who_refuses_on_the_phone_hands_in_without_it(site: ServiceSite) -> None:
    code = await _to_signing(site)
    assert phone(site).signatures.decide(code, sign=False)
    await site.glass.go_on()
    await _without_signature(site, "từ chối")


async def test_who_has_no_phone_at_hand_signs_at_the_counter(site: ServiceSite) -> None:
    await _to_signing(site)
    await site.glass.choose("counter")
    await site.glass.at("done")
    assert files_of_newest(site) == {}


async def test_a_signature_of_somebody_else_is_not_believed(site: ServiceSite) -> None:
    code = await _to_signing(site)
    assert phone(site).signatures.decide(code, signer="079150004213")
    await site.glass.go_on()
    await _without_signature(site, "không hợp lệ")


async def test_a_signature_over_another_form_is_not_believed(site: ServiceSite) -> None:
    code = await _to_signing(site)
    phone(site).signatures.forges = True
    try:
        assert phone(site).signatures.decide(code)
    finally:
        phone(site).signatures.forges = False
    await site.glass.go_on()
    await _without_signature(site, "không hợp lệ")


async def test_a_signature_under_a_root_that_is_not_believed_is_not_believed(site: ServiceSite) -> None:
    file = site.folder / "vneid-signing-root.pem"
    right = file.read_bytes()
    code = await _to_signing(site)
    assert phone(site).signatures.decide(code)
    for wrong in (b"", b"no certificate"):
        file.write_bytes(wrong)
    try:
        await site.glass.go_on()
        await _without_signature(site, "không hợp lệ")
    finally:
        file.write_bytes(right)


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_signing_system_that_does_not_answer_keeps_nobody_from_handing_in(
    site: ServiceSite, fault: Fault
) -> None:
    phone(site).order_faults(FaultOrder(faults=(fault,) * 3, path="/signatures"))
    resident = site.glass
    await begin(resident, "procedures.file")
    await typed_identity(resident)
    await resident.choose("residence")
    await resident.choose("1.010041")
    await go_on(resident, "read")
    await fill(resident, about="nơi thường trú", phone=TAM.phone)
    await go_on(resident, "check")
    await resident.choose("phone")
    await _without_signature(site, "không phản hồi")


# ── information ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("fault", FAULTS)
async def test_while_the_feed_does_not_answer_what_is_known_is_shown(site: ServiceSite, fault: Fault) -> None:
    authorities(site).order_faults(FaultOrder(faults=(fault,) * 3, path="/information"))
    await begin(site.glass, "procedures.information")
    await site.glass.choose("notices")
    await site.glass.choose("working_hours")
    await says_one_of(site.glass, "Giờ tiếp dân")


TOPIC = {"id": "notices", "name": {"vi": "Thông báo", "en": "Notices"}}
NOTICE = {
    "id": "water",
    "topic": "notices",
    "title": {"vi": "Cúp nước", "en": "Water is cut off"},
    "paragraphs": [{"vi": "Cúp nước ngày mai.", "en": "Tomorrow there is no water."}],
    "source": "UBND phường",
    "effective_from": "2026-01-01",
}


@pytest.mark.parametrize(
    ("topics", "entries", "shown"),
    [
        ([TOPIC], [NOTICE], ["water"]),
        ([TOPIC], [NOTICE, {**NOTICE, "id": "power", "title": {"vi": "Cúp điện"}}], ["water"]),
        ([TOPIC], [NOTICE, {**NOTICE, "id": "power", "importance": 3, "source": "EVN"}], ["water", "power"]),
        ([TOPIC, {"id": "?"}], [NOTICE, {**NOTICE, "id": "x", "topic": "?"}], ["water"]),
        ([TOPIC], [NOTICE, NOTICE, None, 7, "x", []], ["water"]),
        ([TOPIC], [{**NOTICE, "source": ""}, {**NOTICE, "id": "b", "link": "javascript:alert(1)"}], []),
        ([TOPIC], [{**NOTICE, "effective_to": "2025-01-01"}], []),
        ([TOPIC], None, []),
    ],
)
async def test_one_notice_that_cannot_be_understood_hides_no_other(
    topics: object, entries: object, shown: list[str]
) -> None:
    from aiohttp import web

    from tramkit_procedures.information import Feed

    async def tell(_request: web.Request) -> web.Response:
        return web.json_response({"topics": topics, "entries": entries, "version": 2})

    app = web.Application()
    app.add_routes([web.get("/information", tell)])
    runner = web.AppRunner(app, handle_signals=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        told = await Feed(f"http://127.0.0.1:{runner.addresses[0][1]}").information()
    finally:
        await runner.cleanup()
    assert [each.id for each in told.entries] == shown


@pytest.mark.parametrize("answer", [{}, {"topics": []}, {"topics": "x"}, {"topics": [None]}, {"entries": [NOTICE]}])
async def test_a_feed_without_topics_is_no_answer(answer: object) -> None:
    from aiohttp import web

    from tramkit import GatewayError
    from tramkit_procedures.information import Feed

    async def tell(_request: web.Request) -> web.Response:
        return web.json_response(answer)

    app = web.Application()
    app.add_routes([web.get("/information", tell)])
    runner = web.AppRunner(app, handle_signals=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        with pytest.raises(GatewayError):
            await Feed(f"http://127.0.0.1:{runner.addresses[0][1]}").information()
    finally:
        await runner.cleanup()
