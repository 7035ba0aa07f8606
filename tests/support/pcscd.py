"""A pcscd of the tests' own with virtual readers, apart from the machine's: it sees its own ``/run`` only.

pcscd's client library looks its place up once in the life of a process. So each process of tests has one place, named
before anything can look (:func:`take_place`, from ``tests/conftest.py``), and one daemon there, which all tests share;
pulling a reader out is ending it, and starting it again at the same place puts the reader in.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tramkit_hal.drivers.pcsc_readers import PcscReaders

DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
SECONDS = 20.0
START = (
    "mount -t tmpfs none /run && mkdir /run/pcscd && mount --bind {folder} /run/pcscd "
    "&& exec pcscd --foreground --critical --config {config}"
)


@functools.cache
def take_place() -> Path:
    """Return the folder of this process's pcscd; whoever looks for pcscd from now on looks there."""
    folder = Path(tempfile.mkdtemp(prefix="pcscd"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["PCSCLITE_CSOCK_NAME"] = str(folder / "pcscd.comm")
    return folder


@pytest.fixture(scope="session")
def shared_pcscd() -> Iterator[Pcscd]:
    """The pcscd of this process of tests."""
    daemon = Pcscd(take_place())
    daemon.start()
    yield daemon
    daemon.stop()


@pytest.fixture
def pcscd(shared_pcscd: Pcscd) -> Iterator[Pcscd]:
    """The same, running and with no card on its readers, before the test and after it."""
    shared_pcscd.make_empty()
    yield shared_pcscd
    shared_pcscd.make_empty()


class Pcscd:
    """pcscd with the two slots of one virtual reader.

    :param folder: for its socket; a short path.
    """

    def __init__(self, folder: Path) -> None:
        if shutil.which("pcscd") is None or not DRIVER.exists():
            pytest.skip("pcscd and vsmartcard-vpcd are not installed: make system")
        self.folder = folder
        self.ports = _two_free_ports()
        self._config = folder / "reader.conf"
        self._config.write_text(
            f'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:{self.ports[0]:#06x}\nLIBPATH {DRIVER}\n'
            f"CHANNELID {self.ports[0]:#06x}\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers and the virtual reader listens; nothing happens where it runs."""
        if self._process is not None:
            return
        command = START.format(folder=self.folder, config=self._config)
        alone = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
        self._process = subprocess.Popen([*alone, "sh", "-c", command], stderr=subprocess.PIPE)
        until = time.monotonic() + SECONDS
        while not (self._listens() and (self.folder / "pcscd.comm").exists()):
            if self._process.poll() is not None or time.monotonic() > until:
                assert self._process.stderr is not None
                self._process.kill()
                raise AssertionError(f"pcscd does not start: {self._process.stderr.read().decode()[-500:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stderr is not None:
            process.stderr.close()
        for left in ("pcscd.comm", "pcscd.pid"):
            (self.folder / left).unlink(missing_ok=True)

    @contextlib.contextmanager
    def hanging(self) -> Iterator[None]:
        """Have it stand still meanwhile: it neither answers nor goes."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._process.pid, signal.SIGCONT)

    def make_empty(self) -> None:
        """See that it runs and knows that no card lies there any more: it looks a few times a second only.

        A driver of readers can wait for ever for a card that went amid an answer; then pcscd is begun anew.
        """
        self.start()
        if not self._empty():
            self.stop()
            self.start()
            assert self._empty(), "a card lies there still"

    def _empty(self) -> bool:
        readers = PcscReaders("")
        until = time.monotonic() + SECONDS
        try:
            while readers.look(0.1).cards:
                if time.monotonic() > until:
                    return False
            return True
        finally:
            readers.close()

    def _listens(self) -> bool:
        wanted = {f"{port:04X}" for port in self.ports}
        lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
        return wanted <= {line.split()[1].split(":")[1] for line in lines if line.split()[3] == "0A"}


def _two_free_ports() -> tuple[int, int]:
    """Return two ports in a row on which nobody listens."""
    while True:
        with socket.socket() as first:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
        try:
            with socket.socket() as one, socket.socket() as two:
                one.bind(("127.0.0.1", port))
                two.bind(("127.0.0.1", port + 1))
        except (OSError, OverflowError):
            continue
        return port, port + 1
