"""The jitter buffer for pictures, counted in time: whole pictures in order, what to ask for again, when to start anew.

A picture leaves as soon as its last packet is here (the marker bit, RFC 7741 §4.1). What is missing is asked for again
and again while it may still come (NACK, RFC 4585 §6.2.1); a picture that stays incomplete makes the buffer ask for a
key frame (PLI, §6.3.1), and **a whole key frame is gone to at once**: nothing before it is needed any more.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tramkit_telehealth.media.vp8 import is_keyframe

MAX_PACKETS = 2000
"""Packets that wait for a missing one: three seconds at 6 Mb/s."""

MAX_AGE = 3.0
"""Seconds that a picture may wait for what is missing; then nothing but a key frame helps."""

REORDER_SECONDS, MAX_REORDER_SECONDS = 0.01, 0.06
"""How long a packet may be overtaken by others before it is asked for: as long as some were of late, within bounds."""

REORDER_FORGET = 0.995

MIN_RETRY, MAX_RETRY = 0.03, 0.6
"""Seconds between two requests for one packet: the round trip and a little more, within these bounds."""

RETRY_MARGIN = 0.01
MAX_TRIES = 12
ASK_SECONDS = 1.2
"""How long a packet is asked for; senders forget it then, and a picture so old helps nobody."""

MAX_NACK = 60
"""Packets in one request: what a request asks for must fit through a narrow line."""

PLI_AFTER = 0.3
"""Seconds that a picture is stuck, beyond a round trip, until a key frame is asked for."""

PLI_SECONDS = 1.0
"""Between two requests for a key frame; a sender makes no more of them."""

FIRST_PLI_SECONDS = 0.5
RESTART_GAP = 3000


@dataclass(slots=True)
class Part:
    """A packet of a picture.

    :param sequence: unwrapped.
    :param timestamp: unwrapped, 90 kHz.
    :param data: without the payload descriptor.
    :param starts: it begins a picture.
    :param marker: it ends one.
    """

    sequence: int
    timestamp: int
    data: bytes
    starts: bool
    marker: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """A whole encoded picture."""

    timestamp: int
    data: bytes
    keyframe: bool


@dataclass(slots=True)
class _Missing:
    since: float
    asked: float | None = None
    tries: int = 0


@dataclass(slots=True)
class _State:
    parts: dict[int, Part] = field(default_factory=dict[int, Part])
    missing: dict[int, _Missing] = field(default_factory=dict[int, _Missing])
    next: int | None = None
    highest: int | None = None
    stuck_since: float | None = None


class PictureBuffer:
    """Takes packets as they come, gives whole pictures. Times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self.round_trip = 0.1
        """Seconds to the other side and back, as far as they are known."""
        self.nacks = self.plis = self.jumps = 0
        self._now = _State()
        self._overtaken = 0.0
        self._asked_key: float | None = None
        self._wants_key = True

    @property
    def waits_for_key(self) -> bool:
        """Whether only a key frame can be shown next."""
        return self._wants_key

    def put(self, part: Part, now: float, *, repaired: bool = False) -> list[Picture]:
        """Take a packet; return the pictures that are whole now, in order.

        :param repaired: it was sent again.
        """
        state = self._now
        if state.highest is not None and abs(part.sequence - state.highest) > RESTART_GAP:
            self.start_anew()
            state = self._now
        if state.next is None:
            state.next = state.highest = part.sequence
            if not part.starts:
                self._wants_key = True
        assert state.highest is not None
        if part.sequence < state.next:
            return []
        for sequence in range(max(state.highest, state.next - 1) + 1, part.sequence):
            state.missing[sequence] = _Missing(now)
        state.highest = max(state.highest, part.sequence)
        missing = state.missing.pop(part.sequence, None)
        self._overtaken *= REORDER_FORGET
        if missing is not None and not repaired:
            self._overtaken = max(self._overtaken, now - missing.since)
        state.parts[part.sequence] = part
        if len(state.parts) > MAX_PACKETS:
            self.start_anew()
            return []
        return self._whole(now)

    def start_anew(self) -> None:
        """Forget everything and wait for a key frame: the decoder is lost, or the stream has jumped."""
        self._now = _State(next=None if self._now.highest is None else self._now.highest + 1, highest=self._now.highest)
        self._wants_key = True

    # ── whole pictures ────────────────────────────────────────────────────────────────────────────────────

    def _whole(self, now: float) -> list[Picture]:
        state = self._now
        pictures: list[Picture] = []
        while True:
            assert state.next is not None
            parts = self._parts_from(state.next)
            if parts is None:
                parts = self._jump()
            if parts is None:
                break
            self._drop_before(parts[-1].sequence + 1)
            picture = self._picture(parts)
            if picture is not None:
                pictures.append(picture)
        if pictures or not (state.parts or state.missing):
            state.stuck_since = None
        if state.stuck_since is None and (state.parts or state.missing):
            state.stuck_since = now
        return pictures

    def _picture(self, parts: list[Part]) -> Picture | None:
        """Return the picture; None where it has lost its beginning or leans on one that was never shown."""
        data = b"".join(part.data for part in parts)
        keyframe = parts[0].starts and is_keyframe(data)
        if not parts[0].starts or (self._wants_key and not keyframe):
            self._wants_key = True
            return None
        self._wants_key = False
        return Picture(parts[0].timestamp, data, keyframe)

    def _parts_from(self, sequence: int) -> list[Part] | None:
        """Return the packets of the picture that begins there; None: not all are here."""
        parts: list[Part] = []
        while (part := self._now.parts.get(sequence)) is not None:
            if parts and part.timestamp != parts[0].timestamp:
                return parts  # a sender without marker bits
            parts.append(part)
            if part.marker:
                return parts
            sequence += 1
        return None

    def _jump(self) -> list[Part] | None:
        """Return the newest whole key frame; None: there is none."""
        starts = (part for part in self._now.parts.values() if part.starts and is_keyframe(part.data))
        for part in sorted(starts, key=lambda part: part.sequence, reverse=True):
            parts = self._parts_from(part.sequence)
            if parts is not None:
                self.jumps += 1
                return parts
        return None

    def _drop_before(self, sequence: int) -> None:
        state = self._now
        for store in (state.parts, state.missing):
            for each in [each for each in store if each < sequence]:
                del store[each]
        state.next = sequence
        if state.highest is not None and state.highest < sequence - 1:
            state.highest = sequence - 1

    # ── what to ask for ───────────────────────────────────────────────────────────────────────────────────

    def to_ask_again(self, now: float) -> list[int]:
        """Return the sequence numbers to ask for now (unwrapped), and note that they were asked for."""
        retry = min(MAX_RETRY, max(MIN_RETRY, self.round_trip + RETRY_MARGIN))
        patience = min(MAX_REORDER_SECONDS, max(REORDER_SECONDS, self._overtaken))
        asked: list[int] = []
        for sequence, missing in self._now.missing.items():
            due = missing.since + patience if missing.asked is None else missing.asked + retry
            if now - missing.since > ASK_SECONDS + self.round_trip:
                continue
            if now >= due and missing.tries < MAX_TRIES and len(asked) < MAX_NACK:
                missing.asked = now
                missing.tries += 1
                asked.append(sequence)
        self.nacks += len(asked)
        return asked

    def wants_keyframe(self, now: float) -> bool:
        """Return whether to ask for a key frame now, and note that it was asked for."""
        state = self._now
        if state.highest is None:
            return False
        if state.stuck_since is not None and now - state.stuck_since > MAX_AGE:
            self.start_anew()
        stuck = state.stuck_since is not None and now - state.stuck_since > PLI_AFTER + self.round_trip
        if not (self._wants_key or stuck):
            return False
        pause = FIRST_PLI_SECONDS if self._wants_key else PLI_SECONDS
        if self._asked_key is not None and now - self._asked_key < pause:
            return False
        self._asked_key = now
        self.plis += 1
        return True
