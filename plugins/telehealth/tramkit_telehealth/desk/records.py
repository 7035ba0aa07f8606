"""What is kept of residents: given to them, erased for them, and let go in time (Law 91/2025/QH15, Decree 356/2025)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from tramkit_hal.device.clock import Clock
from tramkit_telehealth.desk.store import Store
from tramkit_telehealth.desk.tables import CaseRow, ConsentRow, ErasureRow, EventRow, VitalRow
from tramkit_telehealth.protocol import CaseState

OVER = (CaseState.CLOSED.value, CaseState.ABANDONED.value)


class StillOpenError(Exception):
    """A case that is to be erased is still with a doctor or in the queue."""


class Records:
    """The cases of a person, and those whose time is over."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def of_person(self, number: str = "", cases: Sequence[str] = ()) -> list[str]:
        """Return the ids of a person's cases.

        :param number: of the identity card.
        :param cases: ids as they stand on tickets, for who gave no number.
        """
        person = self._store.seal.person(number)
        async with self._store.reading() as session:
            found = await session.scalars(
                select(CaseRow.id).where(
                    or_(CaseRow.id.in_(cases), (CaseRow.person == person) if person else CaseRow.id.in_(cases))
                )
            )
            return sorted(found.all())

    async def export(self, ids: Sequence[str]) -> dict[str, Any]:
        """Return everything that is kept of cases, in a form that machines can read."""
        cases: list[dict[str, Any]] = []
        async with self._store.reading() as session:
            for id in ids:
                row = await session.get_one(CaseRow, id)
                consents = await session.scalars(select(ConsentRow).where(ConsentRow.case == id))
                vitals = await session.scalars(select(VitalRow).where(VitalRow.case == id))
                events = await session.scalars(select(EventRow).where(EventRow.case == id).order_by(EventRow.id))
                cases.append(
                    {
                        "case": id,
                        "state": row.state,
                        "opened_at": row.opened_at.isoformat(),
                        "closed_at": row.closed_at.isoformat() if row.closed_at else None,
                        "intake": row.intake,
                        "notes": row.draft,
                        "summary": row.summary,
                        "consents": [
                            {
                                "purpose": each.purpose,
                                "text_version": each.text_version,
                                "given": each.given,
                                "at": each.at.isoformat(),
                            }
                            for each in consents
                        ],
                        "measurements": [each.reading for each in vitals],
                        "who_did_what": [
                            {"at": each.at.isoformat(), "who": each.who, "what": each.what} for each in events
                        ],
                    }
                )
        return {"exported_at": self._clock.now().isoformat(), "cases": cases}

    async def erase(self, ids: Sequence[str], why: str = "request") -> None:
        """Erase cases with all that belongs to them; that so many were, and when, is kept.

        :raises StillOpenError: one of them is not over.
        """
        if not ids:
            return
        async with self._store.writing() as session:
            still = await session.scalar(select(CaseRow.id).where(CaseRow.id.in_(ids), CaseRow.state.not_in(OVER)))
            if still is not None:
                raise StillOpenError("a case of this person is still open: let the doctor close it first")
            await self._erase(session, ids, why)
        await self._store.shred()

    async def let_go(self, closed: timedelta, abandoned: timedelta) -> int:
        """Erase what has been kept for as long as it is to be; return how many cases."""
        now = self._clock.now()
        async with self._store.writing() as session:
            found = await session.scalars(
                select(CaseRow.id)
                .where(
                    or_(
                        (CaseRow.state == CaseState.CLOSED.value) & (CaseRow.closed_at < now - closed),
                        (CaseRow.state == CaseState.ABANDONED.value) & (CaseRow.closed_at < now - abandoned),
                    )
                )
                .limit(500)
            )
            ids = list(found.all())
            if ids:
                await self._erase(session, ids, "retention")
        if ids:
            await self._store.shred()
        return len(ids)

    async def erasures(self) -> int:
        """Return how many cases were erased."""
        async with self._store.reading() as session:
            return int(await session.scalar(select(func.coalesce(func.sum(ErasureRow.cases), 0))) or 0)

    async def _erase(self, session: AsyncSession, ids: Sequence[str], why: str) -> None:
        for table in (ConsentRow, VitalRow, EventRow):
            await session.execute(delete(table).where(table.case.in_(ids)))
        await session.execute(delete(CaseRow).where(CaseRow.id.in_(ids)))
        session.add(ErasureRow(at=self._clock.now(), cases=len(ids), why=why))
