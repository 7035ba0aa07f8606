"""Fuzzers of what comes from outside: ``python -m tests.field.fuzz --seed S --seconds N [--only NAME]``.

Each target takes damaged, drawn or nested input and may raise its documented exception only, within its bounds of time
and memory. What failed is had again by its seed, its target and its number: ``--only NAME --first NUMBER``.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import rtoml
from joserfc.jwk import RSAKey
from pydantic import ValidationError
from support import field_papers as field
from support import papers

from tests.field import fuzz_call, fuzz_money
from tramkit.amounts import AmountError, read_amount
from tramkit.app.config import StationConfig
from tramkit.bounded_json import loads
from tramkit.papers.content import PaperRefusedError, make
from tramkit.phones import PhoneError, read_mobile
from tramkit_hal.card import mrz, qr
from tramkit_hal.card.groups import CardData
from tramkit_hal.partial_date import read_iso, read_written
from tramkit_hal.sim.chip import zone
from tramkit_hal.sim.people import PEOPLE, qr_text
from tramkit_hal.ui.keyboard.syllables import Tone
from tramkit_hal.ui.keyboard.typing import DELETE, Typing, press
from tramkit_identity.id_token import TokenNotBelievedError, usable, verify

SECONDS_EACH = 20
"""No single input may take more of the processor's time; what runs longer is stopped where it is."""
MAX_MEMORY = 1536 * 1024 * 1024
"""Bytes that this process may come to hold: a picture of 60 million pixels, twice, and what was there before."""
Target = Callable[[random.Random], None]
_NOW = datetime(2026, 11, 30, tzinfo=UTC)
_KEY = RSAKey.generate_key(2048, {"kid": "k"})
_STATION = (Path(__file__).parents[2] / "core/tramkit/app/default_station.toml").read_bytes()


def damaged(rng: random.Random, data: bytes) -> bytes:
    """Return bytes with some changed, cut, doubled or put in."""
    out = bytearray(data)
    for _time in range(rng.choice((0, 1, 3, 30))):
        at = rng.randrange(len(out) + 1)
        match rng.randrange(4):
            case 0 if at < len(out):
                out[at] = rng.randrange(256)
            case 1:
                del out[at : at + rng.randrange(1, 50)]
            case 2:
                out[at:at] = out[at : at + rng.randrange(1, 200)]
            case _:
                out[at:at] = rng.choice((b"\0", b"\xff" * 9, b"<<", b"|", b"[" * 40, b"%%EOF", b"9" * 30, b"\xcc\x86"))
    return bytes(out[: rng.randrange(len(out) + 1)] if rng.random() < 0.2 else out)


_ODD = ("", "<", "|", "0", "٣", "ê̆", "\u202e", "/", "-", "\U0001f600", "é")
_MEMBERS = ("kty", "kid", "n", "e", "crv", "x", "y", "use", "alg", "key_ops")


def text(rng: random.Random, seed: str) -> str:
    """Return a text like another one, damaged in letters."""
    letters = [*seed]
    for _time in range(rng.choice((0, 1, 2, 8))):
        at = rng.randrange(len(letters) + 1)
        letters[at : at + rng.randrange(2)] = rng.choice(_ODD)
    return "".join(letters)


_PAPERS: list[Callable[[], bytes]] = [
    lambda: papers.photo(width=300, height=400),
    lambda: papers.photo("PNG", width=300, height=400),
    lambda: papers.photo("WEBP", width=300, height=400),
    lambda: field.png(field.scan(), 16),
    lambda: papers.pdf(1),
    lambda: field.with_picture(field.telling_jpeg(), ["/A85", "/Fl", "/DCT"]),
    lambda: field.with_picture(field.telling_jpeg2000(), ["/JPXDecode"]),
    lambda: field.with_inline_picture("glyph", field.telling_jpeg()),
    lambda: field.xfa("stream"),
    field.revised,
    lambda: field.encoded("AVIF"),
    lambda: field.ftyp(b"heim", b"mif1"),
]


def fuzz_papers(rng: random.Random) -> None:
    """A file is taken or refused."""
    try:
        make(damaged(rng, rng.choice(_PAPERS)()))
    except PaperRefusedError:
        return


def fuzz_card_qr(rng: random.Random) -> None:
    """A text is the code of a card, or ``CardQrError``."""
    try:
        qr.parse(text(rng, qr_text(rng.choice(PEOPLE))))
    except qr.CardQrError:
        return


def fuzz_mrz(rng: random.Random) -> None:
    """A text is a zone, or ``MrzError``."""
    card: CardData = rng.choice(PEOPLE)
    letters = [*zone(card)]
    for _time in range(rng.choice((0, 1, 4))):
        letters[rng.randrange(len(letters))] = rng.choice("0123456789<ABZ")
    try:
        mrz.parse("".join(letters) if rng.random() < 0.8 else text(rng, zone(card)))
    except mrz.MrzError:
        return


def drawn(rng: random.Random, depth: int = 0) -> object:
    """Return a JSON value."""
    simple = [None, True, 0, -1, 10**30, 1.5, "", "RSA", "EC", "P-256", "sig", "AQAB", "x" * 400]
    if depth > 3 or rng.random() < 0.6:
        return rng.choice(simple)
    if rng.random() < 0.5:
        return [drawn(rng, depth + 1) for _each in range(rng.randrange(4))]
    return {rng.choice(_MEMBERS): drawn(rng, depth + 1) for _each in range(5)}


def fuzz_jwks(rng: random.Random) -> None:
    """A set of keys gives keys, or none; a token is believed, or ``NotBelieved``."""
    keys = {"keys": [drawn(rng) for _each in range(rng.randrange(5))] if rng.random() < 0.9 else drawn(rng)}
    usable(keys)
    head = json.dumps(drawn(rng) if rng.random() < 0.5 else {"alg": "RS256", "kid": "k"})
    token = ".".join(base64.urlsafe_b64encode(each.encode()).decode().rstrip("=") for each in (head, "{}", "x"))
    try:
        verify(text(rng, token), keys, issuer="i", client="c", nonce="n", begun=_NOW, now=_NOW)
    except TokenNotBelievedError:
        return


def fuzz_json(rng: random.Random) -> None:
    """An answer is JSON, or ``ValueError``."""
    try:
        loads(damaged(rng, json.dumps(drawn(rng)).encode() * rng.choice((1, 1, 3))))
    except ValueError:
        return


def fuzz_toml(rng: random.Random) -> None:
    """A configuration is read, or refused by its reader."""
    try:
        StationConfig.model_validate(rtoml.loads(damaged(rng, _STATION).decode("utf-8", "replace")))
    except (rtoml.TomlParsingError, ValidationError, ValueError):
        return


def fuzz_keyboard(rng: random.Random) -> None:
    """Whatever is pressed, nothing breaks, and what is taken away is gone."""
    keys = [*"aeouiwsfrxjdz1234567890 nghpctVNĐđ.'", DELETE, *(tone.value for tone in Tone if tone)]
    typing = rng.choice(list(Typing))
    now: str = rng.choice(("", "Thúy Hòa", "Nguyê\u0303n", "Ê̆ban "))
    caret = len(now)
    for _time in range(30):
        now, caret = press(now, caret, rng.choice(keys), typing, name=rng.random() < 0.5)
        assert 0 <= caret <= len(now)


def fuzz_people(rng: random.Random) -> None:
    """Dates, phones and amounts are read, or refused by their own errors."""
    for read, seed, wrong in (
        (read_written, "17/05/1990", ValueError),
        (read_iso, date(1990, 5, 17).isoformat(), ValueError),
        (read_mobile, "+84 (0)90 123 45 67", PhoneError),
        (read_amount, "9.500.000,00 đ", AmountError),
    ):
        try:
            read(text(rng, seed))  # type: ignore[operator]
        except wrong:
            continue


TARGETS: Mapping[str, Target] = {
    "papers": fuzz_papers,
    "card-qr": fuzz_card_qr,
    "mrz": fuzz_mrz,
    "vietqr": lambda rng: fuzz_money.vietqr_code(rng, text),
    "notices": lambda rng: fuzz_money.notice(rng, damaged, text, drawn),
    "day-files": lambda rng: fuzz_money.day_file(rng, damaged, text),
    "jwks": fuzz_jwks,
    "sdp": lambda rng: fuzz_call.session_description(rng, text),
    "json": fuzz_json,
    "toml": fuzz_toml,
    "keyboard": fuzz_keyboard,
    "people": fuzz_people,
}


class TooLongError(BaseException):
    """An input took more of the processor's time than any may; no code under test catches it."""


@contextmanager
def within_bounds(what: str) -> Iterator[None]:
    """Stop what takes too much of the processor's time; hold afterwards what this process has come to take of memory.

    :raises TooLongError: it took longer than :data:`SECONDS_EACH`.
    :raises AssertionError: it took more than :data:`MAX_MEMORY`.
    """

    def stop(_number: int, _frame: object) -> None:
        raise TooLongError(what)

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS_EACH)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    assert most <= MAX_MEMORY, f"{what}: {most} bytes"


def run(seed: int, seconds: float, only: str = "", first: int = 0) -> dict[str, int]:
    """Fuzz each target in turn for its share of the time; return how many inputs each had.

    :param first: number of the first input.
    :raises BaseException: what a target raised that is not documented; seed, target and number are on standard error.
    """
    names = [only] if only else list(TARGETS)
    counts = dict.fromkeys(names, 0)
    for name in names:
        until = time.monotonic() + seconds / len(names)
        while time.monotonic() < until or not counts[name]:
            number = first + counts[name]
            try:
                with within_bounds(name):
                    TARGETS[name](random.Random(f"{seed}/{name}/{number}"))
            except BaseException:
                print(f"{name}: seed {seed}, input {number}", file=sys.stderr)
                raise
            counts[name] += 1
    return counts


def main() -> None:
    """Fuzz, and say how much and with how much memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--only", choices=list(TARGETS), default="")
    parser.add_argument("--first", type=int, default=0)
    asked = parser.parse_args()
    counts = run(asked.seed, asked.seconds, asked.only, asked.first)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"seed": asked.seed, "seconds": asked.seconds, **counts, "memory_mib": memory}))


if __name__ == "__main__":
    main()
