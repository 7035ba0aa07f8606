"""What the kiosk has said to the desk and the desk has not acknowledged: numbered, sent again, never twice new."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator

from tramkit_telehealth.protocol import (
    ConnectionChecked,
    HangUp,
    Hello,
    KioskEnvelope,
    KioskMedia,
    LeaveCase,
    OpenCase,
    RtcOffer,
    SummaryHandedOver,
)

_log = logging.getLogger(__name__)

KioskMessage = OpenCase | LeaveCase | RtcOffer | KioskMedia | ConnectionChecked | HangUp | SummaryHandedOver

MAX_UNACKNOWLEDGED = 500
"""Messages kept for sending again; beyond it the oldest goes first."""


class Outbox:
    """Messages to the desk in order, kept until they are acknowledged."""

    def __init__(self) -> None:
        self._waiting: deque[KioskEnvelope] = deque()
        self._sent = 0

    def __iter__(self) -> Iterator[KioskEnvelope]:
        return iter(tuple(self._waiting))

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, message: KioskMessage) -> None:
        """Add a message; of offers and reports about one case only the newest counts."""
        if isinstance(message, KioskMedia | RtcOffer | ConnectionChecked):
            kind, case = type(message), message.case
            self._blank(lambda old: isinstance(old, kind) and old.case == case)
        self._sent += 1
        self._waiting.append(KioskEnvelope(seq=self._sent, message=message))
        while len(self._waiting) > MAX_UNACKNOWLEDGED:
            self._waiting.popleft()
            _log.warning("message to the desk dropped, too many unacknowledged")

    def acknowledged(self, ack: int) -> None:
        """Forget what the desk has received."""
        while self._waiting and self._waiting[0].seq <= ack:
            self._waiting.popleft()

    def begin_again(self, first: list[OpenCase]) -> None:
        """Count from one again for a desk that does not know the session.

        :param first: cases that are open at the kiosk; those that wait here already are not added again.
        """
        waiting = [envelope.message for envelope in self._waiting if envelope.message is not None]
        pending = {message.intake.case for message in waiting if isinstance(message, OpenCase)}
        messages = [*(opened for opened in first if opened.intake.case not in pending), *waiting]
        self._waiting = deque(KioskEnvelope(seq=n, message=message) for n, message in enumerate(messages, 1))
        self._sent = len(self._waiting)

    def forget(self, case: str) -> None:
        """Keep nothing of a resident who has gone but that they left and what became of the summary."""

        def personal(message: KioskMessage | Hello) -> bool:
            return isinstance(message, OpenCase) and message.intake.case == case

        def media(message: KioskMessage | Hello) -> bool:
            return isinstance(message, RtcOffer | KioskMedia | ConnectionChecked) and message.case == case

        self._blank(lambda message: personal(message) or media(message))

    def _blank(self, unwanted: Callable[[KioskMessage | Hello], bool]) -> None:
        """Empty messages but keep their numbers, which the desk may count."""
        for index, envelope in enumerate(self._waiting):
            if envelope.message is not None and unwanted(envelope.message):
                self._waiting[index] = envelope.model_copy(update={"message": None})
