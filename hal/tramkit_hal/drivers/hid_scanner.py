"""Code scanners that pose as a keyboard: the station takes the keyboard for itself, so that nothing is typed anywhere.

The kernel's input events are read as they are (``linux/input.h``); no library is needed.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
from collections.abc import Iterator

from pydantic import BaseModel

from tramkit_hal.data import Data
from tramkit_hal.device.base import DeviceContext, DeviceInfo
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.drivers._reading import MAX_CODE, ListeningScanner

EVENT = struct.Struct("llHHi")
"""``struct input_event`` of a 64-bit kernel: seconds, microseconds, type, code, value."""
EVIOCGRAB = 0x40044590
EV_KEY = 1
UP, DOWN = 0, 1

PLAIN = {
    **dict(zip(range(2, 14), "1234567890-=", strict=True)),
    **dict(zip(range(16, 28), "qwertyuiop[]", strict=True)),
    **dict(zip(range(30, 42), "asdfghjkl;'`", strict=True)),
    **dict(zip(range(43, 54), "\\zxcvbnm,./", strict=True)),
    57: " ",
    15: "\t",
}
SHIFTED = {
    **{key: letter.upper() for key, letter in PLAIN.items()},
    **dict(zip(range(2, 14), "!@#$%^&*()_+", strict=True)),
    **dict(zip((26, 27, 39, 40, 41, 43, 51, 52, 53), '{}:"~|<>?', strict=True)),
}
KEYPAD = {82: 0, 79: 1, 80: 2, 81: 3, 75: 4, 76: 5, 77: 6, 71: 7, 72: 8, 73: 9}
SHIFT, ALT, CONTROL, ENTER = (42, 54), (56, 100), (29, 97), (28, 96)
LETTER_U, SPACE = 22, 57


class KeyDecoder:
    """Turns keys back into the text of a code, for a scanner set to a US keyboard.

    Letters that such a keyboard lacks come either as Alt with a number on the keypad, or as Ctrl+Shift+U with a
    hexadecimal number; numbers below 256 are bytes of UTF-8 where they make some.
    """

    def __init__(self) -> None:
        self._held: set[int] = set()
        self._text: list[str] = []
        self._number = ""
        self._hexadecimal: str | None = None

    def feed(self, key: int, value: int) -> str | None:
        """Take one key going down or up; return a code when it is complete.

        :param value: 1 down, 0 up, 2 repeated.
        """
        if value == UP:
            self._held.discard(key)
            if key in ALT and self._number:
                self._add(int(self._number))
                self._number = ""
            return None
        if value != DOWN:
            return None
        self._held.add(key)
        if self._holds(ALT):
            if key in KEYPAD and len(self._number) < 7:
                self._number += str(KEYPAD[key])
        elif self._holds(CONTROL):
            if key == LETTER_U and self._holds(SHIFT):
                self._hexadecimal = ""
        elif self._hexadecimal is not None:
            self._in_hexadecimal(key)
        elif key in ENTER:
            return self._end()
        elif (letter := (SHIFTED if self._holds(SHIFT) else PLAIN).get(key)) is not None:
            self._text.append(letter)
        if len(self._text) > MAX_CODE:
            self._text.clear()
        return None

    def _in_hexadecimal(self, key: int) -> None:
        letter = PLAIN.get(key, "")
        assert self._hexadecimal is not None
        if letter and letter in "0123456789abcdef" and len(self._hexadecimal) < 6:
            self._hexadecimal += letter
        elif key == SPACE or key in ENTER:
            if self._hexadecimal:
                self._add(int(self._hexadecimal, 16))
            self._hexadecimal = None

    def _add(self, number: int) -> None:
        if 0 < number < 0x110000 and not 0xD800 <= number < 0xE000:
            self._text.append(chr(number))

    def _holds(self, keys: tuple[int, ...]) -> bool:
        return not self._held.isdisjoint(keys)

    def _end(self) -> str:
        text = "".join(self._text)
        self.clear()
        try:
            return text.encode("latin-1").decode("utf-8")
        except (UnicodeEncodeError, UnicodeDecodeError):
            return text

    def clear(self) -> None:
        """Forget what has been typed so far."""
        self._text.clear()
        self._number, self._hexadecimal = "", None


def key_events(data: bytes) -> Iterator[tuple[int, int]]:
    """Return key and value of each key event among whole input events."""
    for _seconds, _micros, kind, code, value in EVENT.iter_unpack(data):
        if kind == EV_KEY:
            yield code, value


class HidScannerSettings(Data):
    """Settings of a scanner that poses as a keyboard.

    :param device: ``/dev/input/by-id/…-event-kbd``.
    """

    device: str


class HidScanner(ListeningScanner):
    """A scanner that poses as a keyboard, which nobody but the station can read."""

    driver = "hid_scanner"
    Settings = HidScannerSettings

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._fd = -1
        self._keys = KeyDecoder()
        self._rest = b""

    @property
    def info(self) -> DeviceInfo:
        return DeviceInfo(driver=self.driver, model="keyboard code scanner", serial=self.settings.device)

    async def _open(self) -> None:
        await self._close()
        try:
            self._fd = os.open(self.settings.device, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except PermissionError:
            raise DeviceError(Trouble.MISCONFIGURED, "this user may not read input devices") from None
        except OSError as error:
            raise DeviceError(Trouble.UNPLUGGED, error.strerror or "") from None
        try:
            self._grab(self._fd)
        except OSError:
            await self._close()
            raise DeviceError(Trouble.MISCONFIGURED, "another program has taken this keyboard") from None
        asyncio.get_running_loop().add_reader(self._fd, self._readable)

    def _grab(self, fd: int) -> None:
        """Take the keyboard, so that its keys reach no page."""
        fcntl.ioctl(fd, EVIOCGRAB, 1)

    async def _close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            asyncio.get_running_loop().remove_reader(fd)
            os.close(fd)
        self._keys, self._rest = KeyDecoder(), b""

    def _readable(self) -> None:
        try:
            data = os.read(self._fd, EVENT.size * 64)
        except BlockingIOError:
            return
        except OSError:  # ENODEV: pulled out
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._fd)
            self._lost(Trouble.UNPLUGGED)
            return
        data = self._rest + data
        whole = len(data) - len(data) % EVENT.size
        self._rest = data[whole:]
        for key, value in key_events(data[:whole]):
            text = self._keys.feed(key, value)
            if text is not None:
                self._heard(text)

    async def _light(self, on: bool) -> None:
        if on:
            self._keys.clear()

    async def _wipe(self) -> None:
        self._keys.clear()
        self._rest = b""
