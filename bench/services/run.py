"""``python -m bench services``: pages, taps and machine time of each service; a catalogue of 2,000 procedures.

``SERVICE_pages``, ``SERVICE_taps``, ``SERVICE_machine_seconds``
    a robot resident goes through the service, as the journeys of the tests do, against its sandbox over HTTP; machine
    time is the processor's, of station and sandbox together. Seeing a doctor is measured by ``python -m bench call``.
``catalogue_load_ms``
    reading and checking a file of 2,000 procedures. The peer is tomllib reading the same TOML without checking it.
``search_ms``
    finding procedures by words, median. The peer is folding and looking at each name in turn.
"""

from __future__ import annotations

import random
import tempfile
import time
import tomllib
from pathlib import Path

from bench.options import Options
from bench.records import emit, median, say
from bench.services.robot import ROUNDS, measured
from tramkit_procedures.catalogue import Procedure, bundled, read_catalogue
from tramkit_procedures.search import Index, words_of

SYLLABLES = ("an", "binh", "chung", "dang", "đất", "giấy", "hộ", "khai", "nhà", "ông", "phép", "quyền", "sinh", "tạm")


async def run(options: Options) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        catalogue(Path(folder), options)
    for name in ROUNDS:
        with tempfile.TemporaryDirectory() as folder:
            say(name)
            pages, taps, seconds = await measured(name, Path(folder))
        service = name.replace(" ", "_").lower()
        emit("services", f"{service}_pages", pages, "pages")
        emit("services", f"{service}_taps", taps, "taps")
        emit("services", f"{service}_machine_seconds", seconds, "s")


def catalogue(folder: Path, options: Options) -> None:
    """Measure loading and searching."""
    dice = random.Random(options.seed)
    count = 200 if options.quick else 2_000
    file = folder / "catalogue.toml"
    file.write_text("".join(_procedure(dice, number) for number in range(count)), encoding="utf-8")
    read_catalogue(file)  # both are warm
    began = time.perf_counter()
    tomllib.loads(file.read_text(encoding="utf-8"))
    plain = time.perf_counter() - began
    began = time.perf_counter()
    loaded = read_catalogue(file)
    ours = time.perf_counter() - began
    emit("services", "catalogue_load_ms", ours * 1000, "ms", "tomllib alone", plain * 1000)
    procedures = (*bundled().procedures, *loaded.procedures)
    index = Index(procedures)
    fast: list[float] = []
    slow: list[float] = []
    for _time in range(20 if options.quick else 200):
        words = " ".join(dice.choice(SYLLABLES) for _word in range(2))
        began = time.perf_counter()
        found = index.find(words, most=count)
        fast.append((time.perf_counter() - began) * 1000)
        began = time.perf_counter()
        wanted = words_of(words)
        naive = [
            each
            for each in procedures
            if all(
                any(
                    word.startswith(one)
                    for word in words_of(f"{each.code} {each.name.vi} {each.name.en} {each.agency.vi}")
                )
                for one in wanted
            )
        ]
        slow.append((time.perf_counter() - began) * 1000)
        assert [each.code for each in naive] == [each.code for each in found], "both find the same"
    emit("services", "search_ms", median(fast), "ms", "naive list", median(slow))


def _text(each: Procedure) -> str:
    return f"{each.code} {each.name.vi} {each.name.en} {each.agency.vi}"


def _procedure(dice: random.Random, number: int) -> str:
    name = " ".join(dice.choice(SYLLABLES) for _word in range(7))
    return f"""
[[procedures]]
code = "9.{number:06d}"
group = "other"
name = {{ vi = "{name}", en = "{name}" }}
agency = {{ vi = "UBND phường", en = "Ward people's committee" }}
time = {{ vi = "3 ngày", en = "3 days" }}
working_days = 3
documents = []
questions = [ {{ id = "why", kind = "text", label = {{ vi = "Lý do", en = "Why" }} }} ]
source = "made up"
effective_from = 2025-01-01
"""
