"""The command line, run as an operator runs it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pty
import signal
import socket
import subprocess
import termios
from pathlib import Path

import pytest
from support.plugins import BROKEN, install
from support.site import TRAMKIT, panel, program

STATION = """
[station]
id = "test-1"
site = "Test"
agency = "UBND phường Bình Trưng"

[panel]
port = 0

[plugins]
enabled = [{enabled}]

[[roles.screen]]
driver = "web"
port = 0

[[roles.receipt_printer]]
driver = "sim_receipt_printer"
"""


def tramkit(*arguments: str, cwd: Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(path or "")}
    return subprocess.run(
        [str(TRAMKIT), *arguments], cwd=cwd, env=environ, capture_output=True, text=True, timeout=120, check=False
    )


def station_file(folder: Path, *enabled: str) -> Path:
    file = folder / "station.toml"
    file.write_text(STATION.format(enabled=", ".join(f'"{name}"' for name in enabled)), encoding="utf-8")
    return file


def test_config_check_tells_a_good_file_from_a_bad_one(tmp_path: Path) -> None:
    file = station_file(tmp_path, "telehelth")
    bad = tramkit("config", "check", str(file), cwd=tmp_path)
    assert bad.returncode == 2
    assert f'{file}: plugins.enabled: no plugin "telehelth" is installed' in bad.stderr
    good = tramkit("config", "check", str(station_file(tmp_path)), cwd=tmp_path)
    assert (good.returncode, good.stdout.strip()) == (0, f"{file}: good")


def test_run_refuses_a_configuration_with_a_mistake_and_starts_nothing(tmp_path: Path) -> None:
    file = station_file(tmp_path)
    file.write_text(file.read_text(encoding="utf-8").replace("port = 0", 'port = "x"', 1), encoding="utf-8")
    run = tramkit("run", "--config", str(file), cwd=tmp_path)
    assert run.returncode == 2
    assert "panel.port" in run.stderr
    assert "Traceback" not in run.stderr


def test_plugins_lists_what_is_enabled_and_what_was_kept_out_and_why(tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    install(packages, "good")
    code, manifest, _ = BROKEN["misspelt"]
    install(packages, "misspelt", code=code, manifest=manifest)
    file = station_file(tmp_path, "good", "misspelt")
    rows = json.loads(tramkit("plugins", "--json", "--config", str(file), cwd=tmp_path, path=packages).stdout)
    states = {row["name"]: row["state"] for row in rows}
    names = ("banking", "billing", "identity", "payments", "procedures", "sim_identity", "telehealth")
    own = dict.fromkeys(names, "installed")
    assert states == {"good": "enabled", "misspelt": "quarantined", **own}
    words = tramkit("plugins", "--config", str(file), cwd=tmp_path, path=packages).stdout
    assert 'register: there is no hook "tramkit_service"; did you mean "tramkit_services"?' in words


def test_an_unknown_command_says_what_there_is(tmp_path: Path) -> None:
    run = tramkit("rnu", cwd=tmp_path)
    assert run.returncode == 2
    assert "rnu" in run.stderr


async def test_a_station_with_broken_plugins_runs_the_good_one(tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    install(packages, "good")
    for name, (code, manifest, _) in BROKEN.items():
        install(packages, name, code=code, manifest=manifest)
    file = station_file(tmp_path, *BROKEN, "good")
    async with program(["run", "--config", str(file)], tmp_path, environ={"PYTHONPATH": str(packages)}) as station:
        await station.address("station")
        async with panel(await station.address("panel")) as operator:
            state = await operator.state()
        assert [service["id"] for service in state["services"]] == ["good.hello"]
        kept_out = {row["name"] for row in state["plugins"] if row["state"] == "quarantined"}
        assert kept_out == set(BROKEN)
        assert await station.stop() == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_station_that_is_told_to_stop_ends_cleanly(tmp_path: Path, how: signal.Signals) -> None:
    async with program(["run", "--config", str(station_file(tmp_path))], tmp_path) as station:
        await station.address("panel")
        assert await station.stop(how) == 0


async def test_a_port_that_is_taken_is_said_in_words(tmp_path: Path) -> None:
    async with program(["run", "--config", str(station_file(tmp_path))], tmp_path) as first:
        port = (await first.address("panel")).split("/?", maxsplit=1)[0].rpartition(":")[2]
        second = tmp_path / "second"
        second.mkdir()
        file = station_file(second)
        file.write_text(file.read_text().replace("[panel]\nport = 0", f"[panel]\nport = {port}"), encoding="utf-8")
        run = tramkit("run", "--config", str(file), cwd=second)
        assert run.returncode != 0
        assert "Traceback" not in run.stderr
        assert port in run.stderr


async def test_a_screen_that_cannot_be_served_is_said_in_words_and_the_station_keeps_trying(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        file = station_file(tmp_path)
        text = file.read_text(encoding="utf-8").replace('driver = "web"\nport = 0', f'driver = "web"\nport = {port}')
        file.write_text(text, encoding="utf-8")
        async with program(["run", "--config", str(file)], tmp_path) as station:
            async with asyncio.timeout(30):
                while "the screen cannot be used" not in station.log.read_text(encoding="utf-8"):
                    await asyncio.sleep(0.05)
            taken.close()
            assert str(port) in await station.address("station")
    assert f"cannot listen on port {port}" in station.log.read_text(encoding="utf-8")


def test_a_screen_that_does_not_exist_is_answered_with_the_one_that_was_meant(tmp_path: Path) -> None:
    refused = tramkit("run", "--config", str(station_file(tmp_path)), "--screen", "terminl", cwd=tmp_path)
    assert refused.returncode == 2
    assert "terminal" in refused.stderr
    refused = tramkit("run", "--config", str(station_file(tmp_path)), "--screen", "sim_camera", cwd=tmp_path)
    assert refused.returncode == 2
    assert "is no Screen" in refused.stderr


async def test_the_station_runs_in_a_terminal_and_its_log_beside_it(tmp_path: Path) -> None:
    mine, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, 60))
    station = await asyncio.create_subprocess_exec(
        str(TRAMKIT),
        *("run", "--config", str(station_file(tmp_path)), "--screen", "terminal"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=tmp_path,
        env={**os.environ, "TERM": "xterm-256color"},
    )
    os.close(theirs)
    shown = bytearray()
    loop, more = asyncio.get_running_loop(), asyncio.Event()

    def read() -> None:
        try:
            shown.extend(os.read(mine, 65536))
        except OSError:  # the terminal's other end is gone
            loop.remove_reader(mine)
        more.set()

    async def until(words: str, key: bytes = b"") -> None:
        async with asyncio.timeout(30):
            while words.encode() not in shown:
                more.clear()
                os.write(mine, key)  # again and again: a key just after the page came is not meant for it
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(more.wait(), 0.5)

    loop.add_reader(mine, read)
    await until("chạm vào màn hình")
    await until("ông/bà cần", key=b"\r")
    station.terminate()
    await until("\x1b[?1049l")  # the terminal is as it was
    assert await asyncio.wait_for(station.wait(), 30) == 0
    loop.remove_reader(mine)
    os.close(mine)
    lines = [json.loads(line) for line in (tmp_path / "tramkit.log").read_text().splitlines()]
    assert "visit begins" in [line["event"] for line in lines]
