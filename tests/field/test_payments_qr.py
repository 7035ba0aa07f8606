"""Payment codes beside transfer codes, chosen per payee; amounts as NAPAS allows them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.notices import ACCOUNT, MEMO, payment, station

from tramkit_payments.accounts import Account, Shop, read_accounts
from tramkit_payments.banks import bank_of
from tramkit_payments.vietqr import MAX_AMOUNT, NAPAS, VNPAY, Merchant, QrError, crc, parse, payload

SHOP = Merchant(name="UBND PHUONG BINH TRUNG", city="HO CHI MINH", category="9399", terminal="TRAM1")


def fields(text: str) -> dict[str, str]:
    """Take a code apart, independently of the code under test."""
    found: dict[str, str] = {}
    while text:
        number, length = text[:2], int(text[2:4])
        found[number] = text[4 : 4 + length]
        text = text[4 + length :]
    return found


def sealed(body: str) -> str:
    return f"{body}6304{crc(body + '6304'):04X}"


def test_a_payment_code_says_what_the_shop_is() -> None:
    text = payload("970436", "MERCHANT01", 150_000, MEMO, service="QRPUSH", merchant=SHOP)
    root = fields(text)
    assert list(root) == sorted(root)
    assert (root["01"], root["52"], root["53"], root["54"]) == ("12", "9399", "704", "150000")
    assert (root["58"], root["59"], root["60"]) == ("VN", "UBND PHUONG BINH TRUNG", "HO CHI MINH")
    account = fields(root["38"])
    assert (account["00"], account["02"]) == (NAPAS, "QRPUSH")
    assert fields(account["01"]) == {"00": "970436", "01": "MERCHANT01"}
    assert fields(root["62"]) == {"01": MEMO, "07": "TRAM1", "08": MEMO}


@given(
    account=st.from_regex(r"[0-9A-Za-z]{1,19}", fullmatch=True),
    amount=st.none() | st.integers(1, MAX_AMOUNT),
    name=st.from_regex(r"[A-Z0-9][ -~]{0,23}[A-Z0-9]", fullmatch=True),
    city=st.from_regex(r"[A-Z][ -~]{0,13}", fullmatch=True),
    category=st.from_regex(r"[0-9]{4}", fullmatch=True),
    store=st.from_regex(r"[A-Z0-9]{0,12}", fullmatch=True),
    service=st.sampled_from(["QRPUSH", "QRIBFTTA", "QRIBFTTC"]),
)
def test_what_goes_into_a_payment_code_comes_out(account, amount, name, city, category, store, service) -> None:  # type: ignore[no-untyped-def]
    shop = Merchant(name=name, city=city, category=category, store=store)
    read = parse(payload("970436", account, amount, MEMO, service=service, merchant=shop))
    assert (read.service, read.account, read.amount, read.memo, read.merchant) == (service, account, amount, MEMO, shop)


VNPAY_EXAMPLE = (
    "00020101021126280010A0000007750110010531314453037045408210900005802VN5910CELLPHONES"
    "62600312CPSHN ONLINE0517021908061613127850705ONLHN0810CellphoneS63047685"
)
"""Of the documents of a public library (vietqr-pay)."""


def test_a_payment_code_of_vnpay_is_read() -> None:
    read = parse(VNPAY_EXAMPLE)
    assert (read.network, read.service, read.account, read.amount) == (VNPAY, "QRPUSH", "0105313144", 21_090_000)
    assert (read.shop["name"], read.shop["terminal"], read.memo) == ("CELLPHONES", "ONLHN", "CellphoneS")
    assert read.merchant is None  # it does not say everything that a payment code of NAPAS must


NAPAS_38 = "38540010A00000072701240006970436011012345678900208QRIBFTTA"


@pytest.mark.parametrize(
    "body",
    [
        f"000201010212{NAPAS_38}52048062530370454065000005802VN5910BENH VIEN 6006HA NOI",  # a transfer with a shop
        f"000201010211{NAPAS_38}520400005303704" + "5802VN5903ABC6006HA NOI62070703T01",
        "00020101021226280010A00000077501100105313144" + f"{NAPAS_38}5303704" + "5802VN",  # two payment systems
        f"000201010212{NAPAS_38.replace('38540010', '26540010', 1)}53037045802VN",  # in another template
        f"000201010212{NAPAS_38}53037045802VN64130002VI0103ABC8008" + "0004ABCD",  # languages and unreserved fields
    ],
)
def test_codes_of_shops_are_read(body: str) -> None:
    read = parse(sealed(body))
    assert (read.bin, read.account) == ("970436", "1234567890")


@pytest.mark.parametrize("around", ["{}\r\n", "\t{}", "\ufeff{}", "{}\0", "\u00a0{} ", "\ufeff {}\0\n"])
def test_what_a_scanner_puts_around_a_code_does_not_matter(around: str) -> None:
    assert parse(around.format(VNPAY_EXAMPLE)) == parse(VNPAY_EXAMPLE)


def test_a_name_in_vietnamese_is_read_whether_its_length_counts_letters_or_bytes() -> None:
    name = "Phở Hoà"
    for length in (len(name), len(name.encode())):
        body = f"000201010212{NAPAS_38}5204581253037045802VN59{length:02}{name}6006HA NOI"
        assert parse(sealed(body)).shop["name"] == name


@pytest.mark.parametrize(
    ("written", "amount"),
    [("50000.", 50_000), ("50000.0", 50_000), ("50000.00", 50_000), ("50000", 50_000), ("1.", 1), ("007.", 7)],
)
def test_an_amount_as_napas_allows_it(written: str, amount: int) -> None:
    body = f"000201010212{NAPAS_38}530370454{len(written):02}{written}5802VN"
    assert parse(sealed(body)).amount == amount


@pytest.mark.parametrize("written", ["50000.5", ".", ".00", "5,000", "50 000", "-5", "5e4", "٥٠", "50000.."])
def test_an_amount_that_is_no_whole_number_is_refused(written: str) -> None:
    body = f"000201010212{NAPAS_38}530370454{len(written):02}{written}5802VN"
    with pytest.raises(QrError):
        parse(sealed(body))


@pytest.mark.parametrize(
    "values",
    [
        {"service": "QRPUSH"},
        {"service": "QRCASH", "merchant": SHOP},
        {"service": "QRPUSH", "merchant": SHOP, "account": "a b"},
    ],
)
def test_a_payment_code_without_what_it_must_say_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(QrError):
        payload(**{"bin": "970436", "account": "1", **values})  # type: ignore[arg-type]


def test_the_kind_of_code_is_chosen_per_payee(tmp_path: Path) -> None:
    file = tmp_path / "accounts.toml"
    file.write_text(
        """
[[accounts]]
payees = ["Điện lực (EVN)", "Cấp nước Sài Gòn (SAWACO)"]
bin = "970436"
account = "100200300"
qr = "payment"
shop = { id = "EVNHCMC01", name = "DIEN LUC TP HCM", city = "HO CHI MINH", category = "4900", terminal = "TRAM1" }

[[accounts]]
payees = ["Ban quản lý"]
bin = "970422"
account = "9704221234567890"
qr = "card"
""",
        encoding="utf-8",
    )
    method = station("http://127.0.0.1:9", "", accounts=read_accounts(file))
    evn, card, other = (
        parse(method.invitation(payment(payee=name)).qr) for name in ("Điện lực (EVN)", "Ban quản lý", "Công an phường")
    )
    assert (evn.service, evn.account, evn.shop["category"], evn.memo) == ("QRPUSH", "EVNHCMC01", "4900", MEMO)
    assert (card.service, card.account) == ("QRIBFTTC", "9704221234567890")
    assert (other.service, other.account, other.merchant) == ("QRIBFTTA", ACCOUNT, None)


async def test_what_is_paid_by_a_payment_code_is_looked_for_on_its_account(tmp_path: Path) -> None:
    from tramkit_payments.sandbox import Switch

    shop = Shop(id="SHOP1", name="SHOP", city="HO CHI MINH", category="9399")
    accounts = (Account(payees=("EVN",), bin="970436", account="555", qr="payment", shop=shop),)
    bank = Switch(tmp_path / "switch.sqlite")
    async with bank.running() as switch:
        method = station(switch, "", accounts=accounts)
        bank.transfer("555", payment().amount, f"Thanh toan QR {MEMO}")
        assert (await method.inquire(payment(payee="EVN"))).state == "done"
        assert (await method.inquire(payment(payee="SAWACO"))).state == "pending"


@pytest.mark.parametrize(
    ("bin", "name"),
    [
        ("970406", "Vikki Bank"),
        ("970444", "VCBNeo"),
        ("970449", "LPBank"),
        ("970468", "Mirae Asset Finance"),
        ("970454", "BVBank"),
        ("970458", "UOB"),
    ],
)
def test_banks_by_their_number(bin: str, name: str) -> None:
    assert bank_of(bin) == name
