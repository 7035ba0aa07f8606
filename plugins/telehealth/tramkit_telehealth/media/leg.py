"""A leg of a call: one peer connection from its offer to its end. Nothing in it is ever negotiated again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Iterable
from enum import IntEnum
from typing import Any

from aiortc.exceptions import InvalidStateError

from tramkit import Clock, TramkitError
from tramkit_telehealth.media import written as written_line
from tramkit_telehealth.media.connection import Channel, Engine, ReceivedTrack
from tramkit_telehealth.media.engines import engine_of
from tramkit_telehealth.media.playout import Output, play_sound, show_picture
from tramkit_telehealth.media.tracks import CameraTrack, MicrophoneTrack
from tramkit_telehealth.media.written import WrittenLine
from tramkit_telehealth.protocol import BEAT_SECONDS, HEARTBEAT_CHANNEL, IceServer
from tramkit_telehealth.uplinks import Uplink

_log = logging.getLogger(__name__)

LIVE_WITHOUT_PICTURE = 3.0
"""Seconds of heartbeat after which a leg counts as live though the doctor sends no picture."""

CLOSE_SECONDS = 8.0


class LegState(IntEnum):
    """How far a leg is; it only ever moves forward."""

    NEW = 0
    OFFERED = 1
    ANSWERED = 2
    CONNECTED = 3
    """The heartbeat has come through."""
    LIVE = 4
    """A picture of the doctor was decoded."""
    CLOSED = 5


class BadAnswerError(TramkitError, ValueError):
    """The browser's answer cannot be used; carries nothing of it, an SDP holds addresses and keys."""


class Leg:
    """One peer connection: sound, picture and a heartbeat both ways.

    :param servers: STUN and TURN servers; may be empty.
    :param output: where the doctor's picture and sound go while this leg is in charge.
    :param changed: called when the state has changed.
    :param uplink: the only way out that is used; None: all that the kernel uses.
    :param over: name of the way out that it takes; empty: not known.
    :param written: the written line of the call.
    :param engine: makes the connection; None: the default one.
    """

    def __init__(
        self,
        servers: Iterable[IceServer],
        camera: CameraTrack,
        microphone: MicrophoneTrack,
        output: Output,
        clock: Clock,
        changed: Callable[[], None],
        uplink: Uplink | None = None,
        over: str = "",
        written: WrittenLine | None = None,
        engine: Engine | None = None,
    ) -> None:
        engine = engine or engine_of("aiortc")
        self.number = 0
        self.over = over
        self.state = LegState.NEW
        self.began_at = clock.monotonic()
        self.seen = True
        """Whether the other side takes our picture."""
        self.shown = True
        """Whether the other side sends a picture."""
        self.frames = 0
        """Pictures decoded so far."""
        self._clock = clock
        self._camera = camera
        self._microphone = microphone
        self._output = output
        self._changed = changed
        self._connected_at: float | None = None
        self._last_beat: float | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._describing: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._connection = engine.connect(servers, camera, microphone, output.backlog, uplink)
        self._channel = self._connection.channel(HEARTBEAT_CHANNEL, reliable=False)
        self._written = written if written is not None else WrittenLine()
        self._text = self._connection.channel(written_line.CHANNEL, reliable=True, protocol=written_line.CHANNEL)
        self._offer = ""
        self._listen()

    # ── signalling ────────────────────────────────────────────────────────────────────────────────────────

    async def offer(self) -> str:
        """Gather candidates and return the complete offer."""
        if self._describing is None:
            self._describing = asyncio.create_task(self._describe(), name="leg gathers")
        await asyncio.shield(self._describing)  # gathering that is cut short would leave its sockets open
        return self._offer

    async def _describe(self) -> None:
        self._offer = await self._connection.offer()
        self._become(LegState.OFFERED)

    async def answer(self, sdp: str) -> None:
        """Take the browser's answer; a second one changes nothing.

        :raises BadAnswerError: it is not an answer to this leg's offer.
        """
        if self.state is not LegState.OFFERED:
            return
        self._become(LegState.ANSWERED)
        try:
            self.seen, self.shown = await self._connection.answer(sdp)
        except Exception as error:  # the media library's edge: it reads what another side has written
            raise BadAnswerError(type(error).__name__) from None
        if not (self.seen and self.shown):
            _log.warning("a picture is missing", extra={"leg": self.number, "seen": self.seen, "shown": self.shown})

    async def close(self) -> None:
        """End the leg; may be called more than once."""
        if self._closing is None:
            self._become(LegState.CLOSED)
            self._closing = asyncio.create_task(self._close(), name="leg closes")
        await asyncio.shield(self._closing)  # closing that is cut short would leave its sockets open

    async def _close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._camera.stop()
        self._microphone.stop()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                if self._describing is not None:
                    await asyncio.wait({self._describing})
                await self._connection.close()
        except TimeoutError:
            _log.warning("leg did not close in time", extra={"leg": self.number})

    # ── how it is ─────────────────────────────────────────────────────────────────────────────────────────

    @property
    def silent_for(self) -> float:
        """Seconds since the last heartbeat of the other side, or since the leg was connected or began."""
        return self._clock.monotonic() - (self._last_beat or self._connected_at or self.began_at)

    @property
    def quiet_for(self) -> float:
        """Seconds since anything at all came over it: sound, picture, heartbeat or a report on them."""
        heard = self._connection.heard_at
        if heard is None:  # what can be told is the heartbeat alone, which pauses between two beats
            return max(0.0, self.silent_for - BEAT_SECONDS)
        return max(0.0, asyncio.get_running_loop().time() - heard)

    def refresh(self) -> None:
        """Send a key frame at once and ask for one: the line was cut and is back."""
        self._connection.refresh()

    @property
    def slating(self) -> bool:
        """Whether the slate is sent because the camera gives no picture."""
        return self._camera.slating

    def look(self) -> None:
        """Notice that a doctor without a camera is live all the same."""
        if (
            self.state is LegState.CONNECTED
            and self._connected_at is not None
            and self._clock.monotonic() - self._connected_at > LIVE_WITHOUT_PICTURE
        ):
            self._become(LegState.LIVE)

    def _become(self, state: LegState) -> None:
        if state > self.state:
            self.state = state
            self._changed()

    # ── what happens on it ────────────────────────────────────────────────────────────────────────────────

    def _listen(self) -> None:
        self._connection.listen(self._on_track, self._on_connection)
        self._channel.on("open", lambda: self._spawn(self._beat(self._channel)))
        self._channel.on("message", self._on_beat)
        self._text.on("open", lambda: self._written.opened(self._write))
        self._text.on("message", self._on_text)

    def _on_track(self, track: ReceivedTrack) -> None:
        if track.kind == "audio":
            self._spawn(play_sound(track, lambda sound: self._output.play(self.number, sound)))
        else:
            self._spawn(show_picture(track, self._on_picture))

    def _on_picture(self, image: Any, received_at: float) -> None:
        self.frames += 1
        self._become(LegState.LIVE)  # before it is shown, so that the first picture is
        self._output.show(self.number, image, received_at)

    def _on_connection(self) -> None:
        if self._connection.state == "failed":
            _log.info("leg failed", extra={"leg": self.number})
            self._spawn(self.close())
        else:
            self._changed()

    def _on_beat(self, _message: object) -> None:
        self._last_beat = self._clock.monotonic()
        if self.state < LegState.CONNECTED:
            self._connected_at = self._last_beat
            self._become(LegState.CONNECTED)
        elif self._connected_at is None:
            self._connected_at = self._last_beat

    def _write(self, text: str) -> None:
        with contextlib.suppress(InvalidStateError, ConnectionError):
            self._text.send(text)

    def _on_text(self, data: str | bytes) -> None:
        self._written.got(data)
        self._changed()

    async def _beat(self, channel: Channel) -> None:
        while channel.readyState == "open":
            with contextlib.suppress(InvalidStateError, ConnectionError):
                channel.send(str(round(self._clock.monotonic() * 1000)))
            await self._clock.sleep(BEAT_SECONDS)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(_walled(work), name="leg")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: work.close())  # one that is cancelled before it began is not waited for


async def _walled(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:  # the top of a task: one broken stream must not end the others
        _log.exception("stream of a leg failed")
