"""The corpus of cards: the odd ones that are genuine are believed, the hostile ones never, whatever they do."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from tramkit_hal.card.access import AccessKeys, expiries, from_qr, zone_key
from tramkit_hal.card.apdu import Transport
from tramkit_hal.card.chip import read_chip
from tramkit_hal.card.errors import CardGoneError, ChipError
from tramkit_hal.card.files import CardFiles, DataGroup
from tramkit_hal.card.groups import read_card, read_dg2
from tramkit_hal.card.passive import Flaw, NotAuthenticError
from tramkit_hal.card.qr import CardQr
from tramkit_hal.card.trust import Authentic, FolderTrust, Proven, authenticate
from tramkit_hal.contracts.id_reader import device_error
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.sim.chip import Country, face_group, portrait
from tramkit_hal.sim.hostile_cards import HOSTILE, ODD_BUT_GENUINE, Babble, OddCard, TakenAway
from tramkit_hal.sim.issued_card import IssuedCard, dg14, issue
from tramkit_hal.sim.people import PEOPLE
from tramkit_hal.sim.virtual_card import Profile

NOW = datetime(2026, 11, 25, tzinfo=UTC)
AN = PEOPLE[0]
ALL: tuple[DataGroup, ...] = ("dg1", "dg2", "dg13", "dg14", "dg15", "sod")
INTEGRATED = bytes.fromhex("31143012060a04007f0007020204040202010202010d")
AES256 = bytes.fromhex("31143012060a04007f0007020204020402010202010d")
TRIPLE_DES = bytes.fromhex("31143012060a04007f0007020204020102010202010d")


@pytest.fixture(scope="module")
def country() -> Country:
    return Country(NOW)


@pytest.fixture(scope="module")
def trust(country: Country, tmp_path_factory: pytest.TempPathFactory) -> FolderTrust:
    folder = tmp_path_factory.mktemp("trust")
    (folder / "csca.pem").write_bytes(country.pem())
    return FolderTrust(folder, owners=None)


def key(card: IssuedCard) -> AccessKeys:
    return AccessKeys.parse(f"{card.data.number} {card.zone}")


def read(chip: Transport, access_key: str, groups: tuple[DataGroup, ...] = ALL) -> CardFiles:
    try:
        return read_chip(chip, AccessKeys.parse(access_key), groups)
    except ChipError as error:
        raise device_error(error) from error


async def ending(chip: Transport, trust: FolderTrust) -> Authentic | Flaw | Trouble:
    """Read a chip as a station does, and return what comes of it."""
    zone = zone_key(AN.number, AN.born, AN.expires)
    try:
        return await authenticate(read(chip, f"{AN.number} {zone}"), trust, NOW)
    except NotAuthenticError as error:
        said, end = str(error), error.flaw
    except DeviceError as error:
        said, end = str(error), error.trouble
    assert AN.number not in said
    assert AN.name not in said
    return end


@pytest.mark.parametrize("odd", ODD_BUT_GENUINE, ids=lambda odd: odd.name)
async def test_a_genuine_card_is_believed_however_odd_it_is(odd: OddCard, country: Country, trust: FolderTrust) -> None:
    found = await ending(odd.make(AN, country), trust)
    assert isinstance(found, Authentic)
    assert found.data == AN
    assert found.portrait is not None


@pytest.mark.parametrize("odd", HOSTILE, ids=lambda odd: odd.name)
@pytest.mark.shows("ASVS V6", "ASVS V11")
async def test_a_hostile_card_is_never_believed(odd: OddCard, country: Country, trust: FolderTrust) -> None:
    assert await ending(odd.make(AN, country), trust) is odd.ends


async def test_the_result_says_which_authentication_held(country: Country, trust: FolderTrust) -> None:
    ways = {
        Proven.CHIP_AUTHENTICATION: issue(AN, country).chip(),
        Proven.ACTIVE_AUTHENTICATION: issue(AN, country).chip(Profile(chip_authentication=False)),
        Proven.NOT_OFFERED: issue(AN, country, chip_key=False, active_key=False).chip(),
    }
    for proven, chip in ways.items():
        found = await ending(chip, trust)
        assert isinstance(found, Authentic)
        assert found.proven is proven


@pytest.mark.parametrize("access", [INTEGRATED, AES256, TRIPLE_DES], ids=["integrated", "AES-256", "3DES"])
async def test_other_ways_of_pace_open_too(access: bytes, country: Country, trust: FolderTrust) -> None:
    chip = issue(AN, country).chip(Profile(card_access=access, bac=False))
    found = await ending(chip, trust)
    assert isinstance(found, Authentic)


async def test_chip_authentication_by_3des_and_its_older_command_hold(country: Country, trust: FolderTrust) -> None:
    issued = issue(AN, country)
    groups = {group: data for group, data in issued.groups.items() if group != "sod"}
    groups["dg14"] = dg14(issued.keys, suite=1)
    old = IssuedCard(AN, {**groups, "sod": country.sign(groups)}, issued.keys)
    found = await ending(old.chip(), trust)
    assert isinstance(found, Authentic)
    assert found.proven is Proven.CHIP_AUTHENTICATION


async def test_a_portrait_in_jpeg_2000_is_read(country: Country, trust: FolderTrust) -> None:
    picture = portrait(AN, jpeg2000=True)
    found = await ending(issue(AN, country, changes={"dg2": face_group(picture, jpeg2000=True)}).chip(), trust)
    assert isinstance(found, Authentic)
    assert found.portrait is not None
    assert (found.portrait.kind, found.portrait.image) == ("jpeg2000", picture)


async def test_a_file_beyond_32_kb_is_read_whole(country: Country, trust: FolderTrust) -> None:
    picture = portrait(AN) + random.Random(1).randbytes(50_000)
    found = await ending(issue(AN, country, changes={"dg2": face_group(picture)}).chip(), trust)
    assert isinstance(found, Authentic)
    assert found.portrait is not None
    assert found.portrait.image == picture


async def test_a_card_that_is_taken_away_at_any_apdu_is_unreadable_and_nothing_more(
    country: Country, trust: FolderTrust
) -> None:
    issued = issue(AN, country)
    whole = TakenAway(issued.chip(), at=10_000)
    assert isinstance(await ending(whole, trust), Authentic)
    for at in range(1, whole.count + 1):
        assert await ending(TakenAway(issued.chip(), at), trust) is Trouble.UNREADABLE, at


def test_what_is_taken_away_says_so(country: Country) -> None:
    with pytest.raises(CardGoneError):
        read_chip(TakenAway(issue(AN, country).chip(), at=12), AccessKeys.parse(AN.number), ALL)


@pytest.mark.shows("ASVS V16", "EN 5.13")
async def test_garbage_of_any_kind_ends_in_an_error_of_the_closed_set(trust: FolderTrust) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    for number in range(200):
        assert await ending(Babble(seed + number), trust) in Trouble


async def test_a_card_with_the_same_last_six_digits_opens_and_says_who_it_is(
    country: Country, trust: FolderTrust
) -> None:
    other = AN.model_copy(update={"number": "001" + AN.number[3:], "name": "Trần Văn Khác"})
    found = await ending(issue(other, country).chip(), trust)
    assert isinstance(found, Authentic)
    assert found.data.number == other.number  # whoever compares it with the code sees that they are two people


def test_only_what_is_asked_is_read_beside_what_proves(country: Country) -> None:
    files = read(issue(AN, country).chip(), AN.number, ("dg1", "dg13", "sod"))
    assert set(files.groups) == {"dg1", "dg13", "dg14", "dg15", "sod"}
    assert read_card(files) == AN
    assert AN.number not in repr(files)
    more = read(issue(AN, country).chip(), AN.number, ("dg2",))
    assert read_dg2(more.group("dg2")).image == portrait(AN)


# ── what opens a chip ──


def qr(issued: str | None, number: str = AN.number) -> CardQr:
    made_out = datetime.fromisoformat(issued).date() if issued else None
    return CardQr(
        number=number, old_number="", name="A", born=AN.born, sex="male", address="", issued=made_out, extra=()
    )


@pytest.mark.parametrize(
    ("issued", "expected"),
    [
        ("2021-06-20", "2030-05-17"),  # 31 when it was made out: good until 40
        ("2029-01-01", "2050-05-17"),  # 38: made out early, good until 60
        ("2011-01-01", "2015-05-17"),  # 20: until 25
        ("2014-01-01", "2030-05-17"),  # 23: early, until 40
        ("2051-01-01", None),  # over 60: for good
    ],
)
def test_the_day_of_expiry_is_worked_out_from_birth_and_issue(issued: str, expected: str | None) -> None:
    assert AN.born.isoformat() == "1990-05-17"
    days = expiries(AN.born, datetime.fromisoformat(issued).date())
    assert days[0] == (datetime.fromisoformat(expected).date() if expected else None)


async def test_the_printed_code_alone_opens_a_chip_that_has_bac_only(country: Country, trust: FolderTrust) -> None:
    chip = issue(AN, country).chip(Profile(pace=False))
    assert AN.issued is not None
    found = read(chip, from_qr(qr(AN.issued.isoformat())))
    assert (await authenticate(found, trust, NOW)).data == AN


def test_an_access_key_that_is_none_is_refused_without_being_repeated() -> None:
    for wrong in ("12345", "abcdef", "0790901234589", "09012345849005178300517x"):
        with pytest.raises(ValueError, match="an access key has") as caught:
            AccessKeys.parse(wrong)
        assert wrong not in str(caught.value)
    assert "123458" not in repr(AccessKeys.parse("079090123458"))


def test_without_a_zone_a_chip_that_has_bac_only_stays_shut(country: Country) -> None:
    with pytest.raises(DeviceError) as caught:
        read(issue(AN, country).chip(Profile(pace=False)), AN.number)
    assert caught.value.trouble is Trouble.UNREADABLE
