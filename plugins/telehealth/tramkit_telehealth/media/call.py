"""A call's media: its legs, one after the other, each made before the one before is broken."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from random import Random
from typing import Literal

from tramkit import Clock, NewestFrame
from tramkit_telehealth.media.engines import engine_of
from tramkit_telehealth.media.leg import BadAnswerError, Leg, LegState
from tramkit_telehealth.media.playout import Output
from tramkit_telehealth.media.tracks import CameraTrack, MicrophoneTrack, SoundFan
from tramkit_telehealth.media.written import WrittenLine
from tramkit_telehealth.protocol import INTERRUPTED_AFTER, NEW_LEG_AFTER, IceServer
from tramkit_telehealth.settings import EngineName
from tramkit_telehealth.uplinks import Uplink, WaysOut

_log = logging.getLogger(__name__)

Connection = Literal["connecting", "live", "interrupted"]

SPARE_SECONDS = 120.0
"""How long gathered candidates are trusted: addresses and TURN allocations grow old (RFC 8656: 600 s)."""

GATHER_SECONDS = 8.0
ATTEMPT_SECONDS = 8.0
"""How long a leg may take to become live before the next one is begun."""

FIRST_PAUSE, LAST_PAUSE = 0.5, 5.0
"""Seconds between attempts, doubled from the first to the last."""

LOOK_SECONDS = 0.1

LEAVE_AFTER = 1.2
"""Seconds in which nothing at all came, after which the next leg is made over the other network, where there is one:
sound alone comes fifty times a second, reports and heartbeats three times.
"""

CUT_AFTER = 0.6
"""Seconds in which nothing came, after which the line counts as cut: when it is back, both sides need a key frame."""


class CallMedia:
    """The media of one call.

    :param servers: returns the STUN and TURN servers of the desk.
    :param picture: returns the slot of the camera's newest frame; None: there is no camera now.
    :param fan: where the microphone's sound comes from.
    :param send_offer: sends a leg's number and offer to the desk.
    :param reachable: returns whether an offer would arrive now.
    :param ways: the ways out of the station; None: whichever the kernel prefers.
    :param engine: which engine makes the connections.
    """

    def __init__(
        self,
        *,
        servers: Callable[[], Sequence[IceServer]],
        picture: Callable[[], NewestFrame | None],
        fan: SoundFan,
        output: Output,
        send_offer: Callable[[int, str], None],
        reachable: Callable[[], bool],
        clock: Clock,
        random: Random,
        ways: WaysOut | None = None,
        engine: EngineName = "aiortc",
    ) -> None:
        self.muted = False
        self.camera_off = False
        self.output = output
        self.written = WrittenLine()
        """What both sides write; kept nowhere else."""
        self.attempts = 0
        """Legs begun since the call was live last."""
        self.changed = asyncio.Event()
        """Set whenever something has changed; whoever waits for it clears it."""
        self._servers = servers
        self._picture = picture
        self._fan = fan
        self._send_offer = send_offer
        self._reachable = reachable
        self._clock = clock
        self._random = random
        self._engine = engine_of(engine)
        self.engine = self._engine.name
        self._ways = ways if ways and self._engine.abilities.binds_uplink else WaysOut(list)
        self._cut = False
        self._epoch = time.monotonic()
        self._legs: dict[int, Leg] = {}
        self._current: Leg | None = None
        self._highest = 0
        self._spare: tuple[Leg, tuple[IceServer, ...]] | None = None
        self._started = False
        self._was_live = False
        self._live_at = clock.monotonic()
        self._next_at = 0.0
        self._pause = FIRST_PAUSE
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    # ── how it is ─────────────────────────────────────────────────────────────────────────────────────────

    @property
    def connection(self) -> Connection:
        """How the call is, for the resident and the desk."""
        leg = self._current
        if leg is not None and leg.state is LegState.LIVE and leg.silent_for < INTERRUPTED_AFTER:
            return "live"
        return "interrupted" if self._was_live else "connecting"

    @property
    def down_for(self) -> float:
        """Seconds since the call was live last, or since it began."""
        return 0.0 if self.connection == "live" else self._clock.monotonic() - self._live_at

    @property
    def leg(self) -> int:
        """Number of the leg in charge; the newest one where none is."""
        return self._current.number if self._current is not None else self._highest

    @property
    def slating(self) -> bool:
        """Whether the doctor sees the slate because the camera gives no picture."""
        return self._current is not None and self._current.slating

    @property
    def seen(self) -> bool:
        """Whether the doctor's side takes our picture, on the leg in charge."""
        return self._current is None or self._current.seen

    @property
    def shown(self) -> bool:
        """Whether the doctor's side sends a picture, on the leg in charge."""
        return self._current is None or self._current.shown

    @property
    def frames(self) -> int:
        """Pictures of the doctor decoded on the leg in charge."""
        return self._current.frames if self._current is not None else 0

    # ── legs ──────────────────────────────────────────────────────────────────────────────────────────────

    async def prepare(self, uplink: Uplink | None = None) -> None:
        """Gather candidates for the next leg while there is time, so that accepting is fast.

        :param uplink: the way out that it shall take; None: the one that is taken now.
        """
        servers = tuple(self._servers())
        over = uplink.name if uplink else self._ways.current()
        if self._spare is not None:
            leg, gathered_with = self._spare
            fresh = self._clock.monotonic() - leg.began_at < SPARE_SECONDS
            if fresh and gathered_with == servers and leg.over == over and leg.state < LegState.CLOSED:
                return
            self._spare = None
            self._drop(leg)
        leg = self._make(servers, uplink)
        self._spare = (leg, servers)
        try:
            async with asyncio.timeout(GATHER_SECONDS):
                await leg.offer()
        except TimeoutError:
            _log.warning("candidates not gathered in time")
            if self._spare is not None and self._spare[0] is leg:
                self._spare = None
                self._drop(leg)

    def start_leg(self, number: int) -> None:
        """Begin the leg of that number; one that was begun already goes on."""
        if number <= self._highest or self._closed:
            return
        if not self._started:
            self._started = True
            self._live_at = self._clock.monotonic()
        self._highest = number
        self.attempts += 1
        self._next_at = self._clock.monotonic() + ATTEMPT_SECONDS + self._pause
        self._pause = min(LAST_PAUSE, self._pause * 2) * (1 + self._random.random() / 10)
        for leg in [leg for leg in self._legs.values() if leg is not self._current]:
            self._drop(leg)
        leg = self._take_spare() or self._make(tuple(self._servers()))
        leg.number = number
        leg.began_at = self._clock.monotonic()
        self._legs[number] = leg
        self._spawn(self._offer(leg))

    async def answer(self, number: int, sdp: str) -> None:
        """Take the browser's answer to a leg; an answer to a leg that is over is dropped."""
        leg = self._legs.get(number)
        if leg is None:
            return
        try:
            await leg.answer(sdp)
        except BadAnswerError as error:
            _log.warning("answer of the desk cannot be used", extra={"leg": number, "error": str(error)})
            self._drop(leg)
            self._next_at = self._clock.monotonic() + self._pause

    async def run(self) -> None:
        """Watch the legs: put the newest live one in charge, begin another when it falls silent."""
        while not self._closed:
            self._look()
            await self._clock.sleep(LOOK_SECONDS)

    async def close(self) -> None:
        """End every leg and forget the pictures."""
        self._closed = True
        if self._spare is not None:
            self._drop(self._spare[0])
            self._spare = None
        for leg in list(self._legs.values()):
            self._drop(leg)
        self._current = None
        self.written.forget()
        self.output.close()
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _look(self) -> None:
        before = self.connection
        for leg in list(self._legs.values()):
            leg.look()
            if leg.state is LegState.CLOSED:
                self._drop(leg)
        self._promote()
        if self._current is not None:
            self._look_at_line(self._current)
        now = self._clock.monotonic()
        if self.connection == "live":
            self._was_live = True
            self._live_at = now
            if all(leg is self._current for leg in self._legs.values()):
                self.attempts, self._pause, self._next_at = 0, FIRST_PAUSE, 0.0
        elif self._started and now >= self._next_at and self._reachable() and self._silent():
            self.start_leg(self._highest + 1)
        if self.connection != before:
            self.changed.set()

    def _look_at_line(self, leg: Leg) -> None:
        """After a cut send a key frame at once; where another network is there, make the next leg over it."""
        quiet = leg.quiet_for
        if quiet >= CUT_AFTER:
            self._cut = True
        elif self._cut:
            self._cut = False
            leg.refresh()
        other = self._ways.other_than(leg.over) if quiet >= CUT_AFTER else None
        if other is None or any(each.over == other.name for each in self._legs.values() if each is not leg):
            return
        if self._spare is None or self._spare[0].over != other.name:
            self._spawn(self.prepare(other))
        if quiet < LEAVE_AFTER:
            return
        self._ways.choose(other.name)  # what is said to the desk takes the other way too
        if self._reachable():
            _log.info("telehealth.uplink.left", extra={"leg": leg.number})
            self.start_leg(self._highest + 1)

    def _silent(self) -> bool:
        return self._current is None or self._current.silent_for >= NEW_LEG_AFTER

    def _promote(self) -> None:
        live = [leg for leg in self._legs.values() if leg.state is LegState.LIVE]
        newest = max(live, key=lambda leg: leg.number, default=None)
        if newest is None or newest is self._current:
            return
        self._current = newest
        self.output.leg = newest.number
        for leg in [leg for leg in self._legs.values() if leg.number < newest.number]:
            self._drop(leg)
        _log.info("leg in charge", extra={"leg": newest.number})
        self.changed.set()

    def _leg_changed(self) -> None:
        if not self._closed:
            self._promote()
        self.changed.set()

    def _make(self, servers: tuple[IceServer, ...], uplink: Uplink | None = None) -> Leg:
        uplink = uplink or self._ways.uplink()
        return Leg(
            servers,
            CameraTrack(self._picture, lambda: self.camera_off, self._epoch),
            MicrophoneTrack(self._fan, lambda: self.muted, self._epoch),
            self.output,
            self._clock,
            self._leg_changed,
            uplink,
            uplink.name if uplink else self._ways.current(),
            self.written,
            self._engine,
        )

    def _take_spare(self) -> Leg | None:
        if self._spare is None:
            return None
        leg, _servers = self._spare
        self._spare = None
        if leg.state <= LegState.OFFERED and leg.over == self._ways.current():
            return leg
        self._drop(leg)
        return None

    async def _offer(self, leg: Leg) -> None:
        try:
            async with asyncio.timeout(GATHER_SECONDS):
                sdp = await leg.offer()
        except TimeoutError:
            _log.warning("candidates not gathered in time", extra={"leg": leg.number})
            self._drop(leg)
            return
        if self._legs.get(leg.number) is leg:
            self._send_offer(leg.number, sdp)

    def _drop(self, leg: Leg) -> None:
        self._legs.pop(leg.number, None)
        if leg is self._current:
            self._current = None
        self._spawn(leg.close())

    def _spawn(self, work: object) -> None:
        assert asyncio.iscoroutine(work)
        task = asyncio.create_task(work, name="call media")
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("call media failed", exc_info=error)
