"""What a resident does in each service, written once: for every screen, every language, and the bench's robot.

A round begins at the menu and ends at the last page. What it needs of the outside world is in the sandboxes of
:mod:`support.services`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from tramkit_billing.codes import providers
from tramkit_billing.sandbox import bills_of

from .other_hands import AnyHands
from .services import APPLICATION, DOSSIER, ServiceSite

MENU = {"vi": "Ông/bà cần làm việc gì?", "en": "What would you like to do?"}


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
        born = f"{self.born[4:]}-{self.born[2:4]}-{self.born[:2]}"
        return {"number": self.number, "name": self.name, "born": born, "sex": self.sex}


TAM = Somebody()


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


async def signed(resident: AnyHands, who: Somebody = TAM) -> None:
    """Sign, with the finger where the screen can be drawn on."""
    await resident.at("ask")
    await resident.sign(who.name.lower())
    await resident.go_on()


async def finish(resident: AnyHands) -> None:
    """Go from the last page to the attract page."""
    await resident.go_on()
    await resident.at("attract")


async def _file(site: ServiceSite, who: Somebody) -> None:
    resident = site.glass
    await typed_identity(resident, who)
    await resident.choose("residence")
    await resident.choose("1.004222")
    await go_on(resident, "read")
    await fill(resident, new_address=who.address, phone=who.phone, relation="=self")
    await resident.choose("1")
    await fill(resident, name="lê thị chín", born="03041960", number="079160001234")
    await resident.choose("yes")
    await go_on(resident, "check")
    await resident.choose("payments.vietqr")
    await site.pay()
    await resident.at("done")


async def track(site: ServiceSite, who: Somebody, code: str = DOSSIER) -> None:
    await site.glass.choose("code")
    await fill(site.glass, code=code.lower())
    await site.glass.at("tell")


async def withdraw(site: ServiceSite, who: Somebody, code: str) -> None:
    await track(site, who, code)
    await site.glass.choose("withdraw")
    await site.glass.choose("yes")
    await site.glass.at("done")


async def _report(site: ServiceSite, who: Somebody, *, named: bool = False) -> None:
    resident = site.glass
    await go_on(resident, "tell")
    await resident.choose("noise")
    await fill(resident, what="hát to ban đêm", where="tháp a tầng 3", when="=often")
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
    await fill(resident, name="lê thị chín", born="03041960", code="GD4790123456789")
    await resident.choose("12")
    await go_on(resident, "check")
    await resident.choose("payments.vietqr")
    await site.pay()
    await resident.at("done")


async def _bill(site: ServiceSite, who: Somebody, provider: str) -> None:
    resident = site.glass
    code = providers()[provider].example
    await resident.choose(provider)
    await fill(resident, code=code.lower())
    bills = bills_of(provider, code)
    if len(bills) > 1:
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


async def _account(site: ServiceSite, who: Somebody) -> None:
    resident = site.glass
    await typed_identity(resident, who)
    await resident.choose("song_xanh")
    await resident.choose("basic")
    await go_on(resident, "tell")
    await go_on(resident, "read")
    await fill(resident, phone=who.phone, address=who.address)
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
    await typed_identity(resident, who)
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


async def _identify(site: ServiceSite, who: Somebody) -> None:
    resident = site.glass
    await resident.choose("number")
    await typed_identity(resident, who)
    await fill(resident, number=who.subscription)
    await resident.choose("viettel")
    await go_on(resident, "read")
    await fill(resident, data="=yes", face="=yes", mine="=yes")
    await go_on(resident, "check")
    await signed(resident, who)
    await resident.at("done")


async def _numbers(site: ServiceSite, who: Somebody) -> None:
    await site.glass.at("capture")
    await site.lay_card(who.card)
    await site.glass.says(who.name)
    await site.glass.go_on()
    await site.take_card()
    await site.glass.at("tell")


Round = Callable[[ServiceSite, Somebody], Awaitable[None]]

ROUNDS: Mapping[str, tuple[str, Round]] = {
    "file": ("procedures.file", _file),
    "track": ("procedures.track", track),
    "report": ("procedures.report", _report),
    "report by name": ("procedures.report", partial(_report, named=True)),
    "health insurance": ("procedures.health_insurance", _insure),
    **{f"bill {id}": ("billing.pay", partial(_bill, provider=id)) for id in sorted(providers())},
    "top up": ("billing.topup", _top_up),
    "account": ("banking.account", _account),
    "loan": ("banking.loan", _loan),
    "bank status": ("banking.status", bank_status),
    "identify": ("sim_identity.identify", _identify),
    "my numbers": ("sim_identity.numbers", _numbers),
}
"""Each service's id, and what is done in it."""


async def go_round(site: ServiceSite, name: str, language: str = "vi", who: Somebody = TAM) -> None:
    """Go through a service from the attract page to its last page."""
    service, round = ROUNDS[name]
    await begin(site.glass, service, language)
    await round(site, who)
