"""Passkeys as the second factor (W3C Web Authentication level 3): added, asked for after the password, removed."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from yarl import URL

from tramkit_hal.device.clock import Clock
from tramkit_telehealth.desk.store import Store
from tramkit_telehealth.desk.tables import DoctorRow, PasskeyRow

MAX_PASSKEYS = 5
PENDING_SECONDS = 300.0
"""How long a challenge may be answered."""
MAX_PENDING = 1000


class PasskeyError(Exception):
    """What an authenticator answered does not prove what was asked."""


@dataclass(frozen=True)
class _Pending:
    doctor: str
    device: str
    challenge: bytes
    until: float


class Passkeys:
    """The passkeys of a desk's doctors, and the challenges that are open.

    :param name: of the facility, as the authenticator shows it.
    """

    def __init__(self, store: Store, clock: Clock, name: str) -> None:
        self._store = store
        self._clock = clock
        self._name = name
        self._pending: dict[str, _Pending] = {}

    async def of(self, doctor: str) -> list[PasskeyRow]:
        """Return a doctor's passkeys."""
        async with self._store.reading() as session:
            query = select(PasskeyRow).where(PasskeyRow.doctor == doctor).order_by(PasskeyRow.added_at)
            return list((await session.scalars(query)).all())

    async def remove(self, doctor: str, id: str = "") -> int:
        """Take a passkey away, or all of a doctor's; return how many."""
        async with self._store.writing() as session:
            query = select(PasskeyRow.id).where(PasskeyRow.doctor == doctor)
            ids = (await session.scalars(query.where(PasskeyRow.id == id) if id else query)).all()
            await session.execute(delete(PasskeyRow).where(PasskeyRow.id.in_(ids)))
            return len(ids)

    # ── enrolling ─────────────────────────────────────────────────────────────────────────────────────────

    async def enrol(self, doctor: DoctorRow, origin: str) -> tuple[str, str]:
        """Begin to add a passkey; return the mark of the challenge, and the options for the browser as JSON.

        :raises PasskeyError: the doctor has as many as one may have.
        """
        known = await self.of(doctor.id)
        if len(known) >= MAX_PASSKEYS:
            raise PasskeyError(f"at most {MAX_PASSKEYS} passkeys")
        options = generate_registration_options(
            rp_id=_host(origin),
            rp_name=self._name,
            user_id=doctor.id.encode(),
            user_name=doctor.id,
            user_display_name=doctor.name,
            exclude_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(each.id)) for each in known],
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.DISCOURAGED,
                user_verification=UserVerificationRequirement.PREFERRED,
            ),
        )
        return self._open(doctor.id, "", options.challenge), options_to_json(options)

    async def enrolled(self, mark: str, doctor: str, origin: str, credential: dict[str, Any], label: str) -> None:
        """Keep the passkey that an authenticator has made.

        :raises PasskeyError: it answers another challenge, another page, or is malformed.
        """
        pending = self._take(mark)
        if pending.doctor != doctor:
            raise PasskeyError("another doctor's challenge")
        try:
            made = verify_registration_response(
                credential=credential,
                expected_challenge=pending.challenge,
                expected_rp_id=_host(origin),
                expected_origin=origin,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError) as error:
            raise PasskeyError(type(error).__name__) from None
        row = PasskeyRow(
            id=bytes_to_base64url(made.credential_id),
            doctor=doctor,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            label=label[:60],
            added_at=self._clock.now(),
        )
        async with self._store.writing() as session:
            if await session.get(PasskeyRow, row.id) is not None:
                raise PasskeyError("known already")
            session.add(row)

    # ── signing in ────────────────────────────────────────────────────────────────────────────────────────

    async def ask(self, doctor: str, device: str) -> str:
        """Begin to ask for a doctor's passkey; return the mark of the challenge."""
        return self._open(doctor, device, secrets.token_bytes(32))

    async def options(self, mark: str, origin: str) -> str:
        """Return what the browser asks the authenticator, as JSON.

        :raises PasskeyError: nothing is asked under this mark (any more).
        """
        pending = self._known(mark)
        known = await self.of(pending.doctor)
        options = generate_authentication_options(
            rp_id=_host(origin),
            challenge=pending.challenge,
            allow_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(each.id)) for each in known],
            user_verification=UserVerificationRequirement.PREFERRED,
        )
        return options_to_json(options)

    async def proven(self, mark: str, origin: str, credential: dict[str, Any]) -> tuple[str, str]:
        """Return doctor and browser's mark of who has answered a challenge; it is answered once.

        :raises PasskeyError: the answer proves nothing.
        """
        pending = self._take(mark)
        async with self._store.writing() as session:
            row = await session.get(PasskeyRow, str(credential.get("id", ""))[:512])
            if row is None or row.doctor != pending.doctor:
                raise PasskeyError("no passkey of this doctor")
            try:
                found = verify_authentication_response(
                    credential=credential,
                    expected_challenge=pending.challenge,
                    expected_rp_id=_host(origin),
                    expected_origin=origin,
                    credential_public_key=row.public_key,
                    credential_current_sign_count=row.sign_count,  # one that falls back was copied
                )
            except (WebAuthnException, ValueError, KeyError, TypeError) as error:
                raise PasskeyError(type(error).__name__) from None
            row.sign_count = found.new_sign_count
        return pending.doctor, pending.device

    # ── challenges ────────────────────────────────────────────────────────────────────────────────────────

    def _open(self, doctor: str, device: str, challenge: bytes) -> str:
        mark = secrets.token_urlsafe(32)
        self._pending[mark] = _Pending(doctor, device, challenge, self._clock.monotonic() + PENDING_SECONDS)
        while len(self._pending) > MAX_PENDING:
            self._pending.pop(next(iter(self._pending)))
        return mark

    def _known(self, mark: str) -> _Pending:
        pending = self._pending.get(mark)
        if pending is None or pending.until < self._clock.monotonic():
            self._pending.pop(mark, None)
            raise PasskeyError("no challenge is open")
        return pending

    def _take(self, mark: str) -> _Pending:
        pending = self._known(mark)
        del self._pending[mark]
        return pending


def _host(origin: str) -> str:
    return URL(origin).host or ""
