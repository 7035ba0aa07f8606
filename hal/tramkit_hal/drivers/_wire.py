"""The wire to a device: a socket, a serial line or a USB printer's node, with one kind of error."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import socket
import stat
import termios
import tty
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from pydantic import Field, model_validator

from tramkit_hal.data import Data
from tramkit_hal.device.errors import DeviceError, Trouble

CHUNK = 4096
BAUDS = {rate: int(getattr(termios, f"B{rate}")) for rate in (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)}
USB_PRINTERS = Path("/sys/class/usbmisc")
"""Where the kernel's ``usblp`` lists printers: ``lp0/device/../idVendor``."""


class WireSettings(Data):
    """Where a device is: on the network, or behind a node of this machine; one of them.

    :param host: its address in the network.
    :param port: TCP port.
    :param device: a node that keeps its name: ``/dev/serial/by-id/…`` or ``/dev/serial/by-path/…``, never ``ttyUSB0``.
    :param baud: of a serial line, bit/s.
    :param usb: a USB printer, ``vendor:product`` or ``vendor:product:serial`` as ``lsusb`` prints them.
    """

    host: str = ""
    port: int = Field(9100, ge=1, le=65535)
    device: str = ""
    baud: int = 115200
    usb: str = Field("", pattern=r"^([0-9a-fA-F]{4}:[0-9a-fA-F]{4}(:.+)?)?$")

    @model_validator(mode="after")
    def _one_place(self) -> WireSettings:
        if sum(map(bool, (self.host, self.device, self.usb))) != 1:
            raise ValueError('one of host, device and usb is needed, e.g. host = "192.0.2.9"')
        if self.baud not in BAUDS:
            raise ValueError(f"baud is one of {', '.join(map(str, BAUDS))}")
        return self

    @property
    def identity(self) -> str:
        """What names the device for as long as it is plugged in there."""
        return self.usb or self.device or f"{self.host}:{self.port}"


class Wire(Protocol):
    """Bytes both ways."""

    async def read(self) -> bytes:
        """Return what has come, at least one byte; empty: the other end has gone."""
        ...

    async def write(self, data: bytes) -> None:
        """Hand bytes over.

        :raises DeviceError: ``unplugged``.
        """
        ...

    async def close(self) -> None:
        """Give the handle back."""
        ...


Dial = Callable[[WireSettings], Awaitable[Wire]]

SCHEMES: dict[str, Dial] = {}
"""Other ways to reach a device, by what stands before the colon in ``device``."""


async def dial(settings: WireSettings) -> Wire:
    """Reach the device.

    :raises DeviceError: ``unplugged`` where it is not there, ``misconfigured`` where this user may not open it.
    """
    scheme = settings.device.partition(":")[0]
    if scheme in SCHEMES:
        return await SCHEMES[scheme](settings)
    try:
        if settings.host:
            return await StreamWire.connect(settings.host, settings.port)
        path = usb_printer(settings.usb) if settings.usb else settings.device
        return FileWire(path, settings.baud)
    except PermissionError:
        raise DeviceError(Trouble.MISCONFIGURED, f"{settings.identity}: this user may not open it") from None
    except BlockingIOError:
        raise DeviceError(Trouble.MISCONFIGURED, f"{settings.identity}: another program has it open") from None
    except OSError as error:
        raise DeviceError(Trouble.UNPLUGGED, f"{settings.identity}: {error.strerror or 'no answer'}") from None


def usb_printer(spec: str, listed: Path | None = None) -> str:
    """Return the node of a USB printer, whichever number the kernel gave it.

    :param spec: ``vendor:product`` or ``vendor:product:serial``.
    :raises FileNotFoundError: it is not plugged in.
    """
    wanted = spec.lower().split(":", 2)
    for entry in sorted((USB_PRINTERS if listed is None else listed).glob("lp*")):
        device = (entry / "device").resolve().parent
        found = [_read(device / name).lower() for name in ("idVendor", "idProduct", "serial")]
        if found[: len(wanted)] == wanted:
            return f"/dev/usb/{entry.name}"
    raise FileNotFoundError(2, "not plugged in")


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


class StreamWire:
    """A TCP connection that notices a peer whose cable was pulled."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def connect(cls, host: str, port: int) -> StreamWire:
        reader, writer = await asyncio.open_connection(host, port)
        line: socket.socket = writer.get_extra_info("socket")
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3)):
            line.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
        return cls(reader, writer)

    async def read(self) -> bytes:
        try:
            return await self._reader.read(CHUNK)
        except OSError:
            return b""

    async def write(self, data: bytes) -> None:
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError:
            raise DeviceError(Trouble.UNPLUGGED, "the connection broke") from None

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            await asyncio.wait_for(self._writer.wait_closed(), 1)


class FileWire:
    """A node of this machine that is read and written without blocking: a serial line, a USB printer."""

    def __init__(self, path: str, baud: int) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.isatty(self._fd):
                self._raw(baud)
            elif not stat.S_ISCHR(os.fstat(self._fd).st_mode) and not stat.S_ISFIFO(os.fstat(self._fd).st_mode):
                raise OSError(0, "no device")
        except BaseException:
            os.close(self._fd)
            raise
        self._gone = asyncio.Event()

    def _raw(self, baud: int) -> None:
        tty.setraw(self._fd)
        mode = termios.tcgetattr(self._fd)
        mode[2] |= termios.CLOCAL | termios.CREAD
        mode[4] = mode[5] = BAUDS[baud]
        termios.tcsetattr(self._fd, termios.TCSANOW, mode)
        termios.tcflush(self._fd, termios.TCIFLUSH)

    async def read(self) -> bytes:
        while not self._gone.is_set():
            try:
                data = os.read(self._fd, CHUNK)
            except BlockingIOError:
                await self._until(write=False)
                continue
            except OSError:  # EIO: unplugged
                return b""
            return data
        return b""

    async def write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            if self._gone.is_set():
                raise DeviceError(Trouble.UNPLUGGED, "the line is closed")
            try:
                rest = rest[os.write(self._fd, rest[:CHUNK]) :]
            except BlockingIOError:
                await self._until(write=True)
            except OSError:
                raise DeviceError(Trouble.UNPLUGGED, "the line broke") from None

    async def _until(self, *, write: bool) -> None:
        """Wait until the node can be read or written, or is closed."""
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[bool] = loop.create_future()
        add, remove = (loop.add_writer, loop.remove_writer) if write else (loop.add_reader, loop.remove_reader)

        def tell() -> None:
            if not ready.done():
                ready.set_result(True)

        add(self._fd, tell)
        gone = asyncio.ensure_future(self._gone.wait())
        gone.add_done_callback(lambda _gone: tell())
        try:
            await ready
        finally:
            gone.cancel()
            if not self._gone.is_set():
                remove(self._fd)

    async def close(self) -> None:
        if self._gone.is_set():
            return
        self._gone.set()
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._fd)
        loop.remove_writer(self._fd)
        os.close(self._fd)
