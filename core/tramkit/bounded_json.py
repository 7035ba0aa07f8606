"""JSON from outside, with a bound on what it unpacks to and on how deep it lies in itself."""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import aiohttp

MAX_BYTES = 4 * 1024 * 1024
"""Bytes of one answer, unpacked: a gateway's largest has some hundred kB."""
MAX_DEPTH = 64
_CHUNK = 64 * 1024
HEADERS = {"Accept-Encoding": "gzip, deflate"}
"""Goes with a question whose answer is read by :func:`read`, in a session with ``auto_decompress=False``: a library
that unpacks a whole chunk at once makes hundreds of megabytes of it."""

_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
Unpack = Callable[[bytes, int], tuple[bytes, bytes]]


async def read(answer: aiohttp.ClientResponse, max_bytes: int = MAX_BYTES) -> Any:
    """Return the JSON of an answer of a session that does not unpack by itself.

    :param max_bytes: of what it unpacks to.
    :raises ValueError: it is longer, deeper than :data:`MAX_DEPTH`, packed in an unknown way, or no JSON in UTF-8.
    """
    return loads(await read_bytes(answer, max_bytes))


async def read_bytes(answer: aiohttp.ClientResponse, max_bytes: int = MAX_BYTES) -> bytes:
    """Return the bytes of an answer of a session that does not unpack by itself, unpacked.

    :param max_bytes: of what it unpacks to.
    :raises ValueError: it is longer, or packed in an unknown way.
    """
    unpack = _unpacker(answer.headers.get("Content-Encoding", ""))
    text = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK):
        rest = chunk
        while rest:
            more, rest = unpack(rest, max_bytes + 1 - len(text))
            text += more
            if len(text) > max_bytes:
                raise ValueError("the answer is too long")
    return bytes(text)


def loads(text: bytes) -> Any:
    """Return the value of a JSON text in UTF-8, a byte order mark before it or not.

    :raises ValueError: it is none, too deep, or holds half of a character, NaN or an infinity.
    """
    depth = 0
    for found in _BRACKETS.finditer(text) if text.count(b"[") + text.count(b"{") > MAX_DEPTH else ():
        bracket = found[0]
        depth += 1 if bracket in b"[{" else -1 if bracket in b"]}" else 0
        if depth > MAX_DEPTH:
            raise ValueError("the answer is too deep")
    value = json.loads(text.decode("utf-8-sig"), parse_constant=_no_number, parse_float=_finite)
    if _HALF.search(text):  # half of a character may be one with the next; alone it can be neither shown nor stored
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _no_number(said: str) -> float:
    raise ValueError(f"{said} is no number (RFC 8259, section 6)")


def _finite(said: str) -> float:
    value = float(said)
    return value if math.isfinite(value) else _no_number("an infinity")


def _unpacker(coding: str) -> Unpack:
    """Return what unpacks a chunk to so many bytes at most, and gives back what is left of it (RFC 9110, 8.4)."""
    match coding.strip().lower():
        case "" | "identity":
            return _as_it_is
        case "gzip" | "x-gzip" | "deflate":
            inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)

            def unpack(chunk: bytes, room: int) -> tuple[bytes, bytes]:
                try:
                    return inflate.decompress(chunk, max(1, room)), inflate.unconsumed_tail
                except zlib.error:
                    raise ValueError("the answer is packed wrongly") from None

            return unpack
        case _:
            raise ValueError("the answer is packed in a way that was not asked for")


def _as_it_is(chunk: bytes, _room: int) -> tuple[bytes, bytes]:
    return chunk, b""
