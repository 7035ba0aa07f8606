"""Streams of PortAudio, whose calls may block for ever: what :mod:`tramkit_hal.drivers.sounddevice` needs of it."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from tramkit_hal.contracts.audio import PIECE, SAMPLE_RATE
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.library import LibraryCalls, call_soon

CHECK_SECONDS = 1.0
"""How often a stream is looked at: PortAudio tells nobody that a device was pulled."""

STILL_SECONDS = 3.0
"""A stream that asks for no sound and brings none for so long belongs to a sound server that hangs."""

SHUT_SECONDS = 2.0
"""How long a stream may take to close; after that its thread is left to the server that hangs."""

CALLS = LibraryCalls("PortAudio")


def _portaudio() -> Any:
    """Return the library, or say what is missing; what failed half-way is imported anew at the next try."""
    try:
        import sounddevice  # pyright: ignore[reportMissingTypeStubs]

        if not hasattr(sounddevice, "query_devices"):
            raise ImportError("half made")
    except ImportError as error:
        _forget_library()
        raise DeviceError(Trouble.MISCONFIGURED, "the library sounddevice is not installed") from error
    except OSError as error:  # it raises that where the shared library is missing
        _forget_library()
        raise DeviceError(Trouble.MISCONFIGURED, "the PortAudio library is not installed") from error
    except Exception as error:  # PortAudioError: no sound system at all answers yet
        _forget_library()
        raise DeviceError(Trouble.UNPLUGGED, "no sound system answers") from error
    return sounddevice


def _forget_library() -> None:
    for name in ("sounddevice", "_sounddevice"):
        sys.modules.pop(name, None)


_running: set[SoundStream] = set()
"""The streams that play or record now, of every device of this process."""

_looking = threading.Lock()


def find(settings: Any, kind: str) -> str:
    """Return the name of the device that the settings mean; blocks.

    :param kind: ``input`` or ``output``.
    :raises DeviceError: there is none, or no library.
    """
    library = _portaudio()
    with _looking:
        with contextlib.suppress(library.PortAudioError, ValueError):
            return str(library.query_devices(settings.device, kind)["name"])
        try:
            _look_again(library)
            return str(library.query_devices(settings.device, kind)["name"])
        except (library.PortAudioError, ValueError) as error:
            raise DeviceError(Trouble.UNPLUGGED, f"no {kind} device") from error


def _look_again(library: Any) -> None:
    """Let PortAudio find what was plugged in since it started; it cannot while a stream runs."""
    if not _running:
        with contextlib.suppress(library.PortAudioError):  # it could not be started the last time
            library._terminate()
        library._initialize()


class SoundStream:
    """A PortAudio stream, opened and closed off the event loop, and watched while it runs."""

    def __init__(self, kind: str, device: int | str | None, callback: Callable[..., None]) -> None:
        self._kind = kind
        self._callback = callback
        self._options: dict[str, Any] = dict(
            samplerate=SAMPLE_RATE, blocksize=PIECE, device=device, channels=1, dtype="int16", latency="low"
        )
        self._moved = 0.0
        self._stream: Any = None
        self._opening = threading.Lock()
        self._abandoned = False
        self._opened: Any = None

    async def open(self) -> None:
        library = _portaudio()

        def start() -> Any:
            stream = getattr(library, self._kind)(callback=self._moves, **self._options)
            stream.start()
            with self._opening:
                if not self._abandoned:
                    self._opened = stream
                    return stream
            self._shut(stream)
            return None

        _running.add(self)
        try:
            self._moved = time.monotonic()
            self._stream = await CALLS.call(start)
        except asyncio.CancelledError:
            self._abandon()
            raise
        except library.PortAudioError as error:
            _running.discard(self)
            raise DeviceError(Trouble.UNPLUGGED, "the stream does not open") from error
        except DeviceError:
            _running.discard(self)
            raise

    def _moves(self, *given: Any) -> None:
        """Take or give sound; runs in PortAudio's thread."""
        self._moved = time.monotonic()
        self._callback(*given)

    def _abandon(self) -> None:
        """Nobody waits any more: the thread that opens cannot be stopped, so what it opens is closed."""
        with self._opening:
            self._abandoned, opened = True, self._opened
        if opened is not None:
            threading.Thread(target=self._shut, args=(opened,), name="closes a sound stream").start()

    def _shut(self, stream: Any) -> None:
        stream.abort()
        stream.close()
        _running.discard(self)

    def trouble(self) -> Trouble | None:
        """Return what is wrong with it; None: sound goes through it."""
        if self._stream is None or not self._stream.active:
            return Trouble.UNPLUGGED
        return Trouble.DEADLINE if time.monotonic() - self._moved > STILL_SECONDS else None

    async def close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            with contextlib.suppress(TimeoutError, DeviceError):
                async with asyncio.timeout(SHUT_SECONDS):
                    await CALLS.call(lambda: self._shut(stream))
        else:
            _running.discard(self)


async def try_out(kind: str, device: int | str | None) -> None:
    """Open a stream, see that something moves through it, and close it.

    :raises DeviceError: ``unplugged`` where it does not open; ``deadline`` where the sound server hangs.
    """
    moved = asyncio.Event()
    loop = asyncio.get_running_loop()

    def moves(data: Any, *_rest: Any) -> None:
        if kind == "OutputStream":
            data.fill(0)
        call_soon(loop, moved.set)

    stream = SoundStream(kind, device, moves)
    await stream.open()
    try:
        async with asyncio.timeout(STILL_SECONDS):
            await moved.wait()
    except TimeoutError:
        raise DeviceError(Trouble.DEADLINE, "no sound goes through") from None
    finally:
        await stream.close()
