"""The engine port: what a leg needs of a peer connection, whichever engine makes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from tramkit import Data
from tramkit_telehealth.media.tracks import CameraTrack, MicrophoneTrack
from tramkit_telehealth.protocol import IceServer
from tramkit_telehealth.settings import EngineName
from tramkit_telehealth.uplinks import Uplink


class EngineAbilities(Data):
    """What an engine can do beside a call itself; what it cannot is gone without.

    :param binds_uplink: a leg can be made over a network of the station's choice, so that a call outlives a network.
    :param hears_line: it tells when anything at all came last, so that a cut is noticed before the heartbeat misses.
    :param refreshes: it sends a key frame, and asks for one, when it is told to.
    :param redundant_sound: each packet of sound can carry the one before it (RFC 2198).
    :param needs_package: what must be installed for it beside the plugin; empty: nothing.
    """

    binds_uplink: bool
    hears_line: bool
    refreshes: bool
    redundant_sound: bool
    needs_package: str = ""


class Channel(Protocol):
    """A data channel (RFC 8831)."""

    @property
    def readyState(self) -> str: ...
    def on(self, event: str, f: Callable[..., object]) -> object: ...
    def send(self, data: str) -> None: ...


class ReceivedTrack(Protocol):
    """What the other side sends; ``recv`` raises aiortc's ``MediaStreamError`` at its end."""

    kind: str

    async def recv(self) -> object: ...


class EngineConnection(Protocol):
    """One peer connection, from its offer to its end."""

    @property
    def state(self) -> str:
        """The connection's state (W3C ``RTCPeerConnectionState``)."""
        ...

    @property
    def heard_at(self) -> float | None:
        """Seconds of the loop's clock when anything came last; None: nothing has, or the engine cannot tell."""
        ...

    def listen(self, on_track: Callable[[ReceivedTrack], None], on_state: Callable[[], None]) -> None:
        """Tell what the other side sends, and when the state has changed."""
        ...

    def channel(self, label: str, *, reliable: bool, protocol: str = "") -> Channel:
        """Make a data channel; all are made before the offer."""
        ...

    async def offer(self) -> str:
        """Gather candidates and return the complete offer."""
        ...

    async def answer(self, sdp: str) -> tuple[bool, bool]:
        """Take the other side's answer; return whether it takes our picture and whether it sends one.

        :raises Exception: it cannot be used.
        """
        ...

    def refresh(self) -> None:
        """Send a key frame at once and ask for one (RFC 4585 §6.3.1), where the engine can."""
        ...

    async def close(self) -> None:
        """End it."""
        ...


class Engine(Protocol):
    """Makes peer connections."""

    name: EngineName
    abilities: EngineAbilities

    def connect(
        self,
        servers: Iterable[IceServer],
        camera: CameraTrack,
        microphone: MicrophoneTrack,
        backlog: Callable[[], float],
        uplink: Uplink | None,
    ) -> EngineConnection:
        """Make a connection that sends these tracks and receives sound and a picture.

        :param servers: STUN and TURN servers; may be empty, no other is ever asked.
        :param backlog: returns the seconds of sound that wait at the speaker.
        :param uplink: the only way out that is used, where the engine can bind to one; None: any.
        """
        ...
