"""What the machine is given: units, users, folders, firewall and proxy are held to the machine's own tools."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.async_api import Browser, Error, async_playwright

from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.roles import Role
from tramkit_hal.screens.web import WebScreen

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
DOCS = ROOT / "docs" / "operating-a-station.md"


def need(program: str) -> str:
    """Return where a program of the machine is; without it, and not in CI, the test is skipped."""
    found = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None:
        if os.environ.get("CI"):
            raise AssertionError(f"{program} is not installed: make system")
        pytest.skip(f"{program} is not installed: make system")
    return found


def said(*command: str) -> str:
    """Run a tool; return all that it says, and that it failed where it did."""
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return run.stdout + run.stderr + (f"\nended with {run.returncode}" if run.returncode else "")


def laid_out(root: Path) -> Path:
    """Lay the units out as a package does, with the programs that they start; return where they are."""
    folder = root / "etc/systemd/system"
    folder.mkdir(parents=True)
    for unit in UNITS:
        shutil.copy(unit, folder)
        for program in re.findall(r"^Exec\w+=(/\S+)", unit.read_text(), re.MULTILINE):
            file = root / program.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("#!/bin/sh\n")
            file.chmod(0o755)
    shutil.copytree("/usr/lib/systemd/system", root / "usr/lib/systemd/system", symlinks=True)
    return folder


def test_systemd_takes_every_unit_without_a_word(tmp_path: Path) -> None:
    verify = need("systemd-analyze")
    folder = laid_out(tmp_path)
    names = [str(folder / unit.name).replace("@.", "@tramkit-desk.service.") for unit in UNITS]
    words = said(verify, "verify", "--man=no", "--recursive-errors=no", f"--root={tmp_path}", *names)
    ours = [line for line in words.splitlines() if "tramkit" in line and "Cannot add dependency job" not in line]
    assert ours == []


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_is_as_hard_as_the_docs_say(unit: Path) -> None:
    words = said(need("systemd-analyze"), "security", "--offline=yes", "--no-pager", str(unit))
    found = re.search(r"exposure level for \S+: ([0-9.]+)", words)
    assert found is not None, words
    row = re.search(rf"`{re.escape(unit.name)}` \| ([0-9.]+) \|", DOCS.read_text(encoding="utf-8"))
    assert row is not None, f"docs/operating-a-station.md gives no score for {unit.name}"
    assert found[1] == row[1]
    assert "Unknown" not in words


def test_users_and_folders_are_made_as_the_units_need_them(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    assert (
        "failed"
        not in said(need("systemd-sysusers"), f"--root={tmp_path}", str(DEPLOY / "systemd/tramkit.sysusers")).casefold()
    )
    users = {line.split(":")[0] for line in (tmp_path / "etc/passwd").read_text().splitlines()}
    wanted = {name for unit in UNITS for name in re.findall(r"^User=(\S+)", unit.read_text(), re.MULTILINE)}
    assert wanted <= users
    if os.geteuid() != 0:
        return  # only root can give a folder to another
    words = said(need("systemd-tmpfiles"), "--create", f"--root={tmp_path}", str(DEPLOY / "systemd/tramkit.tmpfiles"))
    meeting = tmp_path / "run/tramkit"
    assert meeting.is_dir(), words
    assert meeting.stat().st_mode & 0o7777 == 0o2750, "what the station writes there is its group's to read"


def test_the_firewall_is_good_nftables() -> None:
    nft = need("nft")
    alone = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    assert said(*alone, nft, "--check", "--file", str(DEPLOY / "examples/nftables.conf")) == ""


@pytest.mark.browser
@pytest.mark.asyncio(loop_scope="session")
async def test_the_start_page_leads_to_the_screen_and_its_group_alone_can_read_it(
    tmp_path: Path, browser: Browser
) -> None:
    page_file = tmp_path / "screen.html"
    screen = WebScreen(WebScreen.Settings(start_page=page_file), DeviceContext(Role.SCREEN))
    await screen.open()
    try:
        assert page_file.stat().st_mode & 0o777 == 0o640
        page = await browser.new_page()
        await page.goto(f"file://{page_file}")
        await page.wait_for_url(re.compile(r"^http://127\.0\.0\.1"))
        await page.wait_for_selector("main")
        assert "token" not in page.url, "the secret does not stay in the address"
        await page.close()
    finally:
        await screen.close()
    assert not page_file.exists()


@pytest.mark.browser
async def test_the_kiosks_chromium_shows_the_station_and_nothing_else(tmp_path: Path) -> None:
    """Real Chromium with the managed policies, laid over the machine's own in a namespace.

    All but one: the test looks through the developer tools, which the policies take away.
    """
    bwrap, chromium = need("bwrap"), need("chromium")
    policies = tmp_path / "managed"
    policies.mkdir()
    policy = json.loads((DEPLOY / "chromium/tramkit.json").read_text())
    assert policy.pop("DeveloperToolsAvailability") == 2, "never"
    (policies / "tramkit.json").write_text(json.dumps(policy))
    wrapped = tmp_path / "chromium"
    laid_over = f"--tmpfs /etc/chromium --bind {policies} /etc/chromium/policies/managed"
    wrapped.write_text(f'#!/bin/sh\nexec {bwrap} --dev-bind / / {laid_over} {chromium} "$@"\n')
    wrapped.chmod(0o755)
    (tmp_path / "other.html").write_text("<p>another file")
    screen = WebScreen(WebScreen.Settings(), DeviceContext(Role.SCREEN))
    await screen.open()
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch_persistent_context(
                tmp_path / "profile", executable_path=str(wrapped), args=["--no-sandbox", "--lang=en"]
            )
            page = await browser.new_page()
            await page.goto(next(iter(screen.addresses.values())))
            await page.wait_for_selector("main")
            for elsewhere in (f"file://{tmp_path}/other.html", "chrome://settings", "http://127.0.0.2:9/"):
                page = await browser.new_page()
                with contextlib.suppress(Error):
                    await page.goto(elsewhere)
                await page.get_by_text("This page is blocked").first.wait_for(state="attached")
            await browser.close()
    finally:
        await screen.close()
