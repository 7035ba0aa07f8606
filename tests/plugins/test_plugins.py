"""Plugins are let in one at a time, and one that fails costs only itself."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import click
import pytest
from support.plugins import BROKEN, CODE, MANIFEST, install

from tramkit import PluginContext
from tramkit.plugins.loader import commands_of, discover, load
from tramkit.plugins.manifest import Manifest, Setting, settle
from tramkit_hal.device.clock import ManualClock
from tramkit_hal.ui.screen import ScreenCapabilities


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages that Python imports from, forgotten afterwards."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("toy_"):
            del sys.modules[name]


def context() -> PluginContext:
    return PluginContext(clock=ManualClock(), station="test-1", site="Test")


def test_a_plugin_that_is_installed_and_enabled_offers_its_service(folder: Path) -> None:
    install(folder, "good")
    plugins = load(["good"], {}, context(), path=[str(folder)])
    assert [service.id for service in plugins.services] == ["good.hello"]
    assert plugins.report()[0] | {"title": ""} == {
        "name": "good",
        "state": "enabled",
        "version": "1.0",
        "title": "",
        "services": "good.hello",
        "isolation": "inline",
        "step": "",
        "reason": "",
    }


CALL = {"kind": "call", "id": "call", "title": {"id": "Talk"}, "video": "them", "own_video": "self"}


@pytest.mark.parametrize(
    ("page", "screen", "reason"),
    [
        (CALL, ScreenCapabilities(), ""),
        (CALL, ScreenCapabilities(video="framing"), 'page "talk" asks for a moving picture to talk to'),
        (CALL | {"fallback": {"id": "Listen"}}, ScreenCapabilities(video="none"), ""),
        ({"kind": "call"}, ScreenCapabilities(), "golden.json, talk.call.title: Field required"),
    ],
    ids=["can", "cannot", "says something instead", "no page"],
)
def test_a_page_that_the_screen_cannot_show_keeps_its_plugin_out(
    folder: Path, page: dict[str, object], screen: ScreenCapabilities, reason: str
) -> None:
    install(folder, "good")
    (folder / "toy_good" / "golden.json").write_text(json.dumps({"talk": page}), encoding="utf-8")
    plugins = load(["good"], {}, context(), screens=[screen], path=[str(folder)])
    (row,) = plugins.report()
    assert row["state"] == ("quarantined" if reason else "enabled")
    assert reason in row["reason"]


def test_a_plugin_that_the_site_does_not_enable_is_listed_and_never_imported(folder: Path) -> None:
    install(folder, "good")
    install(folder, "other", code="raise SystemExit('imported')")
    plugins = load(["good"], {}, context(), path=[str(folder)])
    assert {row["name"]: row["state"] for row in plugins.report()} == {"good": "enabled", "other": "installed"}
    assert "toy_other.plugin" not in sys.modules


def test_reading_the_manifests_imports_nothing(folder: Path) -> None:
    install(folder, "good")
    assert [plugin.manifest.title.vi for plugin in discover([str(folder)]) if plugin.manifest] == ["Thử"]
    assert not [name for name in sys.modules if name.startswith("toy_")]


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plugin_is_kept_out_with_its_step_and_a_reason(folder: Path, name: str) -> None:
    code, manifest, step = BROKEN[name]
    install(folder, name, code=code, manifest=manifest)
    install(folder, "good")
    plugins = load([name, "good"], {}, context(), path=[str(folder)])
    assert [service.id for service in plugins.services] == ["good.hello"], "the others run"
    (out,) = plugins.quarantined
    assert (out.name, out.step) == (name, step)
    assert out.reason
    assert "Traceback" not in out.reason


def test_the_reason_tells_the_engineer_what_would_be_right(folder: Path) -> None:
    for name in ("misspelt", "mistyped", "undeclared", "unmarked"):
        code, manifest, _ = BROKEN[name]
        install(folder, name, code=code, manifest=manifest)
    plugins = load(["misspelt", "mistyped", "undeclared", "unmarked"], {}, context(), path=[str(folder)])
    reasons = {out.name: out.reason for out in plugins.quarantined}
    assert 'did you mean "tramkit_services"?' in reasons["misspelt"]
    assert "plugin.toml" in reasons["mistyped"]
    assert 'did you mean "undeclared.hello"?' in reasons["undeclared"]
    assert "@hookimpl" in reasons["unmarked"]


def test_a_plugin_without_a_manifest_or_not_installed_is_kept_out(folder: Path) -> None:
    install(folder, "bare", manifest=None)
    install(folder, "good")
    plugins = load(["bare", "godo", "good"], {}, context(), path=[str(folder)])
    reasons = {out.name: out.reason for out in plugins.quarantined}
    assert "plugin.toml: there is no such file" in reasons["bare"]
    assert 'did you mean "good"?' in reasons["godo"]
    assert len(plugins.services) == 1


def test_two_plugins_cannot_offer_the_same_service(folder: Path) -> None:
    install(folder, "first")
    install(folder, "second", code=CODE.replace("{name}", "first"), manifest=MANIFEST)
    plugins = load(["first", "second"], {}, context(), path=[str(folder)])
    assert [service.id for service in plugins.services] == ["first.hello"]
    assert plugins.quarantined[0].name == "second"


def test_settings_are_checked_before_the_plugin_is_imported(folder: Path) -> None:
    settings = MANIFEST + '\n[settings.url]\ntype = "url"\nrequired = true\nhelp = "where the biller is"\n'
    install(folder, "set", code="raise SystemExit('imported')", manifest=settings)
    plugins = load(["set"], {"set": {"ulr": "http://127.0.0.1"}}, context(), path=[str(folder)])
    (out,) = plugins.quarantined
    assert out.step == "settings"
    assert 'settings.set.ulr: there is no such key; did you mean "url"?' in out.reason
    assert "settings.set.url: this is needed and missing (where the biller is)" in out.reason


def test_a_secret_is_taken_from_the_environment_and_never_told(folder: Path) -> None:
    manifest = MANIFEST + '\n[settings.key]\ntype = "string"\nsecret = true\n'
    install(folder, "key", manifest=manifest)
    unset = load(["key"], {"key": {"key": {"env": "TRAMKIT_TEST_NOT_SET"}}}, context(), path=[str(folder)])
    assert "TRAMKIT_TEST_NOT_SET is not set" in unset.quarantined[0].reason
    wrong = load(["key"], {"key": {"key": 4711}}, context(), path=[str(folder)])
    assert "4711" not in wrong.quarantined[0].reason


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", "12", 12),
        ("number", "0.5", 0.5),
        ("boolean", "True", True),
        ("list", "a, b", ["a", "b"]),
        ("string", "12", "12"),
        ("url", "https://desk.example.vn", "https://desk.example.vn"),
    ],
)
def test_a_setting_from_the_environment_has_its_own_type(kind: str, text: str, value: object) -> None:
    manifest = Manifest(api=1, name="typed", title={"vi": "Thử", "en": "Test"}, settings={"it": Setting(type=kind)})
    assert settle(manifest, {"it": {"env": "IT"}}, {"IT": text}) == {"it": value}
    if kind not in ("string", "list"):
        with pytest.raises(ValueError, match=r"settings\.typed\.it"):
            settle(manifest, {"it": {"env": "IT"}}, {"IT": "neither"})


@pytest.mark.parametrize(
    ("address", "fine"),
    [
        ("https://desk.example.vn", True),
        ("http://127.0.0.1:8082", True),
        ("http://localhost:8082", True),
        ("http://[::1]:8082", True),
        ("http://desk.example.vn", False),
        ("http://localhost.example.vn", False),
        ("ftp://127.0.0.1", False),
        ("desk.example.vn", False),
    ],
)
def test_an_address_on_the_network_needs_tls(address: str, fine: bool, folder: Path) -> None:
    install(folder, "there", manifest=MANIFEST + '\n[settings.url]\ntype = "url"\n')
    plugins = load(["there"], {"there": {"url": address}}, context(), path=[str(folder)])
    assert bool(plugins.services) == fine
    if not fine:
        assert "e.g. https://" in plugins.quarantined[0].reason


def test_a_plugin_kept_out_is_logged_without_the_message_of_its_exception(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    code, manifest, _ = BROKEN["raises"]
    install(folder, "raises", code=code, manifest=manifest)
    with caplog.at_level(logging.INFO):
        load(["raises"], {}, context(), path=[str(folder)])
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == ["plugin quarantined"]


def test_a_plugin_adds_a_command(folder: Path) -> None:
    code = """
    import click
    from tramkit import hookimpl

    @click.command()
    def pump():
        click.echo("pumping")

    @hookimpl
    def tramkit_commands():
        return [pump]
    """
    install(folder, "water", code=code)
    (plugin,) = discover([str(folder)])
    assert list(commands_of(plugin)) == ["pump"]


def test_the_command_of_a_broken_plugin_says_what_is_wrong(folder: Path) -> None:
    install(folder, "broken", code="raise RuntimeError('no pump')")
    (plugin,) = discover([str(folder)])
    with pytest.raises(click.ClickException, match='plugin "broken" failed at step import'):
        commands_of(plugin)
