"""Whom a station believes: the country's certificates (CSCA) that its operator has put into a folder.

Vietnam does not publish its CSCA certificates as far as is known, and some operators have the signer's certificate
checked by the police's own centre instead: :class:`CardTrust` is the port for either.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import pkcs7

from tramkit_hal.card import active_authentication, chip_authentication, passive
from tramkit_hal.card.errors import ChipError
from tramkit_hal.card.files import CardFiles, ChipAuthenticationProof
from tramkit_hal.card.groups import CardContentError, CardData, Portrait, read_card, read_dg2
from tramkit_hal.card.guarded import ROOT, SIGNATURE, GuardedFiles, NotGuardedError
from tramkit_hal.card.passive import Flaw, NotAuthenticError, Signed
from tramkit_hal.card.security_infos import offers_chip_authentication
from tramkit_hal.words import VIETNAM, Messages, Text

_ = Messages("tramkit_hal")

SUFFIXES = (".pem", ".crt", ".cer", ".der", ".p7c", ".p7b")
"""Files of the folder that are read: one certificate or several, PEM or DER, or a PKCS #7 bundle."""


class CardTrust(Protocol):
    """Decides whether a document signer is the country's."""

    def unavailable(self) -> Text | None:
        """Return why it cannot decide now, for the operator; None: it can."""
        ...

    def problems(self) -> list[Text]:
        """Return what of its settings it cannot use, for the operator."""
        ...

    async def check(self, signer: x509.Certificate, now: datetime) -> None:
        """Check the certificate of a document signer.

        :param now: aware.
        :raises NotAuthenticError: it is not the country's, not valid now, or no signer of documents.
        """
        ...


class Proven(StrEnum):
    """How a chip showed that it is no copy of another."""

    CHIP_AUTHENTICATION = "chip_authentication"
    ACTIVE_AUTHENTICATION = "active_authentication"
    NOT_OFFERED = "not_offered"
    """The card, as its country signed it, has no key to show it with."""


class Authentic:
    """What a genuine chip says.

    :ivar data: of the holder.
    :ivar portrait: of the holder; None where DG2 was not read.
    :ivar proven: how the chip showed that it is no copy.
    """

    def __init__(self, data: CardData, portrait: Portrait | None, proven: Proven = Proven.NOT_OFFERED) -> None:
        self.data = data
        self.portrait = portrait
        self.proven = proven


async def authenticate(files: CardFiles, trust: CardTrust, now: datetime) -> Authentic:
    """Return what the chip says once it is sure that the country wrote it and that the chip is no copy.

    A card that offers chip or active authentication (ICAO 9303 part 11, section 6) must have passed one of them.

    :param now: aware; decides what has expired: a card is good until its last day ends in Vietnam.
    :raises NotAuthenticError: says why it is not believed.
    """
    signed = passive.verify(files)
    await trust.check(signed.signer, now)
    if "dg1" not in signed.groups:
        raise NotAuthenticError(Flaw.CONTENT)
    proven = _proven(files, signed)
    try:
        data = read_card(files)
        portrait = read_dg2(files.group("dg2")) if "dg2" in signed.groups else None
    except CardContentError:
        raise NotAuthenticError(Flaw.CONTENT) from None
    if data.expires is not None and data.expires < now.astimezone(VIETNAM).date():
        raise NotAuthenticError(Flaw.EXPIRED)
    return Authentic(data, portrait, proven)


def _proven(files: CardFiles, signed: Signed) -> Proven:
    """Return how the chip showed that it is no copy.

    Which keys the card offers is what its country signed, not what the chip lets be read: a copy may hide them.

    :raises NotAuthenticError: it offers a way and has passed none.
    """
    dg14 = files.group("dg14") if "dg14" in signed.groups else b""
    dg15 = files.group("dg15") if "dg15" in signed.groups else b""
    for proof in files.proofs:
        if isinstance(proof, ChipAuthenticationProof):
            if dg14 and chip_authentication.holds(dg14, proof):
                return Proven.CHIP_AUTHENTICATION
        elif dg15 and active_authentication.holds(dg15, dg14, proof):
            return Proven.ACTIVE_AUTHENTICATION
    try:
        offered = "dg14" in signed.listed and (not dg14 or offers_chip_authentication(dg14))
    except ChipError:
        raise NotAuthenticError(Flaw.CONTENT) from None
    if offered or "dg15" in signed.listed:
        raise NotAuthenticError(Flaw.COPY)
    return Proven.NOT_OFFERED


class FolderTrust:
    """Believes what a certificate in a folder has issued; the folder may change while the station runs.

    A certificate counts only where nobody but root could have put it there, or where somebody signed its file whom the
    operator has named: who can write to the station's disk must not be able to make a country of their own.

    :param folder: None: the operator has named none.
    :param owners: ids of users whose files count; None: everybody's, for a station that reads simulated cards only.
    :param signer: whose signature beside a file (``csca.pem.sig``, 64 bytes over the file, RFC 8032) makes it count
        whoever owns it; None: nobody's.
    """

    def __init__(
        self,
        folder: Path | None,
        owners: Collection[int] | None = ROOT,
        signer: ed25519.Ed25519PublicKey | None = None,
    ) -> None:
        self._folder = folder
        self._files = GuardedFiles(owners, signer)
        self._seen: tuple[tuple[str, int, int], ...] = ()
        self._anchors: list[x509.Certificate] = []
        self._problems: list[Text] = []

    def unavailable(self) -> Text | None:
        if self._folder is None:
            return _("No folder of country certificates is named: identity.country_certificates in station.toml.")
        self._read()
        if self._anchors:
            return None
        return _("The folder {folder} has no country certificate.", folder=str(self._folder))

    def problems(self) -> list[Text]:
        self._read()
        return list(self._problems)

    async def check(self, signer: x509.Certificate, now: datetime) -> None:
        self._read()
        issuer = next((each for each in self._anchors if _issued(signer, each)), None)
        if issuer is None:
            raise NotAuthenticError(Flaw.UNKNOWN_COUNTRY)
        if _is_authority(signer) or not _may(signer, "digital_signature", absent=True):
            raise NotAuthenticError(Flaw.NOT_A_SIGNER)
        for certificate in (issuer, signer):
            if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
                raise NotAuthenticError(Flaw.NOT_VALID_NOW)

    def _read(self) -> None:
        if self._folder is None:
            return
        try:
            files = sorted(each for each in self._folder.iterdir() if each.suffix.lower() in (*SUFFIXES, SIGNATURE))
            stats = [each.lstat() for each in files]
        except OSError as error:
            self._seen, self._anchors = (), []
            why = error.strerror or ""
            self._problems = [_("The folder {folder} cannot be read: {why}", folder=str(self._folder), why=why)]
            return
        seen = tuple((each.name, stat.st_ctime_ns, stat.st_size) for each, stat in zip(files, stats, strict=True))
        if seen == self._seen and (seen or not self._anchors):
            return
        self._seen, self._anchors, self._problems = seen, [], []
        for file in files:
            if file.suffix.lower() != SIGNATURE:
                self._take_file(file)

    def _take_file(self, file: Path) -> None:
        try:
            data = self._files.read(file)
        except NotGuardedError:
            self._problems.append(
                _(
                    "{file} does not count: others than root could have put it there, and nobody signed it.",
                    file=file.name,
                )
            )
            return
        except OSError:
            data = b""
        try:
            self._take(file.name, _certificates(data))
        except ValueError:
            self._problems.append(_("{file} is no certificate in PEM, DER or PKCS #7.", file=file.name))

    def _take(self, name: str, certificates: list[x509.Certificate]) -> None:
        for certificate in certificates:
            if _is_authority(certificate) and _may(certificate, "key_cert_sign", absent=False):
                self._anchors.append(certificate)
            else:
                self._problems.append(_("{file} holds a certificate that may not issue others.", file=name))


def _certificates(data: bytes) -> list[x509.Certificate]:
    if b"-----BEGIN CERTIFICATE" in data:
        return x509.load_pem_x509_certificates(data)
    if b"-----BEGIN PKCS7" in data:
        return pkcs7.load_pem_pkcs7_certificates(data)
    try:
        return [x509.load_der_x509_certificate(data)]
    except ValueError:
        return pkcs7.load_der_pkcs7_certificates(data)


def _issued(signer: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        signer.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False


def _may(certificate: x509.Certificate, use: str, *, absent: bool) -> bool:
    """Tell whether a certificate's key usage allows something; ``absent``: what counts where it does not say."""
    try:
        return bool(getattr(certificate.extensions.get_extension_for_class(x509.KeyUsage).value, use))
    except x509.ExtensionNotFound:
        return absent
    except (x509.DuplicateExtension, ValueError):
        return False
