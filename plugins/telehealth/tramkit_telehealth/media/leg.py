"""A leg of a call: one peer connection from its offer to its end. Nothing in it is ever negotiated again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Iterable
from enum import IntEnum
from typing import Any

from aiortc import RTCDataChannel, RTCSessionDescription
from aiortc.exceptions import InvalidStateError
from aiortc.mediastreams import MediaStreamTrack
from aiortc.sdp import candidate_from_sdp

from tramkit_hal.device.clock import Clock
from tramkit_telehealth.media import written as written_line
from tramkit_telehealth.media.answers import sound_alone
from tramkit_telehealth.media.engine import AUDIO_CODECS, VIDEO_CODECS, peer_connection, prefer
from tramkit_telehealth.media.gathering import gather_from
from tramkit_telehealth.media.playout import Output, play_sound, show_picture
from tramkit_telehealth.media.remote_candidates import in_every_section, split_hidden
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


class BadAnswerError(ValueError):
    """The browser's answer cannot be used; carries nothing of it, an SDP holds addresses and keys."""


class Leg:
    """One peer connection: sound, picture and a heartbeat both ways.

    :param servers: STUN and TURN servers; may be empty.
    :param output: where the doctor's picture and sound go while this leg is in charge.
    :param changed: called when the state has changed.
    :param uplink: the only way out that is used; None: all that the kernel uses.
    :param over: name of the way out that it takes; empty: not known.
    :param written: the written line of the call.
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
    ) -> None:
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
        self._pc = peer_connection()
        self._pc.line.speaker_backlog = output.backlog
        self._pc.addTrack(microphone)
        self._pc.addTrack(camera)
        for transceiver in self._pc.getTransceivers():
            prefer(transceiver, AUDIO_CODECS if transceiver.kind == "audio" else VIDEO_CODECS)
        self._channel = self._pc.createDataChannel(HEARTBEAT_CHANNEL, ordered=False, maxRetransmits=0)
        self._written = written if written is not None else WrittenLine()
        self._text = self._pc.createDataChannel(written_line.CHANNEL, protocol=written_line.CHANNEL)
        self._gathering = gather_from(self._pc, servers, uplink)
        self._listen()

    # ── signalling ────────────────────────────────────────────────────────────────────────────────────────

    async def offer(self) -> str:
        """Gather candidates and return the complete offer."""
        if self._describing is None:
            self._describing = asyncio.create_task(self._describe(), name="leg gathers")
        await asyncio.shield(self._describing)  # gathering that is cut short would leave its sockets open
        return self._pc.localDescription.sdp

    async def _describe(self) -> None:
        await self._pc.setLocalDescription(await self._pc.createOffer())
        self._become(LegState.OFFERED)

    async def answer(self, sdp: str) -> None:
        """Take the browser's answer; a second one changes nothing.

        :raises BadAnswerError: it is not an answer to this leg's offer.
        """
        if self.state is not LegState.OFFERED:
            return
        self._become(LegState.ANSWERED)
        known, hidden = split_hidden(sdp)
        try:
            known, _picture = sound_alone(known)
            await self._pc.setRemoteDescription(RTCSessionDescription(sdp=in_every_section(known), type="answer"))
        except Exception as error:  # the media library's edge: it reads what another side has written
            raise BadAnswerError(type(error).__name__) from None
        agreed = next((each.currentDirection for each in self._pc.getTransceivers() if each.kind == "video"), None)
        self.seen, self.shown = agreed in ("sendrecv", "sendonly"), agreed in ("sendrecv", "recvonly")
        if not (self.seen and self.shown):
            _log.warning("a picture is missing", extra={"leg": self.number, "seen": self.seen, "shown": self.shown})
        if hidden:
            self._spawn(self._look_up(hidden))

    async def _look_up(self, hidden: list[str]) -> None:
        """Add addresses that the browser has hidden behind names, as far as this network knows them."""
        transport = self._pc.getTransceivers()[0].receiver.transport.transport
        candidates = [candidate_from_sdp(line.partition(":")[2]) for line in hidden]
        done = await asyncio.gather(*map(transport.addRemoteCandidate, candidates), return_exceptions=True)
        if any(isinstance(each, Exception) for each in done):
            _log.info("addresses behind names not looked up", extra={"leg": self.number})

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
                await self._pc.close()
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
        heard = self._gathering.heard_at
        return self.silent_for if heard is None else max(0.0, asyncio.get_running_loop().time() - heard)

    def refresh(self) -> None:
        """Send a key frame at once and ask for one: the line was cut and is back (RFC 4585 §6.3.1)."""
        for transceiver in self._pc.getTransceivers():
            if transceiver.kind != "video":
                continue
            transceiver.sender._send_keyframe()
            for source in transceiver.receiver.getSynchronizationSources():
                self._spawn(transceiver.receiver._send_rtcp_pli(source.source))

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
        self._pc.on("track", self._on_track)
        self._pc.on("connectionstatechange", self._on_connection)
        self._channel.on("open", lambda: self._spawn(self._beat(self._channel)))
        self._channel.on("message", self._on_beat)
        self._text.on("open", lambda: self._written.opened(self._write))
        self._text.on("message", self._on_text)

    def _on_track(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio":
            self._spawn(play_sound(track, lambda sound: self._output.play(self.number, sound)))
        else:
            self._spawn(show_picture(track, self._on_picture))

    def _on_picture(self, image: Any, received_at: float) -> None:
        self.frames += 1
        self._become(LegState.LIVE)  # before it is shown, so that the first picture is
        self._output.show(self.number, image, received_at)

    def _on_connection(self) -> None:
        if self._pc.connectionState == "failed":
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

    async def _beat(self, channel: RTCDataChannel) -> None:
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
