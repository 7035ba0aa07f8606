"""The card: readings over a model of a real chip, its processor time, what many of them leave behind."""

from __future__ import annotations

import gc
import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import psutil

from bench.records import emit, median, say
from tramkit_hal.card.access import AccessKeys
from tramkit_hal.card.apdu import Transport
from tramkit_hal.card.chip import read_chip
from tramkit_hal.card.files import DataGroup
from tramkit_hal.card.trust import FolderTrust, Proven, authenticate
from tramkit_hal.sim.chip import Country, face_group, portrait
from tramkit_hal.sim.issued_card import IssuedCard, issue
from tramkit_hal.sim.people import PEOPLE

ALL: tuple[DataGroup, ...] = ("dg1", "dg2", "dg13", "dg14", "dg15", "sod")
BITS_PER_SECOND = 424_000
READ_SECONDS = 0.030
CURVE_SECONDS = 0.300
PORTRAIT_BYTES = 15_000
READ_BINARY, GENERAL_AUTHENTICATE, INTERNAL_AUTHENTICATE = 0xB0, 0x86, 0x88
SHORT_STEP = 16
"""Bytes of a GENERAL AUTHENTICATE in which no point is sent: the chip multiplies nothing."""


class Chip:
    """A chip that takes as long as a real one, and keeps what was said.

    :param modelled: False: it answers as fast as it can.
    """

    def __init__(self, chip: Transport, *, modelled: bool) -> None:
        self._chip = chip
        self._modelled = modelled
        self.said: list[tuple[bytes, bytes]] = []
        self.processor = 0.0

    def transmit(self, command: bytes) -> bytes:
        """Return the chip's answer after the time that a real one takes; its own computing is part of that."""
        began, computed = time.perf_counter(), time.process_time()
        answer = self._chip.transmit(command)
        self.processor += time.process_time() - computed
        self.said.append((command, answer))
        if self._modelled:
            _wait(began + seconds(command, answer))
        return answer


def seconds(command: bytes, answer: bytes) -> float:
    """Return how long the model takes over one APDU."""
    wire = 8 * (len(command) + len(answer)) / BITS_PER_SECOND
    if command[1] == READ_BINARY:
        return wire + READ_SECONDS
    if command[1] == INTERNAL_AUTHENTICATE or (command[1] == GENERAL_AUTHENTICATE and command[4] > SHORT_STEP):
        return wire + CURVE_SECONDS
    return wire


async def model(times: int, answer_bytes: int = 0) -> None:
    """Measure the phases over the model, beside the same APDUs without cryptography.

    :param answer_bytes: as the driver ``pcsc`` takes it: most bytes of an answer; 0: a short one, 256.
    """
    with tempfile.TemporaryDirectory() as folder:
        country, trust = _country(Path(folder))
        card = _card(country)
        phases: dict[str, list[float]] = {}
        wholes: list[float] = []
        floors: list[float] = []
        counts: list[int] = []
        for number in range(times):
            say(f"card over the model, answers of {answer_bytes or 256} bytes, {number + 1} of {times}")
            chip = Chip(card.chip(), modelled=True)
            marks: list[tuple[str, float]] = []
            began = time.perf_counter()
            files = read_chip(
                chip,
                AccessKeys.parse(card.data.number),
                ALL,
                lambda phase, _share, marks=marks: marks.append((phase, time.perf_counter())),
                answer_bytes,
            )
            marks.append(("passive", time.perf_counter()))
            found = await authenticate(files, trust, datetime.now(UTC))
            ended = time.perf_counter()
            assert found.proven is Proven.CHIP_AUTHENTICATION
            wholes.append(ended - began)
            for (phase, start), (_next, end) in zip(marks, [*marks[1:], ("", ended)], strict=True):
                phases.setdefault(phase, []).append(end - start)
            floors.append(_floor(chip.said))
            counts.append(len(chip.said))
    name = f"card_{answer_bytes}_byte_answers" if answer_bytes else "card"
    for phase, values in phases.items():
        if phase != "done":
            emit("devices", f"{name}_{phase}", 1000 * median(values), "ms")
    emit("devices", f"{name}_whole", median(wholes), "s", "same APDUs without cryptography", median(floors))
    emit("devices", f"{name}_apdus", median([float(count) for count in counts]), "APDUs")


async def processor(times: int) -> None:
    """Measure processor seconds of the reader alone."""
    with tempfile.TemporaryDirectory() as folder:
        country, trust = _country(Path(folder))
        card = _card(country)
        spent: list[float] = []
        for _time in range(times):
            chip = Chip(card.chip(), modelled=False)
            began = time.process_time()
            files = read_chip(chip, AccessKeys.parse(card.data.number), ALL)
            await authenticate(files, trust, datetime.now(UTC))
            spent.append(time.process_time() - began - chip.processor)
    emit("devices", "card_reader_cpu", 1000 * median(spent), "ms")


async def growth(times: int) -> None:
    """Measure what many readings leave behind: memory, threads, descriptors."""
    with tempfile.TemporaryDirectory() as folder:
        country, trust = _country(Path(folder))
        card = _card(country)

        async def read() -> None:
            files = read_chip(card.chip(), AccessKeys.parse(card.data.number), ALL)
            await authenticate(files, trust, datetime.now(UTC))

        for _warm in range(max(5, times // 10)):
            await read()
        process = psutil.Process()
        gc.collect()
        before = process.memory_info().rss, threading.active_count(), process.num_fds()
        say(f"{times} readings")
        for _time in range(times):
            await read()
        gc.collect()
        after = process.memory_info().rss, threading.active_count(), process.num_fds()
    emit("devices", "card_reads_growth_memory", (after[0] - before[0]) / 1024, "KB")
    emit("devices", "card_reads_growth_threads", after[1] - before[1], "threads")
    emit("devices", "card_reads_growth_descriptors", after[2] - before[2], "descriptors")
    emit("devices", "card_reads", times, "readings")


def _floor(said: Sequence[tuple[bytes, bytes]]) -> float:
    """Send the same APDUs to the same model and do nothing with what comes back."""
    began = time.perf_counter()
    for command, answer in said:
        _wait(time.perf_counter() + seconds(command, answer))
    return time.perf_counter() - began


def _wait(until: float) -> None:
    rest = until - time.perf_counter()
    if rest > 0:
        time.sleep(rest)


def _country(folder: Path) -> tuple[Country, FolderTrust]:
    country = Country(datetime.now(UTC))
    (folder / "csca.pem").write_bytes(country.pem())
    return country, FolderTrust(folder, owners=None)


def _card(country: Country) -> IssuedCard:
    picture = portrait(PEOPLE[0])
    return issue(PEOPLE[0], country, changes={"dg2": face_group(picture.ljust(PORTRAIT_BYTES, b"\0"))})
