"""Frames over a socket: four bytes of length, big-endian, then that many bytes."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable

from tramkit.host.calls import BadCallError

_LENGTH = struct.Struct(">I")

MAX_TO_PLUGIN = 64 * 1024 * 1024
"""Bytes of a frame to a plugin: an order with all its files."""
MAX_OF_PLUGIN = 8 * 1024 * 1024
"""Bytes of a frame of a plugin: the files that a service makes itself."""
MAX_WAITING = 80 * 1024 * 1024
"""Bytes that wait for a plugin that does not read; more, and it is given up."""


class FrameSocket(asyncio.Protocol):
    """One end of a pipe of frames.

    :param take: takes a frame that has come.
    :param ended: is told once that the other end is gone, or said what is no frame.
    :param most: bytes of a frame that comes.
    """

    def __init__(self, take: Callable[[bytes], None], ended: Callable[[], None], most: int) -> None:
        self._take = take
        self._ended = ended
        self._most = most
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self.lost = False

    @classmethod
    async def over(
        cls, end: socket.socket, take: Callable[[bytes], None], ended: Callable[[], None], most: int
    ) -> FrameSocket:
        """Use a connected stream socket, which is then its own."""
        end.setblocking(False)
        loop = asyncio.get_running_loop()
        _transport, protocol = await loop.create_connection(lambda: cls(take, ended, most), sock=end)
        return protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            while len(self._buffer) >= _LENGTH.size:
                (length,) = _LENGTH.unpack_from(self._buffer)
                if length > self._most:
                    raise BadCallError(f"a frame of {length} bytes")
                if len(self._buffer) < _LENGTH.size + length:
                    return
                frame = bytes(self._buffer[_LENGTH.size : _LENGTH.size + length])
                del self._buffer[: _LENGTH.size + length]
                self._take(frame)
        except BadCallError:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.lost:
            self.lost = True
            self._buffer.clear()
            self._ended()

    def send(self, frame: bytes) -> None:
        """Put a frame on the way; it is dropped where the other end is gone."""
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(_LENGTH.pack(len(frame)) + frame)
        if self._transport.get_write_buffer_size() > MAX_WAITING:
            self.close()

    def close(self) -> None:
        """End it at once, whatever still waits."""
        if self._transport is not None:
            self._transport.abort()


def send_frame(end: socket.socket, frame: bytes, *files: int) -> None:
    """Send a frame over a blocking socket, with open files beside it."""
    head = _LENGTH.pack(len(frame))
    socket.send_fds(end, [head], list(files))
    end.sendall(frame)


def receive_frame(end: socket.socket, most: int, files: int = 2) -> tuple[bytes, list[int]] | None:
    """Receive a frame over a blocking socket, with the open files that came beside it; None: the other end is gone.

    :param files: that are taken, at most.
    :raises BadCallError: a frame that is too long.
    """
    head, taken, _flags, _address = socket.recv_fds(end, _LENGTH.size, files)
    if head and len(head) < _LENGTH.size:
        head += _receive(end, _LENGTH.size - len(head)) or b""
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > most:
        raise BadCallError(f"a frame of {length} bytes")
    body = _receive(end, length)
    return None if body is None else (body, taken)


def receive_by(end: socket.socket, most: int, deadline: float) -> bytes | None:
    """Receive a frame of who is not trusted, without files; None: the other end is gone.

    :param deadline: by :func:`time.monotonic`, for the whole of it.
    :raises BadCallError: a frame that is too long.
    :raises TimeoutError: it has not come by then.
    """
    head = _receive(end, _LENGTH.size, deadline)
    if head is None:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > most:
        raise BadCallError(f"a frame of {length} bytes")
    return _receive(end, length, deadline)


def _receive(end: socket.socket, length: int, deadline: float | None = None) -> bytes | None:
    """Receive so many bytes; None: the other end is gone."""
    body = bytearray()
    while len(body) < length:
        if deadline is not None:
            if (left := deadline - time.monotonic()) <= 0:
                raise TimeoutError
            end.settimeout(left)
        more = end.recv(min(length - len(body), 1 << 20))
        if not more:
            return None
        body += more
    return bytes(body)
