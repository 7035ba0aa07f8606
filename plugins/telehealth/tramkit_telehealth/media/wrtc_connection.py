"""The optional engine: libwebrtc by PyPI ``wrtc`` (extra ``tramkit-telehealth[wrtc]``), through its layer like aiortc.

It senses the line, encodes, buffers and conceals as Chromium does. What it cannot do for the station is declared in
``abilities``: it takes whichever network the kernel prefers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from aiortc.mediastreams import MediaStreamError
from aiortc.mediastreams import MediaStreamTrack as OurTrack
from webrtc.aiortc import MediaStreamError as TheirEnd
from webrtc.aiortc import MediaStreamTrack as TheirTrack
from webrtc.aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)

from tramkit_telehealth.media.answers import sound_alone
from tramkit_telehealth.media.connection import EngineAbilities, ReceivedTrack
from tramkit_telehealth.media.engine import AUDIO_CODECS, VIDEO_CODECS
from tramkit_telehealth.media.tracks import CameraTrack, MicrophoneTrack
from tramkit_telehealth.protocol import IceServer
from tramkit_telehealth.settings import EngineName
from tramkit_telehealth.uplinks import Uplink


class WrtcEngine:
    """Makes connections with libwebrtc."""

    name: EngineName = "wrtc"
    abilities = EngineAbilities(
        binds_uplink=False, hears_line=False, refreshes=False, redundant_sound=True, needs_package="wrtc"
    )

    def connect(
        self,
        servers: Iterable[IceServer],
        camera: CameraTrack,
        microphone: MicrophoneTrack,
        backlog: Callable[[], float],
        uplink: Uplink | None,
    ) -> WrtcConnection:
        """Make a connection; see :class:`Engine`."""
        return WrtcConnection(servers, camera, microphone)


class WrtcConnection:
    """One peer connection of libwebrtc."""

    heard_at: float | None = None

    def __init__(self, servers: Iterable[IceServer], camera: CameraTrack, microphone: MicrophoneTrack) -> None:
        ice = [
            RTCIceServer(urls=list(each.urls), username=each.username or None, credential=each.credential or None)
            for each in servers
        ]
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=ice, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self.pc.addTrack(_Sent(microphone))
        self.pc.addTrack(_Sent(camera))
        for transceiver in self.pc.getTransceivers():
            wanted = AUDIO_CODECS if transceiver.kind == "audio" else VIDEO_CODECS
            offered = RTCRtpSender.getCapabilities(transceiver.kind).codecs
            transceiver.setCodecPreferences([codec for codec in offered if codec.mimeType in wanted])

    @property
    def state(self) -> str:
        """The connection's state."""
        return self.pc.connectionState

    def listen(self, on_track: Callable[[ReceivedTrack], None], on_state: Callable[[], None]) -> None:
        """Tell what comes and what changes."""
        self.pc.on("track", lambda track: on_track(_Received(track)))
        self.pc.on("connectionstatechange", on_state)

    def channel(self, label: str, *, reliable: bool, protocol: str = "") -> Any:
        """Make a data channel."""
        if reliable:
            return self.pc.createDataChannel(label, protocol=protocol)
        return self.pc.createDataChannel(label, ordered=False, maxRetransmits=0, protocol=protocol)

    async def offer(self) -> str:
        """Gather candidates and return the complete offer."""
        await self.pc.setLocalDescription(await self.pc.createOffer())
        assert self.pc.localDescription is not None
        return self.pc.localDescription.sdp

    async def answer(self, sdp: str) -> tuple[bool, bool]:
        """Take the other side's answer."""
        known, picture = sound_alone(sdp)
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp=known, type="answer"))
        agreed = next((each.currentDirection for each in self.pc.getTransceivers() if each.kind == "video"), None)
        return picture and agreed in ("sendrecv", "sendonly"), picture and agreed in ("sendrecv", "recvonly")

    def refresh(self) -> None:
        """Do nothing: libwebrtc sends and asks for key frames by itself."""

    async def close(self) -> None:
        """End it."""
        await self.pc.close()


class _Sent(TheirTrack):
    """A track of the station as their layer takes it."""

    def __init__(self, track: OurTrack) -> None:
        super().__init__()
        self.kind = track.kind
        self._track = track

    async def recv(self) -> Any:
        try:
            return await self._track.recv()
        except MediaStreamError:
            raise TheirEnd from None


class _Received:
    """A track of theirs as the station takes it."""

    def __init__(self, track: Any) -> None:
        self.kind: str = track.kind
        self._track = track

    async def recv(self) -> object:
        try:
            return await self._track.recv()
        except TheirEnd:
            raise MediaStreamError from None
