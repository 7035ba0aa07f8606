"""A form signed digitally on the resident's own phone: the port, its client, and what makes a signature believed.

The form is handed to the signing system (VNeID), the resident reads it on the phone and signs there; the
station gets the signature and the signer's certificate and looks at both itself.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import quote

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from pydantic import Field, ValidationError

from tramkit import Gateway, GatewayError, ReceivedData, TramkitError

MAX_CHAIN = 4


class SigningRequest(ReceivedData):
    """A form that waits for its signature.

    :param id: at the signing system.
    :param code: what the phone scans.
    :param spoken: letters that the phone shows too, to compare.
    :param seconds: so long it waits.
    """

    id: str = Field(min_length=1, max_length=200)
    code: str = Field(min_length=1, max_length=500)
    spoken: str = Field(max_length=40)
    seconds: float = Field(gt=0, le=3600)


class Signed(ReceivedData):
    """What became of a request.

    :param signature: over the form's bytes with SHA-256 (ECDSA, or RSA PKCS #1 v1.5), base64.
    :param certificates: the signer's first, then up to the one under the root; PEM.
    """

    state: Literal["waiting", "signed", "refused", "expired"]
    signature: str = Field(default="", max_length=4_000)
    certificates: tuple[str, ...] = Field(default=(), max_length=MAX_CHAIN)


class WrongSignatureError(TramkitError, ValueError):
    """A signature is not believed; the words say why."""


class SigningPort(Protocol):
    """Where forms are signed."""

    async def begin(self, title: str, form: str, number: str) -> SigningRequest:
        """Hand a form over.

        :param number: identity number of who is to sign it.
        :raises GatewayError: no answer that can be understood.
        """
        ...

    async def ask(self, id: str, attempt: int) -> Signed:
        """Ask what became of it.

        :param attempt: how often it was asked before.
        :raises GatewayError: no answer that can be understood.
        """
        ...

    def check(self, signed: Signed, form: str, number: str, now: datetime) -> None:
        """Hold a signature against the form and the signer.

        :raises WrongSignatureError: it is not theirs, not over this form, or not under a root that is believed.
        """
        ...


class PhoneSigning:
    """The client of a signing system.

    :param url: of the system.
    :param client: what the station is called there.
    :param trust: file of the root certificates (PEM).
    """

    def __init__(self, url: str, client: str, trust: Path) -> None:
        self._gateway = Gateway(url, "the digital signature")
        self._client = client
        self._trust = trust

    async def begin(self, title: str, form: str, number: str) -> SigningRequest:
        """Hand a form over."""
        digest = hashlib.sha256(form.encode()).hexdigest()
        body = {"client": self._client, "title": title, "form": form, "sha256": digest, "signer": number}
        status, told = await self._gateway.ask("POST", "/signatures", body)
        return self._read(SigningRequest, status, told)

    async def ask(self, id: str, attempt: int) -> Signed:
        """Ask what became of it."""
        del attempt  # it tells one question from the next, so that a replay gives each its own answer
        return self._read(Signed, *await self._gateway.ask("GET", f"/signatures/{quote(id, safe='')}"))

    def check(self, signed: Signed, form: str, number: str, now: datetime) -> None:
        """Hold a signature against the form and the signer."""
        try:
            roots = x509.load_pem_x509_certificates(self._trust.read_bytes())
        except (OSError, ValueError):
            raise WrongSignatureError("there are no certificates under which it could be believed") from None
        check_signature(signed, form.encode(), number, roots, now)

    @staticmethod
    def _read(model: type[Any], status: int, told: dict[str, Any]) -> Any:
        try:
            if status in (200, 201):
                return model.model_validate(told)
        except ValidationError:
            pass
        raise GatewayError("the digital signature's answer cannot be understood")


def check_signature(signed: Signed, form: bytes, number: str, roots: Sequence[x509.Certificate], now: datetime) -> None:
    """Hold a signature against form, signer, time and roots.

    :raises WrongSignatureError: with the reason.
    """
    try:
        chain = [x509.load_pem_x509_certificate(each.encode()) for each in signed.certificates]
        signature = base64.b64decode(signed.signature, validate=True)
    except (ValueError, binascii.Error):
        raise WrongSignatureError("signature or certificate cannot be read") from None
    if not chain or not signature:
        raise WrongSignatureError("the form is not signed")
    signer = chain[0]
    if number not in _numbers(signer):
        raise WrongSignatureError("somebody else has signed")
    _check_chain(chain, roots, now)
    key = signer.public_key()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, form, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, form, padding.PKCS1v15(), hashes.SHA256())
        else:
            raise WrongSignatureError("the signer's kind of key is not known")
    except InvalidSignature:
        raise WrongSignatureError("the signature is not over this form") from None


def _check_chain(chain: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], now: datetime) -> None:
    """Walk from the signer's certificate to a root (RFC 5280, section 6, without policies and revocation)."""
    for each in chain:
        if not each.not_valid_before_utc <= now <= each.not_valid_after_utc:
            raise WrongSignatureError("a certificate is not valid now")
    for below, above in zip(chain, [*chain[1:], None], strict=True):
        issuers = [above] if above is not None else list(roots)
        if not any(_issued(below, issuer, now) for issuer in issuers):
            raise WrongSignatureError("no root that is believed stands above the certificate")


def _issued(below: x509.Certificate, issuer: x509.Certificate, now: datetime) -> bool:
    try:
        below.verify_directly_issued_by(issuer)
        authority = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (InvalidSignature, TypeError, ValueError, x509.ExtensionNotFound):
        return False
    return authority and issuer.not_valid_before_utc <= now <= issuer.not_valid_after_utc


def _numbers(certificate: x509.Certificate) -> set[str]:
    """Return the identity numbers in a certificate's subject: UID ``CCCD:…``, or serial number ``PNOVN-…``."""
    found: set[str] = set()
    for oid in (NameOID.USER_ID, NameOID.SERIAL_NUMBER):
        for each in certificate.subject.get_attributes_for_oid(oid):
            found.add(str(each.value).rpartition(":")[2].rpartition("-")[2].strip())
    return found


def kept(signed: Signed) -> bytes:
    """Return a signature as it is handed in beside the form."""
    return json.dumps(signed.model_dump(exclude={"state"}), indent=1).encode()
