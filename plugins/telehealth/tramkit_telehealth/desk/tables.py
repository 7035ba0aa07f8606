"""The desk's database: what is kept, and for how long it must outlive a restart.

Only types and constructs that SQLite and PostgreSQL share. Media, session descriptions and keys never come here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, ForeignKey, Index, String, Text, TypeDecorator, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Moment(TypeDecorator[datetime]):
    """An aware moment, stored in UTC: SQLite keeps no time zone."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """Every table of the desk."""

    type_annotation_map = {datetime: Moment, dict[str, Any]: JSON, list[str]: JSON}  # noqa: RUF012


class StationRow(Base):
    """A kiosk that may call in; ``key_hash`` is SHA-256 of a random key of 256 bits."""

    __tablename__ = "stations"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    added_at: Mapped[datetime]


class DoctorRow(Base):
    """A doctor; ``id`` is the name to sign in with.

    :ivar failures: wrong passwords since the last right one.
    """

    __tablename__ = "doctors"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    licence: Mapped[str] = mapped_column(String(200))
    specialties: Mapped[list[str]]
    languages: Mapped[list[str]]
    password_hash: Mapped[str] = mapped_column(String(300))
    language: Mapped[str] = mapped_column(String(8), default="vi")
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    on_shift_since: Mapped[datetime | None]
    available: Mapped[bool] = mapped_column(default=True)


class SessionRow(Base):
    """A doctor signed in at a browser; ``token_hash`` is SHA-256 of the cookie."""

    __tablename__ = "sessions"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    doctor: Mapped[str] = mapped_column(ForeignKey("doctors.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class CaseRow(Base):
    """A resident's case.

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
    intake: Mapped[dict[str, Any]]
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
    draft: Mapped[dict[str, Any]] = mapped_column(default=dict)
    version: Mapped[int] = mapped_column(default=0)
    summary: Mapped[dict[str, Any] | None]
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
    reading: Mapped[dict[str, Any]]


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
