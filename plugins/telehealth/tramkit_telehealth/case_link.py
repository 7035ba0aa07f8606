"""One case as the kiosk sees it: what is said about it to the desk, and what the desk says about it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from tramkit_telehealth.outbox import KioskMessage
from tramkit_telehealth.protocol import CaseRefused, CaseSummary, CaseUpdate, HangUp, Intake, RtcAnswer, StartLeg

CaseMessage = CaseUpdate | StartLeg | RtcAnswer | HangUp | CaseSummary | CaseRefused

MAX_CASE_BACKLOG = 100
"""Messages of the desk kept for a case that does not read them; the oldest go first."""


class CaseLink:
    """One case as the kiosk sees it: a bounded stream of what the desk says about it."""

    def __init__(self, intake: Intake, send: Callable[[KioskMessage], None]) -> None:
        self.id = intake.case
        self.intake: Intake | None = intake
        self._send = send
        self._messages: deque[CaseMessage] = deque(maxlen=MAX_CASE_BACKLOG)
        self._some = asyncio.Event()
        self.handed_over = False
        """The desk was told what became of the summary."""

    def close(self) -> None:
        """Forget the resident."""
        self.intake = None
        self._messages.clear()

    def send(self, message: KioskMessage) -> None:
        """Send a message about this case; it arrives once, now or after the connection is back."""
        self._send(message)

    def put(self, message: CaseMessage) -> None:
        self._messages.append(message)
        self._some.set()

    def put_back(self, messages: Sequence[CaseMessage]) -> None:
        """Give back messages that were read but belong to whoever reads next."""
        self._messages.extendleft(reversed(messages))
        if messages:
            self._some.set()

    async def next(self) -> CaseMessage:
        """Return the next thing the desk says about the case, waiting for it."""
        while not self._messages:
            self._some.clear()
            await self._some.wait()
        return self._messages.popleft()
