"""Synthetic chips: the files of a card as a country would write and sign them, and what can be wrong with them.

The country's key is made anew each time the program runs, so nothing that is signed here is worth anything elsewhere.
"""

# asn1crypto has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import hashlib
import io
import random
import struct
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

import numpy as np
from asn1crypto import algos, cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from PIL import Image

from tramkit_hal.card.files import DataGroup
from tramkit_hal.card.groups import CardData
from tramkit_hal.card.mrz import LINE, NEVER, check_digit
from tramkit_hal.card.passive import LDS_SECURITY_OBJECT
from tramkit_hal.partial_date import PartialDate, write
from tramkit_hal.sim.camera import draw_person
from tramkit_hal.words import noted

YEARS = 10
"""How long the certificates are valid."""

FACE = (240, 320)
"""Width and height of the portrait, pixels."""


class ChipFault(StrEnum):
    """What can be wrong with a chip."""

    NONE = noted("none")
    FORGED = noted("forged data")
    UNKNOWN_COUNTRY = noted("signed by an unknown country")
    EXPIRED_SIGNER = noted("signer's certificate has expired")
    BROKEN_SOD = noted("broken security object")
    COPY = noted("a copy of another chip")
    NO_ANSWER = noted("the chip does not answer")
    PULLED = noted("pulled away during reading")


class Country:
    """A country that signs cards: its certificate (CSCA), and signers of documents under it.

    :ivar now: aware; the certificates are valid around it.
    """

    def __init__(self, now: datetime, name: str = "Synthetic CSCA") -> None:
        self.now = now
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name(
            [x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"), x509.NameAttribute(NameOID.COMMON_NAME, name)]
        )
        self.certificate = self._issue(self._name, self._key.public_key(), self._span(0), authority=True)
        self._signers = {False: self._signer(self._span(0)), True: self._signer(self._span(-2 * YEARS))}

    def pem(self) -> bytes:
        """Return the country's certificate, for the folder of a station that trusts it."""
        return self.certificate.public_bytes(Encoding.PEM)

    def sign(self, groups: Mapping[DataGroup, bytes], *, expired: bool = False) -> bytes:
        """Return the security object of a card's files.

        :param expired: by a signer whose certificate has expired.
        """
        key, certificate = self._signers[expired]
        content = _security_object(groups).dump()
        attributes: Any = cms.CMSAttributes(
            [
                {"type": "content_type", "values": [LDS_SECURITY_OBJECT]},
                {"type": "message_digest", "values": [hashlib.sha256(content).digest()]},
            ]
        )
        own = asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
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
                        "signed_attrs": attributes,
                        "signature_algorithm": {"algorithm": "sha256_ecdsa"},
                        "signature": key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256())),
                    }
                ],
            }
        )
        outer: Any = cms.ContentInfo({"content_type": "signed_data", "content": signed_data})
        return _tlv(0x77, outer.dump())

    def _span(self, years: int) -> tuple[datetime, datetime]:
        begin = self.now + timedelta(days=365 * years - 1)
        return begin, begin + timedelta(days=365 * YEARS)

    def _signer(self, span: tuple[datetime, datetime]) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Synthetic document signer")])
        return key, self._issue(name, key.public_key(), span, authority=False)

    def _issue(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, span: tuple[datetime, datetime], *, authority: bool
    ) -> x509.Certificate:
        usage = x509.KeyUsage(not authority, False, False, False, False, authority, authority, False, False)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(span[0])
            .not_valid_after(span[1])
            .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
            .add_extension(usage, critical=True)
            .sign(self._key, hashes.SHA256())
        )


def make_groups(card: CardData) -> dict[DataGroup, bytes]:
    """Return the files that say who the holder is: DG1, DG2, DG13."""
    return {"dg1": _dg1(card), "dg2": _dg2(card), "dg13": _dg13(card)}


def make_chip(card: CardData, country: Country, fault: ChipFault = ChipFault.NONE) -> dict[DataGroup, bytes]:
    """Return the files of a card's chip.

    :param fault: what is wrong with it; a copy, ``no answer`` and ``pulled`` are the reader's to show.
    """
    groups = make_groups(card)
    if fault is ChipFault.UNKNOWN_COUNTRY:
        country = Country(datetime.now(UTC))
    sod = country.sign(groups, expired=fault is ChipFault.EXPIRED_SIGNER)
    if fault is ChipFault.FORGED:
        groups["dg13"] = _dg13(card.model_copy(update={"address": f"{card.address} 2"}))
    if fault is ChipFault.BROKEN_SOD:
        sod = sod[: len(sod) * 2 // 3]
    return {**groups, "sod": sod}


def zone(card: CardData) -> str:
    """Return the machine-readable zone of a card, ninety characters."""
    document = card.number[3:]
    first = f"IDVNM{document}{check_digit(document)}{card.number}<<{check_digit(card.number)}"
    born = card.born.isoformat().replace("-", "")[2:].ljust(6, "<")
    expires = card.expires.strftime("%y%m%d") if card.expires else NEVER
    sex = "M" if card.sex == "male" else "F"
    second = f"{born}{check_digit(born)}{sex}{expires}{check_digit(expires)}VNM".ljust(LINE - 1, "<")
    composite = check_digit(first[5:30] + second[:7] + second[8:15] + second[18:29])
    words = _plain(card.name).split() or ["X"]
    third = f"{words[0]}<<{'<'.join(words[1:])}"[:LINE].ljust(LINE, "<")
    return first + second + composite + third


def _plain(name: str) -> str:
    """Return a name in capital letters without marks, as it stands in the zone."""
    bare = unicodedata.normalize("NFD", name.upper().replace("Đ", "D"))
    return "".join(letter if "A" <= letter <= "Z" else " " for letter in bare if not unicodedata.combining(letter))


def _tlv(tag: int, content: bytes) -> bytes:
    """Return a value with a tag of one or two bytes."""
    head = tag.to_bytes(2 if tag > 0xFF else 1, "big")
    length = len(content)
    if length < 0x80:
        return head + bytes([length]) + content
    size = (length.bit_length() + 7) // 8
    return head + bytes([0x80 | size]) + length.to_bytes(size, "big") + content


def _dg1(card: CardData) -> bytes:
    return _tlv(0x61, _tlv(0x5F1F, zone(card).encode("ascii")))


def _dg13(card: CardData) -> bytes:
    def said(day: date | PartialDate | None) -> str:
        return write(day) if day else "Không thời hạn"

    entries = {
        1: card.number,
        2: card.name,
        3: said(card.born),
        4: "Nam" if card.sex == "male" else "Nữ",
        5: "Việt Nam",
        9: card.address,
        11: said(card.issued) if card.issued else "",
        12: said(card.expires),
    }
    body = b"".join(
        _tlv(0x30, core.Integer(number).dump() + core.UTF8String(text).dump()) for number, text in entries.items()
    )
    utf8 = core.ObjectIdentifier("1.0.10646.1.0.8").dump()
    return _tlv(0x6D, _tlv(0x30, core.Integer(1).dump() + utf8 + _tlv(0x31, body)))


def _dg2(card: CardData) -> bytes:
    return face_group(portrait(card))


def face_group(image: bytes, *, jpeg2000: bool = False) -> bytes:
    """Return a picture as DG2, in a face record (ISO/IEC 19794-5) with one face without feature points."""
    width, height = FACE
    face = struct.pack(">IHBBB3s2s3s3s", 20 + 12 + len(image), 0, 0, 0, 0, b"\0" * 3, b"\0" * 2, b"\0" * 3, b"\0" * 3)
    about = struct.pack(">BBHHBBHH", 1, int(jpeg2000), width, height, 1, 2, 0, 0)
    record = b"FAC\0" + b"010\0" + struct.pack(">IH", 14 + len(face) + len(about) + len(image), 1)
    header = _tlv(0xA1, _tlv(0x87, b"\x01\x01") + _tlv(0x88, b"\0\x08"))
    template = _tlv(0x7F60, header + _tlv(0x5F2E, record + face + about + image))
    return _tlv(0x75, _tlv(0x7F61, _tlv(0x02, b"\x01") + template))


def portrait(card: CardData, *, jpeg2000: bool = False, quality: int = 80) -> bytes:
    """Return the person's portrait, a JPEG or a JPEG 2000; the same for the same number.

    :param quality: of a JPEG.
    """
    width, height = FACE
    shade = random.Random(card.number).random()
    planes = draw_person(width, height, shade)[0]
    luma = planes[:height].astype(np.float32)
    blue, red = (
        planes[at : at + height // 4].reshape(height // 2, width // 2).repeat(2, 0).repeat(2, 1).astype(np.float32)
        for at in (height, height * 5 // 4)
    )
    picture = np.stack([luma, blue, red], axis=-1).astype(np.uint8)
    out = io.BytesIO()
    image = Image.fromarray(picture, "YCbCr")
    if jpeg2000:
        image.convert("RGB").save(out, "JPEG2000", quality_mode="rates", quality_layers=[20])
    else:
        image.save(out, "JPEG", quality=quality)
    return out.getvalue()


class _GroupHash(core.Sequence):
    _fields = [("number", core.Integer), ("hash", core.OctetString)]  # noqa: RUF012


class _GroupHashes(core.SequenceOf):
    _child_spec = _GroupHash


class _SecurityObject(core.Sequence):
    _fields = [  # noqa: RUF012
        ("version", core.Integer),
        ("algorithm", algos.DigestAlgorithm),
        ("hashes", _GroupHashes),
    ]


def _security_object(groups: Mapping[DataGroup, bytes]) -> Any:
    return _SecurityObject(
        {
            "version": 0,
            "algorithm": {"algorithm": "sha256"},
            "hashes": [
                {"number": int(group.removeprefix("dg")), "hash": hashlib.sha256(data).digest()}
                for group, data in groups.items()
            ],
        }
    )
