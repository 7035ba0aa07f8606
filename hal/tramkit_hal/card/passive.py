"""Passive authentication: whether the country signed what the chip holds (ICAO 9303 part 11, section 5.1).

The chip's security object (SOD) is a CMS SignedData (RFC 5652) over the hashes of the data groups. It shows that the
data are as the country wrote them; it does not show that the chip is no copy of another one.
"""

# asn1crypto has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from asn1crypto import cms, core, parser
from asn1crypto.algos import DigestAlgorithm
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from tramkit_hal import TramkitError
from tramkit_hal.card.files import GROUPS, CardFiles, DataGroup
from tramkit_hal.words import noted

LDS_SECURITY_OBJECT = "2.23.136.1.1.1"
"""icao-mrtd-security-ldsSecurityObject (ICAO 9303 part 10)."""

_HASHES: dict[str, Callable[[], hashes.HashAlgorithm]] = {
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
"""What ICAO 9303 part 12 allows; SHA-1 is broken and not among them."""


class Flaw(StrEnum):
    """Why a card is not believed."""

    NO_SOD = noted("no security object")
    BROKEN_SOD = noted("broken security object")
    NOT_LISTED = noted("a data group is not in the security object")
    CHANGED = noted("a data group is not what was signed")
    BAD_SIGNATURE = noted("the signature is wrong")
    ALGORITHM = noted("an algorithm that is not accepted")
    UNKNOWN_COUNTRY = noted("no trusted country certificate issued the signer")
    NOT_VALID_NOW = noted("the signer's certificate is not valid today")
    NOT_A_SIGNER = noted("the certificate may not sign documents")
    COPY = noted("the chip did not show that it is no copy")
    CONTENT = noted("what the chip holds cannot be read")
    EXPIRED = noted("the card has expired")


class NotAuthenticError(TramkitError):
    """What the chip holds cannot be believed.

    :param flaw: why; without anything of the card, so that it may be logged.
    """

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.value)
        self.flaw = flaw


@dataclass(frozen=True)
class Signed:
    """What a genuine security object says.

    :param signer: certificate of the document signer.
    :param groups: the data groups that were compared with it.
    :param listed: the data groups that the card has, read or not.
    """

    signer: x509.Certificate
    groups: frozenset[DataGroup]
    listed: frozenset[DataGroup]


class _GroupHash(core.Sequence):
    _fields = [("number", core.Integer), ("hash", core.OctetString)]  # noqa: RUF012


class _GroupHashes(core.SequenceOf):
    _child_spec = _GroupHash


class _VersionInfo(core.Sequence):
    _fields = [("lds", core.PrintableString), ("unicode", core.PrintableString)]  # noqa: RUF012


class _SecurityObject(core.Sequence):
    _fields = [  # noqa: RUF012
        ("version", core.Integer),
        ("algorithm", DigestAlgorithm),
        ("hashes", _GroupHashes),
        ("info", _VersionInfo, {"optional": True}),
    ]


_load_content_info: Any = cms.ContentInfo.load
_load_security_object: Any = _SecurityObject.load


def verify(files: CardFiles) -> Signed:
    """Check the groups against the security object, and its signature against the signer's certificate in it.

    Whether that certificate is the country's is not checked here: see :mod:`tramkit_hal.card.trust`.

    :raises NotAuthenticError: says what is wrong.
    """
    if not files.has("sod"):
        raise NotAuthenticError(Flaw.NO_SOD)
    try:
        signed_data, content = _open(files.group("sod"))
        info = _only(signed_data["signer_infos"])
        _check_form(signed_data, info)
        signer = _signer(signed_data, info)
        expected = _hashes(content)
        _check_signature(info, signer, content)
    except NotAuthenticError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):  # whatever asn1crypto says of a broken one
        raise NotAuthenticError(Flaw.BROKEN_SOD) from None
    return Signed(signer, _compare(files, expected), _named(expected[1]))


def listed(sod: bytes) -> frozenset[DataGroup]:
    """Return the data groups that a security object lists; believed by nobody, good for reading them.

    Empty where it is broken.
    """
    try:
        return _named(_hashes(_open(sod)[1])[1])
    except (NotAuthenticError, ValueError, TypeError, KeyError, IndexError, AttributeError):
        return frozenset()


def _named(hashes: Mapping[int, bytes]) -> frozenset[DataGroup]:
    return frozenset(group for group in GROUPS if int(group.removeprefix("dg")) in hashes)


def _open(sod: bytes) -> tuple[Any, bytes]:
    """Return the SignedData and what it signs: ``77 L ContentInfo``."""
    kind, method, tag, _header, inside, _trailer = cast("Any", parser.parse(sod, strict=True))
    if (kind, method, tag) != (1, 1, 23):
        raise NotAuthenticError(Flaw.BROKEN_SOD)
    outer = _load_content_info(inside, strict=True)
    if outer["content_type"].native != "signed_data":
        raise NotAuthenticError(Flaw.BROKEN_SOD)
    signed_data = outer["content"]
    encapsulated = signed_data["encap_content_info"]
    if encapsulated["content_type"].dotted != LDS_SECURITY_OBJECT:
        raise NotAuthenticError(Flaw.BROKEN_SOD)
    return signed_data, bytes(encapsulated["content"])


def _only(values: Any) -> Any:
    if len(values) != 1:
        raise NotAuthenticError(Flaw.BROKEN_SOD)
    return values[0]


def _check_form(signed_data: Any, info: Any) -> None:
    """Check what no signature is over: versions (RFC 5652, sections 5.1 and 5.3) and algorithms that are only named.

    It says nothing that is believed; but a security object that was touched anywhere is not taken for genuine.
    """
    by_name = info["sid"].name == "issuer_and_serial_number"
    if signed_data["version"].native != "v3" or info["version"].native != ("v1" if by_name else "v3"):
        raise NotAuthenticError(Flaw.BROKEN_SOD)
    named = [*signed_data["digest_algorithms"], info["digest_algorithm"]]
    if info["digest_algorithm"]["algorithm"].native not in {each["algorithm"].native for each in named[:-1]}:
        raise NotAuthenticError(Flaw.BROKEN_SOD)
    for each in named:
        if each["algorithm"].native not in _HASHES:
            raise NotAuthenticError(Flaw.ALGORITHM)
        if each["parameters"].native is not None or each["parameters"].dump() not in (b"", b"\x05\x00"):
            raise NotAuthenticError(Flaw.BROKEN_SOD)


def _signer(signed_data: Any, info: Any) -> x509.Certificate:
    """Return the certificate that the signer's identifier names; exactly one must."""
    sid = info["sid"]
    for choice in signed_data["certificates"] or ():
        certificate = choice.chosen
        if sid.name == "issuer_and_serial_number":
            fits = (
                certificate.serial_number == sid.chosen["serial_number"].native
                and certificate.issuer.dump() == sid.chosen["issuer"].dump()
            )
        else:
            fits = certificate.key_identifier == sid.chosen.native
        if fits and certificate["signature_value"].contents[0] == 0:  # no unused bits: they would be anybody's to set
            try:
                return x509.load_der_x509_certificate(certificate.dump())
            except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
                raise NotAuthenticError(Flaw.BROKEN_SOD) from None
    raise NotAuthenticError(Flaw.BROKEN_SOD)


def _hashes(content: bytes) -> tuple[str, dict[int, bytes]]:
    """Return the hash algorithm and each group's hash."""
    said = _load_security_object(content, strict=True)
    algorithm = said["algorithm"]["algorithm"].native
    if algorithm not in _HASHES:
        raise NotAuthenticError(Flaw.ALGORITHM)
    return algorithm, {each["number"].native: each["hash"].native for each in said["hashes"]}


def _check_signature(info: Any, signer: x509.Certificate, content: bytes) -> None:
    digest = info["digest_algorithm"]["algorithm"].native
    if digest not in _HASHES:
        raise NotAuthenticError(Flaw.ALGORITHM)
    signed: bytes = content
    attributes = info["signed_attrs"]
    if attributes:  # RFC 5652, section 5.4: then they are what is signed, and they bind the content
        by_type = {each["type"].native: each["values"] for each in attributes}
        if _only(by_type["content_type"]).dotted != LDS_SECURITY_OBJECT:
            raise NotAuthenticError(Flaw.BROKEN_SOD)
        if _only(by_type["message_digest"]).native != hashlib.new(digest, content).digest():
            raise NotAuthenticError(Flaw.BAD_SIGNATURE)
        signed = attributes.untag().dump(force=True)
    _check_raw(info["signature_algorithm"], digest, signer, info["signature"].native, signed)


def _check_raw(algorithm: Any, digest: str, signer: x509.Certificate, signature: bytes, signed: bytes) -> None:
    """Check a signature by RSA (PKCS #1 v1.5 or PSS) or ECDSA."""
    try:
        name = algorithm.signature_algo
        key = signer.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise NotAuthenticError(Flaw.ALGORITHM) from None
    try:
        named = algorithm.hash_algo
    except ValueError:  # "rsaEncryption" names none: the digest algorithm of the signer info counts
        named = digest
    if named not in _HASHES:
        raise NotAuthenticError(Flaw.ALGORITHM)
    hash_ = _HASHES[named]()
    try:
        if name == "rsassa_pkcs1v15" and isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, padding.PKCS1v15(), hash_)
        elif name == "rsassa_pss" and isinstance(key, rsa.RSAPublicKey):
            parameters = algorithm["parameters"]
            mask = parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native
            if mask not in _HASHES:
                raise NotAuthenticError(Flaw.ALGORITHM)
            salt = int(parameters["salt_length"].native)
            key.verify(signature, signed, padding.PSS(padding.MGF1(_HASHES[mask]()), salt), hash_)
        elif name == "ecdsa" and isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(hash_))
        else:
            raise NotAuthenticError(Flaw.ALGORITHM)
    except InvalidSignature:
        raise NotAuthenticError(Flaw.BAD_SIGNATURE) from None


def _compare(files: CardFiles, expected: tuple[str, dict[int, bytes]]) -> frozenset[DataGroup]:
    algorithm, said = expected
    compared: set[DataGroup] = set()
    for group in files.groups:
        if group == "sod":
            continue
        number = int(group.removeprefix("dg"))
        if number not in said:
            raise NotAuthenticError(Flaw.NOT_LISTED)
        if hashlib.new(algorithm, files.group(group)).digest() != said[number]:
            raise NotAuthenticError(Flaw.CHANGED)
        compared.add(group)
    return frozenset(compared)
