"""What a resident does in each service, written once: for every screen, every language, and the bench's robot.

A round begins at the menu and ends at the last page. What it needs of the outside world is in the sandboxes of
:mod:`support.services`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial

from tramkit_banking.sandbox import Bank
from tramkit_billing.codes import providers
from tramkit_billing.sandbox import bills_of
from tramkit_identity.sandbox import Account, OpenIdProvider
from tramkit_procedures.sandbox import Authorities
from tramkit_sim_identity.sandbox import Operator

from .other_hands import AnyHands
from .services import APPLICATION, DOSSIER, ServiceSite

MENU = {"vi": "Hôm nay ông/bà cần làm việc gì?", "en": "What would you like to do?"}


@dataclass(frozen=True)
class Somebody:
    """Who stands before the screen.

    :ivar born: eight digits, as one types them.
    """

    name: str = "Lê Văn Tám"
    number: str = "079054001234"
    born: str = "02091954"
    sex: str = "male"
    address: str = "12 trần não"
    phone: str = "0901234567"
    subscription: str = "0381234567"

    @property
    def card(self) -> dict[str, object]:
        """What stands on the card, as the simulated reader takes it."""
        return {"number": self.number, "name": self.name, "born": self.birthday, "sex": self.sex}

    @property
    def birthday(self) -> str:
        """The day of birth, ``YYYY-MM-DD``."""
        return f"{self.born[4:]}-{self.born[2:4]}-{self.born[:2]}"


TAM = Somebody()

Step = Callable[[ServiceSite, Somebody], Awaitable[None]]
Paper = Callable[[AnyHands], Awaitable[None]]


async def begin(resident: AnyHands, service: str, language: str = "vi") -> None:
    """Touch the attract page, choose the language and the service."""
    await resident.begin()
    if language != "vi":
        await resident.press(f"language-{language}")
        await resident.at("choose", MENU[language])
    await resident.choose(service)


async def fill(resident: AnyHands, /, **values: str) -> None:
    """Fill in a page and go on; a value that begins with ``=`` is touched, not typed."""
    await resident.at("ask")
    for name, value in values.items():
        if value.startswith("="):
            await resident.pick(name, value[1:])
        else:
            await resident.type(name, value)
    await resident.go_on()


async def go_on(resident: AnyHands, kind: str) -> None:
    """Read a page of a kind and go on."""
    await resident.at(kind)
    await resident.go_on()


async def typed_identity(resident: AnyHands, who: Somebody = TAM) -> None:
    """Type who one is, without the card."""
    await resident.at("capture")
    await resident.choose("typed")
    await fill(resident, name=who.name.lower(), number=who.number, born=who.born, sex=f"={who.sex}")


async def unsure(site: ServiceSite, who: Somebody) -> None:
    """Do without what would tell for sure who one is, and type it."""
    await site.glass.at("capture")
    await site.glass.choose("neither")
    await go_on(site.glass, "tell")
    await typed_identity(site.glass, who)


async def by_vneid(site: ServiceSite, who: Somebody) -> None:
    """Sign in on one's own phone."""
    provider = site.sandboxes["vneid"]
    assert isinstance(provider, OpenIdProvider)
    provider.people[who.number] = Account(
        number=who.number,
        name=who.name,
        born=date.fromisoformat(who.birthday),
        sex="male" if who.sex == "male" else "female",
        address=who.address,
        level=2,
    )
    await site.glass.at("capture")
    await site.glass.choose("identity.vneid")
    await site.glass.at("tell", "VNeID")
    code = re.search(r"\b[B-Z]{4}-[B-Z]{4}\b", await site.glass.read())
    assert code is not None
    assert provider.decide(code[0], who.number)
    await site.glass.says(who.name)
    await site.glass.go_on()


async def by_face(site: ServiceSite, who: Somebody) -> None:
    """Lay the card on the reader and look at the camera."""
    await site.glass.at("capture")
    await site.lay_card({**who.card, "address": who.address})
    await site.glass.says(who.name)
    await site.glass.go_on()
    await site.take_card()
    await says_one_of(site.glass, "Đối chiếu ngay", "Compare now")
    await site.glass.go_on()
    await says_one_of(site.glass, "Cùng một người", "The same person")
    await site.glass.go_on()


async def by_chip(site: ServiceSite, who: Somebody) -> None:
    """Lay the card on the reader."""
    await site.glass.at("capture")
    await site.lay_card(who.card)
    await site.glass.says(who.name)
    await site.glass.go_on()
    await site.take_card()


async def says_one_of(resident: AnyHands, *words: str) -> None:
    """Wait until the page says something, in whichever language."""
    said = ""
    try:
        async with asyncio.timeout(30):
            while not any(each in said for each in words):
                await asyncio.sleep(0.05)
                said = await resident.read()
    except TimeoutError as error:
        raise AssertionError(f"the page says none of {words}, but {said!r}") from error


async def signed(resident: AnyHands, who: Somebody = TAM) -> None:
    """Sign, with the finger where the screen can be drawn on."""
    await resident.at("ask")
    await resident.sign(who.name.lower())
    await resident.go_on()


async def photograph(resident: AnyHands) -> None:
    """Photograph one page and use it."""
    await resident.choose("camera")
    await resident.at("capture")
    await resident.go_on()
    await resident.at("capture", "đọc được")
    await resident.go_on()


async def without(resident: AnyHands) -> None:
    """Do without a paper now."""
    await resident.choose("later")


async def finish(resident: AnyHands) -> None:
    """Go from the last page to the attract page."""
    await resident.go_on()
    await resident.at("attract")


async def at_the_counter(site: ServiceSite, who: Somebody) -> None:
    """Sign the form by hand later, where the phone is offered."""
    if "vneid" in site.sandboxes:
        await site.glass.choose("counter")


async def on_the_phone(site: ServiceSite, who: Somebody) -> None:
    """Sign the form on one's own phone, with the code that the screen shows."""
    await site.glass.choose("phone")
    await site.glass.at("tell")
    await says_one_of(site.glass, "Ký trên điện thoại", "Sign on your phone")
    code = re.search(r"\b[B-Z]{4}-[B-Z]{4}\b", await site.glass.read())
    assert code is not None
    provider = site.sandboxes["vneid"]
    assert isinstance(provider, OpenIdProvider)
    assert provider.signatures.decide(code[0])
    await site.glass.go_on()
    await says_one_of(site.glass, "Tờ khai đã được ký", "The form is signed")
    await site.glass.go_on()


async def _file(site: ServiceSite, who: Somebody, paper: Paper = without, sign: Step = at_the_counter) -> None:
    resident = site.glass
    await typed_identity(resident, who)
    await resident.choose("residence")
    await resident.choose("1.004222")
    await go_on(resident, "read")
    await fill(resident, new_address=who.address, phone=who.phone, relation="=self")
    await resident.choose("1")
    await fill(resident, name="lê thị chín", born="03041960", number="079160001234")
    await resident.choose("yes")
    await paper(resident)
    await go_on(resident, "check")
    await sign(site, who)
    await resident.choose("payments.vietqr")
    await site.pay()
    await resident.at("done")


async def ask_about(site: ServiceSite, who: Somebody, code: str = DOSSIER) -> None:
    await site.glass.choose("code")
    await fill(site.glass, code=code.lower())
    await site.glass.at("tell")


async def track(site: ServiceSite, who: Somebody, code: str = DOSSIER) -> None:
    await ask_about(site, who, code)
    await site.glass.says(code)


def dossier_in(site: ServiceSite, state: int, number: str = "079000000000") -> str:
    """Put a dossier of somebody's in a state into the authorities' ledger, and return its code."""
    authorities = site.sandboxes["authorities"]
    assert isinstance(authorities, Authorities)
    count = authorities.db.execute("SELECT count(*) FROM dossiers").fetchone()[0]
    code = f"000.00.01.H29-260310-{2000 + count}"
    row = (code, number, "Đăng ký thường trú", "Permanent residence", "Công an phường", state, "", "2026-03-19")
    authorities.db.execute("INSERT INTO dossiers VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    return code


async def track_by_card(site: ServiceSite, who: Somebody) -> None:
    code = dossier_in(site, 10, who.number)
    await site.glass.choose("card")
    await by_chip(site, who)
    await site.glass.choose(code)
    await site.glass.at("tell")
    await site.glass.says(code)


async def own(site: ServiceSite, who: Somebody, code: str) -> None:
    """Look a dossier up by its code, and show by card whose it is."""
    await track(site, who, code)
    await site.glass.choose("mine")
    await by_chip(site, who)


async def _supplement(site: ServiceSite, who: Somebody, paper: Paper = without) -> None:
    await own(site, who, dossier_in(site, 5, who.number))
    await site.glass.choose("supplement")
    await fill(site.glass, words="tôi bổ sung hợp đồng thuê nhà")
    await paper(site.glass)
    await site.glass.at("done")


async def withdraw(site: ServiceSite, who: Somebody, code: str = "") -> None:
    await own(site, who, code or dossier_in(site, 2, who.number))
    await site.glass.choose("withdraw")
    await site.glass.choose("yes")
    await site.glass.at("done")


async def _report(site: ServiceSite, who: Somebody, paper: Paper = without, *, named: bool = False) -> None:
    resident = site.glass
    await resident.choose("no")
    await resident.choose("noise")
    await fill(resident, what="hát to ban đêm", where="tháp a tầng 3", when="=often")
    await paper(resident)
    await resident.choose("named" if named else "anonymous")
    if named:
        await typed_identity(resident, who)
        await fill(resident, phone=who.phone)
    await go_on(resident, "check")
    await resident.at("done")


async def _insure(site: ServiceSite, who: Somebody) -> None:
    resident = site.glass
    await typed_identity(resident, who)
    await go_on(resident, "read")
    await resident.choose("2")
    await go_on(resident, "ask")
    await resident.says("2")
    await fill(resident, name=who.name.lower(), born=who.born, code=who.number)
    await go_on(resident, "tell")  # nobody is insured twice
    await fill(resident, name="lê thị chín", born="03041960", code="GD4790123456789")
    await resident.choose("12")
    await go_on(resident, "check")
    await resident.choose("payments.vietqr")
    await site.pay()
    await resident.at("done")
    await says_one_of(resident, "Hồ sơ đăng ký của ông/bà đã được nộp", "Your registration has been handed in")


async def fine_of(site: ServiceSite, who: Somebody, plate: str = "51f-123.45", kind: str = "car") -> None:
    """Look up the violations of a plate."""
    await site.glass.choose("plate")
    await site.glass.choose(kind)
    await fill(site.glass, plate=plate)


async def _fine(site: ServiceSite, who: Somebody, *, by_decision: bool = False) -> None:
    resident = site.glass
    authorities = site.sandboxes["authorities"]
    authorities.db.execute("UPDATE violations SET paid = 0")
    if by_decision:
        await resident.choose("decision")
        await fill(resident, number="0012345/qd-xphc")
    else:
        await fine_of(site, who)
        await resident.choose("1")  # the older of two
    await says_one_of(resident, "Ông/bà cần nộp phạt", "A fine is to be paid")
    await go_on(resident, "tell")
    await go_on(resident, "check")
    await resident.choose("payments.vietqr")
    await site.pay()
    await resident.at("done")
    await says_one_of(resident, "Đã nộp phạt xong", "The fine is paid")


async def _not_decided(site: ServiceSite, who: Somebody) -> None:
    await fine_of(site, who, "59x3 123.45", "motorcycle")
    await site.glass.at("tell")
    await says_one_of(site.glass, "Chưa có quyết định xử phạt", "There is no decision yet")


async def _information(site: ServiceSite, who: Somebody) -> None:
    resident = site.glass
    await resident.choose("notices")
    await resident.choose("working_hours")
    await says_one_of(resident, "Giờ tiếp dân", "When the ward receives residents")
    await resident.choose("more")
    await resident.choose("tourism")
    await resident.choose("post_office")
    await resident.at("tell")


async def card_wanted(site: ServiceSite, who: Somebody, income: str = "9000000") -> None:
    """Say which credit card one wants, and what one earns."""
    resident = site.glass
    await typed_identity(resident, who)
    await resident.choose("classic")
    await go_on(resident, "tell")
    await go_on(resident, "read")
    await fill(resident, phone=who.phone, address=who.address, income=income, employer="lương hưu")


async def _card(site: ServiceSite, who: Somebody) -> None:
    resident = site.glass
    lender = site.sandboxes["lender"]
    assert isinstance(lender, Bank)
    await card_wanted(site, who)
    await resident.choose(next(iter(lender.slots())))
    await fill(resident, terms="=yes", data="=yes", credit="=yes")
    await go_on(resident, "check")
    await signed(resident, who)
    await resident.at("done")


async def _bill(site: ServiceSite, who: Somebody, provider: str) -> None:
    resident = site.glass
    code = providers()[provider].example
    await resident.choose(provider)
    await fill(resident, code=code.lower())
    bills = bills_of(provider, code)
    if len(bills) > 1 or providers()[provider].allow_partial:
        await resident.choose(bills[0]["bill_id"])
    await go_on(resident, "check")
    await resident.choose("payments.vietqr")
    await site.pay()
    await resident.at("done")


async def _top_up(site: ServiceSite, who: Somebody) -> None:
    resident = site.glass
    await fill(resident, number=who.phone)
    await resident.choose("50000")
    await go_on(resident, "check")
    await resident.choose("payments.terminal")
    await site.hold_card()
    await resident.at("done")


async def _account(site: ServiceSite, who: Somebody, known: Step = unsure) -> None:
    resident = site.glass
    await known(site, who)
    await resident.choose("song_xanh")
    await resident.choose("basic")
    await go_on(resident, "tell")
    if known is unsure:
        await go_on(resident, "read")  # the branch compares the face
        await fill(resident, phone=who.phone, address=who.address)
    else:
        await fill(resident, phone=who.phone)  # the address is known
    await fill(resident, occupation="hưu trí", lives_here="=yes")
    await resident.choose("pension")
    await fill(resident, american="=no")
    await go_on(resident, "read")
    await fill(resident, terms="=yes", data="=yes")
    await go_on(resident, "check")
    await signed(resident, who)
    await resident.at("done")


async def loan_wanted(resident: AnyHands, who: Somebody, bank: str, principal: str, months: str, income: str) -> None:
    """Say which loan one wants, and what one earns."""
    await resident.choose(bank)
    await resident.choose(principal)
    await resident.choose(months)
    await resident.choose("home")
    await fill(resident, income=income, debts="0", employer="lương hưu", phone=who.phone)


async def _loan(site: ServiceSite, who: Somebody) -> None:
    resident = site.glass
    await unsure(site, who)
    await loan_wanted(resident, who, "song_xanh", "50000000", "36", "10000000")
    await go_on(resident, "tell")
    await go_on(resident, "read")
    await fill(resident, cost="=yes", data="=yes", credit="=yes")
    await go_on(resident, "check")
    await signed(resident, who)
    await resident.at("done")


async def bank_status(site: ServiceSite, who: Somebody, number: str = APPLICATION) -> None:
    await site.glass.choose("song_xanh")
    await fill(site.glass, number=number.lower())
    await site.glass.at("tell")
    await site.glass.says(number)


async def _identify(site: ServiceSite, who: Somebody, known: Step = unsure, *, again: bool = False) -> None:
    resident = site.glass
    if again:
        carrier = site.sandboxes["carrier"]
        assert isinstance(carrier, Operator)
        carrier.give(who.subscription, who.number, who.name, who.birthday)
    await resident.choose("device" if again else "number")
    if again:
        await go_on(resident, "read")
    await known(site, who)
    await fill(resident, number=who.subscription)
    await resident.choose("viettel")
    await go_on(resident, "read")
    await fill(resident, data="=yes", face="=yes", mine="=yes")
    await go_on(resident, "check")
    await signed(resident, who)
    await resident.at("done")


async def _numbers(site: ServiceSite, who: Somebody) -> None:
    await by_chip(site, who)
    await site.glass.at("tell")


ROUNDS: Mapping[str, tuple[str, Step]] = {
    "file": ("procedures.file", _file),
    "track": ("procedures.track", track),
    "track by card": ("procedures.track", track_by_card),
    "supplement": ("procedures.track", _supplement),
    "withdraw": ("procedures.track", withdraw),
    "report": ("procedures.report", _report),
    "report by name": ("procedures.report", partial(_report, named=True)),
    "health insurance": ("procedures.health_insurance", _insure),
    "file signed on the phone": ("procedures.file", partial(_file, sign=on_the_phone)),
    "fine": ("procedures.fines", _fine),
    "fine by decision": ("procedures.fines", partial(_fine, by_decision=True)),
    "fine not decided": ("procedures.fines", _not_decided),
    "information": ("procedures.information", _information),
    **{f"bill {id}": ("billing.pay", partial(_bill, provider=id)) for id in sorted(providers())},
    "top up": ("billing.topup", _top_up),
    "account": ("banking.account", _account),
    "account by VNeID": ("banking.account", partial(_account, known=by_vneid)),
    "account by face": ("banking.account", partial(_account, known=by_face)),
    "loan": ("banking.loan", _loan),
    "credit card": ("banking.card", _card),
    "bank status": ("banking.status", bank_status),
    "identify": ("sim_identity.identify", _identify),
    "identify again by face": ("sim_identity.identify", partial(_identify, known=by_face, again=True)),
    "my numbers": ("sim_identity.numbers", _numbers),
}
"""Each service's id, and what is done in it."""
WITH_PAPERS: Mapping[str, tuple[str, Step]] = {
    "file with a paper": ("procedures.file", partial(_file, paper=photograph)),
    "supplement with a paper": ("procedures.track", partial(_supplement, paper=photograph)),
    "report with a photo": ("procedures.report", partial(_report, paper=photograph)),
}
"""The same where a paper is photographed; the words of its pages are looked for in Vietnamese."""


async def go_round(site: ServiceSite, name: str, language: str = "vi", who: Somebody = TAM) -> None:
    """Go through a service from the attract page to its last page."""
    service, round = {**ROUNDS, **WITH_PAPERS}[name]
    await begin(site.glass, service, language)
    await round(site, who)
