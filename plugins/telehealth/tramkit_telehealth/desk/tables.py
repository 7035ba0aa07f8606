"""The desk's database: what is kept, and for how long it must outlive a restart.

Only types and constructs that SQLite and PostgreSQL share. Media, session descriptions and keys never come here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import JSON, DateTime, Dialect, ForeignKey, Index, LargeBinary, String, Text, TypeDecorator, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tramkit_telehealth.desk.seal import DeskSeal


class Moment(TypeDecorator[datetime]):
    """An aware moment, stored in UTC: SQLite keeps no time zone."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class Sealed(TypeDecorator[dict[str, Any]]):
    """Something personal, sealed with the key of the desk whose database it is."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: dict[str, Any] | None, dialect: Dialect) -> str | None:
        return None if value is None else _seals[dialect].seal(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> dict[str, Any] | None:
        return None if value is None else _seals[dialect].open(value)


_seals: WeakKeyDictionary[Dialect, DeskSeal] = WeakKeyDictionary()


def give_seal(dialect: Dialect, seal: DeskSeal) -> None:
    """Say with what the personal fields of one database are sealed."""
    _seals[dialect] = seal


class Base(DeclarativeBase):
    """Every table of the desk."""

    type_annotation_map = {datetime: Moment, dict[str, Any]: JSON, list[str]: JSON}  # noqa: RUF012


class StationRow(Base):
    """A kiosk that may call in; ``key_hash`` is SHA-256 of a random key of 256 bits.

    :ivar site: where it stands, as the facility registered it.
    :ivar level: the highest level of identity that is believed of it.
    """

    __tablename__ = "stations"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    added_at: Mapped[datetime]
    site: Mapped[str] = mapped_column(String(200), default="")
    level: Mapped[str] = mapped_column(String(16), default="VNEID")
    removed_at: Mapped[datetime | None]


class DoctorRow(Base):
    """A doctor; ``id`` is the name to sign in with.

    :ivar must_change: the password was made by the operator.
    :ivar removed_at: since when the doctor may not sign in; what they wrote stays.
    """

    __tablename__ = "doctors"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    licence: Mapped[str] = mapped_column(String(200))
    specialties: Mapped[list[str]]
    languages: Mapped[list[str]]
    password_hash: Mapped[str] = mapped_column(String(300))
    language: Mapped[str] = mapped_column(String(8), default="vi")
    must_change: Mapped[bool] = mapped_column(default=False)
    removed_at: Mapped[datetime | None]
    on_shift_since: Mapped[datetime | None]
    available: Mapped[bool] = mapped_column(default=True)


class SessionRow(Base):
    """A doctor signed in at a browser; ``token_hash`` is SHA-256 of the cookie."""

    __tablename__ = "sessions"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    doctor: Mapped[str] = mapped_column(ForeignKey("doctors.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class DeviceRow(Base):
    """A browser in which a doctor has signed in; ``token_hash`` is SHA-256 of its cookie."""

    __tablename__ = "devices"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    doctor: Mapped[str] = mapped_column(ForeignKey("doctors.id", ondelete="CASCADE"), primary_key=True)
    seen_at: Mapped[datetime]


class PasskeyRow(Base):
    """A passkey of a doctor; ``id`` is the credential's, in base64url."""

    __tablename__ = "passkeys"
    id: Mapped[str] = mapped_column(String(512), primary_key=True)
    doctor: Mapped[str] = mapped_column(ForeignKey("doctors.id", ondelete="CASCADE"))
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int]
    label: Mapped[str] = mapped_column(String(60), default="")
    added_at: Mapped[datetime]


class SpecialtyRow(Base):
    """A specialty that the desk had when it was last started."""

    __tablename__ = "specialties"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)


class CaseRow(Base):
    """A resident's case.

    :ivar person: under what the resident's cases are found, see :meth:`DeskSeal.person`; empty: no number was given.
    :ivar epoch: rises with each change of who holds it; a change is made only for the epoch it was decided on.
    :ivar front: it goes before all others: a doctor had it and the call did not come about.
    :ivar lease_until: until when a claim holds without a sign of life of the doctor's page.
    :ivar ring_until: until when the media must flow.
    :ivar doctor_gone_at: since when the doctor's page is away in a call.
    :ivar kiosk_gone_at: since when the kiosk is away.
    """

    __tablename__ = "cases"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    station: Mapped[str] = mapped_column(ForeignKey("stations.id"))
    person: Mapped[str] = mapped_column(String(64), default="", index=True)
    intake: Mapped[dict[str, Any]] = mapped_column(Sealed)
    specialty: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(64))
    urgency: Mapped[int]
    state: Mapped[str] = mapped_column(String(16), default="waiting")
    epoch: Mapped[int] = mapped_column(default=0)
    front: Mapped[bool] = mapped_column(default=False)
    doctor: Mapped[str | None] = mapped_column(ForeignKey("doctors.id"))
    leg: Mapped[int] = mapped_column(default=0)
    opened_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    ring_until: Mapped[datetime | None]
    live_since: Mapped[datetime | None]
    doctor_gone_at: Mapped[datetime | None]
    kiosk_gone_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    draft: Mapped[dict[str, Any]] = mapped_column(Sealed, default=dict)
    version: Mapped[int] = mapped_column(default=0)
    summary: Mapped[dict[str, Any] | None] = mapped_column(Sealed)
    handed_over: Mapped[str] = mapped_column(String(16), default="")

    __table_args__ = (
        Index("cases_by_state", "state"),
        # a doctor holds one resident, whatever happens at the same moment
        Index(
            "one_case_for_a_doctor",
            "doctor",
            unique=True,
            sqlite_where=text("state IN ('claimed','ringing','live','closing')"),
            postgresql_where=text("state IN ('claimed','ringing','live','closing')"),
        ),
    )


class ConsentRow(Base):
    """A consent with the version of its words: proof of what was agreed to (Decree 356/2025)."""

    __tablename__ = "consents"
    id: Mapped[int] = mapped_column(primary_key=True)
    case: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    purpose: Mapped[str] = mapped_column(String(64))
    text_version: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(64))
    given: Mapped[bool]
    at: Mapped[datetime]


class VitalRow(Base):
    """A measurement with the device that made it; ``values`` as the sensor gave them."""

    __tablename__ = "vitals"
    id: Mapped[int] = mapped_column(primary_key=True)
    case: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    kind: Mapped[str] = mapped_column(String(32))
    reading: Mapped[dict[str, Any]] = mapped_column(Sealed)


class EventRow(Base):
    """Who did what to a case and when; never what was said or written.

    :ivar who: a doctor's id, ``kiosk`` or ``desk``.
    """

    __tablename__ = "events"
    id: Mapped[int] = mapped_column(primary_key=True)
    case: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    who: Mapped[str] = mapped_column(String(64))
    what: Mapped[str] = mapped_column(Text)


class ReviewRow(Base):
    """Somebody has looked at what a doctor looked up, up to that moment."""

    __tablename__ = "reviews"
    id: Mapped[int] = mapped_column(primary_key=True)
    doctor: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]


class ErasureRow(Base):
    """A person's data were erased on request: that it was done, and of nobody (Law 91/2025/QH15)."""

    __tablename__ = "erasures"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    cases: Mapped[int]
    why: Mapped[str] = mapped_column(String(16))
