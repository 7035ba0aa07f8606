"""``tramkit doctor``: one page of what is wrong with a station and the machine under it, and who puts it right."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import click

from tramkit import log
from tramkit.app.config import ConfigError, StationConfig, default_config_file, read_config
from tramkit.operator.backup import restored
from tramkit.operator.console.client import PanelClient, PanelError
from tramkit.operator.machine_checks import (
    Finding,
    State,
    address_findings,
    certificate_findings,
    clock_findings,
    disk_findings,
    network_findings,
    utc,
)
from tramkit.operator.self_test import last
from tramkit.plugins.installed import discover
from tramkit.station.conditions import made_on
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.device.errors import Mend

SOON, WRONG = 1, 2
"""Exit codes: something will be wrong; something is."""

_SIGNS: Mapping[State, str] = {"well": "✓", "soon": "!", "wrong": "✗"}
_WHO = {Mend.CONFIGURE: "operator", Mend.REFILL: "operator", Mend.TECHNICIAN: "technician"}


@click.command()
@click.option("--config", "file", type=click.Path(path_type=Path), default=None, help="The station's file.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.option("--offline", is_flag=True, help="Connect to nobody outside.")
def doctor(file: Path | None, *, as_json: bool, offline: bool) -> None:
    """Say what is wrong with the station and its machine, and who puts it right.

    Looks at the configuration, the running station, devices, clock, disk, network, addresses, certificates, ledger.
    Ends with 2 where something is wrong, with 1 where something soon will be.
    """
    log.configure("critical")
    found = asyncio.run(_examine(file or default_config_file(), offline=offline))
    if as_json:
        click.echo(json.dumps([each.model_dump() for each in found], ensure_ascii=False, indent=2))
    else:
        for each in sorted(found, key=lambda each: list(_SIGNS).index(each.state), reverse=True):
            click.echo(f"{_SIGNS[each.state]} {each.about}: {log.visible(each.says)}")
            if each.remedy:
                click.echo(f"    {each.who}: {log.visible(each.remedy)}")
    states = {each.state for each in found}
    sys.exit(WRONG if "wrong" in states else SOON if "soon" in states else 0)


async def _examine(file: Path, *, offline: bool) -> list[Finding]:
    now = utc(SystemClock().now())
    found = [*clock_findings(now, made_on()), *network_findings()]
    try:
        config = read_config(file, discover())
    except ConfigError as error:
        remedy = f"mend the line in {file}, then: tramkit config check {file}"
        wrong = [Finding(about="configuration", state="wrong", says=each, remedy=remedy, who="operator")
                 for each in error.problems]  # fmt: skip
        return [*wrong, *found]
    found.insert(0, Finding(about="configuration", state="well", says=str(file)))
    found += disk_findings(_places(config))
    if config.identity.country_certificates:
        found += certificate_findings(Path(config.identity.country_certificates), now)
    found += _ledger(config)
    found += _self_test(config)
    found += await _station(config)
    if not offline:
        found += await address_findings(_addresses(config.settings), now)
    return found


def _places(config: StationConfig) -> dict[str, Path]:
    places: dict[str, Path] = {}
    if config.orders.data:
        places["the ledger"] = Path(config.orders.data)
    if config.log.file:
        places["the log"] = Path(config.log.file).parent
    return places or {"the station": Path.cwd()}


def _addresses(settings: object) -> list[str]:
    """Return every address that stands anywhere in the plugins' settings."""
    if isinstance(settings, str):
        return [settings] if settings.startswith(("https://", "http://")) else []
    if isinstance(settings, Mapping):
        return [each for value in cast("Mapping[str, object]", settings).values() for each in _addresses(value)]
    if isinstance(settings, list | tuple):
        return [each for value in cast("list[object]", settings) for each in _addresses(value)]
    return []


def _ledger(config: StationConfig) -> list[Finding]:
    """Return whether the ledger was put back from a copy and not compared since."""
    back = restored(Path(config.orders.data)) if config.orders.data else None
    if back is None:
        return []
    said = f"it was put back as of {back.taken_at:%Y-%m-%d %H:%M} UTC: what was ordered later is missing"
    remedy = "tramkit reconcile with the day files since then; then: tramkit restore --compared"
    return [Finding(about="ledger", state="wrong", says=said, remedy=remedy, who="operator")]


def _self_test(config: StationConfig) -> list[Finding]:
    if not config.self_test.at:
        return []
    test = last(Path(config.self_test.file))
    remedy = "see the devices below; one by one: tramkit devices test ROLE"
    if test is None:
        said = "it has not been made yet"
        return [Finding(about="self-test", state="soon", says=said, remedy=f"wait for {config.self_test.at}", who="operator")]  # noqa: E501  # fmt: skip
    failed = ", ".join(each.role for each in test.tested if each.outcome == "failed")
    said = f"{test.at:%Y-%m-%d %H:%M}" + (f": failed for {failed}" if failed else "")
    if test.passed:
        return [Finding(about="self-test", state="well", says=said)]
    return [Finding(about="self-test", state="wrong", says=said, remedy=remedy, who="technician")]


async def _station(config: StationConfig) -> list[Finding]:
    """Ask the running station; one that does not run is said to."""
    panel = config.panel
    address = f"unix:{panel.socket}" if panel.socket else ""
    if not address and panel.token and panel.port:
        address = f"http://127.0.0.1:{panel.port}/?token={panel.token}"
    if not address:
        remedy = "give [panel] a socket in station.toml, so that commands reach it"
        said = "it cannot be asked: its panel has no socket and a new secret at each start"
        return [Finding(about="station", state="soon", says=said, remedy=remedy, who="operator")]
    client = PanelClient(address)
    try:
        await client.sign_in()
        ready, checks = await client.ready("en")
        report = await client.report("en")
    except PanelError as trouble:
        remedy = "systemctl status tramkit-station; journalctl -u tramkit-station -n 50"
        return [Finding(about="station", state="wrong", says=str(trouble), remedy=remedy, who="operator")]
    finally:
        await client.close()
    found = [Finding(about="station", state="well", says="serves residents")] if ready else _not_ready(checks)
    return [*found, *_devices(report), *_plugins(report)]


def _not_ready(checks: Mapping[str, Any]) -> list[Finding]:
    remedies = {
        "open": "tramkit station open",
        "screen": "systemctl status tramkit-screen",
        "clock": "set the clock",
        "ledger": "make the ledger's folder writable and give it room; it is tried again every five seconds",
        "work": "systemctl restart tramkit-station; keep the log of the minutes before",
    }
    return [
        Finding(about=f"station {name}", state="wrong", says=check["says"], remedy=remedies[name], who="operator")
        for name, check in checks.items()
        if not check["well"]
    ]


def _devices(report: Mapping[str, Any]) -> list[Finding]:
    found: list[Finding] = []
    for role in report["roles"]:
        for device in role["devices"]:
            about = f"device {role['role']}/{device['index']}"
            said = f"{device['model'] or device['driver']}: {device['state_words']}"
            if device["state"] in ("ready", "busy", "starting"):
                found.append(Finding(about=about, state="well", says=said))
                continue
            said += f", {device['trouble_words']}" if device["trouble_words"] else ""
            state: State = "soon" if device["state"] == "degraded" or role["usable"] else "wrong"
            who = _WHO.get(Mend(device["mend"]), "operator") if device["mend"] else "technician"
            remedy = device["mend_words"] or f"tramkit devices test {role['role']}"
            found.append(Finding(about=about, state=state, says=said, remedy=remedy, who=who))
    return found


def _plugins(report: Mapping[str, Any]) -> list[Finding]:
    kept_out = [
        Finding(about=f"plugin {each['name']}", state="wrong", says=each["reason"] or each["state_words"],
                remedy="tramkit plugins; its maker mends it", who="provider")
        for each in report["plugins"] or () if each["state"] == "quarantined"
    ]  # fmt: skip
    closed = [
        Finding(about=f"service {each['id']}", state="soon" if each["state"] == "limited" else "wrong",
                says=f"{each['state_words']}: {each['reason']}", remedy="mend what it names", who="operator")
        for each in report["services"] if each["state"] in ("limited", "closed")
    ]  # fmt: skip
    return kept_out + closed
