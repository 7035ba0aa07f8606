"""A plugin beside a pipe without a process: every call becomes bytes and is done in another thread.

What passes through it passes through a real pipe, and a test that holds here tells that nothing but data crosses.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from tramkit.host.host import Host
from tramkit.host.plugin_side import Description, PluginSide
from tramkit.host.remote_plugin import RemotePlugin
from tramkit.host.worker import PluginWorker
from tramkit_hal.contracts.audio import Sound, SoundQueue
from tramkit_hal.video import NewestFrame


class SerialisingPlugin(RemotePlugin):
    """A plugin whose services run in a thread of their own, at the other end of a pipe of bytes.

    :ivar frames: how many frames have crossed, both ways.
    """

    def __init__(self, plugin: PluginSide) -> None:
        super().__init__(
            Description(
                services=tuple(plugin.services),
                payment_methods=tuple(plugin.payment_methods),
                identity_methods=tuple(plugin.identity_methods),
            ),
            self._to_worker,
        )
        self.frames = 0
        self._plugin = plugin
        self._station = asyncio.get_running_loop()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="plugin", daemon=True)
        self._worker: PluginWorker | None = None
        self._last: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the thread, and the services in it."""
        self._thread.start()
        self._loop.call_soon_threadsafe(self._begin)
        await super().start()

    def _begin(self) -> None:
        self._worker = PluginWorker(self._plugin, self._to_station, lambda visit: _Bridge(self, visit))

    async def stop(self) -> None:
        """End the services and the thread."""
        await super().stop()
        self._loop.call_soon_threadsafe(self._end)
        await asyncio.to_thread(self._thread.join)
        self._loop.close()

    def _end(self) -> None:
        if self._worker is not None:
            self._worker.peer.close()
        self._last = asyncio.create_task(self._drain(), name="the last of a plugin")

    async def _drain(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        self._loop.stop()

    def _to_worker(self, frame: bytes) -> None:
        self.frames += 1
        self._loop.call_soon_threadsafe(self._at_worker, frame)

    def _at_worker(self, frame: bytes) -> None:
        assert self._worker is not None
        self._worker.peer.receive(frame)

    def _to_station(self, frame: bytes) -> None:
        self.frames += 1
        self._station.call_soon_threadsafe(self.peer.receive, frame)

    def host(self, visit: str) -> Host:
        """Return the host of a visit, on the station's side."""
        return self._hosts[visit]

    def on_station(self, work: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
        """Run something on the station's side; return what ends it."""
        tasks: list[asyncio.Task[None]] = []
        self._station.call_soon_threadsafe(lambda: tasks.append(self._station.create_task(work())))

        def end() -> None:
            self._station.call_soon_threadsafe(lambda: [task.cancel() for task in tasks])

        return end

    def on_worker(self, work: Callable[[], None]) -> None:
        """Do something on the plugin's side."""
        self._loop.call_soon_threadsafe(work)


class _Bridge:
    """The streams of a visit between the two threads."""

    def __init__(self, plugin: SerialisingPlugin, visit: str) -> None:
        self._plugin = plugin
        self._visit = visit
        self._pictures: dict[str, NewestFrame] = {}
        self._ends: list[Callable[[], None]] = []
        self._shown: dict[str, Callable[[], None]] = {}

    def picture(self, handle: str) -> NewestFrame:
        if handle not in self._pictures:
            here = self._pictures[handle] = NewestFrame()

            async def pump() -> None:
                there, seen = self._plugin.host(self._visit).picture(handle), 0
                while (frame := await there.next(seen)) is not None:
                    seen = frame.sequence
                    here.put(frame.image, frame.pixel_format, frame.captured_at)

            self._ends.append(self._plugin.on_station(pump))
        return self._pictures[handle]

    def sound(self, handle: str) -> SoundQueue:
        here = SoundQueue()

        async def pump() -> None:
            there = self._plugin.host(self._visit).sound(handle)
            while (sound := await there.get()) is not None:
                self._plugin.on_worker(lambda piece=sound: here.put(piece))
            self._plugin.on_worker(here.close)

        self._ends.append(self._plugin.on_station(pump))
        return here

    def play(self, handle: str, sound: Sound) -> None:
        async def give() -> None:
            self._plugin.host(self._visit).play(handle, sound)

        self._plugin.on_station(give)

    def backlog(self, handle: str) -> float:
        return self._plugin.host(self._visit).backlog(handle)

    def set_video(self, name: str, picture: NewestFrame | None) -> None:
        if (end := self._shown.pop(name, None)) is not None:
            end()

        async def take_away() -> None:
            self._plugin.host(self._visit).set_video(name, None)

        if picture is None:
            self._plugin.on_station(take_away)
            return

        async def show() -> None:
            there = NewestFrame()
            self._plugin.host(self._visit).set_video(name, there)
            seen = 0
            while not picture.closed:
                frame = picture.frame
                if frame is not None and frame.sequence > seen:
                    seen = frame.sequence
                    there.put(frame.image, frame.pixel_format, frame.captured_at)
                await asyncio.sleep(1 / 60)

        self._shown[name] = self._plugin.on_station(show)

    def close(self) -> None:
        for end in (*self._ends, *self._shown.values()):
            end()
