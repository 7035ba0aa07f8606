"""Opening and reading a chip of a Vietnamese identity card over any :class:`~tramkit_hal.card.apdu.Transport`.

Usable alone::

    files = read_chip(transport, AccessKeys.parse("079090123458"), ("dg1", "dg13", "sod"))

Everything blocks: a driver calls it in a thread. Nothing that is read is believed here; that is
:func:`tramkit_hal.card.trust.authenticate`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tramkit_hal.card import active_authentication, passive, tlv
from tramkit_hal.card.access import AccessKeys
from tramkit_hal.card.apdu import Command, Transport
from tramkit_hal.card.bac import open_by_bac
from tramkit_hal.card.chip_authentication import authenticate_chip
from tramkit_hal.card.errors import AccessRefusedError, ChipError, ChipProtocolError, ChipStatusError
from tramkit_hal.card.files import GROUPS, CardFiles, ChipProof, DataGroup
from tramkit_hal.card.pace import BY_CAN, open_by_pace
from tramkit_hal.card.secure_messaging import Channel
from tramkit_hal.card.security_infos import KNOWN_CARD_ACCESS, PaceInfo, chip_keys, pace_infos

APPLICATION = bytes.fromhex("a0000002471001")
CARD_ACCESS = 0x011C
COM = 0x011E
FILES: dict[DataGroup, int] = {
    "sod": 0x011D,
    "dg1": 0x0101,
    "dg2": 0x0102,
    "dg13": 0x010D,
    "dg14": 0x010E,
    "dg15": 0x010F,
}
"""File identifiers (ICAO 9303 part 10, section 4.7)."""

TAGS: dict[DataGroup, int] = {"sod": 0x77, "dg1": 0x61, "dg2": 0x75, "dg13": 0x6D, "dg14": 0x6E, "dg15": 0x6F}

MAX_FILE = 200_000
"""Bytes of a file; a portrait has some 15 KB."""

MAX_SMALL_FILE = 32_000
"""Bytes of a file that is no portrait."""

_ABSENT = (0x6A82, 0x6A88, 0x6A86)

Progress = Callable[[str, int], None]
"""Told of each phase (``open``, ``sod``, ``chip``, a data group) and of the share that is done, 0 to 100."""


def _untold(_phase: str, _share: int) -> None:
    return


class Chip:
    """One chip on a reader, from the first command until the card is taken away.

    :ivar way: how it was opened: ``pace``, ``bac``; empty: it is not open.
    """

    def __init__(self, transport: Transport, extended: int = 0) -> None:
        self.channel = Channel(transport)
        self.way = ""
        self._extended = extended

    # ── opening ───────────────────────────────────────────────────────────────────────────────────────────

    def open(self, keys: AccessKeys) -> None:
        """Open the chip: PACE as EF.CardAccess says or as Vietnamese cards do it, then BAC; select the application.

        :raises AccessRefusedError: no key opens it.
        :raises ChipError: the card has gone, or answers what it may not.
        """
        refused: ChipError | None = None
        infos = self._pace_infos()
        named = len({info.oid for info in infos}) < len(infos)
        for can in keys.cans if infos else ():
            try:
                open_by_pace(self.channel, infos[0], can, BY_CAN, named=named)
            except AccessRefusedError as error:
                refused = error
            except ChipStatusError as error:  # this chip does not do PACE; one that does it wrongly is not read at all
                refused = error
                break
            else:
                self.way = "pace"
                self._select_application()
                return
        self._open_by_bac(keys, refused)

    def _open_by_bac(self, keys: AccessKeys, refused: ChipError | None) -> None:
        if not keys.zones:
            raise refused or AccessRefusedError("there is no key for this chip")
        try:
            self._select_application()
        except ChipStatusError as error:
            raise refused or error from None
        for zone in keys.zones:
            try:
                open_by_bac(self.channel, zone)
            except AccessRefusedError as error:
                refused = error
            else:
                self.way = "bac"
                return
        raise refused or AccessRefusedError("there is no key for this chip")

    def _pace_infos(self) -> list[PaceInfo]:
        """Return the ways of PACE, best first. EF.CardAccess is selected without the MF: real chips refuse that."""
        try:
            found = pace_infos(self._read(CARD_ACCESS, "EF.CardAccess", 0x31, MAX_SMALL_FILE))
        except (ChipStatusError, ChipProtocolError):
            found = []
        return sorted(found or pace_infos(KNOWN_CARD_ACCESS), key=lambda info: (info.integrated, -info.suite.key_size))

    def _select_application(self) -> None:
        self.channel.must(Command(0xA4, 0x04, 0x0C, APPLICATION), "select the application")

    # ── reading ───────────────────────────────────────────────────────────────────────────────────────────

    def read(self, group: DataGroup) -> bytes:
        """Return a file of the application whole, with its tag.

        :raises ChipStatusError: there is none, or it may not be read.
        :raises ChipError: the card has gone, or answers what it may not.
        """
        limit = MAX_FILE if group == "dg2" else MAX_SMALL_FILE
        return self._read(FILES[group], group, TAGS[group], limit)

    def listed(self) -> frozenset[DataGroup]:
        """Return the data groups that EF.COM lists; it is not signed.

        :raises ChipError: the card has gone, or answers what it may not.
        """
        inside = tlv.only(self._read(COM, "EF.COM", 0x60, MAX_SMALL_FILE), 0x60)
        tags = tlv.find(inside, 0x5C) or b""
        return frozenset(group for group in GROUPS if TAGS[group] in tags)

    def _read(self, file: int, step: str, tag: int, limit: int) -> bytes:
        self.channel.must(Command(0xA4, 0x02, 0x0C, file.to_bytes(2, "big")), f"select {step}")
        session = self.channel.session
        most = session.max_read(self._extended) if session else 256
        data = self._piece(0, most, step)
        found, length, begin = tlv.read_header(data)
        whole = begin + length
        if found != tag:
            raise ChipProtocolError(f"{step} begins with another tag")
        if whole > limit:
            raise ChipProtocolError(f"{step} has an absurd length")
        while len(data) < whole:
            piece = self._piece(len(data), min(most, whole - len(data)), step)
            if not piece:
                raise ChipProtocolError(f"{step} is shorter than it says")
            data += piece
        return data[:whole]

    def _piece(self, at: int, count: int, step: str) -> bytes:
        """Return what the chip gives of a piece: it may be less, never more."""
        if at < 0x8000:
            command = Command(0xB0, at >> 8, at & 0xFF, expected=count)
        else:
            offset = tlv.encode(0x54, at.to_bytes(3, "big"))
            command = Command(0xB1, data=offset, expected=min(count + 4, 256) if count < 256 else count)
        answer = self.channel.send(command)
        if answer.status not in (0x6282, 0x9000):  # 6282: the end of the file came first
            raise ChipStatusError(f"read {step}", answer.status)
        data = answer.data if at < 0x8000 else tlv.only(answer.data, 0x53)
        if len(data) > max(count, 256):
            raise ChipProtocolError(f"{step}: the chip gave more than was asked")
        return data

    # ── no copy ───────────────────────────────────────────────────────────────────────────────────────────

    def prove(self, dg14: bytes, dg15: bytes) -> tuple[ChipProof, ...]:
        """Have the chip show that it is no copy: by chip authentication, or else by active authentication.

        :param dg14: empty: the chip has none; ``dg15`` likewise.
        :raises ChipError: the card has gone, or its answers under the new keys are not the chip's.
        """
        for key in chip_keys(dg14)[:1] if dg14 and self.channel.session else ():
            select = Command(0xA4, 0x02, 0x0C, FILES["dg14"].to_bytes(2, "big"))
            try:
                return (authenticate_chip(self.channel, key, select),)
            except ChipStatusError:
                if not dg15:
                    return ()
        if not dg15:
            return ()
        try:
            return (active_authentication.challenge_chip(self.channel, dg15),)
        except ChipStatusError:
            return ()


def read_chip(
    transport: Transport,
    keys: AccessKeys,
    groups: Iterable[DataGroup],
    progress: Progress = _untold,
    extended: int = 0,
) -> CardFiles:
    """Open a chip, have it show that it is no copy, and read files of it.

    The security object and the chip's keys (DG14, DG15) are read whether they are asked for or not.

    :param groups: those that the chip does not have are left out.
    :param extended: most bytes of an answer that reader and chip take together; 0: 256, which all of them do.
    :raises ChipError: says what went wrong, without anything of the card.
    """
    chip = Chip(transport, extended)
    progress("open", 0)
    chip.open(keys)
    found: dict[DataGroup, bytes] = {}
    progress("sod", 20)
    found["sod"] = chip.read("sod")
    there = passive.listed(found["sod"]) or chip.listed()
    keys_too: tuple[DataGroup, ...] = ("dg14", "dg15", *groups)
    wanted: list[DataGroup] = [group for group in dict.fromkeys(keys_too) if group not in found and group in there]
    for number, group in enumerate(wanted):
        progress(group, 25 + 60 * number // len(wanted))
        try:
            found[group] = chip.read(group)
        except ChipStatusError as error:
            if error.status not in _ABSENT:
                raise
    progress("chip", 85)
    proofs = _prove(chip, found)
    progress("done", 100)
    return CardFiles(found, proofs)


def _prove(chip: Chip, found: dict[DataGroup, bytes]) -> tuple[ChipProof, ...]:
    """Do it last: after a wrong answer under the new keys there is no session left to read anything in."""
    try:
        return chip.prove(found.get("dg14", b""), found.get("dg15", b""))
    except ChipProtocolError:
        return ()
