"""The walks that show a plugin's golden pages: which service, what is done in it, which of its pages are written down.

One of each kind and state is enough: every golden page is drawn, read aloud and measured in many ways.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tramkit.sandbox import FaultOrder
from tramkit_billing.sandbox import REFUSED_CUSTOMER
from tramkit_hal.device.roles import Role
from tramkit_identity.sandbox import OpenIdProvider

from .golden_record import StandingClock, met
from .other_hands import ScriptedHands
from .rounds import (
    ROUNDS,
    TAM,
    Somebody,
    Step,
    ask_about,
    begin,
    card_wanted,
    fill,
    fine_of,
    go_on,
    loan_wanted,
    track,
    typed_identity,
    unsure,
)
from .services import DOSSIER, ServiceSite, whole_site


class Walk(NamedTuple):
    """One visit, and the names of its pages that are written down."""

    service: str
    round: Step
    pages: tuple[str, ...]


def _walk(name: str, *pages: str) -> Walk:
    """Return a walk through one of the rounds."""
    return Walk(*ROUNDS[name], pages)


# ── procedures ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _search_in_vain(site: ServiceSite, who: Somebody) -> None:
    await typed_identity(site.glass, who)
    await site.glass.choose("search")
    await fill(site.glass, words="tàu vũ trụ")
    await site.glass.at("tell")


async def _more_is_needed(site: ServiceSite, who: Somebody) -> None:
    authorities: Any = site.sandboxes["authorities"]
    authorities.move(DOSSIER, 5, "Thiếu giấy tờ chứng minh chỗ ở hợp pháp.")
    await track(site, who)


async def _silent(site: ServiceSite, who: Somebody) -> None:
    site.sandboxes["authorities"].order_faults(FaultOrder(faults=("down",) * 3))
    await ask_about(site, who)


async def _no_fine(site: ServiceSite, who: Somebody) -> None:
    await fine_of(site, who, "51F00001")
    await site.glass.at("done")


async def _will_not_sign(site: ServiceSite, who: Somebody) -> None:
    resident = site.glass
    await typed_identity(resident, who)
    await resident.choose("residence")
    await resident.choose("1.010041")
    await go_on(resident, "read")
    await fill(resident, about="nơi thường trú", phone=who.phone)
    await go_on(resident, "check")
    await resident.choose("phone")
    await resident.at("tell")
    provider = site.sandboxes["vneid"]
    assert isinstance(provider, OpenIdProvider)
    page: Any = resident.screen.page  # type: ignore[attr-defined]
    assert provider.signatures.decide(page.large.id, sign=False)
    await resident.go_on()
    await resident.at("tell", "Tờ khai chưa được ký")


# ── billing and payments ──────────────────────────────────────────────────────────────────────────────────────────────


async def _wrong_code(site: ServiceSite, who: Somebody) -> None:
    await site.glass.choose("evn")
    await fill(site.glass, code="12345")
    await site.glass.at("tell")


async def _provider_silent(site: ServiceSite, who: Somebody) -> None:
    site.sandboxes["aggregator"].order_faults(FaultOrder(faults=("down",) * 3))
    await site.glass.choose("evn")
    await fill(site.glass, code="pe01000123456")
    await site.glass.at("tell")


async def _to_payment(site: ServiceSite, method: str, number: str = "0901234567") -> None:
    await fill(site.glass, number=number)
    await site.glass.choose("50000")
    await go_on(site.glass, "check")
    await site.glass.choose(method)
    await site.glass.at("pay")


async def _given_up(site: ServiceSite, who: Somebody) -> None:
    await _to_payment(site, "payments.vietqr")
    await site.glass.choose("give_up")
    await site.glass.choose("give_up_surely")
    await site.glass.at("tell")


async def _declined(site: ServiceSite, who: Somebody) -> None:
    await _to_payment(site, "payments.terminal")
    await site.control(Role.PAYMENT_TERMINAL, "answer", "decline")
    await site.hold_card()
    await site.glass.at("tell")


async def _refused(site: ServiceSite, who: Somebody) -> None:
    await _to_payment(site, "payments.vietqr", f"0901{REFUSED_CUSTOMER}")
    await site.pay()
    await site.glass.at("tell")


# ── banking ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _too_little(site: ServiceSite, who: Somebody) -> None:
    await unsure(site, who)
    await loan_wanted(site.glass, who, "song_xanh", "50000000", "36", "2000000")
    await site.glass.at("tell")


async def _too_little_for_a_card(site: ServiceSite, who: Somebody) -> None:
    await card_wanted(site, who, "2000000")
    await site.glass.at("tell")


async def _no_appointments(site: ServiceSite, who: Somebody) -> None:
    site.sandboxes["lender"].order_faults(FaultOrder(faults=("down",) * 3))
    await card_wanted(site, who)
    await site.glass.at("tell")
    site.sandboxes["lender"].order_faults(FaultOrder())


# ── phone subscriptions ───────────────────────────────────────────────────────────────────────────────────────────────


async def _old_number(site: ServiceSite, who: Somebody) -> None:
    resident = site.glass
    await resident.choose("device")
    await go_on(resident, "read")
    await unsure(site, who)
    await fill(resident, number="01681234567")
    await go_on(resident, "tell")
    await resident.at("choose")


# ── signing in ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _refused_on_the_phone(site: ServiceSite, who: Somebody) -> None:
    await site.glass.choose("identity.vneid")
    await _decide(site, approve=False)
    await site.glass.at("tell", "Ông/bà chưa đăng nhập")


async def _decide(site: ServiceSite, *, approve: bool = True) -> None:
    """Do on the phone what the page asks for."""
    provider = site.sandboxes["vneid"]
    assert isinstance(provider, OpenIdProvider)
    await site.glass.at("tell")
    page: Any = site.glass.screen.page  # type: ignore[attr-defined]
    assert provider.decide(page.large.id, next(iter(provider.people)), approve=approve)


WALKS: Mapping[str, Mapping[str, Walk]] = {
    "procedures": {
        "file": _walk(
            "file",
            "choose · What is it about?",
            "choose · Which procedure?",
            "read · Permanent residence",
            "ask · Permanent residence",
            "ask · Household member {number}",
            "check · Is everything right?",
            "done · Your dossier has been handed in",
        ),
        "search": Walk("procedures.file", _search_in_vain, ("tell · Nothing was found · warning",)),
        "track": Walk("procedures.track", _more_is_needed, ("tell · Papers are missing",)),
        "silent": Walk("procedures.track", _silent, ("tell · The authority's system does not answer now · warning",)),
        "report": _walk(
            "report",
            "choose · Is anybody in danger now?",
            "choose · What would you like to report?",
            "ask · Tell what has happened",
        ),
        "fine": _walk(
            "fine",
            "choose · How shall the fine be found?",
            "choose · Which kind of vehicle?",
            "ask · Please enter the plate",
            "choose · Which violation?",
            "tell · A fine is to be paid",
            "check · Is everything right?",
        ),
        "fine not decided": _walk("fine not decided", "tell · What the traffic police know"),
        "no fine": Walk("procedures.fines", _no_fine, ("done · No violation is known",)),
        "information": _walk(
            "information",
            "choose · What would you like to know about?",
            "choose · Which of these?",
            "tell · When the ward receives residents",
        ),
        "signed": _walk(
            "file signed on the phone",
            "choose · How would you like to sign the form?",
            "tell · Sign on your phone · codes",
            "tell · The form is signed · success",
        ),
        "refused signature": Walk("procedures.file", _will_not_sign, ("tell · The form is not signed · warning",)),
        "insurance": _walk("health insurance", "ask · Person {number}", "choose · For how long?"),
    },
    "billing": {
        "bill": _walk(
            "bill evn",
            "choose · Which bill?",
            "ask · Please enter the customer code",
            "choose · Up to which month would you like to pay?",
            "check · Is this the right customer?",
        ),
        "wrong code": Walk("billing.pay", _wrong_code, ("tell · This cannot be right · warning",)),
        "silent": Walk("billing.pay", _provider_silent, ("tell · The provider does not answer now · warning",)),
        "top up": _walk("top up", "ask · Which number would you like to top up?", "choose · How much?"),
    },
    "payments": {
        "bill": _walk(
            "bill evn",
            "choose · How would you like to pay?",
            "pay · Please pay",
            "wait · Thank you. Your order is being carried out",
            "done · It is paid. Thank you",
        ),
        "card": _walk("top up", "pay · Please pay with your card"),
        "declined": Walk("billing.topup", _declined, ("tell · Nothing was paid",)),
        "given up": Walk("billing.topup", _given_up, ("tell · Nothing was paid",)),
        "refused": Walk("billing.topup", _refused, ("tell · It could not be carried out · warning",)),
    },
    "banking": {
        "account": _walk(
            "account",
            "choose · Which account?",
            "tell · Current account",
            "ask · How can the bank reach you?",
            "ask · What you do",
            "read · What the bank asks you to know",
            "ask · Do you agree?",
            "check · Is everything right?",
            "ask · Please sign",
        ),
        "loan": _walk(
            "loan", "choose · How much do you need?", "ask · What do you earn?", "tell · What the loan costs"
        ),
        "card": _walk(
            "credit card",
            "choose · Which card?",
            "tell · Classic credit card",
            "read · The bank must meet you",
            "ask · How can the bank reach you?",
            "choose · When will you come to the bank?",
            "check · Is everything right?",
            "done · Your application is prepared",
        ),
        "no card": Walk("banking.card", _too_little_for_a_card, ("tell · This card does not fit you",)),
        "no appointments": Walk("banking.card", _no_appointments, ("tell · The bank will call you",)),
        "too little": Walk("banking.loan", _too_little, ("tell · This loan does not fit you",)),
        "status": _walk("bank status", "tell · The bank has your application"),
    },
    "sim_identity": {
        "identify": _walk(
            "identify",
            "choose · What is it about?",
            "ask · Which number is it?",
            "choose · Which operator is the number with now?",
            "read · How your number is identified",
            "ask · Do you agree?",
            "ask · Sign the confirmation",
            "done · It has been sent to the operator",
        ),
        "change of phone": Walk(
            "sim_identity.identify",
            _old_number,
            ("read · After a change of phone", "tell · This number has ten digits now"),
        ),
        "my numbers": _walk("my numbers", "tell · Numbers in your name"),
    },
    "identity": {
        "sign in": Walk(
            "procedures.file",
            _refused_on_the_phone,
            (
                "capture · Please place your identity card on the reader",
                "tell · Sign in with VNeID · codes",
                "tell · You are not signed in · warning",
            ),
        ),
        "face": _walk("account by face"),
        "phone": _walk("account by VNeID"),
    },
}
"""By plugin, and by name. ``make golden`` writes down what they show."""


async def pages_of(plugin: str, folder: Path) -> dict[str, Any]:
    """Go through the walks of a plugin on the robot's screen and return the pages that are written down."""
    found: dict[str, Any] = {}
    async with whole_site(folder, "scripted", None, StandingClock()) as site:
        assert isinstance(site.glass, ScriptedHands)
        for name, walk in WALKS[plugin].items():
            await begin(site.glass, walk.service)
            await walk.round(site, TAM)
            found |= met(name, site.glass.screen.history, walk.pages)
            await site.glass.press("bar-start_over")
            await site.glass.choose("leave")
            await site.glass.at("attract")
    return found
