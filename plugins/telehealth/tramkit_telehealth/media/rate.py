"""How much the station sends: the ladder of picture sizes, driven by what the other side reports.

Two voices are heard, and the lower one counts: the receiver's estimate (REMB, draft-alvestrand-rmcat-remb-03), which
grows with delay, and the share of packets lost (RFC 3550 §6.4.1). Down at once; up slowly. The sound goes first.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import IntEnum

START_BITRATE = 400_000
"""Bits a second of pictures before the other side has said what it can take: what most lines bear."""

MAX_BITRATE = 2_000_000
"""Most bits a second of pictures; 720p30 of a face gains nothing above."""

MIN_BITRATE = 30_000

FEW_LOST, MANY_LOST = 0.07, 0.13
"""Shares of lost packets, smoothed, below which the rate grows, and above which it falls.

Higher than draft-ietf-rmcat-gcc-02 §6 has them (0.02 and 0.1): a full line is noticed by its delay, and a radio that
loses one packet in twenty at any rate must not cost the doctor the patient's skin.
"""

LOSS_SECONDS, ACT_SECONDS = 2.0, 0.4
"""Seconds over which losses are counted, and between two steps that follow from them."""

GROWTH, FIRST_GROWTH = 1.08, 1.8
"""Growth of the rate in a second without loss; the second in the first seconds of a call."""

RANDOM_LOSS_FLOOR = 250_000
"""Loss alone drives the rate no lower than this while nothing queues: a radio loses packets at any rate."""

LONG_ROUND_TRIP = 0.3
"""Shortest round trip, seconds, from which it is not known whether something queues."""

QUEUE_SECONDS = 0.1
"""Round trip above the shortest one at which something queues."""

BACK_OFF = 0.85
"""Share of what came through to go down to when something queues (draft-ietf-rmcat-gcc-02 §5.5: beta)."""

HOPELESS_LOSS = 0.4

UNHEARD_SECONDS, HALVE_SECONDS = 1.2, 0.6
"""Seconds without a report after which the rate is halved, and between two halvings: where reports do not come through
though something does, the line is full (RFC 5348 §4.4, the no-feedback timer).
"""

CUT_SECONDS = 1.0
"""Seconds without any packet after which the line counts as cut: what was lost meanwhile says nothing of its width."""

FORGIVE_SECONDS = 2.0

FRESH_SECONDS, STALE_SECONDS = 2.0, 8.0
"""How long an estimate of the receiver speaks for the delay, and how long it holds at all."""

CLIMB_SECONDS, FIRST_CLIMB_SECONDS = 5.0, 1.0
"""How long the rate must suffice for the next larger picture; the second in the first seconds of a call."""

FIRST_SECONDS = 8.0
TRY_SECONDS, MAX_TRY_SECONDS = 8.0, 60.0
"""How long it is sound alone until a picture is tried again; doubled each time that it fails."""

ONE_KEYFRAME_SECONDS = 1.0


class Rung(IntEnum):
    """What is sent, from least to most."""

    SOUND = 0
    P240_15 = 1
    P240 = 2
    P360 = 3
    P540 = 4
    P720 = 5


@dataclass(frozen=True, slots=True)
class Step:
    """A rung of the ladder.

    :param height: of a picture of 720 lines; the camera's own shape is kept.
    :param fps: pictures a second.
    :param hold: bits a second down to which it is kept.
    :param climb: bits a second from which it is climbed to.
    """

    height: int
    fps: int
    hold: int
    climb: int


LADDER = {
    Rung.P240_15: Step(240, 15, 45_000, 60_000),
    Rung.P240: Step(240, 30, 100_000, 130_000),
    Rung.P360: Step(360, 30, 180_000, 240_000),
    Rung.P540: Step(540, 30, 350_000, 480_000),
    Rung.P720: Step(720, 30, 600_000, 800_000),
}


class _Losses:
    """The share of packets lost over a window: a browser reports at each gap, so single reports say too much."""

    def __init__(self) -> None:
        self._reports: deque[tuple[float, int, int]] = deque()

    def add(self, highest: int, lost: int, now: float) -> None:
        """Take what a report says of all packets so far."""
        if self._reports and highest < self._reports[-1][1]:
            self._reports.clear()  # counted anew
        self._reports.append((now, highest, lost))
        while len(self._reports) > 2 and self._reports[1][0] < now - LOSS_SECONDS:
            self._reports.popleft()

    def forget(self) -> None:
        """Begin anew."""
        self._reports.clear()

    @property
    def share(self) -> float:
        """Share of packets lost, 0 to 1."""
        if len(self._reports) < 2:
            return 0.0
        (_, first, lost), (_, last, lost_now) = self._reports[0], self._reports[-1]
        return min(1.0, max(0.0, (lost_now - lost) / (last - first))) if last > first else 0.0


class RateControl:
    """The rate of one connection's pictures and sound. Times are seconds of one monotonic clock."""

    def __init__(self, now: float) -> None:
        self.rung = Rung.P360
        self.loss = 0.0
        """Share of lost packets that the other side has reported, smoothed."""
        self._began = now
        self._by_loss = float(START_BITRATE)
        self._estimate: tuple[float, float] | None = None
        self._losses = {"audio": _Losses(), "video": _Losses()}
        self._round_trip = self._least_round_trip = 0.1
        self.sending = 0.0
        """Bits a second that leave, of all kinds."""
        self._heard_at = self._got_at = now
        self._forgive_until = now
        self._acted_at = now
        self._changed_at = now
        self._enough_since: float | None = None
        self._try_pause = TRY_SECONDS

    # ── what is heard ─────────────────────────────────────────────────────────────────────────────────────

    def estimated(self, bitrate: float, now: float) -> None:
        """Take the receiver's estimate of the most bits a second (REMB)."""
        self._estimate = (bitrate, now)
        self._heard_at = now
        self._look(now)

    def got(self, now: float) -> bool:
        """Note that something came from the other side; return whether that ends a cut."""
        ends = now - self._got_at > CUT_SECONDS
        self._got_at = now
        if ends:
            self._forgive_until = now + FORGIVE_SECONDS
            self._heard_at = now
        return ends

    def round_trip(self, seconds: float, least: float) -> None:
        """Take the round trip as it is and as it was at its shortest."""
        self._round_trip, self._least_round_trip = seconds, least

    def reported(self, kind: str, highest: int, lost: int, now: float) -> None:
        """Take a receiver report (RFC 3550 §6.4.1).

        :param kind: ``audio`` or ``video``.
        :param highest: sequence number, extended.
        :param lost: packets lost so far.
        """
        self._heard_at = now
        losses = self._losses[kind]
        if now < self._forgive_until:
            losses.forget()
            return
        losses.add(highest, lost, now)
        if kind == ("audio" if self.rung is Rung.SOUND else "video"):
            self.loss = losses.share
            self._act(now)

    def _act(self, now: float) -> None:
        """Let the rate follow losses and what queues."""
        elapsed = min(2.0, now - self._acted_at)
        if elapsed < ACT_SECONDS:
            return
        self._acted_at = now
        if self.queues and not self._estimates(now):
            through = min(self._by_loss, max(self.sending, MIN_BITRATE)) * (1 - self.loss)
            self._by_loss = max(MIN_BITRATE, min(self._by_loss * BACK_OFF, through))
        elif self.loss > MANY_LOST:
            floor = min(self._by_loss, RANDOM_LOSS_FLOOR) if self._plainly_random(self.loss) else MIN_BITRATE
            self._by_loss = max(self._by_loss * (1 - 0.5 * self.loss * elapsed), floor)
        elif self.loss < FEW_LOST:
            growth = FIRST_GROWTH if now - self._began < FIRST_SECONDS else GROWTH
            self._by_loss = min(MAX_BITRATE, self._by_loss * growth**elapsed + 2000)
            if self._estimate is not None:
                self._by_loss = max(LADDER[Rung.P240_15].climb, min(self._by_loss, 1.5 * self._estimate[0]))
        self._look(now)

    def _estimates(self, now: float) -> bool:
        """Whether the receiver watches the delay itself, on our way alone; a round trip has two."""
        return self._estimate is not None and now - self._estimate[1] < FRESH_SECONDS

    def _plainly_random(self, lost: float) -> bool:
        return lost < HOPELESS_LOSS and self._least_round_trip < LONG_ROUND_TRIP

    @property
    def queues(self) -> bool:
        """Whether packets wait somewhere on their way."""
        return self._round_trip > self._least_round_trip + QUEUE_SECONDS

    # ── what follows ──────────────────────────────────────────────────────────────────────────────────────

    @property
    def bitrate(self) -> int:
        """Bits a second for pictures, repairs included."""
        bitrate = self._by_loss
        if self._estimate is not None:
            bitrate = min(bitrate, self._estimate[0])
        return int(min(MAX_BITRATE, max(MIN_BITRATE, bitrate)))

    @property
    def sound_bitrate(self) -> int:
        """Bits a second for sound."""
        if self.bitrate >= 240_000:
            return 32_000
        return 24_000 if self.rung is not Rung.SOUND else 16_000

    @property
    def sound_loss(self) -> int:
        """Percentage of lost packets that the sound's FEC is to reckon with."""
        return min(30, max(10, round(100 * max(self.loss, self._losses["audio"].share))))

    @property
    def pacing(self) -> int:
        """Bits a second at which packets leave: a key frame must not fill a narrow line's queue."""
        return int(self.bitrate * (2.5 if self.bitrate > 500_000 else 1.25)) + 20_000

    def tick(self, now: float) -> None:
        """Look whether it is time for something: called with every picture."""
        if self._estimate is not None and now - self._estimate[1] > STALE_SECONDS:
            self._by_loss = min(self._by_loss, self._estimate[0])
            self._estimate = None
        if now - self._heard_at > UNHEARD_SECONDS and now - self._got_at < CUT_SECONDS:
            self._heard_at += HALVE_SECONDS
            self._by_loss = max(MIN_BITRATE, self._by_loss / 2)
        if self.rung is Rung.SOUND and now - self._changed_at > self._try_pause:
            self._try_pause = min(MAX_TRY_SECONDS, self._try_pause * 2)
            if self._losses["audio"].share < MANY_LOST and not self.queues:
                self._by_loss = max(self._by_loss, LADDER[Rung.P240_15].climb)
                self._estimate = None
                self._go(Rung.P240_15, now)
            else:
                self._changed_at = now
        self._look(now)

    def _look(self, now: float) -> None:
        bitrate = self.bitrate
        if self.rung is Rung.SOUND:
            return
        if bitrate < LADDER[self.rung].hold:
            if now - self._changed_at >= ONE_KEYFRAME_SECONDS or bitrate < LADDER[Rung.P240_15].hold:
                fitting = [rung for rung, step in LADDER.items() if bitrate >= step.hold]
                self._go(max(fitting, default=Rung.SOUND), now)
            return
        if self.rung is Rung.P720:
            return
        above = LADDER[Rung(self.rung + 1)]
        if bitrate < above.climb or (self.queues and not self._estimates(now)):
            self._enough_since = None
            return
        self._enough_since = self._enough_since if self._enough_since is not None else now
        first = now - self._began < FIRST_SECONDS
        if now - self._enough_since >= (FIRST_CLIMB_SECONDS if first else CLIMB_SECONDS):
            fitting = max(rung for rung, step in LADDER.items() if bitrate >= step.climb)
            self._go(fitting if first else Rung(self.rung + 1), now)

    def _go(self, rung: Rung, now: float) -> None:
        if rung > Rung.P240_15:
            self._try_pause = TRY_SECONDS
        self.rung = rung
        self._changed_at = now
        self._enough_since = None
