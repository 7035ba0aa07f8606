"""Who may open an account or borrow is data with days; what does not fit is told in words a resident understands."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest

from tramkit import FileError, Level, Messages, Person, verbatim
from tramkit_banking import banks, consents, rules
from tramkit_banking.fields import tax_code
from tramkit_banking.loan import Income, amounts, not_eligible
from tramkit_banking.loans import schedule
from tramkit_banking.status import NumberError, parse_number
from tramkit_hal.words import render

TODAY = date(2026, 11, 23)
LAW = rules.bundled()
CONSUMER = banks.bundled().banks[0].loans[0]
HOME = banks.bundled().banks[1].loans[0]


@pytest.mark.parametrize(
    ("on", "youngest"), [(date(2025, 8, 30), 18), (date(2025, 8, 31), 15), (TODAY, 15), (date(2020, 1, 1), 18)]
)
def test_the_age_of_accounts_on_both_sides_of_circular_25_of_2025(on: date, youngest: int) -> None:
    assert LAW.account(on).youngest == youngest
    assert LAW.account(on).level is Level.CHIP_FACE


def test_a_loan_from_afar_is_at_most_what_bank_and_law_allow() -> None:
    rule = LAW.loan(TODAY)
    assert amounts(CONSUMER, rule)[::6] == [5_000_000, 100_000_000]
    assert amounts(CONSUMER, rule.model_copy(update={"most": 60_000_000}))[-1] == 60_000_000
    assert amounts(HOME.model_copy(update={"least": 12_000_000}), rule)[0] == 12_000_000


def why(born: date | None, income: int, debts: int = 0, *, principal: int = 50_000_000, months: int = 24) -> list[str]:
    """Return in Vietnamese why a loan does not fit."""
    person = Person(level=Level.CLAIMED, name="Lê Văn Tám", born=born)
    asked = Income(income=income, debts=debts, employer="hưu trí", phone="0901234567")
    payments = schedule(principal, months, CONSUMER.yearly_rate, CONSUMER.method)
    return [render(text, "vi") for text in not_eligible(CONSUMER, LAW.loan(TODAY), person, asked, payments, TODAY)]


@pytest.mark.parametrize(
    ("born", "income", "debts", "words"),
    [
        (date(1980, 1, 1), 6_240_523, 0, []),  # 40 % of it is the last payment, 2.496.209
        (
            date(1980, 1, 1),
            6_240_522,
            0,
            ["Tiền trả nợ mỗi tháng là 2.496.209 ₫, cao hơn mức ngân hàng cho phép (40% thu nhập của ông/bà)."],
        ),
        (date(1980, 1, 1), 10_000_000, 1_503_791, []),
        (
            date(1980, 1, 1),
            10_000_000,
            1_503_792,
            ["Tiền trả nợ mỗi tháng là 4.000.001 ₫, cao hơn mức ngân hàng cho phép (40% thu nhập của ông/bà)."],
        ),
        (date(1980, 1, 1), 30_000_000, 0, []),
        (date(2008, 11, 23), 30_000_000, 0, []),
        (date(2008, 11, 24), 30_000_000, 0, ["Ngân hàng cho vay từ đủ 18 tuổi."]),
        (date(1948, 11, 23), 30_000_000, 0, []),
        (date(1947, 11, 24), 30_000_000, 0, []),  # 80 until the day after the last payment
        (date(1947, 11, 23), 30_000_000, 0, ["Đến kỳ trả cuối, ông/bà không được quá 80 tuổi."]),
        (None, 30_000_000, 0, []),
    ],
)
def test_on_both_sides_of_each_limit(born: date | None, income: int, debts: int, words: list[str]) -> None:
    assert why(born, income, debts) == words


def test_half_a_year_is_half_a_year_of_age() -> None:
    assert why(date(1946, 5, 24), 30_000_000, months=6) == []
    assert why(date(1946, 5, 23), 30_000_000, months=6) == ["Đến kỳ trả cuối, ông/bà không được quá 80 tuổi."]


def test_the_receipt_calls_the_number_of_an_application_what_the_question_for_it_does() -> None:
    _ = Messages("tramkit_banking")
    services = tomllib.loads((Path(rules.__file__).parent / "plugin.toml").read_text(encoding="utf-8"))["services"]
    hint = next(each["hint"] for each in services if each["id"] == "banking.status")
    assert render(_("Application number"), "vi").lower() in hint["vi"]


def test_an_income_that_is_too_small_is_told_with_the_least() -> None:
    assert why(date(1980, 1, 1), 5_999_999, principal=5_000_000)[0].endswith("6.000.000 ₫ mỗi tháng.")
    assert why(date(1980, 1, 1), 6_000_000, principal=5_000_000) == []


@pytest.mark.parametrize(
    ("typed", "number"), [("AC1A2B3C4D", "AC1A2B3C4D"), (" ac 1a2b-3c4d ", "AC1A2B3C4D"), ("ＬＯ１２３４", "LO1234")]
)
def test_the_number_of_an_application(typed: str, number: str) -> None:
    assert parse_number(typed) == number


@pytest.mark.parametrize("typed", ["", "AC1", "A" * 21, "Hồ sơ 1", "AC1A2B;--"])
def test_what_is_no_application_number_is_told(typed: str) -> None:
    with pytest.raises(NumberError) as caught:
        parse_number(typed)
    assert render(caught.value.text, "vi").startswith("Số hồ sơ có 6 đến 20 chữ cái và chữ số.")


@pytest.mark.parametrize(
    ("typed", "code"),
    [("0312345678", "0312345678"), ("0312345678-001", "0312345678-001"), ("079 090 123 458", "079090123458")],
)
def test_a_tax_code(typed: str, code: str) -> None:
    assert tax_code(verbatim("Mã số thuế")).parse(typed) == code


@pytest.mark.parametrize("typed", ["123", "03123456789", "0312345678-01", "MST0312345678"])
def test_what_is_no_tax_code_is_told(typed: str) -> None:
    question = tax_code(verbatim("Mã số thuế"))
    with pytest.raises(ValueError, match="malformed") as caught:
        question.parse(typed)
    assert render(caught.value.message, "vi").startswith("Mã số thuế có 10 hoặc 12 chữ số")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("module", "old", "new", "named"),
    [
        (banks, 'id = "bien_dong"', 'id = "song_xanh"', "twice"),
        (banks, 'yearly_rate = "0.18"', 'yearly_rate = "18"', "banks.0.loans.0.yearly_rate"),
        (banks, "least = 5000000\n", "least = 500000000\n", "least is more than most"),
        (banks, 'version = "2026-10"', "", "banks.0.terms.version"),
        (banks, "monthly_fee = 0", "montly_fee = 0", "banks.0.accounts.0.montly_fee"),
        (banks, 'method = "annuity"', 'method = "balloon"', "banks.0.loans.0.method"),
        (rules, "youngest = 15", 'youngest = "fifteen"', "accounts.1.youngest"),
        (rules, 'needs = "chip_face"', 'needs = "face"', "accounts.0.needs"),
        (rules, "most = 100000000", "most = 0", "loans.0.most"),
        (consents, 'to = ["account", "card"]', 'to = ["mortgage"]', "consents.0.to"),
        (consents, "needed = true", "", "consents.0.needed"),
        (consents, 'id = "cost"', 'id = "data"', "loan: one to four consents, each once"),
    ],
)
def test_a_mistake_in_a_file_is_told_with_file_and_key(
    tmp_path: Path, module: object, old: str, new: str, named: str
) -> None:
    bundled: Path = module.BUNDLED  # type: ignore[attr-defined]
    read = getattr(module, f"read_{bundled.stem}")
    file = tmp_path / bundled.name
    file.write_text(bundled.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(FileError) as problem:
        read(file)
    assert bundled.name in str(problem.value)
    assert named in str(problem.value)


def test_two_sandboxed_banks_have_different_products() -> None:
    one, other = banks.bundled().banks
    assert {each.id for each in one.accounts}.isdisjoint({each.id for each in other.accounts})
    assert {each.method for each in one.loans} != {each.method for each in other.loans}
