"""IPP/1.1 and 2.0 as bytes (RFC 8010), and the few operations that are used (RFC 8011)."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

PRINT_JOB, VALIDATE_JOB, CANCEL_JOB, GET_JOB, GET_JOBS, GET_PRINTER = 0x02, 0x04, 0x08, 0x09, 0x0A, 0x0B
OPERATION, JOB, END, PRINTER = 0x01, 0x02, 0x03, 0x04
INTEGER, BOOLEAN, ENUM = 0x21, 0x22, 0x23
KEYWORD, URI, CHARSET, LANGUAGE, MIME, NAME, TEXT = 0x44, 0x45, 0x47, 0x48, 0x49, 0x42, 0x41
COLLECTION, COLLECTION_END, MEMBER = 0x34, 0x37, 0x4A

MAX_ANSWER = 1_000_000
"""Most bytes of an answer."""

Value = int | bool | str | bytes
Attributes = Mapping[str, Sequence[Value]]


@dataclass(frozen=True)
class Answer:
    """What a printer answered: the status (below 0x100 is success) and its groups of attributes."""

    status: int
    groups: list[tuple[int, dict[str, list[Value]]]] = field(default_factory=list[tuple[int, dict[str, list[Value]]]])

    def all(self, tag: int) -> list[dict[str, list[Value]]]:
        """Return the groups of a kind."""
        return [attributes for kind, attributes in self.groups if kind == tag]

    def first(self, tag: int) -> dict[str, list[Value]]:
        """Return the first group of a kind; empty: there is none."""
        found = self.all(tag)
        return found[0] if found else {}


def request(operation: int, number: int, uri: str, attributes: Sequence[tuple[int, str, Sequence[Value]]]) -> bytes:
    """Return a request.

    :param number: the request's.
    :param uri: the printer's, ``ipp://…``.
    :param attributes: tag of the value, name, values.
    """
    out = bytearray(struct.pack(">BBHI", 2, 0, operation, number))
    out.append(OPERATION)
    first = [
        (CHARSET, "attributes-charset", ["utf-8"]),
        (LANGUAGE, "attributes-natural-language", ["en"]),
        (URI, "printer-uri", [uri]),
    ]
    for tag, name, values in (*first, *attributes):
        for index, value in enumerate(values):
            label = name.encode() if index == 0 else b""
            data = _packed(tag, value)
            out += struct.pack(">BH", tag, len(label)) + label + struct.pack(">H", len(data)) + data
    out.append(END)
    return bytes(out)


def _packed(tag: int, value: Value) -> bytes:
    if tag == BOOLEAN:
        return bytes((bool(value),))
    if tag in (INTEGER, ENUM):
        return struct.pack(">i", value)
    return value if isinstance(value, bytes) else str(value).encode()


def answer(data: bytes) -> Answer:
    """Read an answer.

    :raises ValueError: it is no IPP.
    """
    if len(data) < 9 or data[0] not in (1, 2):
        raise ValueError("no IPP")
    found = Answer(struct.unpack(">H", data[2:4])[0])
    at, name, depth = 8, "", 0
    while True:
        if at >= len(data):
            raise ValueError("no end")
        tag = data[at]
        at += 1
        if tag == END:
            return found
        if tag < 0x10:
            found.groups.append((tag, {}))
            continue
        label, at = _piece(data, at)
        value, at = _piece(data, at)
        if tag == COLLECTION_END:
            depth -= 1
        elif depth == 0 and found.groups:
            name = label.decode("utf-8", "replace") or name
            found.groups[-1][1].setdefault(name, []).append(_unpacked(tag, value))
        depth += tag == COLLECTION


def _piece(data: bytes, at: int) -> tuple[bytes, int]:
    if at + 2 > len(data):
        raise ValueError("cut off")
    size = struct.unpack(">H", data[at : at + 2])[0]
    if at + 2 + size > len(data):
        raise ValueError("cut off")
    return data[at + 2 : at + 2 + size], at + 2 + size


def _unpacked(tag: int, value: bytes) -> Value:
    if tag == BOOLEAN and len(value) == 1:
        return bool(value[0])
    if tag in (INTEGER, ENUM) and len(value) == 4:
        return int(struct.unpack(">i", value)[0])
    return value.decode("utf-8", "replace") if 0x40 <= tag < 0x60 else value
