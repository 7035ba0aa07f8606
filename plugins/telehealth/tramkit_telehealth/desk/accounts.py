"""Who may come in: doctors with their passwords and sessions, stations with their keys."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from tramkit import Level
from tramkit_hal.device.clock import Clock
from tramkit_telehealth.desk import passwords
from tramkit_telehealth.desk.attempts import Attempts, HashingPool
from tramkit_telehealth.desk.store import Store
from tramkit_telehealth.desk.tables import DeviceRow, DoctorRow, PasskeyRow, SessionRow, SpecialtyRow, StationRow

IDLE = timedelta(hours=1)
LONGEST = timedelta(hours=12)
"""A session ends an hour after its last sign of life, and twelve hours after the sign-in whatever happens."""

DEVICE_KNOWN = timedelta(days=180)
"""A browser in which nobody has signed in for so long is a stranger again."""

DEMO_KEYS = frozenset({"demo-station-key"})
"""Keys that stood in examples: whoever can read can call in with them."""

SignInTrouble = Literal["wrong", "empty"]


@dataclass(frozen=True)
class SignedIn:
    """A doctor's session.

    :param token: the cookie's value.
    :param device: mark of the browser, in which this doctor is no stranger from now on.
    :param must_change: the password was made by the operator: nothing is shown before it is changed.
    """

    doctor: str
    token: str
    device: str = ""
    must_change: bool = False


class Accounts:
    """The doctors, their sessions, and the stations of a desk."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.attempts = Attempts(clock)
        self._hashing = HashingPool()
        self.require_passkeys = False

    async def kept_out(self, row: DoctorRow) -> bool:
        """Tell whether a doctor who is signed in must first do something about the account."""
        if row.must_change or not self.require_passkeys:
            return row.must_change
        async with self._store.reading() as session:
            return await session.scalar(select(PasskeyRow.id).where(PasskeyRow.doctor == row.id).limit(1)) is None

    def close(self) -> None:
        """End the threads that hash."""
        self._hashing.close()

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
        must_change: bool = False,
    ) -> None:
        """Add a doctor, or change the one of that id; sessions of before end.

        :raises ValueError: the id has other characters, a specialty is none of the desk's, or the password is not
            good enough.
        """
        _check_id(id)
        passwords.check_password(password, id, name, licence)
        await self._check_specialties(specialties)
        hashed = await self._hash(password)
        async with self._store.writing() as session:
            row = await session.get(DoctorRow, id)
            if row is None:
                row = DoctorRow(id=id, available=True, language=language)
                session.add(row)
            row.name, row.licence, row.specialties, row.languages = name, licence, specialties, languages
            row.password_hash, row.must_change, row.removed_at = hashed, must_change, None
            await session.flush()
            await self._forget_browsers(session, id)

    async def offer(self, specialties: Sequence[str]) -> None:
        """Keep which specialties the desk has, so that a doctor is given no other."""
        async with self._store.writing() as session:
            await session.execute(delete(SpecialtyRow))
            session.add_all(SpecialtyRow(id=each) for each in dict.fromkeys(specialties))

    async def _check_specialties(self, wanted: list[str]) -> None:
        async with self._store.reading() as session:
            known = set((await session.scalars(select(SpecialtyRow.id))).all())
        if not wanted:
            raise ValueError("a doctor has at least one specialty")
        for each in wanted:
            if known and each not in known:
                raise ValueError(f'"{each}" is no specialty of this desk; it has: {", ".join(sorted(known))}')

    async def change_password(self, doctor: str, old: str, new: str, *, client: str, keep: str) -> None:
        """Change a doctor's password, who knows the one before; every other session and known device ends.

        :param keep: the session in which it is changed.
        :raises PermissionError: the old one is wrong.
        :raises PasswordError: the new one is not good enough.
        :raises TooManyError: too many wrong ones.
        """
        async with self._store.reading() as session:
            row = await session.get_one(DoctorRow, doctor)
        passwords.check_password(new, row.id, row.name, row.licence)
        await self.confirm(row, old, client=client)
        if old == new:
            raise passwords.PasswordError("the new password is the old one")
        hashed = await self._hash(new)
        async with self._store.writing() as session:
            row = await session.get_one(DoctorRow, doctor)
            row.password_hash, row.must_change = hashed, False
            await self._forget_browsers(session, doctor, keep=keep)

    async def confirm(self, row: DoctorRow, password: str, *, client: str) -> None:
        """Have somebody who is signed in prove again who they are (OWASP ASVS 5.0 7.5.1).

        :raises PermissionError: the password is wrong.
        :raises TooManyError: too many wrong ones.
        """
        attempt = self.attempts.reserve(row.id, client, "session")
        if not await self._hashing.run(lambda: passwords.matches(row.password_hash, password), first=True):
            raise PermissionError("wrong")
        self.attempts.succeeded(attempt)

    async def reset_password(self, doctor: str) -> str:
        """Give a doctor a new password that is told once and must be changed at the first sign-in.

        :raises KeyError: there is no such doctor, or they were removed.
        """
        password = passwords.random_password()
        hashed = await self._hash(password)
        async with self._store.writing() as session:
            row = await session.get(DoctorRow, doctor)
            if row is None or row.removed_at is not None:
                raise KeyError(doctor)
            row.password_hash, row.must_change = hashed, True
            await self._forget_browsers(session, doctor)
        return password

    async def _hash(self, password: str) -> str:
        return await self._hashing.run(lambda: passwords.hashed(password), first=True)

    async def _forget_browsers(self, session: AsyncSession, doctor: str, *, keep: str = "") -> None:
        kept = _digest(keep) if keep else ""
        await session.execute(delete(SessionRow).where(SessionRow.doctor == doctor, SessionRow.token_hash != kept))
        await session.execute(delete(DeviceRow).where(DeviceRow.doctor == doctor))

    async def doctors(self) -> list[DoctorRow]:
        """Return every doctor."""
        async with self._store.reading() as session:
            return list((await session.scalars(select(DoctorRow).order_by(DoctorRow.id))).all())

    async def sign_in(
        self, name: str, password: str, *, client: str = "", device: str = ""
    ) -> SignedIn | SignInTrouble:
        """Check a password and begin a session; name and password count as wrong together.

        :param client: address of the browser.
        :param device: the mark that it was given at an earlier sign-in; empty: none.
        :raises TooManyError: it is not heard now.
        """
        if not name or not password:
            return "empty"
        row = await self.check(name, password, client=client, device=device)
        return await self.begin(row.id, device) if row is not None else "wrong"

    async def check(self, name: str, password: str, *, client: str, device: str = "") -> DoctorRow | None:
        """Return whose name and password these are; None: nobody's.

        :raises TooManyError: it is not heard now.
        """
        name = name[:64]
        known = bool(device) and await self._knows(name, device)
        attempt = self.attempts.reserve(name, client, _digest(device) if known else "")
        async with self._store.reading() as session:
            row = await session.get(DoctorRow, name)
        hashed = row.password_hash if row is not None and row.removed_at is None else passwords.STAND_IN
        right = await self._hashing.run(lambda: passwords.matches(hashed, password), first=known)
        if row is None or row.removed_at is not None or not right:
            return None
        self.attempts.succeeded(attempt)
        return row

    async def begin(self, doctor: str, device: str = "") -> SignedIn:
        """Begin a session in a browser that has shown who it is."""
        now, token = self._clock.now(), secrets.token_urlsafe(32)
        async with self._store.writing() as session:
            row = await session.get_one(DoctorRow, doctor)
            found = await session.get(DeviceRow, (_digest(device), doctor)) if device else None
            if found is None:
                device = device if _MARK.fullmatch(device) else secrets.token_urlsafe(32)
                session.add(DeviceRow(token_hash=_digest(device), doctor=doctor, seen_at=now))
            else:
                found.seen_at = now
            await session.execute(delete(DeviceRow).where(DeviceRow.seen_at < now - DEVICE_KNOWN))
            await session.execute(delete(SessionRow).where(SessionRow.created_at < now - LONGEST))
            session.add(SessionRow(token_hash=_digest(token), doctor=doctor, created_at=now, seen_at=now))
            return SignedIn(doctor, token, device, row.must_change)

    async def _knows(self, doctor: str, device: str) -> bool:
        async with self._store.reading() as session:
            found = await session.get(DeviceRow, (_digest(device), doctor))
        return found is not None and self._clock.now() - found.seen_at <= DEVICE_KNOWN

    async def exists(self, doctor: str) -> bool:
        """Tell whether a doctor of that name may sign in: the log names no account that is none."""
        async with self._store.reading() as session:
            row = await session.get(DoctorRow, doctor[:64])
        return row is not None and row.removed_at is None

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
            row.removed_at = row.removed_at or self._clock.now()
            await self._forget_browsers(session, doctor)

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

    async def sign_out_everywhere(self, doctor: str) -> None:
        """End every session of a doctor, and forget the browsers in which they have signed in."""
        async with self._store.writing() as session:
            await self._forget_browsers(session, doctor)

    async def sign_out(self, token: str) -> None:
        """End a session."""
        async with self._store.writing() as session:
            await session.execute(delete(SessionRow).where(SessionRow.token_hash == _digest(token)))

    async def set_language(self, doctor: str, language: str) -> None:
        """Keep the language in which a doctor reads the page."""
        async with self._store.writing() as session:
            (await session.get_one(DoctorRow, doctor)).language = language

    # ── stations ──────────────────────────────────────────────────────────────────────────────────────────

    async def put_station(self, id: str, key: str = "", *, site: str = "", level: str = "VNEID") -> str:
        """Let a station call in; return its key, a new one where none is given, told only now.

        :param site: where it stands, as doctors are told it; a kiosk's own word is not taken for it.
        :param level: the highest level of identity that is believed of it.
        :raises ValueError: the id has other characters, the key stood in an example, or there is no such level.
        """
        _check_id(id)
        if key in DEMO_KEYS:
            raise ValueError("this key stood in an example, everybody knows it; leave it out and a new one is made")
        if level not in Level.__members__:
            raise ValueError(f'"{level}" is no level; there are {", ".join(Level.__members__)}')
        key = key or secrets.token_urlsafe(32)
        async with self._store.writing() as session:
            row = await session.get(StationRow, id)
            if row is None:
                row = StationRow(id=id, added_at=self._clock.now())
                session.add(row)
            row.key_hash, row.removed_at, row.level = _digest(key), None, level
            row.site = site or row.site or ""
        return key

    async def stations(self) -> frozenset[str]:
        """Return the stations that may call in."""
        async with self._store.reading() as session:
            return frozenset(
                (await session.scalars(select(StationRow.id).where(StationRow.removed_at.is_(None)))).all()
            )

    async def station(self, id: str) -> StationRow | None:
        """Return a station's registration; None: it may not call in."""
        async with self._store.reading() as session:
            row = await session.get(StationRow, id)
        return row if row is not None and row.removed_at is None else None

    async def remove_station(self, id: str) -> None:
        """Let a station call in no more; its cases are kept, an open connection ends within a second.

        :raises KeyError: there is no such station.
        """
        async with self._store.writing() as session:
            row = await session.get(StationRow, id)
            if row is None or row.removed_at is not None:
                raise KeyError(id)
            row.removed_at, row.key_hash = self._clock.now(), _digest(secrets.token_urlsafe(32))

    async def station_of(self, key: str) -> str | None:
        """Return which station a key belongs to."""
        async with self._store.reading() as session:
            return await session.scalar(
                select(StationRow.id).where(StationRow.key_hash == _digest(key), StationRow.removed_at.is_(None))
            )

    async def known_demo_key(self) -> str | None:
        """Return the station whose key stood in an example."""
        async with self._store.reading() as session:
            digests = [_digest(key) for key in DEMO_KEYS]
            return await session.scalar(select(StationRow.id).where(StationRow.key_hash.in_(digests)))


_MARK = re.compile(r"[A-Za-z0-9_-]{43}")


def _check_id(id: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", id):
        raise ValueError(f'"{id}" is no id: use up to 64 letters, digits, - and _')


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _over(row: SessionRow, now: datetime) -> bool:
    return now - row.seen_at > IDLE or now - row.created_at > LONGEST
