"""People as they are: names of any script, birthdays of which only the year is known, phones and amounts as typed."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime
from typing import Annotated, Any

import pytest

from tramkit import Form, Level, Person, age, age_at_most, assumed, forms, verbatim
from tramkit.amounts import AmountError, read_amount
from tramkit.identity.same_person import facts
from tramkit.identity.typed import TypedPerson
from tramkit.phones import PhoneError, read_mobile
from tramkit_banking import banks, rules
from tramkit_banking.loan import Income, not_eligible
from tramkit_banking.loans import schedule
from tramkit_billing.topup import Phone as TopUpPhone
from tramkit_hal.card import mrz, qr
from tramkit_hal.card.files import CardFiles
from tramkit_hal.card.groups import CardContentError, CardData, read_card
from tramkit_hal.partial_date import Born, PartialDate, read_iso, read_written, write
from tramkit_hal.sim.chip import Country, make_chip, zone
from tramkit_hal.sim.people import qr_text
from tramkit_hal.words import Day, Text, nfc, render, show
from tramkit_identity import claims
from tramkit_procedures.filing import Member
from tramkit_procedures.insurance import Insured
from tramkit_sim_identity.numbers import normalise
from tramkit_telehealth.consents import age_on
from tramkit_telehealth.protocol import Patient

HA = CardData(number="079150004213", name="Trần Thị Thu Hà", born=date(1950, 3, 8), sex="female", address="TP. HCM")


# ── names ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Named(Form):
    """Asks for a name."""

    name: Annotated[str, forms.name(verbatim("Name"))]


NAMES = [
    "H’Hen Niê̆",
    "Ê̆ Ban",
    "Y Bhĭm Ê̆ban",
    "Kpă Y Lăng",
    "ស៊ុន សុផល",
    "Sòn Sô̆kh",
    "محمد بن علی",
    "می‌خواهم",
    "Nguyễn Thị-Hoa",
    "O'Connor",
    "Lý A · Páo",
    "陳氏秋河",
    "Dươn̄g",
    "Siu H’Ḇlot",
    "Ǹguyễn",
    "Ҋван",
    "நந்தினி",
    "Zơ Râm Nhứt",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_name_of_any_script_is_taken_as_it_is_spelled(name: str, form: str) -> None:
    found, errors = Named.read({"name": unicodedata.normalize(form, name)})  # type: ignore[arg-type]
    assert errors == {}
    assert found is not None
    assert found.name == nfc(name)


INVISIBLE = {
    "a direction mark": ("\u200fمحمد بن علی\u200f", "محمد بن علی"),
    "a direction that is put in": ("\u202bمحمد\u202c", "محمد"),
    "a zero-width space": ("Đặng Thị\u200b Hoa", "Đặng Thị Hoa"),
    "a soft hyphen": ("Ro\u00adbert", "Robert"),
    "a mark of the order of bytes": ("\ufeffLý A Páo", "Lý A Páo"),
    "a no-break space": ("Nguyễn\u00a0An", "Nguyễn An"),
    "a wide space": ("王\u3000小明", "王 小明"),
    "a tab": ("Kpă\tY Lăng", "Kpă Y Lăng"),
}


@pytest.mark.parametrize("kind", INVISIBLE)
def test_what_nobody_sees_in_a_name_that_was_copied_keeps_nobody_out(kind: str) -> None:
    written, name = INVISIBLE[kind]
    assert Named.read({"name": written})[0] == Named(name=name)
    assert qr.parse(qr_text(HA.model_copy(update={"name": written}))).name == name
    assert claims.person(told("1950-03-08", name=written), claims.bundled()).name == name


@pytest.mark.parametrize(
    ("address", "read"),
    [
        ({"formatted": "12 Trần Não\nP. Bình Trưng\r\nTP. HCM"}, "12 Trần Não, P. Bình Trưng, TP. HCM"),
        ({"formatted": "12 Trần Não\n\n"}, "12 Trần Não"),
        ("12\u00a0Trần Não", "12 Trần Não"),
        ("12 Trần\tNão", "12 Trần Não"),
        ("", ""),
        ({"formatted": "12 \u200eTrần Não"}, "12 Trần Não"),
    ],
)
def test_an_address_of_vneid_may_have_lines_and_any_space(address: object, read: str) -> None:
    assert claims.person({**told("1950-03-08"), claims.bundled().address: address}, claims.bundled()).address == read


@pytest.mark.parametrize(
    "name", ["An 2", "An@nhà", "", "   ", "12", "́", "An\u0000", "An💚", "An=Ba", "An_", "<An>", "٣"]
)
def test_what_is_no_name_is_refused(name: str) -> None:
    assert Named.read({"name": name})[0] is None


@pytest.mark.parametrize("name", NAMES)
def test_what_the_card_says_the_form_takes(name: str) -> None:
    card = qr.parse(qr_text(HA.model_copy(update={"name": name})))
    assert Named.read({"name": card.name})[1] == {}


def test_vneid_may_name_somebody_with_marks_and_joiners() -> None:
    for name in NAMES:
        assert claims.person(told("1950-03-08", name=name), claims.bundled()).name == nfc(name)


# ── what is known of a birthday ───────────────────────────────────────────────────────────────────────────────

YEAR, MONTH = PartialDate(1950), PartialDate(1950, 3)


@pytest.mark.parametrize(
    ("written", "born"),
    [
        ("1950", YEAR),
        ("１９５０", YEAR),
        ("00/00/1950", YEAR),
        ("--/--/1950", YEAR),
        ("../../1950", YEAR),
        ("XX/XX/1950", YEAR),
        ("00001950", YEAR),
        ("03/1950", MONTH),
        ("3/1950", MONTH),
        ("031950", MONTH),
        ("00/03/1950", MONTH),
        ("00031950", MONTH),
        ("08/03/1950", date(1950, 3, 8)),
        ("08031950", date(1950, 3, 8)),
        ("8.3.1950", date(1950, 3, 8)),
        ("10/10/2000", date(2000, 10, 10)),
        ("01/01/1950", date(1950, 1, 1)),
    ],
)
def test_a_birthday_is_read_as_far_as_it_is_written(written: str, born: object) -> None:
    assert read_written(written) == born


@pytest.mark.parametrize(
    "written",
    ["", "50", "195", "19500", "13/1950", "00/13/1950", "08/00/1950", "31/02/1950", "0000", "170590", "năm 1950"],
)
def test_what_is_no_birthday_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"written|month|range|year|day"):
        read_written(written)


@pytest.mark.parametrize("born", [YEAR, MONTH, PartialDate(2003, 12), date(1950, 3, 8)])
def test_what_is_written_is_read_back(born: Any) -> None:
    assert read_written(write(born)) == born
    assert read_iso(born.isoformat()) == born
    assert Person(level=Level.CLAIMED, name="Hà", born=born.isoformat()).born == born
    person = Person(level=Level.CLAIMED, name="Hà", born=born)
    assert Person.model_validate_json(person.model_dump_json()) == person
    assert Patient.model_validate_json(Patient(name="Hà", born=born, level="CHIP").model_dump_json()).born == born


@pytest.mark.parametrize(
    ("born", "zeros"), [(YEAR, "00001950"), (MONTH, "00031950"), (YEAR, "1950"), (MONTH, "03/1950")]
)
def test_the_code_of_a_card_may_know_the_year_only(born: Born, zeros: str) -> None:
    text = qr_text(HA).replace("08031950", zeros)
    assert qr.parse(text).born == born


def test_the_code_of_a_card_with_another_year_than_its_number_is_refused() -> None:
    with pytest.raises(qr.CardQrError) as caught:
        qr.parse(qr_text(HA).replace("08031950", "00001951"))
    assert caught.value.field == "number"


def zone_with(born: str) -> str:
    """Return the zone of a card with what stands in place of the date of birth, its check digits put right."""
    text = zone(HA)
    second = born + mrz.check_digit(born) + text[37:59]
    first = text[:30]
    composite = mrz.check_digit(first[5:30] + second[:7] + second[8:15] + second[18:29])
    return first + second + composite + text[60:]


@pytest.mark.parametrize(
    ("written", "born"),
    [
        ("50<<<<", YEAR),
        ("5003<<", MONTH),
        ("<<<<<<", YEAR),
        ("500000", YEAR),
        ("500300", MONTH),
        ("500308", date(1950, 3, 8)),
    ],
)
def test_the_zone_of_a_card_leaves_out_what_is_not_known(written: str, born: Born) -> None:
    found = mrz.parse(zone_with(written))
    assert found.born == born
    assert written in found.key, "the chip is opened with what is printed"


@pytest.mark.parametrize("written", ["51<<<<", "50<<08", "5013<<", "500332", "5<<<<<", "50<308", "<<0308"])
def test_a_zone_that_cannot_be_right_is_refused(written: str) -> None:
    if written == "<<0308":
        assert mrz.parse(zone_with(written)).born == YEAR
        return
    with pytest.raises(mrz.MrzError) as caught:
        mrz.parse(zone_with(written))
    assert caught.value.field in ("born", "number")


@pytest.mark.parametrize("born", [YEAR, MONTH])
def test_the_chip_of_a_card_may_know_the_year_only(born: Born) -> None:
    country = Country(datetime(2026, 1, 1, tzinfo=UTC))
    card = HA.model_copy(update={"born": born})
    assert read_card(CardFiles(make_chip(card, country))).born == born


def test_where_the_two_groups_of_a_chip_know_more_and_less_the_fuller_one_counts() -> None:
    country = Country(datetime(2026, 1, 1, tzinfo=UTC))
    full, year = make_chip(HA, country), make_chip(HA.model_copy(update={"born": YEAR}), country)
    assert read_card(CardFiles({**year, "dg13": full["dg13"]})).born == date(1950, 3, 8)
    assert read_card(CardFiles({**full, "dg13": year["dg13"]})).born == date(1950, 3, 8)
    april = make_chip(HA.model_copy(update={"born": PartialDate(1950, 4)}), country)
    with pytest.raises(CardContentError):
        read_card(CardFiles({**full, "dg13": april["dg13"]}))


def told(birthdate: str, name: str = "Trần Thị Thu Hà") -> dict[str, Any]:
    """Return the claims of an ID token."""
    return {
        "acr": "vneid:level2",
        "personal_id": HA.number,
        "name": name,
        "birthdate": birthdate,
        "gender": "female",
    }


@pytest.mark.parametrize(
    ("birthdate", "born"),
    [
        ("1950", YEAR),
        ("1950-03", MONTH),
        ("1950-03-08", date(1950, 3, 8)),
        ("0000-03-08", date(1950, 3, 8)),
        ("08/03/1950", date(1950, 3, 8)),
        ("03/1950", MONTH),
        ("00/00/1950", YEAR),
    ],
)
def test_vneid_may_tell_the_year_only(birthdate: str, born: Born) -> None:
    assert claims.person(told(birthdate), claims.bundled()).born == born


@pytest.mark.parametrize("birthdate", ["1951", "0000", "1950-13", "1950-00-08", "50", "1950-3-8"])
def test_a_birthdate_that_is_none_is_not_used(birthdate: str) -> None:
    with pytest.raises(claims.UnusableClaimsError):
        claims.person(told(birthdate), claims.bundled())


@pytest.mark.parametrize(("typed", "born"), [("1950", YEAR), ("03/1950", MONTH), ("08/03/1950", date(1950, 3, 8))])
def test_a_resident_a_household_member_and_an_insured_may_be_typed_so(typed: str, born: Born) -> None:
    who = {"name": "trần thị thu hà", "born": typed, "sex": "female", "number": HA.number}
    for form, said in (
        (TypedPerson, who),
        (Member, {key: who[key] for key in ("name", "born", "number")}),
        (Insured, {"name": who["name"], "born": typed, "code": HA.number}),
    ):
        found, errors = form.read(said)
        assert errors == {}, form
        assert found is not None
        assert found.born == born  # type: ignore[union-attr]
        assert found.typed()["born"] == typed


def test_a_year_that_is_not_the_numbers_is_refused() -> None:
    found, errors = Member.read({"name": "Hà", "born": "1951", "number": HA.number})
    assert found is None
    assert set(errors) == {"number"}


def test_what_is_known_of_a_birthday_is_shown_and_printed() -> None:
    for born, words in ((YEAR, "1950"), (MONTH, "03/1950"), (date(1950, 3, 8), "08/03/1950")):
        person = Person(level=Level.CHIP, name="Hà", number=HA.number, born=born)
        shown = facts(person)[1].value
        assert render(shown, "vi") == words
        assert show(Day(day=born), "en") == words
        assert render(Text.model_validate_json(shown.model_dump_json()), "vi") == words


TODAY = date(2026, 6, 15)


@pytest.mark.parametrize(
    ("born", "least", "most"),
    [
        (PartialDate(2008), 17, 18),
        (PartialDate(2008, 6), 17, 18),
        (PartialDate(2008, 5), 18, 18),
        (PartialDate(2008, 7), 17, 17),
        (date(2008, 6, 15), 18, 18),
        (date(2008, 6, 16), 17, 17),
        (PartialDate(1950), 75, 76),
    ],
)
def test_an_age_is_reckoned_from_the_last_day_and_where_it_may_not_be_passed_from_the_first(
    born: Born, least: int, most: int
) -> None:
    assert (age(born, TODAY), age_at_most(born, TODAY)) == (least, most)
    assert age_on(born, TODAY) == least


def test_a_rule_that_needs_a_day_says_what_it_assumes() -> None:
    (said,) = assumed(PartialDate(2008))
    assert render(said, "vi").endswith("31/12/2008.")
    (said,) = assumed(PartialDate(2008, 2), at_most=True)
    assert render(said, "en").endswith("01/02/2008.")
    assert assumed(date(2008, 1, 1)) == ()
    assert assumed(None) == ()


def why_no_loan(born: Born) -> list[str]:
    loan = banks.bundled().banks[0].loans[0]
    rule = rules.bundled().loan(TODAY)
    payments = schedule(50_000_000, 24, loan.yearly_rate, loan.method)
    income = Income(income=100_000_000, debts=0, employer="hưu trí", phone="0901234567")
    person = Person(level=Level.CHIP, name="Hà", born=born)
    return [render(each, "en") for each in not_eligible(loan, rule, person, income, payments, TODAY)]


def test_a_bank_is_asked_for_by_neither_the_too_young_nor_the_too_old_and_the_assumption_is_told() -> None:
    assert why_no_loan(PartialDate(1980)) == []
    young = why_no_loan(PartialDate(TODAY.year - 18))
    assert "31/12" in young[1]
    loan = banks.bundled().banks[0].loans[0]
    old = why_no_loan(PartialDate(TODAY.year + 2 - loan.oldest_at_end - 1))
    assert "01/01" in old[1]


# ── phones ────────────────────────────────────────────────────────────────────────────────────────────────────

MINE = [
    "0901234567",
    "0901 234 567",
    "0901.234.567",
    "0901-234-567",
    "(090) 123 45 67",
    "+84901234567",
    "+84 (0)90 123 45 67",
    "+84 (0) 90 123-45-67",
    "+84.90.1234567",
    "84901234567",
    "840901234567",
    "0084 90 123 4567",
    "00840901234567",
    "tel:+84-90-123-4567",
    "０９０１２３４５６７",
    "\u202a+84 90 123 4567\u202c",
    "090\u00a0123\u00a04567",
    "090–123–4567",
]


class Phones(Form):
    """Asks for a phone number."""

    phone: Annotated[str, forms.phone(verbatim("Phone"))]


@pytest.mark.parametrize("typed", MINE)
def test_every_field_takes_a_phone_number_however_it_is_written(typed: str) -> None:
    for form, name in ((Phones, "phone"), (TopUpPhone, "number")):
        found, errors = form.read({name: typed})
        assert errors == {}
        assert getattr(found, name) == "0901234567"
    assert normalise(typed) == "0901234567"


@pytest.mark.parametrize("old", ["01201234567", "+84 120 123 4567", "0120.123.4567"])
def test_every_field_knows_the_old_eleven_digits(old: str) -> None:
    assert Phones.read({"phone": old})[0] == Phones(phone="0701234567")
    assert normalise(old) == "0701234567"
    assert normalise(old).was == "01201234567"


@pytest.mark.parametrize(
    "typed",
    ["", "090123456", "09012345678", "0201234567", "1022", "+1 415 555 0100", "0901234abc", "+840", "++84901234567"],
)
def test_what_is_no_mobile_number_is_refused_by_every_field_alike(typed: str) -> None:
    with pytest.raises(PhoneError):
        read_mobile(typed)
    with pytest.raises(PhoneError):
        normalise(typed)
    assert Phones.read({"phone": typed})[0] is None


# ── amounts ───────────────────────────────────────────────────────────────────────────────────────────────────


class Amounts(Form):
    """Asks for an amount."""

    amount: Annotated[int, forms.money(verbatim("Amount"))]


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("9500000", 9_500_000),
        ("9.500.000", 9_500_000),
        ("9,500,000", 9_500_000),
        ("9 500 000", 9_500_000),
        ("9\u00a0500\u00a0000 ₫", 9_500_000),
        ("9.500.000,00", 9_500_000),
        ("9,500,000.00", 9_500_000),
        ("9.500.000,0", 9_500_000),
        ("9500000.00", 9_500_000),
        ("9500000,00 đ", 9_500_000),
        ("9.500.000 VNĐ", 9_500_000),
        ("VND 9.500.000", 9_500_000),
        ("9.500.000,-", 9_500_000),
        ("9'500'000", 9_500_000),
        ("９．５００．０００", 9_500_000),
        ("9.500", 9_500),
        ("0", 0),
        ("0,00", 0),
        ("00050000", 50_000),
    ],
)
def test_an_amount_is_what_was_meant(typed: str, amount: int) -> None:
    assert Amounts.read({"amount": typed})[0] == Amounts(amount=amount)


@pytest.mark.parametrize(
    "typed",
    [
        "9.500.000,50",
        "9,5",
        "9.50",
        "95000.00.00",
        "9.500.00",
        "9,500.000,00",
        "1.2345",
        "0,001",
        "9.500,000.000",
        "-9500000",
        "9500000-",
        "9tr5",
        "9.5 triệu",
        "1e6",
        "9..500",
        ".500",
        "9500000,",
        "٩٥٠٠",
        "9999999999999999",
    ],
)
def test_a_part_of_a_dong_or_what_cannot_be_told_is_refused_and_never_guessed(typed: str) -> None:
    with pytest.raises(AmountError):
        read_amount(typed)
    assert Amounts.read({"amount": typed})[0] is None
