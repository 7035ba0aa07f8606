"""A partner's plugin comes by pip and goes by pip, and nothing else changes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from support.site import Program, panel

from examples.venv import EXAMPLES, Venv

PARTNER = EXAMPLES / "tramkit-water"

STATION = """
[station]
id = "test-1"
site = "Test"
agency = "UBND phường Bình Trưng"

[panel]
port = 0

[plugins]
enabled = ["water"]

[settings.water]
url = "http://127.0.0.1:1"
hotline = "1900 1234"

[[roles.screen]]
driver = "web"
port = 0

[[roles.receipt_printer]]
driver = "sim_receipt_printer"
"""


@pytest.fixture
def venv(tmp_path: Path) -> Iterator[Venv]:
    return Venv(tmp_path / "venv")


async def menu(venv: Venv, folder: Path, config: Path) -> tuple[list[str], str]:
    """Run the station; return the services of its menu and the page that invites residents."""
    log = folder / "run.log"
    with log.open("ab") as err:
        process = await asyncio.create_subprocess_exec(
            *venv.command("run", "--config", str(config)), stdout=asyncio.subprocess.PIPE, stderr=err, cwd=folder
        )
    station = Program(process, log)
    try:
        async with panel(await station.address("panel")) as operator:
            address = await station.address("station")
            services = [service["id"] for service in (await operator.state())["services"]]
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http,
            http.get(address) as response,
        ):
            return services, await response.text()
    finally:
        await station.stop()


async def test_a_partners_plugin_comes_into_the_menu_by_pip_and_goes_by_pip(venv: Venv, tmp_path: Path) -> None:
    config = tmp_path / "station.toml"
    config.write_text(STATION, encoding="utf-8")
    before = {row["name"] for row in json.loads(venv.tramkit("plugins", "--json"))}
    assert "water" not in before

    venv.install(PARTNER)
    rows = {row["name"]: row for row in json.loads(venv.tramkit("plugins", "--json", "--config", str(config)))}
    assert rows["water"]["state"] == "enabled", rows["water"]["reason"]
    assert rows["water"]["version"] == "1.2.0"
    services, page = await menu(venv, tmp_path, config)
    assert services == ["water.pay", "water.leak"]
    assert "Báo rò rỉ nước" in page

    venv.pip("uninstall", "--yes", "tramkit-water")
    rows = {row["name"]: row for row in json.loads(venv.tramkit("plugins", "--json", "--config", str(config), code=3))}
    assert rows["water"]["state"] == "quarantined"
    assert 'no plugin "water" is installed' in rows["water"]["reason"]
    services, page = await menu(venv, tmp_path, config)
    assert services == []
    assert "Báo rò rỉ nước" not in page
