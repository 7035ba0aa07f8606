"""Cards that want to be believed and must not be, and cards that only look odd and must be: a corpus for readers.

Each entry makes a chip anew for a card, so that a reader, a driver or a whole station can be held to it. What they are
made of is in :mod:`tramkit_hal.sim.virtual_card`; the country that signs them is the caller's.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tramkit_hal.card import tlv
from tramkit_hal.card.apdu import Transport
from tramkit_hal.card.errors import CardGoneError
from tramkit_hal.card.files import DataGroup
from tramkit_hal.card.groups import CardData
from tramkit_hal.card.passive import Flaw
from tramkit_hal.device.errors import Trouble
from tramkit_hal.sim.chip import Country
from tramkit_hal.sim.issued_card import IssuedCard, issue
from tramkit_hal.sim.virtual_card import Profile, VirtualCard

Make = Callable[[CardData, Country], Transport]


@dataclass(frozen=True)
class OddCard:
    """A card of the corpus.

    :param make: its chip, for somebody and a country whose certificate is trusted.
    :param ends: what reading it must come to: why it is not believed, what the reader tells; None: it is believed.
    """

    name: str
    make: Make
    ends: Flaw | Trouble | None


class Changed:
    """A chip whose commands and answers go through other hands.

    :param change: gets number, command and true answer, and returns the answer that is given.
    """

    def __init__(self, chip: VirtualCard, change: Callable[[int, bytes, bytes], bytes]) -> None:
        self._chip = chip
        self._change = change
        self._count = 0

    def transmit(self, command: bytes) -> bytes:
        """Return the changed answer."""
        self._count += 1
        return self._change(self._count, command, self._chip.transmit(command))


class TakenAway:
    """A card that is taken away before an APDU, counted from 1.

    :ivar count: the APDUs that it has answered.
    """

    def __init__(self, chip: Transport, at: int) -> None:
        self._chip = chip
        self._at = at
        self.count = 0

    def transmit(self, command: bytes) -> bytes:
        """Return the answer while the card is there."""
        if self.count + 1 >= self._at:
            raise CardGoneError("the card has gone")
        self.count += 1
        return self._chip.transmit(command)


class Babble:
    """What answers each command with seeded garbage; every other one bears a good status word."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def transmit(self, command: bytes) -> bytes:
        """Return garbage."""
        data = self._random.randbytes(self._random.choice((0, 1, 2, 5, 40, 250, 300)))
        return data + (b"\x90\x00" if self._random.random() < 0.7 else self._random.randbytes(2))


def _genuine(profile: Profile | None = None, **how: bool) -> Make:
    return lambda card, country: issue(card, country, **how).chip(profile)  # type: ignore[arg-type]


def _slow(seconds: float) -> Make:
    def wait(_count: int, _command: bytes, answer: bytes) -> bytes:
        time.sleep(seconds)
        return answer

    return lambda card, country: Changed(issue(card, country).chip(), wait)


def _tampered(group: DataGroup, place: float = 0.6) -> Make:
    """Make a card one of whose files was changed after it was signed.

    :param place: of the bit, as a share of the file.
    """

    def make(card: CardData, country: Country) -> Transport:
        issued = issue(card, country)
        data = bytearray(issued.groups[group])
        data[int(len(data) * place)] ^= 0x04
        return _with(issued, {group: bytes(data)})

    return make


def _other_files(card: CardData, country: Country) -> Transport:
    """Make a card with somebody else's name in DG13, the security object being its own."""
    other = issue(card.model_copy(update={"name": "Lê Thị Khác"}), country)
    return _with(issue(card, country), {"dg13": other.groups["dg13"]})


def _copied(profile: Profile | None = None, without: tuple[DataGroup, ...] = (), **how: bool) -> Make:
    def make(card: CardData, country: Country) -> Transport:
        issued = issue(card, country, **how)  # type: ignore[arg-type]
        groups: dict[DataGroup, bytes] = {group: data for group, data in issued.groups.items() if group not in without}
        return VirtualCard(groups, issued.can, issued.zone, None, profile)

    return make


def _another_can(card: CardData, country: Country) -> Transport:
    issued = issue(card, country)
    can = f"{(int(issued.can) + 1) % 1_000_000:06}"
    return VirtualCard(issued.groups, can, "000000000000000000000000", issued.keys)


def _sized(group: DataGroup, length: int) -> Make:
    """Make a card one of whose files says that it is longer than it is."""

    def make(card: CardData, country: Country) -> Transport:
        issued = issue(card, country)
        tag, _length, begin = tlv.read_header(issued.groups[group])
        head = bytes([tag, 0x83]) + length.to_bytes(3, "big")
        return _with(issued, {group: head + issued.groups[group][begin:]})

    return make


def _replaced(group: DataGroup, data: bytes) -> Make:
    return lambda card, country: _with(issue(card, country), {group: data})


def _endless(_count: int, command: bytes, answer: bytes) -> bytes:
    return b"\0" * 200 + b"\x61\xc8" if command[1] in (0x86, 0xC0) else answer


def _too_much(_count: int, command: bytes, answer: bytes) -> bytes:
    return bytes(60_000) + b"\x90\x00" if command[1] == 0xB0 else answer


def _in_clear(count: int, command: bytes, answer: bytes) -> bytes:
    return b"\x61\x10" + bytes(16) + b"\x90\x00" if command[0] & 0x0C and count > 10 else answer


def _mirrored(_count: int, command: bytes, answer: bytes) -> bytes:
    """Answer a key of PACE with the same key."""
    if command[1] != 0x86 or len(command) < 60:
        return answer
    return command[5:-1].replace(b"\x7c\x43\x81", b"\x7c\x43\x82").replace(b"\x7c\x43\x83", b"\x7c\x43\x84") + b"\x90\0"


def _off_curve(_count: int, _command: bytes, answer: bytes) -> bytes:
    if len(answer) > 60 and answer[:2] == b"\x7c\x43":
        return answer[:-3] + bytes([answer[-3] ^ 1]) + answer[-2:]
    return answer


def _through(change: Callable[[int, bytes, bytes], bytes]) -> Make:
    return lambda card, country: Changed(issue(card, country).chip(), change)


def _with(issued: IssuedCard, changes: Mapping[DataGroup, bytes]) -> VirtualCard:
    groups: dict[DataGroup, bytes] = {**issued.groups, **changes}
    return VirtualCard(groups, issued.can, issued.zone, issued.keys)


def _expired(card: CardData, country: Country) -> Transport:
    assert card.expires is not None
    return issue(card.model_copy(update={"expires": card.expires.replace(year=2020)}), country).chip()


def _unknown_country(card: CardData, country: Country) -> Transport:
    return issue(card, Country(country.now)).chip()


def _babbling(seed: int) -> Make:
    return lambda _card, _country: Babble(seed)


_NEITHER = Profile(chip_authentication=False, active_authentication=False)

ODD_BUT_GENUINE = (
    OddCard("answers 6D00 to the MF", _genuine(), None),
    OddCard("answers 6982 to PACE, opens by BAC", _genuine(Profile(pace=False)), None),
    OddCard("EF.CardAccess cannot be selected", _genuine(Profile(card_access=b"")), None),
    OddCard("EF.CardAccess is garbage", _genuine(Profile(card_access=b"\x31\x84\xff\xff\xff\xff\x00")), None),
    OddCard("gives 40 bytes at once", _genuine(Profile(piece=40)), None),
    OddCard("slow", _slow(0.01), None),
    OddCard("chip authentication is refused, active held", _genuine(Profile(chip_authentication=False)), None),
    OddCard("offers active authentication only", _genuine(chip_key=False), None),
    OddCard("offers neither", _genuine(chip_key=False, active_key=False), None),
)
"""Cards that are genuine and must be read."""

HOSTILE = (
    OddCard("another card than the code's", _another_can, Trouble.ACCESS_REFUSED),
    OddCard("DG1 changed", _tampered("dg1"), Flaw.CHANGED),
    OddCard("DG2 changed", _tampered("dg2"), Flaw.CHANGED),
    OddCard("DG13 changed", _tampered("dg13"), Flaw.CHANGED),
    OddCard("DG14 changed", _tampered("dg14"), Flaw.CHANGED),
    OddCard("DG15 changed", _tampered("dg15"), Flaw.CHANGED),
    OddCard("somebody else's name", _other_files, Flaw.CHANGED),
    OddCard("security object changed", _tampered("sod", 0.99), Flaw.BAD_SIGNATURE),
    OddCard("security object is garbage", _replaced("sod", b"\x77\x03abc"), Flaw.BROKEN_SOD),
    OddCard("signer expired", _genuine(expired_signer=True), Flaw.NOT_VALID_NOW),
    OddCard("unknown country", _unknown_country, Flaw.UNKNOWN_COUNTRY),
    OddCard("card expired", _expired, Flaw.EXPIRED),
    OddCard("copy", _copied(), Flaw.COPY),
    OddCard(
        "copy that does neither", _copied(Profile(chip_authentication=False, active_authentication=False)), Flaw.COPY
    ),
    OddCard("copy that signs with a key of its own", _copied(Profile(chip_authentication=False)), Flaw.COPY),
    OddCard("copy of a card with active authentication only", _copied(chip_key=False), Flaw.COPY),
    OddCard("copy that hides DG14", _copied(without=("dg14",)), Flaw.COPY),
    OddCard("copy that hides DG14 and DG15", _copied(without=("dg14", "dg15")), Flaw.COPY),
    OddCard("copy that hides its security object", _copied(without=("sod",)), Trouble.UNREADABLE),
    OddCard("DG1 of 16 MB", _sized("dg1", 0xFFFFFF), Trouble.UNREADABLE),
    OddCard("DG1 longer than it is", _sized("dg1", 400), Trouble.UNREADABLE),
    OddCard("DG2 of 199 KB that is not there", _sized("dg2", 199_000), Trouble.UNREADABLE),
    OddCard("DG13 of no length", _replaced("dg13", b"\x6d\x00"), Flaw.CHANGED),
    OddCard("DG14 is garbage", _replaced("dg14", b"\x6e\x05\x31\x84\xff\xff\xff"), Flaw.CHANGED),
    OddCard("DG15 is garbage", _replaced("dg15", b"\x6f\x02\x30\x00"), Flaw.CHANGED),
    OddCard("answers that never end", _through(_endless), Trouble.UNREADABLE),
    OddCard("answers of 60 KB", _through(_too_much), Trouble.UNREADABLE),
    OddCard("answers in clear", _through(_in_clear), Trouble.UNREADABLE),
    OddCard("sends our own key back", _through(_mirrored), Trouble.UNREADABLE),
    OddCard("sends a point beside the curve", _through(_off_curve), Trouble.UNREADABLE),
    *(OddCard(f"garbage {seed}", _babbling(seed), Trouble.UNREADABLE) for seed in range(8)),
)
"""Cards of which none may ever be believed."""
