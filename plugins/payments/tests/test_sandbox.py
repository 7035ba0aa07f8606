"""The bank's sandbox and its banking app, over real sockets."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import aiohttp

from tramkit import GatewayError, Payment
from tramkit.sandbox import FaultOrder
from tramkit_payments.method import VietQrMethod
from tramkit_payments.sandbox import Switch

PAYMENT = Payment(key="o1-collect", amount=150_000, payee="EVN", memo="TK7Q2M9XKP4RT")


def vietqr(address: str) -> VietQrMethod:
    return VietQrMethod(address, "970436", "0011001234567", late=timedelta(hours=1))


async def test_the_banking_app_pays_the_code_it_is_shown_and_what_is_typed(tmp_path: Path) -> None:
    switch = Switch(tmp_path / "switch.sqlite")
    async with switch.running() as address, aiohttp.ClientSession() as http:
        method = vietqr(address)
        assert (await method.inquire(PAYMENT)).state == "pending"
        qr = method.invitation(PAYMENT).qr
        async with http.post(f"{address}/app/pay", data={"qr": qr, "amount": "100.000"}) as answer:
            assert "Đã chuyển 100.000 đồng" in await answer.text()
        typed = {"account": "0011001234567", "memo": PAYMENT.memo.lower(), "amount": "50000"}
        async with http.post(f"{address}/app/pay", data=typed) as answer:
            assert "Đã chuyển 50.000 đồng" in await answer.text()
        outcome = await method.inquire(PAYMENT)
        assert (outcome.state, outcome.amount) == ("done", 150_000)
        async with http.post(f"{address}/app/pay", data={"qr": qr[:-1] + "x"}) as answer:
            assert "Không chuyển được" in await answer.text()


async def test_money_to_another_account_or_with_another_memo_is_not_ours(tmp_path: Path) -> None:
    switch = Switch(tmp_path / "switch.sqlite")
    async with switch.running() as address:
        switch.transfer("999", 150_000, PAYMENT.memo)
        switch.transfer("0011001234567", 150_000, "TK7Q2M9XKP4RX")
        assert (await vietqr(address).cancel(PAYMENT)).state == "refused"


async def test_a_refund_is_done_once_and_never_more_than_came(tmp_path: Path) -> None:
    switch = Switch(tmp_path / "switch.sqlite")
    async with switch.running() as address:
        method = vietqr(address)
        switch.transfer("0011001234567", 150_000, PAYMENT.memo)
        assert (await method.inquire_refund(PAYMENT, "o1-refund")).state == "not_found"
        for _again in range(2):
            assert (await method.refund(PAYMENT, "o1-refund", 150_000)).state == "done"
        assert switch.db.execute("SELECT count(*), sum(amount) FROM refunds").fetchone() == (1, 150_000)
        assert (await method.refund(PAYMENT, "o1-refund", 1)).state == "refused", "the same key with another amount"
        assert (await method.refund(PAYMENT, "o2-refund", 1)).state == "refused", "nothing is left to give back"
        assert (await method.inquire_refund(PAYMENT, "o1-refund")).state == "done"


async def test_whatever_goes_wrong_on_the_wire_is_no_answer(tmp_path: Path) -> None:
    switch = Switch(tmp_path / "switch.sqlite")
    async with switch.running() as address:
        switch.order_faults(FaultOrder(faults=("down", "garbage", "lost_before", "lost_before")))
        for _fault in range(3):  # the HTTP client itself asks once more where the line breaks
            try:
                await vietqr(address).inquire(PAYMENT)
            except GatewayError:
                continue
            raise AssertionError("an answer was made up")
        assert (await vietqr(address).inquire(PAYMENT)).state == "pending"
