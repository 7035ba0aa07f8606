"""A PulseAudio of a test's own: a speaker whose sound can be heard, and a microphone into which sound can be played."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

RATE = 48_000
START_SECONDS = 20.0
LISTEN_SECONDS = 0.5


class Pulse:
    """A running PulseAudio.

    :ivar environ: what a program needs for its sound to go there.
    :ivar pid: of the daemon.
    """

    def __init__(self, folder: Path) -> None:
        self.pid = 0
        self.environ: Mapping[str, str] = {
            "XDG_RUNTIME_DIR": str(folder),
            "HOME": str(folder),
            "PULSE_SERVER": f"unix:{folder}/native",
        }

    def command(self, *words: str) -> bool:
        """Run a client of it; return whether it ended well."""
        done = subprocess.run(words, env={**os.environ, **self.environ}, capture_output=True, timeout=10, check=False)
        return done.returncode == 0

    @contextlib.contextmanager
    def saying(self, file: Path) -> Iterator[None]:
        """Have a sound said into the microphone, over and over."""
        again = ["sh", "-c", 'while paplay --device=room "$0"; do :; done', str(file)]
        player = subprocess.Popen(again, env={**os.environ, **self.environ}, start_new_session=True)
        try:
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(player.pid, 15)
            player.wait(10)

    async def tone(self) -> float:
        """Listen at the speaker and return the strongest frequency, Hz; 0: silence."""
        record = ["parec", "--device=speaker.monitor", "--format=s16le", f"--rate={RATE}", "--channels=1"]
        listener = await asyncio.create_subprocess_exec(
            *record, stdout=asyncio.subprocess.PIPE, env={**os.environ, **self.environ}
        )
        assert listener.stdout is not None
        try:
            data = await asyncio.wait_for(listener.stdout.readexactly(int(RATE * LISTEN_SECONDS) * 2), 10)
        finally:
            listener.kill()
            await listener.wait()
        heard = np.abs(np.fft.rfft(np.frombuffer(data, "<i2").astype(np.float64)))
        return float(heard[1:].argmax() + 1) / LISTEN_SECONDS if heard[1:].max() > 10_000 else 0.0


@contextlib.contextmanager
def pulseaudio(folder: Path, *, room: bool = False) -> Iterator[Pulse]:
    """Run a PulseAudio in a folder.

    :param room: whether the microphone hears what :meth:`Pulse.saying` plays; otherwise it hears the speaker.
    """
    (folder / ".asoundrc").write_text("pcm.!default pulse\nctl.!default pulse\n", encoding="utf-8")
    pulse = Pulse(folder)
    hears = "room" if room else "speaker"
    command = [
        "pulseaudio",
        "-n",
        "--daemonize=no",
        "--exit-idle-time=-1",
        f"--load=module-native-protocol-unix auth-anonymous=1 socket={folder}/native",
        "--load=module-null-sink sink_name=speaker",
        *(["--load=module-null-sink sink_name=room"] if room else []),
        f"--load=module-remap-source master={hears}.monitor source_name=microphone",
    ]
    daemon = subprocess.Popen(
        command, env={**os.environ, **pulse.environ}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    pulse.pid = daemon.pid
    try:
        end = time.monotonic() + START_SECONDS
        while not ((folder / "native").exists() and pulse.command("pactl", "info")):
            assert daemon.poll() is None, "PulseAudio does not run"
            assert time.monotonic() < end, "PulseAudio does not answer"
            time.sleep(0.05)
        assert pulse.command("pactl", "set-default-sink", "speaker")
        assert pulse.command("pactl", "set-default-source", "microphone")
        yield pulse
    finally:
        daemon.terminate()
        daemon.wait(10)
