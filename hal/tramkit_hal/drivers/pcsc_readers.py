"""The readers that pcscd knows, and a card on one of them: what :mod:`tramkit_hal.drivers.pcsc` needs of `pyscard`."""

# pyscard has no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import importlib
import re
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from tramkit_hal import TramkitError
from tramkit_hal.card.errors import CardGoneError, ChipProtocolError

MAX_ANSWER = 65_538


class ReadersError(TramkitError):
    """pcscd or its readers did not do what was asked; the text is for the operator."""


class ReadersGoneError(ReadersError):
    """pcscd does not answer, or has restarted."""


class NoContactError(CardGoneError):
    """A card that lies there has not answered anything yet."""


@dataclass(frozen=True)
class Seen:
    """What a look found.

    :param names: the readers, without their running number.
    :param cards: readers on which a card lies, by their full names.
    :param insertions: how often cards were laid and taken, by reader; tells a card from the one before it.
    """

    names: tuple[str, ...] = ()
    cards: tuple[str, ...] = ()
    insertions: tuple[int, ...] = ()


def _scard() -> Any:
    """Return pyscard's bare functions.

    :raises ImportError: it, or the library that it is made for, is not installed.
    """
    return importlib.import_module("smartcard.scard")


class PcscReaders:
    """A connection to pcscd that looks at the readers of a name.

    :param name: part of the name; empty: all of them.
    :raises ImportError: pyscard is not installed.
    :raises ReadersError: pcscd does not run.
    """

    def __init__(self, name: str) -> None:
        self._scard = _scard()
        self._name = name.casefold()
        self._context: Any = None
        self._states: dict[str, int] = {}
        self.connect_again()

    def connect_again(self) -> None:
        """Connect, in place of a connection that is broken.

        :raises ReadersGoneError: pcscd does not run.
        """
        self.close()
        code, context = self._scard.SCardEstablishContext(self._scard.SCARD_SCOPE_USER)
        if code != self._scard.SCARD_S_SUCCESS:
            raise ReadersGoneError("pcscd does not answer")
        self._context = context
        self._states = {}

    def close(self) -> None:
        """Give the connection back."""
        context, self._context = self._context, None
        if context is not None:
            self._scard.SCardReleaseContext(context)

    def look(self, seconds: float) -> Seen:
        """Wait for a change, at most so long, and return how it is.

        :raises ReadersGoneError: pcscd has gone.
        :raises ReadersError: there is no reader of that name.
        """
        scard = self._scard
        names = self._list()
        asked = [(name, self._states.get(name, scard.SCARD_STATE_UNAWARE)) for name in names]
        code, found = scard.SCardGetStatusChange(self._context, int(1000 * seconds), asked)
        if code == scard.SCARD_E_UNKNOWN_READER:
            raise ReadersError("a reader was pulled")
        if code not in (scard.SCARD_S_SUCCESS, scard.SCARD_E_TIMEOUT):
            raise ReadersGoneError("pcscd does not answer")
        self._states = {name: event & ~scard.SCARD_STATE_CHANGED for name, event, _atr in found}
        return Seen(
            names=tuple(re.sub(r"( \([^)]*\))? \d\d \d\d$", "", name) for name in names),
            cards=tuple(name for name in names if self._has_card(name)),
            insertions=tuple(self._states[name] >> 16 & 0xFFFF for name in names),
        )

    def serial(self) -> str:
        """Return the serial number of the first reader; empty: it does not say."""
        scard = self._scard
        for name in self._list():
            code, card, _protocol = scard.SCardConnect(
                self._context, name, scard.SCARD_SHARE_DIRECT, scard.SCARD_PROTOCOL_UNDEFINED
            )
            if code != scard.SCARD_S_SUCCESS:
                return ""
            code, value = scard.SCardGetAttrib(card, scard.SCARD_ATTR_VENDOR_IFD_SERIAL_NO)
            scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)
            return bytes(value).decode("ascii", "ignore").strip("\0 ") if code == scard.SCARD_S_SUCCESS else ""
        return ""

    def _list(self) -> list[str]:
        scard = self._scard
        if self._context is None:
            raise ReadersGoneError("pcscd does not answer")
        code, names = scard.SCardListReaders(self._context, [])
        if code == scard.SCARD_E_NO_READERS_AVAILABLE:
            raise ReadersError("pcscd knows no reader")
        if code != scard.SCARD_S_SUCCESS:
            raise ReadersGoneError("pcscd does not answer")
        found = sorted(name for name in names if self._name in name.casefold())
        if not found:
            raise ReadersError("pcscd knows no reader of that name")
        return found

    def _has_card(self, name: str) -> bool:
        # One that pcscd calls mute counts too: connecting to it powers it up again, or tells that it cannot be read.
        return bool(self._states.get(name, 0) & self._scard.SCARD_STATE_PRESENT)


class CardConnection:
    """A card on a reader, for this program alone while it lasts.

    :param stop: when it is set, no further APDU is sent.
    """

    def __init__(self, reader: str, stop: threading.Event) -> None:
        self._scard = _scard()
        self._reader = reader
        self._stop = stop
        self._context: Any = None
        self._card: Any = None
        self._protocol = 0
        self._answered = False

    def __enter__(self) -> CardConnection:
        scard = self._scard
        code, self._context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
        if code != scard.SCARD_S_SUCCESS:
            raise ReadersGoneError("pcscd does not answer")
        wanted = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        code, card, self._protocol = scard.SCardConnect(
            self._context, self._reader, scard.SCARD_SHARE_EXCLUSIVE, wanted
        )
        if code != scard.SCARD_S_SUCCESS:
            scard.SCardReleaseContext(self._context)
            if code == scard.SCARD_E_SHARING_VIOLATION:
                raise ReadersError("another program uses the card")
            raise NoContactError("the card gives no contact")
        self._card = card
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Left as it is: a reset that fails makes pcscd 1.9 blind for the card until it is taken away. What was agreed
        # with the chip ends with the next command in clear, or when pcscd takes its power away, seconds later.
        self._scard.SCardDisconnect(self._card, self._scard.SCARD_LEAVE_CARD)
        self._scard.SCardReleaseContext(self._context)

    def transmit(self, command: bytes) -> bytes:
        """Return the chip's answer.

        :raises CardGoneError: the card was taken away, or the reading was ended.
        """
        if self._stop.is_set():
            raise CardGoneError("the reading was ended")
        code, answer = self._scard.SCardTransmit(self._card, self._protocol, list(command))
        if code != self._scard.SCARD_S_SUCCESS or not answer:
            raise CardGoneError("the card has gone") if self._answered else NoContactError("the card gives no contact")
        self._answered = True
        if len(answer) > MAX_ANSWER:
            raise ChipProtocolError("an answer has an absurd length")
        return bytes(answer)
