"""Laying virtual cards on the virtual PC/SC reader of Debian's ``vsmartcard-vpcd``.

``vpcd`` is a driver of pcscd that listens on a TCP port, one for each slot; whoever connects is a card. A message is
two bytes of length, big endian, and that many bytes: one byte is a control (0 off, 1 on, 2 reset, 4 tell the ATR), more
are an APDU.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable

from tramkit_hal.card.apdu import Transport
from tramkit_hal.card.errors import CardGoneError

PORT = 35963
"""Of the first slot, unless pcscd's reader.conf says another; the second has the next one."""

ATR = bytes.fromhex("3b80800101")
"""What readers make of a contactless chip without historical bytes (PC/SC part 3, section 3.1.3.2.3)."""

_OFF, _ON, _RESET, _TELL_ATR = 0, 1, 2, 4


class VirtualSlot:
    """One slot of the virtual reader, on which cards are laid and from which they are taken.

    :param port: where ``vpcd`` listens for this slot.
    """

    def __init__(self, port: int = PORT, host: str = "127.0.0.1") -> None:
        self._address = (host, port)
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def lay(self, chip: Transport, *, atr: bytes = ATR) -> None:
        """Lay a card, in place of the one that lies there.

        :raises OSError: nothing listens there.
        """
        self.take()
        connection = socket.create_connection(self._address, timeout=10)
        connection.settimeout(None)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = connection
        self._thread = threading.Thread(target=_serve, args=(connection, chip, atr), name="virtual card", daemon=True)
        self._thread.start()

    def take(self) -> None:
        """Take the card away; nothing happens where none lies."""
        connection, self._socket = self._socket, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        if self._thread is not None:
            self._thread.join(10)
            self._thread = None


def _serve(connection: socket.socket, chip: Transport, atr: bytes) -> None:
    """Answer until the reader or the card has gone."""
    reset: Callable[[], None] = getattr(chip, "reset", lambda: None)
    with connection, contextlib.suppress(OSError, EOFError, CardGoneError):
        while True:
            message = _receive(connection, int.from_bytes(_receive(connection, 2), "big"))
            if len(message) > 1:
                _send(connection, chip.transmit(message))
            elif message == bytes([_TELL_ATR]):
                _send(connection, atr)
            elif message[:1] in (bytes([_OFF]), bytes([_ON]), bytes([_RESET])):
                reset()


def _receive(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        # vpcd sends length and message apart and waits for an acknowledgement between them.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        piece = connection.recv(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def _send(connection: socket.socket, data: bytes) -> None:
    connection.sendall(len(data).to_bytes(2, "big") + data)
