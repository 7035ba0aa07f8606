"""The chip of the identity card: what it says, and that nothing of it is believed that the country has not signed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import algos, cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from tramkit_hal.card import mrz, passive
from tramkit_hal.card.files import CardFiles
from tramkit_hal.card.groups import CardContentError, CardData, read_card, read_dg2, read_dg13
from tramkit_hal.card.passive import LDS_SECURITY_OBJECT, Flaw, NotAuthenticError
from tramkit_hal.card.trust import FolderTrust, authenticate
from tramkit_hal.sim import chip
from tramkit_hal.sim.chip import ChipFault, Country, make_chip
from tramkit_hal.sim.people import PEOPLE
from tramkit_hal.words import Text, render

ZONE = "IDVNM0901234584079090123458<<4\n9005178M3005176VNM<<<<<<<<<<<6\nNGUYEN<<VAN<AN<<<<<<<<<<<<<<<<"
NOW = datetime(2026, 11, 25, tzinfo=UTC)
AN = PEOPLE[0]


@pytest.fixture(scope="module")
def country() -> Country:
    return Country(NOW)


@pytest.fixture
def trust(country: Country, tmp_path: Path) -> FolderTrust:
    (tmp_path / "csca.pem").write_bytes(country.pem())
    return FolderTrust(tmp_path, owners=None)


def said(*texts: Text | None) -> list[str]:
    return [render(text, "en") for text in texts if text is not None]


def files(card: CardData, country: Country, fault: ChipFault = ChipFault.NONE) -> CardFiles:
    return CardFiles(make_chip(card, country, fault))


# ── the machine-readable zone ──


def test_the_zone_of_a_card_is_read_with_the_key_that_opens_its_chip() -> None:
    zone = mrz.parse(ZONE)
    assert zone == mrz.Mrz(
        number="079090123458",
        name="NGUYEN VAN AN",
        born=date(1990, 5, 17),
        sex="male",
        expires=date(2030, 5, 17),
        key="090123458490051783005176",
    )
    assert hashlib.sha1(zone.key.encode()).hexdigest()[:32] == "1b02f79e8d1cf4f736b4b03035603326"


@pytest.mark.parametrize("card", PEOPLE, ids=lambda card: card.number)
def test_the_zone_that_is_written_is_the_zone_that_is_read(card: CardData) -> None:
    zone = mrz.parse(chip.zone(card))
    assert (zone.number, zone.born, zone.sex, zone.expires) == (card.number, card.born, card.sex, card.expires)
    assert chip.zone(AN) == ZONE.replace("\n", "")


@pytest.mark.parametrize("place", [*range(5, 30), *range(30, 37), *range(38, 45), 59])
def test_a_changed_character_is_seen_by_a_check_digit(place: int) -> None:
    text = ZONE.replace("\n", "")
    other = "1" if text[place] != "1" else "3"
    with pytest.raises(mrz.MrzError) as caught:
        mrz.parse(text[:place] + other + text[place + 1 :])
    assert "0901" not in str(caught.value)


@pytest.mark.parametrize(
    ("field", "old", "new"),
    [
        ("form", "NGUYEN", "NGUYễN"),
        ("country", "IDVNM", "IDUTO"),
        ("sex", "8M3", "8F3"),
        ("number", "458<<4", "458<<5"),
        ("name", "NGUYEN<<VAN<AN", "<<<<<<<<<<<<<<"),
    ],
)
def test_each_wrong_part_is_named(field: str, old: str, new: str) -> None:
    with pytest.raises(mrz.MrzError) as caught:
        mrz.parse(ZONE.replace(old, new))
    assert caught.value.field == field


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.text(alphabet="0123456789<ABMFVN\n", max_size=100))
def test_whatever_is_read_optically_is_a_zone_or_a_clear_refusal(text: str) -> None:
    with pytest.raises(mrz.MrzError):
        mrz.parse(text)


# ── data groups ──


@pytest.mark.parametrize("card", PEOPLE, ids=lambda card: card.number)
def test_what_the_chip_says_is_what_was_written(card: CardData, country: Country) -> None:
    read = files(card, country)
    assert read_card(read) == card
    assert read_dg2(read.group("dg2")).image == chip.portrait(card)


def test_entries_of_dg13_are_found_by_their_integer_in_any_order() -> None:
    def entry(number: int, *texts: str) -> bytes:
        inside = (
            core.UTF8String(texts[0]).dump()
            if len(texts) == 1
            else core.SequenceOf([core.UTF8String(text) for text in texts], spec=core.UTF8String).dump()
        )
        return chip._tlv(0x30, core.Integer(number).dump() + inside)

    body = entry(9, "Hà Nội") + entry(77, "?") + entry(13, "Cha", "Mẹ") + entry(2, "Đặng Thị Thuỳ Dương")
    said = read_dg13(chip._tlv(0x6D, chip._tlv(0x30, core.Integer(0).dump() + chip._tlv(0x31, body))))
    assert said == {"address": "Hà Nội", "parents": "Cha; Mẹ", "name": "Đặng Thị Thuỳ Dương"}


def test_two_groups_that_say_different_things_are_no_card(country: Country) -> None:
    ours, other = make_chip(AN, country), make_chip(PEOPLE[1], country)
    with pytest.raises(CardContentError, match="its number is not the one of DG1") as caught:
        read_card(CardFiles({**ours, "dg13": other["dg13"]}))
    assert "Nguyễn" not in str(caught.value)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"\x61", b"\x75", b"\x6d", b"\x77", b""]))
def test_whatever_a_chip_answers_is_read_or_refused(data: bytes, first: bytes) -> None:
    read = CardFiles({"dg1": first + data, "dg2": first + data, "dg13": first + data, "sod": first + data})
    with pytest.raises(CardContentError):
        read_card(read)
    with pytest.raises(CardContentError):
        read_dg2(read.group("dg2"))
    with pytest.raises(NotAuthenticError):
        passive.verify(read)


# ── passive authentication ──


async def test_a_genuine_card_is_believed_with_its_portrait(country: Country, trust: FolderTrust) -> None:
    found = await authenticate(files(AN, country), trust, NOW)
    assert found.data == AN
    assert found.portrait is not None
    assert found.portrait.kind == "jpeg"
    assert "image" not in repr(found.portrait)


@pytest.mark.parametrize(
    ("fault", "flaw"),
    [
        (ChipFault.FORGED, Flaw.CHANGED),
        (ChipFault.UNKNOWN_COUNTRY, Flaw.UNKNOWN_COUNTRY),
        (ChipFault.EXPIRED_SIGNER, Flaw.NOT_VALID_NOW),
        (ChipFault.BROKEN_SOD, Flaw.BROKEN_SOD),
    ],
)
async def test_each_fault_of_a_chip_is_told_apart(
    fault: ChipFault, flaw: Flaw, country: Country, trust: FolderTrust
) -> None:
    with pytest.raises(NotAuthenticError) as caught:
        await authenticate(files(AN, country, fault), trust, NOW)
    assert caught.value.flaw is flaw


async def test_any_flipped_bit_of_what_is_signed_is_seen(country: Country, trust: FolderTrust) -> None:
    genuine = make_chip(AN, country)
    for group in ("dg1", "dg2", "dg13"):
        for place in range(3, len(genuine[group]), max(1, len(genuine[group]) // 25)):
            data = bytearray(genuine[group])
            data[place] ^= 1
            with pytest.raises(NotAuthenticError) as caught:
                await authenticate(CardFiles({**genuine, group: bytes(data)}), trust, NOW)
            assert caught.value.flaw is Flaw.CHANGED


async def test_any_flipped_bit_of_the_security_object_is_refused(country: Country, trust: FolderTrust) -> None:
    genuine = make_chip(AN, country)
    for place in range(0, len(genuine["sod"]), 7):
        data = bytearray(genuine["sod"])
        data[place] ^= 1
        try:
            found = await authenticate(CardFiles({**genuine, "sod": bytes(data)}), trust, NOW)
        except NotAuthenticError:
            continue
        assert found.data == AN  # a bit outside what is signed, such as the version: what is believed is still true


@pytest.mark.parametrize(("left_out", "flaw"), [("sod", Flaw.NO_SOD), ("dg1", Flaw.CONTENT)])
async def test_a_missing_file_is_no_card(left_out: str, flaw: Flaw, country: Country, trust: FolderTrust) -> None:
    some = {group: data for group, data in make_chip(AN, country).items() if group != left_out}
    with pytest.raises(NotAuthenticError) as caught:
        await authenticate(CardFiles(some), trust, NOW)
    assert caught.value.flaw is flaw


async def test_a_group_that_the_country_did_not_sign_is_refused(country: Country, trust: FolderTrust) -> None:
    genuine = make_chip(AN, country)
    with pytest.raises(NotAuthenticError) as caught:
        await authenticate(CardFiles({**genuine, "dg14": b"\x6e\x00"}), trust, NOW)
    assert caught.value.flaw is Flaw.NOT_LISTED


async def test_the_security_object_of_another_card_does_not_help(country: Country, trust: FolderTrust) -> None:
    mine, other = make_chip(AN, country), make_chip(PEOPLE[1], country)
    with pytest.raises(NotAuthenticError) as caught:
        await authenticate(CardFiles({**mine, "sod": other["sod"]}), trust, NOW)
    assert caught.value.flaw is Flaw.CHANGED


async def test_an_expired_card_is_not_believed(country: Country, trust: FolderTrust) -> None:
    assert AN.expires is not None
    old = AN.model_copy(update={"expires": NOW.date() - timedelta(days=1)})
    with pytest.raises(NotAuthenticError) as caught:
        await authenticate(files(old, country), trust, NOW)
    assert caught.value.flaw is Flaw.EXPIRED
    today = AN.model_copy(update={"expires": NOW.date()})
    assert (await authenticate(files(today, country), trust, NOW)).data == today
    midnight_in_vietnam = NOW.replace(hour=17)
    assert (await authenticate(files(today, country), trust, midnight_in_vietnam - timedelta(seconds=1))).data == today
    with pytest.raises(NotAuthenticError):
        await authenticate(files(today, country), trust, midnight_in_vietnam)


# ── signatures by RSA, as other countries use ──

Sign = Callable[[rsa.RSAPrivateKey, bytes], bytes]


def rsa_sod(groups: dict[str, bytes], algorithm: object, sign: Sign) -> tuple[bytes, bytes]:
    """Return a security object signed by RSA without signed attributes, and its country's certificate."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "RSA")])
    builder = (
        x509.CertificateBuilder()
        .issuer_name(name)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .public_key(key.public_key())
    )
    usage = x509.KeyUsage(True, False, False, False, False, True, False, False, False)
    csca = (
        builder.subject_name(name)
        .serial_number(1)
        .add_extension(x509.BasicConstraints(True, None), True)
        .add_extension(usage, True)
        .sign(key, hashes.SHA256())
    )
    signer = (
        builder.subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "DS")]))
        .serial_number(2)
        .sign(key, hashes.SHA256())
    )
    own = asn1_x509.Certificate.load(signer.public_bytes(Encoding.DER))
    content = chip._security_object(groups).dump()  # type: ignore[arg-type]
    signed_data = cms.SignedData(
        {
            "version": "v3",
            "digest_algorithms": [algos.DigestAlgorithm({"algorithm": "sha256"})],
            "encap_content_info": {
                "content_type": LDS_SECURITY_OBJECT,
                "content": core.ParsableOctetString(content),
            },
            "certificates": [cms.CertificateChoices(name="certificate", value=own)],
            "signer_infos": [
                {
                    "version": "v1",
                    "sid": cms.SignerIdentifier(
                        name="issuer_and_serial_number",
                        value={"issuer": own.issuer, "serial_number": own.serial_number},
                    ),
                    "digest_algorithm": {"algorithm": "sha256"},
                    "signature_algorithm": algorithm,
                    "signature": sign(key, content),
                }
            ],
        }
    )
    outer = cms.ContentInfo({"content_type": "signed_data", "content": signed_data})
    return chip._tlv(0x77, outer.dump()), csca.public_bytes(Encoding.DER)


PSS = {
    "algorithm": "rsassa_pss",
    "parameters": {
        "hash_algorithm": {"algorithm": "sha256"},
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": "sha256"}},
        "salt_length": 32,
    },
}


def by_pkcs1(key: rsa.RSAPrivateKey, content: bytes) -> bytes:
    return key.sign(content, padding.PKCS1v15(), hashes.SHA256())


def by_pss(key: rsa.RSAPrivateKey, content: bytes) -> bytes:
    return key.sign(content, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())


@pytest.mark.parametrize(
    ("algorithm", "sign"),
    [
        ({"algorithm": "sha256_rsa"}, by_pkcs1),
        ({"algorithm": "rsassa_pkcs1v15"}, by_pkcs1),
        (PSS, by_pss),
    ],
    ids=["pkcs1", "rsaEncryption", "pss"],
)
async def test_rsa_signatures_are_checked_too(algorithm: object, sign: Sign, tmp_path: Path, country: Country) -> None:
    groups = {group: data for group, data in make_chip(AN, country).items() if group != "sod"}
    sod, csca = rsa_sod(groups, algorithm, sign)  # type: ignore[arg-type]
    (tmp_path / "csca.der").write_bytes(csca)
    assert (await authenticate(CardFiles({**groups, "sod": sod}), FolderTrust(tmp_path, owners=None), NOW)).data == AN
    forged, _csca = rsa_sod(groups, algorithm, lambda key, content: sign(key, content + b"!"))  # type: ignore[arg-type]
    with pytest.raises(NotAuthenticError) as caught:
        passive.verify(CardFiles({**groups, "sod": forged}))
    assert caught.value.flaw is Flaw.BAD_SIGNATURE


async def test_a_signature_over_sha1_is_not_accepted(country: Country) -> None:
    groups = {group: data for group, data in make_chip(AN, country).items() if group != "sod"}
    sod, _csca = rsa_sod(
        groups,  # type: ignore[arg-type]
        {"algorithm": "sha1_rsa"},
        lambda key, content: key.sign(content, padding.PKCS1v15(), hashes.SHA1()),
    )
    with pytest.raises(NotAuthenticError) as caught:
        passive.verify(CardFiles({**groups, "sod": sod}))
    assert caught.value.flaw is Flaw.ALGORITHM


# ── whom the operator trusts ──


def test_without_a_folder_nobody_is_trusted_and_that_is_said(tmp_path: Path) -> None:
    assert said(FolderTrust(None).unavailable()) == [
        "No folder of country certificates is named: identity.country_certificates in station.toml."
    ]
    assert said(*FolderTrust(tmp_path / "none", owners=None).problems())[0].startswith(
        f"The folder {tmp_path}/none cannot be read: "
    )
    assert said(FolderTrust(tmp_path, owners=None).unavailable()) == [
        f"The folder {tmp_path} has no country certificate."
    ]


async def test_a_folder_that_changes_counts_at_once(country: Country, tmp_path: Path) -> None:
    trust = FolderTrust(tmp_path, owners=None)
    assert trust.unavailable()
    file = tmp_path / "vn.cer"
    file.write_bytes(country.certificate.public_bytes(Encoding.DER))
    assert trust.unavailable() is None
    assert (await authenticate(files(AN, country), trust, NOW)).data == AN
    file.unlink()
    with pytest.raises(NotAuthenticError) as caught:
        await authenticate(files(AN, country), trust, NOW)
    assert caught.value.flaw is Flaw.UNKNOWN_COUNTRY


def test_what_is_no_country_certificate_is_named(country: Country, tmp_path: Path) -> None:
    (tmp_path / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    signer = passive.verify(files(AN, country)).signer
    (tmp_path / "signer.crt").write_bytes(signer.public_bytes(Encoding.PEM))
    (tmp_path / "notes.txt").write_text("not looked at")
    trust = FolderTrust(tmp_path, owners=None)
    assert said(*trust.problems()) == [
        "broken.pem is no certificate in PEM, DER or PKCS #7.",
        "signer.crt holds a certificate that may not issue others.",
    ]
    assert trust.unavailable()


async def test_a_country_that_has_expired_signs_nothing_any_more(country: Country, trust: FolderTrust) -> None:
    with pytest.raises(NotAuthenticError) as caught:
        await authenticate(files(AN, country), trust, NOW + timedelta(days=3660))
    assert caught.value.flaw is Flaw.NOT_VALID_NOW
