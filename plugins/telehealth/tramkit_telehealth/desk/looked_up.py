"""Who looked at whom: a doctor who accepts, reads and gives back is noticed, stopped, and reviewed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tramkit_hal.device.clock import Clock
from tramkit_telehealth.desk.store import Store
from tramkit_telehealth.desk.tables import EventRow, ReviewRow

ACCEPTED = "accepted"
RELEASED = "released: "
"""How the record of events begins that says so; the reason follows."""

MAX_RELEASES = 5
RELEASES_WITHIN = timedelta(hours=1)
"""After five residents given back unseen within an hour a doctor accepts nobody until somebody has reviewed why."""


@dataclass(frozen=True)
class LookUps:
    """What a doctor did since the last review.

    :ivar released: residents who were accepted and given back, by reason.
    """

    doctor: str
    since: datetime | None
    accepted: int
    released: dict[str, int]


async def releases_left(session: AsyncSession, doctor: str, now: datetime) -> int:
    """Return how many residents a doctor may still give back unseen."""
    reviewed = await _reviewed(session, doctor)
    since = max(now - RELEASES_WITHIN, reviewed) if reviewed else now - RELEASES_WITHIN
    given_back = await session.scalar(
        select(func.count())
        .select_from(EventRow)
        .where(EventRow.who == doctor, EventRow.what.startswith(RELEASED), EventRow.at > since)
    )
    return MAX_RELEASES - int(given_back or 0)


class Review:
    """The review of look-ups, by who runs the desk."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def of(self, doctor: str) -> LookUps:
        """Return what a doctor looked up since the last review."""
        async with self._store.reading() as session:
            since = await _reviewed(session, doctor)
            query = select(EventRow.what).where(EventRow.who == doctor)
            if since is not None:
                query = query.where(EventRow.at > since)
            events = (await session.scalars(query)).all()
        released: dict[str, int] = {}
        for what in events:
            if what.startswith(RELEASED):
                reason = what[len(RELEASED) :]
                released[reason] = released.get(reason, 0) + 1
        return LookUps(doctor, since, sum(what == ACCEPTED for what in events), released)

    async def reviewed(self, doctor: str) -> None:
        """Note that somebody has looked at it; the doctor may accept again."""
        async with self._store.writing() as session:
            session.add(ReviewRow(doctor=doctor, at=self._clock.now()))


async def _reviewed(session: AsyncSession, doctor: str) -> datetime | None:
    return await session.scalar(
        select(ReviewRow.at).where(ReviewRow.doctor == doctor).order_by(ReviewRow.at.desc()).limit(1)
    )
