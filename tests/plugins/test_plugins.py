"""Plugins are let in one at a time, and one that fails costs only itself."""

from __future__ import annotations

import json
import logging
import re
import sys
from pathlib import Path
from typing import Literal

import click
import pytest
from pydantic import SecretStr
from support.plugins import BROKEN, CODE, MANIFEST, install

from tramkit import PluginContext, PluginSettings, Url
from tramkit.plugins.importing import commands_of
from tramkit.plugins.installed import discover
from tramkit.plugins.loader import load
from tramkit.settings import settle
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
    told = ("misspelt", "mistyped", "undeclared", "unmarked", "title_in_code")
    for name in told:
        code, manifest, _ = BROKEN[name]
        install(folder, name, code=code, manifest=manifest)
    plugins = load(told, {}, context(), path=[str(folder)])
    reasons = {out.name: out.reason for out in plugins.quarantined}
    assert 'did you mean "tramkit_services"?' in reasons["misspelt"]
    assert "plugin.toml" in reasons["mistyped"]
    assert 'did you mean "undeclared.hello"?' in reasons["undeclared"]
    assert "@hookimpl" in reasons["unmarked"]
    assert reasons["title_in_code"].endswith("sets title in its class; that stands in plugin.toml")


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


def with_settings(folder: Path, name: str, fields: str, code: str = CODE) -> None:
    """Install a plugin that declares settings."""
    manifest = MANIFEST.replace("api = 1", f'api = 1\nsettings = "toy_{name}.settings:Mine"')
    install(folder, name, code=code, manifest=manifest)
    (folder / f"toy_{name}" / "settings.py").write_text(
        "from pathlib import Path\nfrom typing import Literal\nfrom pydantic import Field, SecretStr\n"
        f"from tramkit import PluginSettings, Url\n\nclass Mine(PluginSettings):\n    {fields}\n",
        encoding="utf-8",
    )


def test_settings_are_checked_before_the_plugin_is_imported(folder: Path) -> None:
    with_settings(folder, "set", 'url: Url = Field(description="where the biller is")', "raise SystemExit('imported')")
    plugins = load(["set"], {"set": {"ulr": "http://127.0.0.1"}}, context(), path=[str(folder)])
    (out,) = plugins.quarantined
    assert out.step == "settings"
    assert 'settings.set.ulr: there is no such key; did you mean "url"?' in out.reason
    assert "settings.set.url: this is needed and missing (where the biller is)" in out.reason


def test_a_plugin_gets_its_settings_as_the_model_that_it_declares(folder: Path) -> None:
    code = CODE.replace("return [Hello()]", "global got\n    got = settings\n    return [Hello()]")
    with_settings(folder, "typed", "url: Url\n    file: Path | None = None\n    hours: tuple[int, ...] = (8,)", code)
    given = {"url": "https://water.example.vn", "file": "/etc/water.toml", "hours": [7, 19]}
    assert load(["typed"], {"typed": given}, context(), path=[str(folder)]).quarantined == []
    got = sys.modules["toy_typed.plugin"].got
    assert type(got) is sys.modules["toy_typed.settings"].Mine
    assert (got.url, got.file, got.hours) == ("https://water.example.vn", Path("/etc/water.toml"), (7, 19))


def test_settings_that_the_plugin_itself_has_wrong_keep_it_out(folder: Path) -> None:
    with_settings(folder, "broken", "port: int = oops")
    with_settings(folder, "other", "port: int")
    (folder / "toy_other" / "settings.py").write_text("Mine = dict", encoding="utf-8")
    install(folder, "elsewhere", manifest=MANIFEST.replace("api = 1", 'api = 1\nsettings = "os.path:Mine"'))
    install(folder, "none")
    names = ["broken", "other", "elsewhere", "none"]
    plugins = load(names, {"none": {"port": 1}}, context(), path=[str(folder)])
    reasons = {out.name: (out.step, out.reason) for out in plugins.quarantined}
    assert reasons["broken"] == ("settings", "it raised NameError: name 'oops' is not defined")
    assert reasons["other"] == ("settings", '"toy_other.settings:Mine" of plugin.toml is no PluginSettings')
    assert reasons["elsewhere"][0] == "manifest"
    assert 'in the plugin\'s own package, "toy_elsewhere."' in reasons["elsewhere"][1]
    assert reasons["none"] == ("settings", "settings.none.port: there is no such key")


@pytest.mark.parametrize("field", ["key: SecretStr", "key: SecretStr | None = None"])
def test_a_secret_is_taken_from_the_environment_and_never_told(folder: Path, field: str) -> None:
    with_settings(folder, "key", field)
    unset = load(["key"], {"key": {"key": {"env": "TRAMKIT_TEST_NOT_SET"}}}, context(), path=[str(folder)])
    (reason,) = (out.reason for out in unset.quarantined)
    assert reason == "settings.key.key: the environment variable TRAMKIT_TEST_NOT_SET is not set"
    wrong = load(["key"], {"key": {"key": 4711}}, context(), path=[str(folder)])
    assert "settings.key.key: the value given is not possible" in wrong.quarantined[0].reason
    assert "4711" not in wrong.quarantined[0].reason


class Typed(PluginSettings):
    """A setting of each type."""

    integer: int | None = None
    number: float = 0
    boolean: bool = False
    listed: tuple[str, ...] = ()
    string: str = ""
    url: Url | None = None
    level: Literal["low", "high"] = "low"
    secret: SecretStr | None = None


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("integer", "12", 12),
        ("number", "0.5", 0.5),
        ("boolean", "True", True),
        ("listed", "a, b", ("a", "b")),
        ("string", "12", "12"),
        ("url", "https://desk.example.vn", "https://desk.example.vn"),
        ("level", "high", "high"),
        ("secret", "s3cret", SecretStr("s3cret")),
    ],
)
def test_a_setting_from_the_environment_has_its_own_type(key: str, text: str, value: object) -> None:
    assert getattr(settle(Typed, "typed", {key: {"env": "IT"}}, {"IT": text}), key) == value
    if key not in ("string", "listed", "secret"):
        with pytest.raises(ValueError, match=rf"settings\.typed\.{key}"):
            settle(Typed, "typed", {key: {"env": "IT"}}, {"IT": "neither"})


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("integer", True, "not true"),
        ("integer", "12", 'not the text "12"'),
        ("number", "0.5", 'not the text "0.5"'),
        ("boolean", 1, "not the number 1"),
        ("listed", ["a", 7], "settings.typed.listed.1: input should be a valid string"),
        ("string", {"path": "x"}, 'a table here is { file = "PATH" }'),
        ("level", "hihg", 'did you mean "high"?'),
    ],
)
def test_no_type_is_guessed_and_every_wrong_one_is_told_at_once(key: str, value: object, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)) as told:
        settle(Typed, "typed", {key: value, "nubmer": 1})
    assert 'settings.typed.nubmer: there is no such key; did you mean "number"?' in str(told.value)


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
def test_an_address_on_the_network_needs_tls(address: str, fine: bool) -> None:
    if fine:
        assert settle(Typed, "there", {"url": address}).url == address
        return
    with pytest.raises(ValueError, match=r"settings\.there\.url.*e\.g\. https://"):
        settle(Typed, "there", {"url": address})


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
