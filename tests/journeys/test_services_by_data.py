"""A new procedure, a new bank and a new biller by editing data only; what happens when the other side fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.other_hands import AnyHands
from support.rounds import begin, fill, finish, go_on, signed, typed_identity
from support.services import service_site

from tramkit.sandbox import Fault, FaultOrder
from tramkit_banking.sandbox import Bank
from tramkit_billing.codes import read_providers
from tramkit_billing.sandbox import Aggregator, bills_of
from tramkit_procedures.sandbox import Authorities

PROCEDURES = '[settings.procedures]\ngateway_url = "{authorities}"\n'
BILLING = '[settings.billing]\naggregator_url = "{aggregator}"\n'

FISHING = """
[[procedures]]
code = "9.000001"
group = "other"
name = { vi = "Đăng ký câu cá ven sông", en = "Fishing at the river" }
agency = { vi = "UBND phường", en = "Ward people's committee" }
time = { vi = "1 ngày", en = "1 day" }
working_days = 1
documents = []
questions = [ { id = "rods", kind = "text", label = { vi = "Mấy cần câu", en = "How many rods" } } ]
source = "một thử nghiệm"
effective_from = 2026-01-01
"""
FISHING_FEE = """
[[fees]]
procedures = ["9.000001"]
channels = ["online"]
amount = 12000
effective_from = 2026-01-01
source = "một thử nghiệm"
"""
NEW_BANK = """
[[banks]]
id = "tre_xanh"
name = {{ vi = "Ngân hàng Tre Xanh", en = "Tre Xanh Bank" }}
url = "{url}"
branch = {{ vi = "Chi nhánh 1", en = "Branch 1" }}
terms = {{ version = "1", points = [ {{ vi = "Tre xanh không gãy", en = "Bamboo does not break" }} ] }}
[[banks.accounts]]
id = "one"
name = {{ vi = "Tài khoản tre", en = "Bamboo account" }}
hint = {{ vi = "2.000 ₫", en = "2,000 ₫" }}
monthly_fee = 2000
"""
NEW_BILLER = """
[[providers]]
id = "gas"
service = "gas"
name = { vi = "Khí đốt Bình Trưng", en = "Binh Trung Gas" }
pattern = "GAS[0-9]{4}"
strip = " "
example = "GAS1234"
pay_oldest_first = true
allow_partial = false
source = "một thử nghiệm"
effective_from = 2026-01-01
"""


async def test_a_new_procedure_is_filed_after_editing_data_only(tmp_path: Path) -> None:
    catalogue, fees = tmp_path / "catalogue.toml", tmp_path / "fees.toml"
    catalogue.write_text(FISHING, encoding="utf-8")
    fees.write_text(FISHING_FEE, encoding="utf-8")
    authorities = Authorities(tmp_path / "authorities.sqlite")
    settings = f'{PROCEDURES}catalogue_file = "{catalogue}"\nfees_file = "{fees}"\n'
    async with service_site(tmp_path, "scripted", None, settings, authorities=authorities) as site:
        resident = site.glass
        await resident.begin()
        await resident.choose("procedures.file")
        await typed_identity(resident)
        await resident.choose("search")
        await resident.at("ask")
        await resident.type("words", "cau ca")
        await resident.go_on()
        await resident.choose("9.000001")
        await resident.at("read")
        await resident.go_on()
        await resident.at("ask")
        await resident.type("rods", "2")
        await resident.go_on()
        await resident.at("check")
        await resident.says("12.000")
        await resident.go_on()
        await resident.choose("payments.vietqr")
        await site.pay()
        await resident.at("done")
        await finish(resident)
        (taken,) = authorities.taken()
    assert (taken["procedure"], taken["answers"]) == ("9.000001", {"rods": "2"})


async def test_a_new_bank_is_applied_to_after_editing_data_only(tmp_path: Path) -> None:
    bank = Bank(tmp_path / "bank.sqlite")
    file = tmp_path / "banks.toml"
    async with bank.running():
        file.write_text(NEW_BANK.format(url=bank.address), encoding="utf-8")
        async with service_site(tmp_path, "scripted", None, f'[settings.banking]\nbanks_file = "{file}"\n') as site:
            resident = site.glass
            await begin(resident, "banking.account")
            await typed_identity(resident)
            await resident.choose("tre_xanh")
            await resident.choose("one")
            await resident.at("tell")
            await resident.says("2.000")
            await resident.go_on()
            await go_on(resident, "read")
            await fill(resident, phone="0901234567", address="12 trần não")
            await fill(resident, occupation="hưu trí", lives_here="=yes")
            await resident.choose("savings")
            await fill(resident, american="=no")
            await resident.at("read")
            await resident.says("Tre xanh không gãy")
            await resident.go_on()
            await fill(resident, terms="=yes", data="=yes")
            await go_on(resident, "check")
            await signed(resident)
            await resident.at("done")
            await finish(resident)
        (taken,) = bank.taken()
        assert (taken["product"], taken["terms"]) == ("one", "1")


async def test_a_new_biller_is_paid_after_editing_data_only(tmp_path: Path) -> None:
    file = tmp_path / "providers.toml"
    file.write_text(NEW_BILLER, encoding="utf-8")
    aggregator = Aggregator(tmp_path / "aggregator.sqlite", read_providers(file))
    settings = f'{BILLING}providers_file = "{file}"\n'
    async with service_site(tmp_path, "scripted", None, settings, aggregator=aggregator) as site:
        resident = site.glass
        await begin(resident, "billing.pay")
        await resident.choose("gas")
        await resident.says("GAS1234")
        await fill(resident, code="12")
        await resident.at("tell")
        await resident.says("GAS1234")
        await resident.go_on()
        await fill(resident, code="gas 4321")
        bills = bills_of("gas", "GAS4321")
        if len(bills) > 1:
            await resident.choose(bills[0]["bill_id"])
        await go_on(resident, "check")
        await resident.choose("payments.vietqr")
        await site.pay()
        await resident.at("done")
        await finish(resident)
        paid = [(bill["bill_id"],) for bill in bills[:1]]
        assert aggregator.db.execute("SELECT bill_id FROM paid_parts").fetchall() == paid


async def to_the_report(resident: AnyHands) -> None:
    """Lead the resident to the end of a report."""
    await resident.begin()
    await resident.choose("procedures.report")
    await resident.choose("no")
    await resident.choose("noise")
    await resident.at("ask")
    await resident.type("what", "hát to")
    await resident.type("where", "tầng ba")
    await resident.pick("when", "now")
    await resident.go_on()
    await resident.choose("anonymous")
    await resident.at("check")
    await resident.go_on()


@pytest.mark.parametrize("fault", ["down", "lost_before", "lost_after", "garbage", "slow"])
async def test_whatever_the_gateway_does_an_application_arrives_once(tmp_path: Path, fault: Fault) -> None:
    authorities = Authorities(tmp_path / "authorities.sqlite")
    async with service_site(tmp_path, "scripted", None, PROCEDURES, authorities=authorities) as site:
        authorities.order_faults(FaultOrder(faults=(fault, fault), slow_seconds=0.1))
        await to_the_report(site.glass)
        await site.glass.at("done")
        await finish(site.glass)
        assert len(authorities.taken()) == 1
        assert len(authorities.db.execute("SELECT key FROM applications").fetchall()) == 1


@pytest.mark.parametrize("fault", ["down", "lost_before", "garbage"])
async def test_when_the_authority_cannot_be_asked_the_resident_is_told_and_may_go_on(
    tmp_path: Path, fault: Fault
) -> None:
    authorities = Authorities(tmp_path / "authorities.sqlite")
    async with service_site(tmp_path, "scripted", None, PROCEDURES, authorities=authorities) as site:
        resident = site.glass
        authorities.order_faults(FaultOrder(share=0.0, faults=(fault,) * 3))
        await resident.begin()
        await resident.choose("procedures.track")
        await resident.choose("code")
        await resident.at("ask")
        await resident.type("code", "000.00.01.h29-260310-0420")
        await resident.go_on()
        await resident.at("tell")
        await resident.says("Hiện chưa kết nối được với hệ thống của cơ quan")
        await resident.go_on()
        await resident.at("attract")


PURPOSES = {
    "dossier": {
        "kind", "procedure", "name_vi", "name_en", "agency", "working_days", "applicant", "answers", "members",
        "consents", "reductions", "units", "documents",
    },
    "report": {"kind", "category", "what", "where", "when", "who"},
}  # fmt: skip
"""The fields that each purpose needs: nothing else leaves the station."""


async def test_an_anonymous_report_carries_nothing_of_who_sent_it(tmp_path: Path) -> None:
    authorities = Authorities(tmp_path / "authorities.sqlite")
    async with service_site(tmp_path, "scripted", None, PROCEDURES, authorities=authorities) as site:
        await to_the_report(site.glass)
        await site.glass.at("done")
        await finish(site.glass)
        (taken,) = authorities.taken()
    assert set(taken) == PURPOSES["report"]
    assert taken["who"] == {}
