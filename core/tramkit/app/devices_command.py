"""``tramkit devices`` and ``tramkit conformance``: what stands at the station, and whether it does what it should."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import click

from tramkit import log
from tramkit.app.config import ConfigError, StationConfig, default_config_file, read_config
from tramkit.operator import device_finding, self_test
from tramkit.station.drivers import DriverError, load_driver
from tramkit_hal.device.base import Device, DeviceContext
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.device.errors import DeviceError
from tramkit_hal.device.roles import Role
from tramkit_hal.device.simulated import Simulated
from tramkit_hal.role_contracts import CONTRACTS

USAGE_ERROR = 2
OPEN_SECONDS = 15.0

_config = click.option("--config", "file", type=click.Path(path_type=Path), default=None, help="The station's file.")
_json = click.option("--json", "as_json", is_flag=True, help="One JSON value.")


def _read(file: Path | None) -> StationConfig:
    log.configure("error")
    try:
        return read_config(file or default_config_file())
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(USAGE_ERROR)


def _devices(config: StationConfig, only: Role | None = None) -> list[Device]:
    """Make the devices but the screen: opening one would show a page to nobody."""
    from tramkit.app.run import make_devices

    made = make_devices(config, SystemClock())
    return [device for device in made if device.context.role is not Role.SCREEN and only in (None, device.context.role)]


async def _open(devices: list[Device]) -> None:
    async def one(device: Device) -> None:
        try:
            await device.open(OPEN_SECONDS)
        except DeviceError:  # its state and detail tell
            return

    await asyncio.gather(*(one(device) for device in devices))


async def _close(devices: list[Device]) -> None:
    await asyncio.gather(*(device.close() for device in devices), return_exceptions=True)


@click.group(invoke_without_command=True)
@_config
@_json
@click.option("--find", "find_", is_flag=True, help="Look what is plugged in and propose sections of station.toml.")
@click.pass_context
def devices(context: click.Context, file: Path | None, as_json: bool, find_: bool) -> None:
    """Open each device of the station and say how it is; the station must not run."""
    context.obj = file
    if context.invoked_subcommand is not None:
        return
    if find_:
        _find(as_json)
        return
    rows = asyncio.run(_look(_devices(_read(file))))
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        for row in rows:
            facts = ", ".join(f"{name}: {value}" for name, value in row["facts"].items())
            trouble = f"{row['trouble']} ({row['mend']})" if row["trouble"] else ""
            parts = (row["state"], trouble, row["detail"], facts)
            click.echo(f"{row['role']}  {row['driver']}  {row['serial']}  " + "  ".join(filter(None, parts)))
    sys.exit(0 if all(not row["trouble"] for row in rows) else 1)


def _find(as_json: bool) -> None:
    found = device_finding.find()
    if as_json:
        names = ("role", "driver", "settings", "what", "sure")
        rows = [{name: getattr(each, name) for name in names} for each in found]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    click.echo("\n\n".join(each.section() for each in found) or "# nothing is plugged in that a driver knows")


async def _look(given: list[Device]) -> list[dict[str, Any]]:
    await _open(given)
    rows: list[dict[str, Any]] = []
    try:
        for device in given:
            health = await device.health()
            trouble = health.trouble
            rows.append(
                {
                    "role": device.context.role.value,
                    "driver": device.driver,
                    "model": device.info.model,
                    "serial": device.info.serial,
                    "simulated": device.info.simulated,
                    "state": health.state.value,
                    "trouble": trouble.value if trouble else "",
                    "mend": trouble.mend.value if trouble else "",
                    "detail": device.detail,
                    "facts": health.facts,
                }
            )
    finally:
        await _close(given)
    return rows


@devices.command("test")
@click.argument("role", required=False, type=click.Choice([role.value for role in Role if role is not Role.SCREEN]))
@_json
@click.option("--save", "save_to", type=click.Path(path_type=Path), default=None, help="Keep the result in this file.")
@click.pass_obj
def test_devices(file: Path | None, role: str | None, as_json: bool, save_to: Path | None) -> None:
    """Use the devices of ROLE, or all: print, take a picture, play and hear a tone; ends with 1 where one fails."""
    given = _devices(_read(file), Role(role) if role else None)
    if not given:
        raise click.ClickException(f"this station has no device for {role or 'any role'}")

    async def run() -> self_test.SelfTest:
        await _open(given)
        try:
            return await self_test.self_test(given, SystemClock())
        finally:
            await _close(given)

    result = asyncio.run(run())
    if save_to is not None:
        self_test.save(result, save_to)
    if as_json:
        click.echo(result.model_dump_json(indent=2))
    else:
        for each in result.tested:
            mend = f"  ({each.mend})" if each.mend else ""
            click.echo(f"{each.outcome}  {each.role}  {each.driver}  {each.serial}  {each.found}{mend}")
    sys.exit(0 if result.passed else 1)


@click.command()
@click.argument("driver")
@_config
@_json
def conformance(driver: str, file: Path | None, as_json: bool) -> None:
    """Hold a DRIVER to the contract of its class, case by case; ends with 1 where one fails.

    Its settings are those that the station's file gives it. A printer prints; the station must not run.
    """
    from tramkit_hal.testing import Rig, SimRig, run_suite

    config = _read(file)
    try:
        kind = load_driver(driver)
    except DriverError as problem:
        raise click.ClickException(str(problem)) from None
    bound = [(role, each) for role, all_ in config.roles.items() for each in all_ if each.driver == driver]
    role = bound[0][0] if bound else next(role for role, contract in CONTRACTS.items() if issubclass(kind, contract))
    settings = bound[0][1].settings if bound else {}

    class Configured(Rig):
        """The device as the station's file describes it, with nobody at it."""

        def make(self) -> Device:
            return kind(kind.Settings.model_validate(settings), DeviceContext(role))

    try:
        simulated = issubclass(kind, Simulated) and role is not Role.SCREEN
        rig = SimRig(kind, role, **settings) if simulated else Configured()
        report = asyncio.run(run_suite(rig))
    except ValueError as error:  # pydantic's are ones
        raise click.ClickException(f'driver "{driver}" needs settings: bind it in a station.toml ({error})') from None
    if as_json:
        click.echo(report.model_dump_json(indent=2))
    else:
        for finding in report.findings:
            reason = f"  ({finding.reason})" if finding.reason else ""
            click.echo(f"{finding.outcome:8}{finding.id}  {finding.title}{reason}")
    sys.exit(0 if report.conforms else 1)
