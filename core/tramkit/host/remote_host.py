"""The host of a visit at the other end of a pipe."""

from __future__ import annotations

from typing import Any, Protocol

from tramkit.host.host import Snapshot
from tramkit.host.peer import HOST, Peer
from tramkit_hal.contracts.audio import Sound, SoundQueue
from tramkit_hal.video import NewestFrame


class Streams(Protocol):
    """Moving pictures and sound of one visit, which cross beside the calls."""

    def picture(self, handle: str) -> NewestFrame:
        """Return the stream of a camera's pictures."""
        ...

    def sound(self, handle: str) -> SoundQueue:
        """Return the stream of a microphone that was started."""
        ...

    def play(self, handle: str, sound: Sound) -> None:
        """Give a speaker a piece of sound."""
        ...

    def set_video(self, name: str, picture: NewestFrame | None) -> None:
        """Give a name to a moving picture; None takes it away."""
        ...

    def close(self) -> None:
        """End them."""
        ...


class RemoteHost:
    """The host of a visit at the other end of a pipe; a :class:`Host` but for what its streams carry."""

    def __init__(self, peer: Peer, to: str, snapshot: Snapshot, streams: Streams) -> None:
        self._peer = peer
        self._to = to
        self.snapshot = snapshot
        self.picture = streams.picture
        self.sound = streams.sound
        self.play = streams.play
        self.set_video = streams.set_video

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in HOST:
            raise AttributeError(name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            result, answer = await self._peer.call(self._to, HOST, name, *args, **kwargs)
            self.snapshot = Snapshot.model_validate(answer["snapshot"])
            return result

        return call
