"""Every bit of what a chip holds, flipped: no such card is ever believed.

The long run takes every bit of every file but the portrait; the short one a sample by seed, of the portrait too, and
reads whole cards through APDUs.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from tramkit_hal.card.access import AccessKeys
from tramkit_hal.card.chip import read_chip
from tramkit_hal.card.errors import ChipError
from tramkit_hal.card.files import CardFiles, DataGroup
from tramkit_hal.card.passive import NotAuthenticError
from tramkit_hal.card.trust import FolderTrust, authenticate
from tramkit_hal.sim.chip import Country
from tramkit_hal.sim.issued_card import IssuedCard, issue
from tramkit_hal.sim.people import PEOPLE
from tramkit_hal.sim.virtual_card import VirtualCard

NOW = datetime(2026, 11, 25, tzinfo=UTC)
SMALL: tuple[DataGroup, ...] = ("sod", "dg1", "dg13", "dg14", "dg15")
ALL: tuple[DataGroup, ...] = (*SMALL, "dg2")
SAMPLE = 40
PORTRAIT_SAMPLE = 4_000


@pytest.fixture(scope="module")
def country() -> Country:
    return Country(NOW)


@pytest.fixture(scope="module")
def trust(country: Country, tmp_path_factory: pytest.TempPathFactory) -> FolderTrust:
    folder = tmp_path_factory.mktemp("trust")
    (folder / "csca.pem").write_bytes(country.pem())
    return FolderTrust(folder, owners=None)


@pytest.fixture(scope="module")
def card(country: Country) -> IssuedCard:
    return issue(PEOPLE[0], country)


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


async def is_believed(files: CardFiles, trust: FolderTrust) -> bool:
    try:
        await authenticate(files, trust, NOW)
    except NotAuthenticError:
        return False
    return True


@pytest.mark.parametrize("group", ALL)
@pytest.mark.shows("ASVS V11")
async def test_a_card_with_any_of_a_sample_of_bits_flipped_is_not_believed(
    group: DataGroup, card: IssuedCard, trust: FolderTrust
) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    bits = random.Random(seed).sample(range(8 * len(card.groups[group])), SAMPLE)
    for bit in bits:
        groups = {**card.groups, group: flipped(card.groups[group], bit)}
        try:
            files = read_chip(VirtualCard(groups, card.can, card.zone, card.keys), AccessKeys.parse(card.can), ALL)
        except ChipError:
            continue
        assert not await is_believed(files, trust), f"{group}, bit {bit}"


@pytest.mark.long
@pytest.mark.parametrize("group", ALL)
async def test_no_flipped_bit_is_ever_believed(group: DataGroup, card: IssuedCard, trust: FolderTrust) -> None:
    files = read_chip(card.chip(), AccessKeys.parse(card.can), ALL)
    assert await is_believed(files, trust)
    bits = list(range(8 * len(files.group(group))))
    if group == "dg2":
        seed = random.randrange(1_000_000)
        print(f"seed {seed}")
        bits = random.Random(seed).sample(bits, PORTRAIT_SAMPLE)
    believed = [
        bit
        for bit in bits
        if await is_believed(CardFiles({**files.groups, group: flipped(files.group(group), bit)}, files.proofs), trust)
    ]
    print(f"{group}: {len(bits)} bits flipped")
    assert believed == []


@pytest.mark.shows("ASVS V11")
async def test_no_byte_may_follow_a_file_that_was_signed(card: IssuedCard, trust: FolderTrust) -> None:
    files = read_chip(card.chip(), AccessKeys.parse(card.can), ALL)
    for group in ALL:
        longer = CardFiles({**files.groups, group: files.group(group) + b"\0"}, files.proofs)
        assert not await is_believed(longer, trust), group
