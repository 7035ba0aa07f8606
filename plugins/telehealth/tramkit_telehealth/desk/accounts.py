"""Who may come in: doctors with their passwords and sessions, stations with their keys."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select

from tramkit import Clock
from tramkit_telehealth.desk.store import Store
from tramkit_telehealth.desk.tables import DoctorRow, SessionRow, StationRow

MAX_FAILURES = 5
LOCKED = timedelta(minutes=5)
"""After five wrong passwords a name rests for five minutes."""

MAX_STRANGERS = 1_000
"""Names without a doctor whose failures are counted; the oldest are forgotten first."""

IDLE = timedelta(hours=1)
LONGEST = timedelta(hours=12)
"""A session ends an hour after its last sign of life, and twelve hours after the sign-in whatever happens."""

LEAST_PASSWORD = 10
MAX_PASSWORD = 200

_hasher = PasswordHasher()  # RFC 9106, low-memory profile
_STAND_IN = _hasher.hash(secrets.token_urlsafe(16))
"""Checked for names that do not exist, so that the answer takes as long."""

SignInTrouble = Literal["wrong", "locked", "empty"]


@dataclass(frozen=True)
class SignedIn:
    """A doctor's session.

    :param token: the cookie's value.
    """

    doctor: str
    token: str


class Accounts:
    """The doctors, their sessions, and the stations of a desk."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._strangers: dict[str, tuple[int, datetime | None]] = {}

    # ── doctors ───────────────────────────────────────────────────────────────────────────────────────────

    async def put_doctor(
        self,
        id: str,
        *,
        name: str,
        licence: str,
        specialties: list[str],
        languages: list[str],
        password: str,
        language: str = "vi",
    ) -> None:
        """Add a doctor, or change the one of that id; sessions of before end.

        :raises ValueError: the id has other characters, or the password is too short or too long.
        """
        _check_id(id)
        if not LEAST_PASSWORD <= len(password) <= MAX_PASSWORD:
            raise ValueError(f"a password has between {LEAST_PASSWORD} and {MAX_PASSWORD} characters")
        hashed = await asyncio.to_thread(_hasher.hash, password)
        async with self._store.writing() as session:
            row = await session.get(DoctorRow, id)
            if row is None:
                row = DoctorRow(id=id, failures=0, available=True, language=language)
                session.add(row)
            row.name, row.licence, row.specialties, row.languages = name, licence, specialties, languages
            row.password_hash, row.failures, row.locked_until = hashed, 0, None
            await session.flush()
            await session.execute(delete(SessionRow).where(SessionRow.doctor == id))

    async def doctors(self) -> list[DoctorRow]:
        """Return every doctor."""
        async with self._store.reading() as session:
            return list((await session.scalars(select(DoctorRow).order_by(DoctorRow.id))).all())

    async def sign_in(self, name: str, password: str) -> SignedIn | SignInTrouble:
        """Check a password and begin a session; name and password count as wrong together."""
        if not name or not password:
            return "empty"
        now = self._clock.now()
        async with self._store.reading() as session:
            row = await session.get(DoctorRow, name[:64])
        locked_until = self._strangers.get(name[:64], (0, None))[1] if row is None else row.locked_until
        if locked_until is not None and locked_until > now:
            return "locked"
        right = await asyncio.to_thread(_matches, row.password_hash if row else _STAND_IN, password[:MAX_PASSWORD])
        if row is None:
            self._count_stranger(name[:64], now)
            return "wrong"
        async with self._store.writing() as session:
            row = await session.get_one(DoctorRow, row.id)
            if not right:
                row.failures += 1
                if row.failures >= MAX_FAILURES:
                    row.failures, row.locked_until = 0, now + LOCKED
                return "wrong"
            row.failures, row.locked_until = 0, None
            token = secrets.token_urlsafe(32)
            session.add(SessionRow(token_hash=_digest(token), doctor=row.id, created_at=now, seen_at=now))
        return SignedIn(row.id, token)

    def _count_stranger(self, name: str, now: datetime) -> None:
        """Lock a name that no doctor has as a doctor's would be: whoever tries names must not learn which exist."""
        failures = self._strangers.pop(name, (0, None))[0] + 1
        self._strangers[name] = (0, now + LOCKED) if failures >= MAX_FAILURES else (failures, None)
        while len(self._strangers) > MAX_STRANGERS:
            self._strangers.pop(next(iter(self._strangers)))

    async def is_open(self, token: str) -> bool:
        """Tell whether a session goes on, without taking this for a sign of life."""
        async with self._store.reading() as session:
            row = await session.get(SessionRow, _digest(token))
            return row is not None and not _over(row, self._clock.now())

    async def shut_out(self, doctor: str) -> None:
        """Let a doctor in no more; what they wrote stays.

        :raises KeyError: there is no such doctor.
        """
        async with self._store.writing() as session:
            row = await session.get(DoctorRow, doctor)
            if row is None:
                raise KeyError(doctor)
            row.password_hash, row.on_shift_since, row.available = "", None, False
            await session.execute(delete(SessionRow).where(SessionRow.doctor == doctor))

    async def doctor_of(self, token: str) -> DoctorRow | None:
        """Return whose session a cookie is and note the sign of life; None: nobody's, or it has ended."""
        if not token:
            return None
        now = self._clock.now()
        async with self._store.writing() as session:
            row = await session.get(SessionRow, _digest(token))
            if row is None:
                return None
            if _over(row, now):
                await session.delete(row)
                return None
            row.seen_at = now
            return await session.get(DoctorRow, row.doctor)

    async def sign_out(self, token: str) -> None:
        """End a session."""
        async with self._store.writing() as session:
            await session.execute(delete(SessionRow).where(SessionRow.token_hash == _digest(token)))

    async def set_language(self, doctor: str, language: str) -> None:
        """Keep the language in which a doctor reads the page."""
        async with self._store.writing() as session:
            (await session.get_one(DoctorRow, doctor)).language = language

    # ── stations ──────────────────────────────────────────────────────────────────────────────────────────

    async def put_station(self, id: str, key: str = "") -> str:
        """Let a station call in; return its key, a new one where none is given, told only now.

        :raises ValueError: the id has other characters.
        """
        _check_id(id)
        key = key or secrets.token_urlsafe(32)
        async with self._store.writing() as session:
            row = await session.get(StationRow, id)
            if row is None:
                session.add(StationRow(id=id, key_hash=_digest(key), added_at=self._clock.now()))
            else:
                row.key_hash = _digest(key)
        return key

    async def stations(self) -> frozenset[str]:
        """Return the stations that may call in."""
        async with self._store.reading() as session:
            return frozenset((await session.scalars(select(StationRow.id))).all())

    async def remove_station(self, id: str) -> None:
        """Let a station call in no more.

        :raises KeyError: there is no such station.
        """
        async with self._store.writing() as session:
            row = await session.get(StationRow, id)
            if row is None:
                raise KeyError(id)
            await session.delete(row)

    async def station_of(self, key: str) -> str | None:
        """Return which station a key belongs to."""
        async with self._store.reading() as session:
            return await session.scalar(select(StationRow.id).where(StationRow.key_hash == _digest(key)))


def _check_id(id: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", id):
        raise ValueError(f'"{id}" is no id: use up to 64 letters, digits, - and _')


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _matches(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


def _over(row: SessionRow, now: datetime) -> bool:
    return now - row.seen_at > IDLE or now - row.created_at > LONGEST
