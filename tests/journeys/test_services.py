"""Each service of the citizen station from the attract page to the receipt, before a robot's screen and in Chromium."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright
from support.other_hands import AnyHands
from support.services import ServiceSite, service_site

from tramkit_banking import banks
from tramkit_banking.sandbox import Bank
from tramkit_billing.sandbox import Aggregator
from tramkit_procedures.sandbox import Authorities
from tramkit_sim_identity import operators
from tramkit_sim_identity.sandbox import Operator

pytestmark = [pytest.mark.browser]

Open = Callable[..., AbstractAsyncContextManager[ServiceSite]]
NAME, NUMBER = "Lê Văn Tám", "079054001234"
PROCEDURES = '[settings.procedures]\ngateway_url = "{authorities}"\n'
BILLING = '[settings.billing]\naggregator_url = "{aggregator}"\n'


@pytest_asyncio.fixture(params=["scripted", "web"])
async def open_site(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Open]:
    """Return what opens a site before each screen."""
    if request.param == "scripted":
        yield lambda settings, **sandboxes: service_site(tmp_path, "scripted", None, settings, **sandboxes)
        return
    async with async_playwright() as playwright:
        browser: Browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield lambda settings, **sandboxes: service_site(tmp_path, "web", browser, settings, **sandboxes)
        await browser.close()


async def typed_identity(resident: AnyHands) -> None:
    """Type who one is, without the card."""
    await resident.at("capture")
    await resident.choose("typed")
    await resident.at("ask")
    await resident.type("name", NAME.lower())
    await resident.type("number", NUMBER)
    await resident.type("born", "02091954")
    await resident.pick("sex", "male")
    await resident.go_on()


async def finish(resident: AnyHands) -> None:
    """Take the paper and go."""
    await resident.at("done")
    await resident.go_on()
    await resident.at("attract")


async def test_a_phone_is_topped_up_by_card(open_site: Open, tmp_path: Path) -> None:
    aggregator = Aggregator(tmp_path / "aggregator.sqlite")
    async with open_site(BILLING, aggregator=aggregator) as site:
        resident = site.glass
        await resident.begin()
        await resident.choose("billing.topup")
        await resident.at("ask")
        await resident.type("number", "0901234567")
        await resident.go_on()
        await resident.choose("50000")
        await resident.at("check")
        await resident.go_on()
        await resident.choose("payments.terminal")
        await resident.at("pay")
        await resident.says("50.000")
        await site.hold_card()
        await resident.at("done")
        assert "50.000" in site.paper()
        await finish(resident)
        assert aggregator.db.execute("SELECT service, amount FROM payments").fetchall() == [("topup", 50_000)]


async def test_a_dossier_is_filed_paid_and_tracked(open_site: Open, tmp_path: Path) -> None:
    authorities = Authorities(tmp_path / "authorities.sqlite")
    async with open_site(PROCEDURES, authorities=authorities) as site:
        resident = site.glass
        await resident.begin()
        await resident.choose("procedures.file")
        await typed_identity(resident)
        await resident.choose("residence")
        await resident.choose("1.004222")
        await resident.at("read")
        await resident.go_on()
        await resident.at("ask")
        await resident.type("new_address", "12 trần não")
        await resident.type("phone", "0901234567")
        await resident.pick("relation", "self")
        await resident.go_on()
        await resident.choose("1")
        await resident.at("ask")
        await resident.type("name", "lê thị chín")
        await resident.type("born", "03041960")
        await resident.type("number", "079160001234")
        await resident.go_on()
        await resident.choose("yes")
        await resident.at("check")
        await resident.says("10.000")
        await resident.go_on()
        await resident.choose("payments.vietqr")
        await site.pay()
        await resident.at("done")
        (taken,) = authorities.taken()
        assert taken["applicant"]["number"] == NUMBER
        assert taken["answers"]["new_address"] == "12 trần não"
        assert [each["name"].lower() for each in taken["members"]] == ["lê thị chín"]
        assert taken["consents"] == ["owner"]
        (code,) = authorities.db.execute("SELECT code FROM dossiers").fetchone()
        assert code in site.paper()
        await resident.go_on()
        await resident.at("attract")
        assert site.found_on_disk([NAME.lower(), NUMBER, "12 trần não"]) == []
        await track_and_withdraw(resident, authorities, code)


async def track_and_withdraw(resident: AnyHands, authorities: Authorities, code: str) -> None:
    """Find a dossier whose papers are incomplete, and withdraw it."""
    authorities.move(code, 5, "Thiếu hợp đồng thuê nhà")
    await resident.begin()
    await resident.choose("procedures.track")
    await resident.choose("code")
    await resident.at("ask")
    await resident.type("code", code.lower())
    await resident.go_on()
    await resident.at("tell")
    await resident.says("Thiếu hợp đồng thuê nhà")
    await resident.choose("withdraw")
    await resident.choose("yes")
    await finish(resident)
    assert authorities.db.execute("SELECT state FROM dossiers").fetchone() == (7,)


async def test_a_report_is_sent_anonymously(open_site: Open, tmp_path: Path) -> None:
    authorities = Authorities(tmp_path / "authorities.sqlite")
    async with open_site(PROCEDURES, authorities=authorities) as site:
        resident = site.glass
        await resident.begin()
        await resident.choose("procedures.report")
        await resident.at("tell")
        await resident.says("113")
        await resident.go_on()
        await resident.choose("noise")
        await resident.at("ask")
        await resident.type("what", "hát to ban đêm")
        await resident.type("where", "tháp a tầng 3")
        await resident.pick("when", "often")
        await resident.go_on()
        await resident.choose("anonymous")
        await resident.at("check")
        await resident.go_on()
        await finish(resident)
        (taken,) = authorities.taken()
        assert (taken["category"], taken["what"], taken["who"]) == ("noise", "hát to ban đêm", {})


async def test_a_household_is_insured(open_site: Open, tmp_path: Path) -> None:
    authorities = Authorities(tmp_path / "authorities.sqlite")
    async with open_site(PROCEDURES, authorities=authorities) as site:
        resident = site.glass
        await resident.begin()
        await resident.choose("procedures.health_insurance")
        await typed_identity(resident)
        await resident.at("read")
        await resident.go_on()
        await resident.choose("2")
        await resident.at("ask")
        await resident.type("born", "02091954")
        await resident.go_on()
        await resident.says("2")
        await resident.type("name", "lê thị chín")
        await resident.type("born", "03041960")
        await resident.type("code", "GD4790123456789")
        await resident.go_on()
        await resident.choose("12")
        await resident.at("check")
        await resident.says("2.322.540")
        await resident.go_on()
        await resident.choose("payments.vietqr")
        await site.pay()
        await finish(resident)
        (taken,) = authorities.taken()
        assert (taken["amount"], taken["months"], len(taken["members"])) == (2_322_540, 12, 2)


def banks_file(folder: Path, *addresses: str) -> Path:
    """Write the plugin's banks with the addresses of the sandboxes."""
    text = (Path(banks.__file__).parent / "banks.toml").read_text(encoding="utf-8")
    for port, address in zip((8086, 8087), addresses, strict=True):
        text = text.replace(f"http://127.0.0.1:{port}", address)
    file = folder / "banks.toml"
    file.write_text(text, encoding="utf-8")
    return file


async def test_an_account_is_applied_for_and_the_resident_referred_to_the_branch(
    open_site: Open, tmp_path: Path
) -> None:
    lender, other = Bank(tmp_path / "lender.sqlite"), Bank(tmp_path / "other.sqlite")
    async with lender.running(), other.running():
        file = banks_file(tmp_path, lender.address, other.address)
        async with open_site(f'[settings.banking]\nbanks_file = "{file}"\n') as site:
            resident = site.glass
            await resident.begin()
            await resident.choose("banking.account")
            await typed_identity(resident)
            await resident.choose("song_xanh")
            await resident.choose("basic")
            await resident.at("read")
            await resident.go_on()
            await resident.at("ask")
            await resident.type("phone", "0901234567")
            await resident.type("address", "12 trần não")
            await resident.type("occupation", "hưu trí")
            await resident.go_on()
            await resident.pick("american", "no")
            await resident.go_on()
            await resident.pick("terms")
            await resident.pick("data")
            await resident.go_on()
            await resident.at("check")
            await resident.go_on()
            await resident.at("done")
            assert "căn cước đến chi nhánh" in " ".join(site.paper().split())
            await finish(resident)
        (taken,) = lender.taken()
        assert (taken["product"], taken["consents"], taken["fatca"]) == ("basic", ["terms", "data"], False)
        assert other.taken() == [], "the other bank learns nothing"


async def test_a_loan_shows_its_cost_before_it_is_agreed_to(open_site: Open, tmp_path: Path) -> None:
    lender, other = Bank(tmp_path / "lender.sqlite"), Bank(tmp_path / "other.sqlite")
    async with lender.running(), other.running():
        file = banks_file(tmp_path, lender.address, other.address)
        async with open_site(f'[settings.banking]\nbanks_file = "{file}"\n') as site:
            resident = site.glass
            await resident.begin()
            await resident.choose("banking.loan")
            await typed_identity(resident)
            await loan_wanted(resident, "song_xanh", "50000000", "12", "10000000")
            await resident.at("tell")
            await resident.says("chưa phù hợp")
            await resident.go_on()
            await resident.at("attract")
            assert lender.taken() == []
            await resident.begin()
            await resident.choose("banking.loan")
            await typed_identity(resident)
            await loan_wanted(resident, "song_xanh", "50000000", "36", "10000000")
            await resident.at("tell")
            await resident.says("1.807.620")
            await resident.go_on()
            for consent in ("terms", "data", "credit"):
                await resident.pick(consent)
            await resident.go_on()
            await resident.at("check")
            await resident.go_on()
            await finish(resident)
        (taken,) = lender.taken()
        assert (taken["principal"], taken["months"], taken["income"]) == (50_000_000, 36, 10_000_000)


async def loan_wanted(resident: AnyHands, bank: str, principal: str, months: str, income: str) -> None:
    """Say which loan one wants, and what one earns."""
    await resident.choose(bank)
    await resident.choose(principal)
    await resident.choose(months)
    await resident.choose("home")
    await resident.at("ask")
    await resident.type("income", income)
    await resident.type("debts", "0")
    await resident.type("employer", "lương hưu")
    await resident.type("phone", "0901234567")
    await resident.go_on()


async def test_a_subscription_is_identified_and_then_found_in_ones_name(open_site: Open, tmp_path: Path) -> None:
    first, second = Operator(tmp_path / "first.sqlite"), Operator(tmp_path / "second.sqlite")
    second.give("0911111111", NUMBER, NAME, "1954-09-02")
    async with first.running(), second.running():
        text = (Path(operators.__file__).parent / "operators.toml").read_text(encoding="utf-8")
        file = tmp_path / "operators.toml"
        text = text.replace("http://127.0.0.1:8088", first.address).replace("http://127.0.0.1:8089", second.address)
        file.write_text(text, encoding="utf-8")
        async with open_site(f'[settings.sim_identity]\noperators_file = "{file}"\n') as site:
            resident = site.glass
            await resident.begin()
            await resident.choose("sim_identity.identify")
            await typed_identity(resident)
            await resident.at("ask")
            await resident.type("number", "0168 123 4567")
            await resident.go_on()
            await resident.at("tell")
            await resident.says("0381 234 567")
            await resident.go_on()
            await resident.choose("viettel")
            await resident.at("read")
            await resident.go_on()
            await resident.pick("data")
            await resident.pick("mine")
            await resident.go_on()
            await resident.at("check")
            await resident.go_on()
            await finish(resident)
            (taken,) = first.taken()
            assert (taken["subscription"], taken["face"]) == ("0381234567", "not_compared")
            assert second.taken() == []
            await resident.begin()
            await resident.choose("sim_identity.numbers")
            await typed_identity(resident)
            await resident.at("tell")
            await resident.says("0381 234 567")
            await resident.says("0911 111 111")
            await resident.go_on()
            await resident.at("attract")
