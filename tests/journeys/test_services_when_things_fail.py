"""What stands behind a service fails, at each step where it is asked: the resident is told, nothing is lost or doubled.

And what leaves the station: the fields of its purpose, and after the visit nothing of the resident stays in its files.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import get_args

import pytest
import pytest_asyncio
from support.memory import found_in, found_in_files
from support.other_hands import ScriptedHands
from support.rounds import ROUNDS, TAM, Somebody, ask_about, begin, by_chip, fill, fine_of, finish, go_round, unsure
from support.services import ServiceSite, whole_site
from support.slow import each_with_each, quick_and_slow

from tramkit.sandbox import ApplicationSandbox, Fault, FaultOrder, Sandbox
from tramkit.visit.gateway import SECONDS
from tramkit_hal.device.roles import Role
from tramkit_hal.device.simulated import Simulated
from tramkit_identity.sandbox import OpenIdProvider

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

FAULTS = get_args(Fault)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def whole(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServiceSite]:
    """One site for all tests of this module."""
    async with whole_site(tmp_path_factory.mktemp("site"), "scripted", None) as site:
        yield site


@pytest_asyncio.fixture(loop_scope="module")
async def site(whole: ServiceSite) -> AsyncIterator[ServiceSite]:
    """The site with nothing failing and no bill paid."""
    for table in ("payments", "paid_parts"):
        whole.sandboxes["aggregator"].db.execute(f"DELETE FROM {table}")
    yield whole
    for sandbox in (*whole.sandboxes.values(), whole.switch):
        sandbox.order_faults(FaultOrder())


def keys(sandbox: Sandbox) -> set[str]:
    """Return the keys under which a sandbox has done something."""
    if isinstance(sandbox, OpenIdProvider):
        return {row[0] for row in sandbox.db.execute("SELECT user_code FROM sign_ins")}
    applied = isinstance(sandbox, ApplicationSandbox)
    select = "SELECT key FROM applications" if applied else "SELECT partner_ref FROM payments"
    return {row[0] for row in sandbox.db.execute(select)}


def ordered(site: ServiceSite) -> set[str]:
    """Return the keys of all orders in the station's own ledger."""
    with sqlite3.connect(f"file:{site.folder / 'orders' / 'ledger.sqlite'}?mode=ro", uri=True) as ledger:
        return {f"{row[0]}-fulfil" for row in ledger.execute("SELECT id FROM orders")}


# ── where something is asked before the order ─────────────────────────────────────────────────────────────────────────


async def _by_card(site: ServiceSite, who: Somebody) -> None:
    await site.glass.choose("card")
    await by_chip(site, who)


async def _bill(site: ServiceSite, who: Somebody) -> None:
    await site.glass.choose("evn")
    await fill(site.glass, code="pe01000123456")


async def _decision(site: ServiceSite, who: Somebody) -> None:
    await site.glass.choose("decision")
    await fill(site.glass, number="0012345/QĐ-XPHC")


async def _status(site: ServiceSite, who: Somebody) -> None:
    await site.glass.choose("song_xanh")
    await fill(site.glass, number="ac1a2b3c4d")


async def _identify(site: ServiceSite, who: Somebody) -> None:
    await site.glass.choose("number")
    await unsure(site, who)
    await fill(site.glass, number=who.subscription)
    await site.glass.choose("viettel")


ASKED = {
    "track": (ask_about, "authorities", "Hiện chưa kết nối được với hệ thống của cơ quan"),
    "track by card": (_by_card, "authorities", "Hiện chưa kết nối được với hệ thống của cơ quan"),
    "fine": (fine_of, "authorities", "Hiện chưa kết nối được với hệ thống của cơ quan"),
    "fine by decision": (_decision, "authorities", "Hiện chưa kết nối được với hệ thống của cơ quan"),
    "bill evn": (_bill, "aggregator", "Hiện chưa kết nối được với nhà cung cấp"),
    "bank status": (_status, "lender", "Hiện chưa kết nối được với ngân hàng"),
    "identify": (_identify, "carrier", "Hiện chưa kết nối được với nhà mạng"),
    "my numbers": (ROUNDS["my numbers"][1], "carrier", "Chưa kết nối được"),
}
"""Rounds in which something is asked: the way there, who is asked, and what is said where no answer comes."""


async def _ask_in_vain(site: ServiceSite, name: str, faults: FaultOrder) -> None:
    """Go as far as what is asked in a round: the resident is told that no answer came, and nothing was ordered."""
    steps, sandbox, words = ASKED[name]
    before = ordered(site)
    site.sandboxes[sandbox].order_faults(faults)
    await begin(site.glass, ROUNDS[name][0])
    await steps(site, TAM)
    await site.glass.at("tell")
    await site.glass.says(words)
    await finish(site.glass)
    assert ordered(site) == before


@pytest.mark.parametrize(("name", "fault"), each_with_each(ASKED, [fault for fault in FAULTS if fault != "slow"]))
async def test_who_cannot_be_asked_is_told_of_and_nothing_was_ordered(
    site: ServiceSite, name: str, fault: Fault
) -> None:
    await _ask_in_vain(site, name, FaultOrder(faults=(fault,) * 3))  # a GET whose line breaks is asked once more


@pytest.mark.parametrize("name", quick_and_slow(["bill evn"], ASKED))
async def test_who_answers_too_late_is_told_of_and_nothing_was_ordered(site: ServiceSite, name: str) -> None:
    await _ask_in_vain(site, name, FaultOrder(faults=("slow",) * 3, slow_seconds=SECONDS + 1))


@pytest.mark.parametrize("name", list(ASKED))
async def test_who_answers_late_is_waited_for(site: ServiceSite, name: str) -> None:
    for sandbox in site.sandboxes.values():
        sandbox.order_faults(FaultOrder(faults=("slow",) * 3, slow_seconds=0.3))
    await go_round(site, name)
    assert ASKED[name][2] not in await site.glass.read()
    await finish(site.glass)


# ── where an order is carried out ─────────────────────────────────────────────────────────────────────────────────────

CARRIED_OUT = {
    "file": ("authorities", "/applications"),
    "supplement": ("authorities", "/applications"),
    "withdraw": ("authorities", "/applications"),
    "report": ("authorities", "/applications"),
    "health insurance": ("authorities", "/applications"),
    "account": ("lender", "/applications"),
    "loan": ("lender", "/applications"),
    "credit card": ("lender", "/applications"),
    "fine": ("authorities", "/applications"),
    "identify": ("carrier", "/applications"),
    "bill evn": ("aggregator", "/pay"),
    "top up": ("aggregator", "/pay"),
}


@pytest.mark.parametrize(("name", "fault"), each_with_each(CARRIED_OUT, FAULTS))
async def test_whatever_fails_while_it_is_carried_out_it_is_done_once(
    site: ServiceSite, name: str, fault: Fault
) -> None:
    sandbox, path = CARRIED_OUT[name]
    outside = site.sandboxes[sandbox]
    before, ours = keys(outside), ordered(site)
    outside.order_faults(FaultOrder(faults=(fault,), path=path, slow_seconds=0.3))
    await go_round(site, name)
    assert keys(outside) - before == ordered(site) - ours, "both ledgers have the same order, once"
    assert len(ordered(site) - ours) == 1
    await finish(site.glass)


FILES = {
    "account": ("lender", "image/png", b"\x89PNG"),
    "identify": ("carrier", "image/png", b"\x89PNG"),
    "file with a paper": ("authorities", "image/jpeg", b"\xff\xd8\xff"),
    "supplement with a paper": ("authorities", "image/jpeg", b"\xff\xd8\xff"),
    "report with a photo": ("authorities", "image/jpeg", b"\xff\xd8\xff"),
}
"""Where a signature or a paper goes, of which type, and how the file begins."""


@pytest.mark.parametrize(("name", "fault"), each_with_each(FILES, FAULTS))
async def test_whatever_fails_while_a_file_is_sent_it_arrives_whole(site: ServiceSite, name: str, fault: Fault) -> None:
    sandbox, type, begins = FILES[name]
    outside = site.sandboxes[sandbox]
    before = keys(outside)
    outside.order_faults(FaultOrder(faults=(fault,), path="/files", slow_seconds=0.3))
    await go_round(site, name)
    (key,) = keys(outside) - before
    assert isinstance(outside, ApplicationSandbox)
    file = outside.file(f"{key}-1")
    assert file is not None
    assert (file[0], file[1][: len(begins)]) == (type, begins)
    await finish(site.glass)


@pytest.mark.parametrize("fault", FAULTS)
async def test_whatever_the_switch_does_a_payment_is_seen_once(site: ServiceSite, fault: Fault) -> None:
    outside = site.sandboxes["aggregator"]
    before = keys(outside)
    site.switch.order_faults(FaultOrder(faults=(fault, fault), path="/api/transfers", slow_seconds=0.3))
    await go_round(site, "bill evn")
    assert len(keys(outside) - before) == 1
    await finish(site.glass)


# ── what leaves the station ───────────────────────────────────────────────────────────────────────────────────────────

PERSON = {"name", "number", "born", "sex", "issued", "expires", "permanent_address", "level"}
APPLICATION = {"kind", "product", "terms", "consents", "files"} | PERSON
PURPOSES = {
    "supplement": {"kind", "code", "words", "number"},
    "withdraw": {"kind", "code", "words", "number"},
    "file": {
        "kind", "procedure", "name_vi", "name_en", "agency", "working_days", "applicant", "answers", "members",
        "consents", "reductions", "units", "documents", "forms",
    },
    "fine": {"kind", "procedure", "decision", "plate", "amount"},
    "credit card": APPLICATION | {"slot", "phone", "address", "income", "employer"},
    "report": {"kind", "category", "what", "where", "when", "who"},
    "report by name": {"kind", "category", "what", "where", "when", "who"},
    "health insurance": {"kind", "months", "amount", "head", "members"},
    "account": APPLICATION | {
        "phone", "address", "email", "occupation", "tax_code", "resident", "nationality", "purpose", "fatca", "tin",
    },
    "loan": APPLICATION | {"principal", "months", "purpose", "income", "debts", "employer", "phone"},
    "identify": {"subscription", "why", "number", "name", "born", "level", "face", "consents", "files"},
    "bill evn": {"provider", "customer", "bill_ids", "partner_ref", "amount"},
    "top up": {"provider", "customer", "partner_ref", "amount"},
}  # fmt: skip
"""The fields that each purpose needs: nothing else leaves the station."""
SAME = {"account by VNeID": "account", "account by face": "account", "identify again by face": "identify"}
"""Rounds that differ in how surely the resident is known: the fields are the same."""


def taken(sandbox: Sandbox) -> dict[str, object]:
    """Return the newest that a sandbox was sent."""
    table = "applications" if isinstance(sandbox, ApplicationSandbox) else "payments"
    return json.loads(sandbox.db.execute(f"SELECT body FROM {table} ORDER BY rowid DESC").fetchone()[0])


@pytest.mark.parametrize("name", [*PURPOSES, *SAME])
async def test_the_outside_gets_the_fields_of_its_purpose_only(site: ServiceSite, name: str) -> None:
    purpose = SAME.get(name, name)
    outside = site.sandboxes[CARRIED_OUT.get(purpose, ("authorities", ""))[0]]
    others = {
        each: keys(sandbox)
        for each, sandbox in site.sandboxes.items()
        if sandbox is not outside and not (name.endswith("VNeID") and each == "vneid")
    }
    await go_round(site, name)
    await finish(site.glass)
    assert set(taken(outside)) == PURPOSES[purpose]
    assert {each: keys(site.sandboxes[each]) for each in others} == others, "nobody else learns anything"
    if name == "report":
        assert taken(outside)["who"] == {}


CANARY = Somebody(
    name="Hoàng Thị Chim Sáo", number="079152777123", born="02091952", sex="female", address="số 7 hẻm én",
    phone="0977123987", subscription="0388777123",
)  # fmt: skip


def sandbox_files(site: ServiceSite) -> list[str]:
    """Return the names of the sandboxes' own files: they are not the station's."""
    return [f"{each}.sqlite{end}" for each in site.sandboxes for end in ("", "-wal", "-shm")]


def held(site: ServiceSite, *, paper: bool = True) -> list[str]:
    """Return what the screen and the simulated devices hold.

    :param paper: what hangs out of the printer too; not where it was handed out.
    """
    assert isinstance(site.glass, ScriptedHands)
    devices = [each for role, each in site.devices.items() if paper or role is not Role.RECEIPT_PRINTER]
    return [
        *(view.model_dump_json() for view in site.glass.screen.history),
        *(device.shown() for device in devices if isinstance(device, Simulated)),
    ]


@pytest.mark.parametrize("name", list(ROUNDS))
async def test_after_a_visit_nothing_of_the_resident_stands_in_the_clear(
    site: ServiceSite, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    await go_round(site, name, who=CANARY)
    await finish(site.glass)
    canaries = [CANARY.name, CANARY.name.lower(), CANARY.number, CANARY.address, CANARY.phone, CANARY.subscription]
    assert found_in_files(site.folder, canaries, but=sandbox_files(site)) == []
    assert [each for each in canaries if each in caplog.text] == []
    assert found_in(held(site, paper=False), canaries) == [], "neither the screen nor a simulated device holds it"


# ── who leaves before anything is ordered ─────────────────────────────────────────────────────────────────────────────


class SecondThoughts(Exception):
    """The resident does not want it after all."""


class Hesitant(ScriptedHands):
    """A resident who fills in everything, and goes no further than the page on which it is looked over."""

    async def go_on(self) -> None:
        if self.screen.page.kind == "check":
            raise SecondThoughts
        await super().go_on()


PERSONAL = [name for name in ROUNDS if not name.startswith("bill ") and name not in ("supplement", "withdraw")]
"""Of a bill, or of a dossier that is there already, a code is typed and nothing of the resident."""


@pytest.mark.parametrize("ending", ["starts over", "walks away"])
@pytest.mark.parametrize("name", PERSONAL)
async def test_who_leaves_before_it_is_ordered_leaves_nothing_behind(
    site: ServiceSite, caplog: pytest.LogCaptureFixture, name: str, ending: str
) -> None:
    assert isinstance(site.glass, ScriptedHands)
    screen, before = site.glass.screen, ordered(site)
    told = [each for each in site.sandboxes if each != "vneid"]  # which learns that somebody signs in
    taken = {each: keys(site.sandboxes[each]) for each in told}
    with suppress(SecondThoughts):
        await go_round(replace(site, glass=Hesitant(screen)), name, who=CANARY)
    assert screen.page.kind in ("check", "tell", "done")
    if ending == "starts over":
        await site.glass.press("bar-start_over")
        await site.glass.choose("leave")
    else:
        await site.control(Role.PRESENCE, "present", "off")
    await site.glass.at("attract")
    await site.control(Role.PRESENCE, "present", "on")
    canaries = [CANARY.name, CANARY.name.lower(), CANARY.number, CANARY.address, CANARY.phone, CANARY.subscription]
    assert ordered(site) == before
    assert {each: keys(site.sandboxes[each]) for each in told} == taken, "nobody was told"
    assert found_in_files(site.folder, canaries, but=sandbox_files(site)) == []
    assert [each for each in canaries if each in caplog.text] == []
    assert found_in(held(site), canaries) == [], "neither the screen nor a simulated device holds it"
