"""What the chip's data groups hold (ICAO 9303 part 10): DG1 the printed zone, DG2 the face, DG13 Vietnam's own.

Nothing here says whether it is true: see :mod:`tramkit_hal.card.passive`.
"""

# asn1crypto has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import re
import struct
import unicodedata
from collections.abc import Iterator
from datetime import date
from typing import Any, Literal, cast

from asn1crypto import parser

from tramkit_hal import TramkitError
from tramkit_hal.card import mrz
from tramkit_hal.card.files import CardFiles
from tramkit_hal.card.portrait import Portrait
from tramkit_hal.data import Data
from tramkit_hal.partial_date import Born, PartialDate, agree, fuller, read_written
from tramkit_hal.words import Nfc, nfc

MAX_DEPTH = 8
MAX_TEXT = 400

DG13_NAMES = {
    1: "number",
    2: "name",
    3: "born",
    4: "sex",
    5: "nationality",
    6: "ethnicity",
    7: "religion",
    8: "hometown",
    9: "address",
    10: "marks",
    11: "issued",
    12: "expires",
    13: "parents",
    14: "spouse",
    15: "old_number",
    16: "old_number",
}
"""What each integer of DG13 names; entries come in any order, and some are missing.

15 and 16 are taken for the number of the former card only where they have its form: real cards were seen with sixteen
hexadecimal digits in 16, whose meaning is not known.
"""

_OLD_NUMBER = re.compile(r"[0-9]{9}|[0-9]{12}")


class CardContentError(TramkitError, ValueError):
    """A data group that cannot be read, without repeating what it holds.

    :param group: ``dg1``, ``dg2``, ``dg13``.
    """

    def __init__(self, group: str, message: str) -> None:
        super().__init__(f"{group}: {message}")
        self.group = group


class CardData(Data):
    """What a card says of its holder.

    :param number: twelve digits.
    :param expires: last day of the card; None: it never expires.
    """

    number: str
    name: Nfc
    born: Born
    sex: Literal["male", "female"]
    address: Nfc = ""
    issued: date | None = None
    expires: date | None = None


def read_card(files: CardFiles) -> CardData:
    """Return what DG1 and DG13 say of the holder; DG13 has the Vietnamese writing, DG1 what both must agree on.

    :raises CardContentError: a group is missing or cannot be read, or the two say different things.
    """
    zone = read_dg1(files.group("dg1"))
    own = read_dg13(files.group("dg13")) if files.has("dg13") else {}
    name = own.get("name", "") or zone.name
    if own.get("number", zone.number) != zone.number:
        raise CardContentError("dg13", "its number is not the one of DG1")
    born = _born(own.get("born", "")) or zone.born
    if not agree(born, zone.born):
        raise CardContentError("dg13", "its date of birth is not the one of DG1")
    return CardData(
        number=zone.number,
        name=" ".join(name.split()),
        born=fuller(zone.born, born),
        sex=zone.sex,
        address=own.get("address", ""),
        issued=_day(own.get("issued", "")),
        expires=zone.expires,
    )


def read_dg1(data: bytes) -> mrz.Mrz:
    """Return the machine-readable zone: ``61 L [5F1F L text]``.

    :raises CardContentError: it is none of a Vietnamese card.
    """
    for node in _nodes("dg1", data, tag=(1, 1)):
        if (node.kind, node.tag) == (1, 31):
            try:
                return mrz.parse(node.content.decode("ascii"))
            except (mrz.MrzError, UnicodeDecodeError) as error:
                field = error.field if isinstance(error, mrz.MrzError) else "form"
                raise CardContentError("dg1", f"the machine-readable zone is wrong: {field}") from None
    raise CardContentError("dg1", "it has no machine-readable zone")


def read_dg13(data: bytes) -> dict[str, str]:
    """Return the texts of DG13 by name: ``6D L`` and somewhere in it sequences of an integer and a text.

    Entries are found by their integer and not by their place, since the places differ between cards.

    :raises CardContentError: it is no DG13.
    """
    found: dict[str, str] = {}
    for node in _nodes("dg13", data, tag=(1, 13)):
        children = node.children()
        if len(children) != 2 or (children[0].kind, children[0].tag) != (0, 2):
            continue
        name = DG13_NAMES.get(int.from_bytes(children[0].content, "big", signed=True))
        if name is None or name in found:
            continue
        text = "; ".join(each for each in _texts(children[1]) if each)
        if name != "old_number" or _OLD_NUMBER.fullmatch(text):
            found[name] = text
    return found


def read_dg2(data: bytes) -> Portrait:
    """Return the first picture: ``75 L [7F61 …]`` with a face record of ISO/IEC 19794-5 in ``5F2E`` or ``7F2E``.

    :raises CardContentError: it holds none.
    """
    for node in _nodes("dg2", data, tag=(1, 21)):
        if node.kind == 1 and node.tag == 46:
            return _face_record(node.content)
    raise CardContentError("dg2", "it has no biometric data block")


def _face_record(data: bytes) -> Portrait:
    try:
        identifier, _version, _length, faces = struct.unpack_from(">4s4sIH", data)
        _block, points = struct.unpack_from(">IH", data, 14)
        at = 14 + 20 + 8 * points
        _type, kind, _width, _height = struct.unpack_from(">BBHH", data, at)
    except struct.error:
        raise CardContentError("dg2", "the face record is cut short") from None
    image = data[at + 12 :]
    if identifier != b"FAC\0" or not faces or not image or kind not in (0, 1):
        raise CardContentError("dg2", "that is no face record of ISO/IEC 19794-5")
    return Portrait(image=image, kind="jpeg" if kind == 0 else "jpeg2000")


# ── tags, lengths, values ─────────────────────────────────────────────────────────────────────────────────────


class _Node:
    """One value of a BER structure; ``kind`` is its class: 0 universal, 1 application, 2 context."""

    def __init__(self, group: str, data: bytes) -> None:
        self._group = group
        try:
            kind, method, tag, header, content, trailer = cast("Any", parser.parse(data))
        except (ValueError, IndexError):
            raise CardContentError(group, "it is not well formed") from None
        self.kind, self.constructed, self.tag = int(kind), bool(method), int(tag)
        self.content: bytes = content
        self.length = len(header) + len(content) + len(trailer)

    def children(self) -> list[_Node]:
        """Return the values inside; none of a primitive one."""
        found: list[_Node] = []
        at = 0
        while self.constructed and at < len(self.content):
            child = _Node(self._group, self.content[at:])
            found.append(child)
            at += child.length
        return found


def _nodes(group: str, data: bytes, tag: tuple[int, int]) -> Iterator[_Node]:
    """Yield a data group's values, outer ones first.

    :param tag: class and number that the group must begin with.
    """
    top = _Node(group, data)
    if (top.kind, top.tag) != tag:
        raise CardContentError(group, "it begins with another group's tag")
    waiting = [(top, 0)]
    while waiting:
        node, depth = waiting.pop(0)
        yield node
        if depth < MAX_DEPTH:
            waiting += [(child, depth + 1) for child in node.children()]


def _texts(node: _Node) -> list[str]:
    if node.constructed:
        return [text for child in node.children() for text in _texts(child)]
    text = nfc(node.content[: 4 * MAX_TEXT].decode("utf-8", "replace")).strip()[:MAX_TEXT]
    return ["".join(letter for letter in text if unicodedata.category(letter) != "Cc")]


def _born(text: str) -> date | PartialDate | None:
    try:
        return read_written(text)
    except ValueError:
        return None


def _day(text: str) -> date | None:
    """Return a day written ``17/05/1990``; anything else ("Không thời hạn") is none."""
    parts = text.split("/")
    try:
        return date(int(parts[2]), int(parts[1]), int(parts[0])) if len(parts) == 3 else None
    except ValueError:
        return None
