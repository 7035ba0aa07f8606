"""A country certificate counts only where nobody but root could have put it there, or where it is signed."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from tramkit_hal.card.guarded import ROOT, GuardedFiles, NotGuardedError
from tramkit_hal.card.trust import FolderTrust
from tramkit_hal.sim.chip import Country
from tramkit_hal.words import render

OURS = frozenset({0, os.geteuid()})
NOBODY = frozenset({54321})
"""Stands for root where the tests' user is root: whoever the files belong to, they are not theirs."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "country"
    folder.mkdir(mode=0o755)
    (folder / "csca.pem").write_bytes(Country(datetime.now(UTC)).pem())
    (folder / "csca.pem").chmod(0o644)
    return folder


def test_a_file_of_an_owner_that_counts_is_read(folder: Path) -> None:
    assert GuardedFiles(OURS).read(folder / "csca.pem").startswith(b"-----BEGIN")
    assert FolderTrust(folder, owners=OURS).unavailable() is None


def _file_for_all(folder: Path) -> None:
    (folder / "csca.pem").chmod(0o666)


def _folder_for_all(folder: Path) -> None:
    folder.chmod(0o777)


def _folder_above_for_the_group(folder: Path) -> None:
    folder.parent.chmod(0o770)


def _link_to_it(folder: Path) -> None:
    (folder / "csca.pem").rename(folder / "real")
    (folder / "csca.pem").symlink_to(folder / "real")


@pytest.mark.parametrize("loosen", [_file_for_all, _folder_for_all, _folder_above_for_the_group, _link_to_it])
def test_what_others_could_exchange_does_not_count(loosen: Callable[[Path], None], folder: Path) -> None:
    loosen(folder)
    trust = FolderTrust(folder, owners=OURS)
    assert trust.unavailable() is not None


def test_a_certificate_dropped_into_the_folder_by_another_user_is_named_and_not_believed(folder: Path) -> None:
    trust = FolderTrust(folder, owners=NOBODY)
    assert trust.unavailable() is not None
    (problem,) = trust.problems()
    assert render(problem, "en") == (
        "csca.pem does not count: others than root could have put it there, and nobody signed it."
    )


def test_a_station_that_reads_real_cards_takes_roots_files_only() -> None:
    assert GuardedFiles()._owners == ROOT == frozenset({0})


def test_a_signed_file_counts_whoever_owns_it(folder: Path) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    file = folder / "csca.pem"
    trust = FolderTrust(folder, owners=NOBODY, signer=key.public_key())
    assert trust.unavailable() is not None
    (folder / "csca.pem.sig").write_bytes(key.sign(file.read_bytes()))
    assert trust.unavailable() is None
    file.write_bytes(Country(datetime.now(UTC)).pem())  # another country under the old signature
    assert trust.unavailable() is not None
    other = ed25519.Ed25519PrivateKey.generate()
    (folder / "csca.pem.sig").write_bytes(other.sign(file.read_bytes()))
    with pytest.raises(NotGuardedError):
        GuardedFiles(NOBODY, key.public_key()).read(file)
