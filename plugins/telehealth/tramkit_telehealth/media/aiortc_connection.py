"""The default engine: aiortc with the station's own senders and receivers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from aiortc import RTCDataChannel, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp

from tramkit_telehealth.media.answers import sound_alone
from tramkit_telehealth.media.connection import EngineAbilities, ReceivedTrack
from tramkit_telehealth.media.engine import AUDIO_CODECS, VIDEO_CODECS, peer_connection, prefer
from tramkit_telehealth.media.gathering import gather_from
from tramkit_telehealth.media.remote_candidates import in_every_section, split_hidden
from tramkit_telehealth.media.tracks import CameraTrack, MicrophoneTrack
from tramkit_telehealth.protocol import IceServer
from tramkit_telehealth.settings import EngineName
from tramkit_telehealth.uplinks import Uplink

_log = logging.getLogger(__name__)


class AiortcEngine:
    """Makes connections with aiortc."""

    name: EngineName = "aiortc"
    abilities = EngineAbilities(binds_uplink=True, hears_line=True, refreshes=True, redundant_sound=True)

    def connect(
        self,
        servers: Iterable[IceServer],
        camera: CameraTrack,
        microphone: MicrophoneTrack,
        backlog: Callable[[], float],
        uplink: Uplink | None,
    ) -> AiortcConnection:
        """Make a connection; see :class:`Engine`."""
        return AiortcConnection(servers, camera, microphone, backlog, uplink)


class AiortcConnection:
    """One peer connection of aiortc."""

    def __init__(
        self,
        servers: Iterable[IceServer],
        camera: CameraTrack,
        microphone: MicrophoneTrack,
        backlog: Callable[[], float],
        uplink: Uplink | None,
    ) -> None:
        self.pc = peer_connection()
        self.pc.line.speaker_backlog = backlog
        self.pc.addTrack(microphone)
        self.pc.addTrack(camera)
        for transceiver in self.pc.getTransceivers():
            prefer(transceiver, AUDIO_CODECS if transceiver.kind == "audio" else VIDEO_CODECS)
        self._servers = servers
        self._uplink = uplink
        self._gathering = gather_from(self.pc, servers, uplink)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def state(self) -> str:
        """The connection's state."""
        return self.pc.connectionState

    @property
    def heard_at(self) -> float | None:
        """Seconds of the loop's clock when anything came last."""
        return self._gathering.heard_at

    def listen(self, on_track: Callable[[ReceivedTrack], None], on_state: Callable[[], None]) -> None:
        """Tell what comes and what changes."""
        self.pc.on("track", on_track)
        self.pc.on("connectionstatechange", on_state)

    def channel(self, label: str, *, reliable: bool, protocol: str = "") -> RTCDataChannel:
        """Make a data channel."""
        if reliable:
            return self.pc.createDataChannel(label, protocol=protocol)
        return self.pc.createDataChannel(label, ordered=False, maxRetransmits=0, protocol=protocol)

    async def offer(self) -> str:
        """Gather candidates and return the complete offer."""
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return self.pc.localDescription.sdp

    async def answer(self, sdp: str) -> tuple[bool, bool]:
        """Take the other side's answer."""
        known, hidden = split_hidden(sdp)
        known, _picture = sound_alone(known)
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp=in_every_section(known), type="answer"))
        agreed = next((each.currentDirection for each in self.pc.getTransceivers() if each.kind == "video"), None)
        if hidden:
            self._spawn(self._look_up(hidden))
        return agreed in ("sendrecv", "sendonly"), agreed in ("sendrecv", "recvonly")

    async def _look_up(self, hidden: list[str]) -> None:
        """Add addresses that the browser has hidden behind names, as far as this network knows them."""
        transport = self.pc.getTransceivers()[0].receiver.transport.transport
        candidates = [candidate_from_sdp(line.partition(":")[2]) for line in hidden]
        done = await asyncio.gather(*map(transport.addRemoteCandidate, candidates), return_exceptions=True)
        if any(isinstance(each, Exception) for each in done):
            _log.info("addresses behind names not looked up")

    def refresh(self) -> None:
        """Send a key frame at once and ask for one."""
        for transceiver in self.pc.getTransceivers():
            if transceiver.kind != "video":
                continue
            transceiver.sender._send_keyframe()
            for source in transceiver.receiver.getSynchronizationSources():
                self._spawn(transceiver.receiver._send_rtcp_pli(source.source))

    async def close(self) -> None:
        """End it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.pc.close()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="aiortc connection")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
