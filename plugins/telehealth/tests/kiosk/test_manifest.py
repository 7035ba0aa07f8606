"""What the manifest promises is what the code is."""

from __future__ import annotations

import tomllib
from importlib import resources

import click
from pydantic import SecretStr

from tramkit import PluginContext
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.words import render
from tramkit_telehealth import plugin
from tramkit_telehealth.service import SeeDoctor
from tramkit_telehealth.settings import TelehealthSettings

MANIFEST = tomllib.loads((resources.files("tramkit_telehealth") / "plugin.toml").read_text(encoding="utf-8"))


async def test_the_service_is_the_one_that_the_manifest_declares() -> None:
    (declared,) = MANIFEST["services"]
    context = PluginContext(clock=SystemClock(), station="test-1", site="Đảo Kim Cương")
    settings = TelehealthSettings(desk_url="http://127.0.0.1:9", station_key=SecretStr("key"))
    (service,) = plugin.tramkit_services(settings, context)
    assert isinstance(service, SeeDoctor)
    told = service.declared
    assert told.id == declared["id"]
    assert [role.value for role in told.wants] == declared["wants"]
    assert {role.value for role in told.limited_without} == set(declared["wants"]), "each loss is told in its own words"
    assert (told.identity.value, told.asks_identity) == ("claimed", True)
    assert told.hint is not None
    for language in ("vi", "en"):
        assert render(told.title, language) == declared["title"][language]
        assert render(told.hint, language) == declared["hint"][language]


def test_the_commands_are_the_ones_that_the_manifest_declares() -> None:
    commands: list[click.Command] = plugin.tramkit_commands()
    assert [command.name for command in commands] == MANIFEST["commands"]
