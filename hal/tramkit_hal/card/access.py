"""What opens a chip: the card access number and the keys of Basic Access Control, from what is printed on the card.

Vietnamese cards print no card access number (CAN): it is the last six digits of the identity number. So the printed QR
alone opens a chip by PACE. Basic Access Control needs the day of expiry too, which the QR does not tell: a card is good
until its holder is 25, 40 or 60 (Law 26/2023/QH15, article 21), so few days are possible.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date

from tramkit_hal.card.mrz import NEVER, check_digit
from tramkit_hal.card.qr import CardQr
from tramkit_hal.partial_date import Born

AGES = (14, 25, 40, 60)
"""At these ages a new card is due."""

EARLY = 2
"""A card that is made out in the last two years before such an age is good until the next."""

MAX_KEYS = 6


class AccessKeys:
    """The keys that may open one chip, in the order in which they are tried.

    :ivar cans: for PACE, six digits each.
    :ivar zones: for BAC and for PACE after it, each 24 characters of the machine-readable zone
        (:attr:`tramkit_hal.card.mrz.Mrz.key`).
    """

    def __init__(self, cans: tuple[str, ...] = (), zones: tuple[str, ...] = ()) -> None:
        self.cans = cans
        self.zones = zones

    def __repr__(self) -> str:
        return f"AccessKeys({len(self.cans)} CAN, {len(self.zones)} zones)"

    @classmethod
    def parse(cls, text: str) -> AccessKeys:
        """Read the ``access_key`` of :meth:`tramkit_hal.contracts.id_reader.IdReader.read`.

        :param text: words: a card access number (6 digits), an identity number (12 digits), a key of the zone (24
            characters); the zone's key tells the card access number too.
        :raises ValueError: a word is none of them; it is not repeated.
        """
        cans: list[str] = []
        zones: list[str] = []
        for word in text.split()[:MAX_KEYS]:
            if re.fullmatch(r"[0-9]{6}|[0-9]{12}", word):
                cans.append(word[-6:])
            elif re.fullmatch(r"[0-9]{9}[0-9][0-9]{6}[0-9][0-9]{6}[0-9]", word):
                zones.append(word)
                cans.append(word[3:9])
            else:
                raise ValueError("an access key has 6 or 12 digits, or the 24 characters of the zone")
        return cls(tuple(dict.fromkeys(cans)), tuple(dict.fromkeys(zones)))


def from_qr(qr: CardQr) -> str:
    """Return the access key of the card on which a QR code is printed: its number, and the zones it may have."""
    return " ".join([qr.number, *zone_keys(qr.number, qr.born, qr.issued)])


def zone_keys(number: str, born: Born | None, issued: date | None) -> list[str]:
    """Return the keys of the zones that a card may have; none where the day of birth is not known whole."""
    if not isinstance(born, date):
        return []
    return [zone_key(number, born, day) for day in expiries(born, issued)]


def expiries(born: date, issued: date | None) -> list[date | None]:
    """Return the days on which a card may expire, likely ones first; None: it never does."""
    birthdays = [_birthday(born, age) for age in AGES[1:]]
    if issued is None:
        return [*birthdays, None]
    later = [day for day in birthdays if day > issued]
    early = [day for day in later if (day - issued).days > EARLY * 366]
    likely: list[date | None] = [*early[:1], *(day for day in later if day not in early)]
    return [*likely, None] if not early or issued >= birthdays[-2] else likely


def zone_key(number: str, born: date, expires: date | None) -> str:
    """Return the key of the zone that a card with these data has (ICAO 9303 part 11, section 4.3.2).

    :param number: twelve digits.
    """
    document, birth = number[3:], born.strftime("%y%m%d")
    expiry = expires.strftime("%y%m%d") if expires else NEVER
    return "".join(part + check_digit(part) for part in (document, birth, expiry))


def zone_seed(zone: str) -> bytes:
    """Return what BAC derives its keys from: sixteen bytes."""
    return hashlib.sha1(zone.encode("ascii")).digest()[:16]


def _birthday(born: date, age: int) -> date:
    try:
        return born.replace(year=born.year + age)
    except ValueError:  # 29 February
        return date(born.year + age, 2, 28)
