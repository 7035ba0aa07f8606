"""A memo that banks folded, spaced, glued or wrote otherwise: the same money for notices, polling and day files."""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from support.notices import MEMO, payment, receiver, send, signed, station

from tramkit import find_memo
from tramkit.host.order import Effect, EffectKind, Order, Record, State, key_of
from tramkit.orders.reconcile import DayFileRow, Difference, read_day_file, reconcile, references, write_day_file
from tramkit.orders.wire import MEMO_LETTERS, memo_of
from tramkit_hal.words import verbatim
from tramkit_payments.sandbox import Switch

HALF = len(MEMO) // 2
A, B = MEMO[:HALF], MEMO[HALF:]
MADE_OF_IT = {
    "folded by a line break": f"{A}\n{B}",
    "folded by CR LF and an indent": f"CHUYEN TIEN {A}\r\n   {B} TU NGUYEN VAN A",
    "one space inside": f"{A} {B}",
    "a space after every letter": " ".join(MEMO),
    "no-break and thin spaces": f"{A}\u00a0\u2009{B}",
    "zero-width and soft hyphen": f"{A}\u200b\u00ad{B}",
    "hyphenated": f"{A[:3]}-{A[3:]}-{B}",
    "glued in front": f"MBVCB3278907687{MEMO} CT tu 0123",
    "glued behind": f"{MEMO}FT26334012345",
    "glued on both sides": f"IBFT{MEMO}GD99",
    "small letters": MEMO.lower(),
    "full-width letters": "".join(chr(ord(letter) + 0xFEE0) for letter in MEMO),
    "circled letters": "".join(chr(0x24B6 + ord(letter) - 65) if letter.isalpha() else letter for letter in MEMO),
    "a tone on a letter": MEMO.replace("Y", "Ý"),
    "folded as an escape": f"{A}\\n{B}",
    "folded as a tag": f"{A}<br/>{B}",
    "folded as an entity": f"{A}&#10;{B}",
    "folded as in a URL": f"{A}%0D%0A{B}",
    "line separator": f"{A}\u2028{B}",
}
NOT_IT = {
    "one letter less": MEMO[:-1],
    "two letters exchanged": MEMO[:3] + MEMO[4] + MEMO[3] + MEMO[5:],
    "another memo": "ZYXWVUTSRQPNM",
    "halves in the wrong order": f"{B} {A}",
    "something between that is said": f"{A} LAN 2 {B}",
    "nothing": "",
}


@pytest.mark.parametrize("name", MADE_OF_IT)
def test_the_memo_is_found(name: str) -> None:
    assert find_memo(MEMO, MADE_OF_IT[name])


@pytest.mark.parametrize("name", NOT_IT)
def test_what_is_not_the_memo_is_not_found(name: str) -> None:
    assert not find_memo(MEMO, NOT_IT[name])


def test_a_memo_is_never_found_by_chance() -> None:
    seed = 20261130
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _one in range(20_000):
        words = "".join(chance.choice(MEMO_LETTERS + "  -.") for _letter in range(120))
        assert not find_memo(MEMO, words)


def test_a_short_memo_must_stand_by_itself() -> None:
    assert find_memo("ABC234", "ck ABC 234 cam on")
    assert not find_memo("ABC234", "ckABC234")


@pytest.mark.parametrize("name", MADE_OF_IT)
async def test_notice_and_polling_see_the_same_money(tmp_path: Path, name: str) -> None:
    words = MADE_OF_IT[name]
    bank = Switch(tmp_path / "switch.sqlite")
    async with bank.running() as switch, receiver(tmp_path) as address:
        assert await send(address, signed({"description": words})) == 200
        told = await station(switch, address).inquire(payment())
        assert (told.state, told.amount) == ("done", payment().amount)
        bank.db.execute(
            "INSERT INTO transfers VALUES ('FT1', '0011001234567', ?, ?, '2026-11-30')", (payment().amount, words)
        )
        polled = await station(switch, "").inquire(payment())
        assert (polled.state, polled.amount) == ("done", payment().amount)


def _paid(id: str) -> Record:
    at = datetime(2026, 11, 25, 5, tzinfo=UTC)
    key = key_of(id, EffectKind.COLLECT)
    effect = Effect(kind=EffectKind.COLLECT, key=key, state=State.CONFIRMED, amount=1000, since=at, done_at=at)
    order = Order(service="billing.pay", payee="EVN", amount=1000, title=verbatim("Electricity"))
    return Record(
        id=id, code=id, order=order, method="payments.vietqr", placed_at=at, effects={EffectKind.COLLECT: effect}
    )


def _as_banks_make_it(memo: str, name: str) -> str:
    """Return another memo in the same form as one of the examples."""
    half = len(memo) // 2
    forms = {
        "folded by a line break": f"{memo[:half]}\n{memo[half:]}",
        "one space inside": f"{memo[:half]} {memo[half:]}",
        "glued on both sides": f"IBFT{memo}GD99",
        "small letters": memo.lower(),
        "full-width letters": "".join(chr(ord(letter) + 0xFEE0) for letter in memo),
        "line separator": f"{memo[:half]}\u2028{memo[half:]}",
    }
    return forms[name]


@pytest.mark.parametrize(
    "name",
    [
        "one space inside",
        "folded by a line break",
        "glued on both sides",
        "small letters",
        "full-width letters",
        "line separator",
    ],
)
def test_the_day_file_sees_the_same_money(tmp_path: Path, name: str) -> None:
    words = _as_banks_make_it(memo_of(key_of("order1", EffectKind.COLLECT)), name)
    file = tmp_path / "day.txt"
    file.write_text(
        write_day_file("payments.vietqr", date(2026, 11, 25), [DayFileRow(words, 1000, True)]), encoding="utf-8"
    )
    findings = reconcile([_paid("order1")], [read_day_file(file)])
    assert [each.difference for each in findings] == [Difference.MATCHED]


def test_a_day_file_in_which_the_bank_folded_a_line_is_read(tmp_path: Path) -> None:
    memo = memo_of(key_of("order1", EffectKind.COLLECT))
    whole = write_day_file("payments.vietqr", date(2026, 11, 25), [DayFileRow(f"{memo[:6]}~{memo[6:]}", 1000, True)])
    import hashlib

    body = whole[: whole.rindex("SHA256|")].replace("~", "\n")
    file = tmp_path / "day.txt"
    file.write_text(f"{body}SHA256|{hashlib.sha256(body.encode()).hexdigest()}\n", encoding="utf-8")
    assert [each.difference for each in reconcile([_paid("order1")], [read_day_file(file)])] == [Difference.MATCHED]


def test_stations_that_share_an_account_have_no_difference_and_a_strangers_transfer_is_still_found() -> None:
    here, there = [_paid("order1")], [_paid("order2"), _paid("order3")]
    rows = [
        DayFileRow(f"CK{memo_of(key_of(id, EffectKind.COLLECT))}", 1000, True) for id in ("order1", "order2", "order3")
    ]
    day = date(2026, 11, 25)

    def found(*more: DayFileRow, others: list[str], shared: bool = False) -> list[str]:
        from tramkit.orders.reconcile import DayFile

        file = DayFile("payments.vietqr", day, (*rows, *more))
        return [each.difference.value for each in reconcile(here, [file], others, shared=shared)]

    stranger = DayFileRow("nham tai khoan", 5000, True)
    assert found(others=references(there)) == ["matched", "elsewhere", "elsewhere"]
    assert found(stranger, others=references(there)) == ["matched", "elsewhere", "elsewhere", "theirs_only"]
    assert found(others=[]) == ["matched", "theirs_only", "theirs_only"]
    assert found(stranger, others=[], shared=True) == ["matched", "elsewhere", "elsewhere", "elsewhere"]
    assert all(each.harmless for each in map(Difference, ("matched", "elsewhere")))


async def test_two_stations_with_one_account_reconcile_by_the_command(tmp_path: Path) -> None:
    import asyncio

    from support.command import command
    from support.money import ACCOUNT, order_of, world
    from support.money import station as kiosk

    from tramkit.host.order import OrderEnding
    from tramkit.orders.wire import payment_of

    folders = [tmp_path / "first", tmp_path / "second"]
    async with world(tmp_path) as outside:
        for number, folder in enumerate(folders):
            folder.mkdir()
            addresses = outside.switch.address, outside.aggregator.address
            async with kiosk(folder / "station", *addresses, pay_within=60) as runner:
                record = await runner.place(f"at-{number}", order_of(f"PE0100012345{number}"), "payments.vietqr")
                due = payment_of(record)
                outside.switch.transfer(ACCOUNT, due.amount, due.memo)
                assert (await runner.settled(record.id)).ending is OrderEnding.DONE
        import aiohttp

        async with aiohttp.ClientSession() as http, http.get(f"{outside.switch.address}/day-file") as answer:
            text = await answer.text()
    for folder in folders:
        (folder / "bank.txt").write_text(text, encoding="utf-8")
        listed = await asyncio.to_thread(command, folder, "orders", "references")
        assert listed.exit_code == 0
        (folder / "references.txt").write_text(listed.output, encoding="utf-8")
    for mine, other in (folders, folders[::-1]):
        alone = await asyncio.to_thread(command, mine, "reconcile", str(mine / "bank.txt"))
        assert alone.exit_code == 1
        both = await asyncio.to_thread(
            command, mine, "reconcile", "--others", str(other / "references.txt"), str(mine / "bank.txt")
        )
        assert both.exit_code == 0, both.output
        assert json.loads(both.output.splitlines()[-1])["elsewhere"] == 1
