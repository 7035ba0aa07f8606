"""``tramkit facts``: every dated value is listed with source and last check, and what changes soon is told."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tramkit.app.cli import main
from tramkit.facts import CALENDAR, DatedValue, changes, values_of, without_source
from tramkit.plugins.dated_facts import collect
from tramkit.plugins.importing import settings_model
from tramkit.plugins.installed import discover
from tramkit.problems import read_toml
from tramkit_hal.words import render

ROOT = Path(__file__).resolve().parents[2]
NOW = date(2026, 11, 30)
PLUGINS = [each for each in discover() if each.folder is not None and each.folder.is_relative_to(ROOT)]


def everything() -> list[DatedValue]:
    return collect(PLUGINS, [each.name for each in PLUGINS], {})


def facts(tmp_path: Path, *words: str, more: str = "", enabled: str = '"procedures", "sim_identity"') -> Result:
    file = tmp_path / "station.toml"
    file.write_text(
        f"""
[station]
id = "demo-1"
site = "A"
agency = "B"
{more}
[plugins]
enabled = [{enabled}]
[settings.procedures]
gateway_url = "http://127.0.0.1:9"
fees_file = "{tmp_path / "fees.toml"}"
[[roles.screen]]
driver = "scripted"
""",
        encoding="utf-8",
    )
    return CliRunner().invoke(main, ["facts", "--config", str(file), *words])


def fees(tmp_path: Path, source: str = 'source = "Thông tư 1"', to: str = "") -> None:
    (tmp_path / "fees.toml").write_text(
        f"""
[[fees]]
procedures = ["1.004222"]
channels = ["online"]
amount = 1
effective_from = 2026-01-01
{to}
{source}
""",
        encoding="utf-8",
    )


@pytest.mark.parametrize("on", [NOW, NOW + timedelta(days=90), NOW + timedelta(days=365)])
def test_every_value_in_force_has_a_source(on: date) -> None:
    assert without_source(everything(), on) == []


def test_a_value_in_force_without_a_source_is_found_and_ends_the_command_with_1(tmp_path: Path) -> None:
    fees(tmp_path, source='source = ""')
    told = facts(tmp_path)
    assert told.exit_code == 1
    assert "1.004222" in told.output
    assert "NO SOURCE" in told.output
    fees(tmp_path, source="")
    assert facts(tmp_path).exit_code == 1
    fees(tmp_path, source='source = ""', to="effective_to = 2026-02-01")
    assert facts(tmp_path, "--on", "2026-11-30").exit_code == 0
    fees(tmp_path)
    assert facts(tmp_path).exit_code == 0


def test_every_setting_for_a_file_of_dated_values_is_named_in_the_manifest() -> None:
    """Otherwise the plugin's own file would be listed where an operator's counts."""
    for plugin in PLUGINS:
        assert plugin.manifest is not None
        assert plugin.folder is not None
        named = {each.setting for each in plugin.manifest.facts}
        for setting in settings_model(plugin).model_fields:
            file = plugin.folder / f"{setting.removesuffix('_file')}.toml"
            if setting.endswith("_file") and file.is_file() and values_of(plugin.name, file):
                assert setting in named, f"{plugin.name}: name {file.name} under [[facts]] with setting = {setting!r}"


def test_a_setting_that_replaces_a_file_is_one_of_the_plugins() -> None:
    for plugin in PLUGINS:
        assert plugin.manifest is not None
        for each in plugin.manifest.facts:
            assert each.setting in settings_model(plugin).model_fields
            assert plugin.folder is not None
            assert (plugin.folder / each.file).is_file()


def test_every_dated_table_of_every_file_is_listed() -> None:
    def count(value: object) -> int:
        if isinstance(value, dict):
            return ("effective_from" in value) + sum(map(count, value.values()))
        return sum(map(count, value)) if isinstance(value, list) else 0

    listed = everything()
    for plugin in PLUGINS:
        assert plugin.folder is not None
        for file in plugin.folder.rglob("*.toml"):
            if file.name == "plugin.toml" or not count(read_toml(file, 2**25)):
                continue
            mine = [each for each in listed if (each.owner, each.file) == (plugin.name, file.name)]
            assert len(mine) == count(read_toml(file, 2**25))
    assert len(values_of("tramkit", CALENDAR)) == count(read_toml(CALENDAR)) > 5


def test_days_that_stand_above_a_list_hold_of_each_of_it(tmp_path: Path) -> None:
    file = tmp_path / "lists.toml"
    file.write_text(
        'effective = 2026-07-16\n[[lists]]\nkind = "a"\nsource = "Circular 18, I"\n'
        '[[lists]]\nkind = "b"\nsource = "II."\n',
        encoding="utf-8",
    )
    assert [(each.begins, each.source) for each in values_of("x", file)] == [
        (date(2026, 7, 16), "Circular 18, I"),
        (date(2026, 7, 16), "II."),
    ]


def test_what_begins_and_ends_within_90_days_is_told_and_what_is_further_is_not() -> None:
    told = [(each.on, each.begins, each.value.what) for each in changes(everything(), NOW)]
    said = " ".join(what for _on, _begins, what in told)
    assert (date(2027, 3, 1), False) in [(on, begins) for on, begins, what in told if "1.010038" in what]
    assert [on for on, _begins, what in told if "phần mềm liên thông" in what.casefold()] == [date(2027, 1, 1)]
    assert [on for on, _begins, what in told if "Luật Hộ tịch mới" in what] == []  # 91 days away
    assert "Luật Hộ tịch mới" in " ".join(each.value.what for each in changes(everything(), NOW + timedelta(days=1)))
    assert "khuôn mặt" not in said
    april = [each for each in changes(everything(), date(2027, 1, 15)) if "khuôn mặt" in each.value.what]
    assert [each.on for each in april] == [date(2027, 4, 15)]


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("on", [NOW, NOW + timedelta(days=30), date(2027, 2, 1)])
def test_whatever_changes_soon_is_told_in_words_and_not_by_its_place_in_a_file(on: date, language: str) -> None:
    said = [render(each.value.label, language) for each in changes(everything(), on)]
    assert said
    assert [each for each in said if re.search(r"\b(fees|entries|procedures|years|rules)\b|_|\d\.\d{6}", each)] == []


@pytest.mark.parametrize(
    ("begins", "ends", "found"),
    [
        (NOW, None, []),
        (NOW + timedelta(days=1), None, [True]),
        (NOW + timedelta(days=90), None, [True]),
        (NOW + timedelta(days=91), None, []),
        (None, NOW, [False]),
        (None, NOW - timedelta(days=1), []),
        (None, NOW + timedelta(days=90), [False]),
        (None, NOW + timedelta(days=91), []),
        (NOW + timedelta(days=3), NOW + timedelta(days=5), [True, False]),
    ],
)
def test_the_edges_of_90_days(begins: date | None, ends: date | None, found: list[bool]) -> None:
    value = DatedValue("x", "y.toml", "z", "s", None, "", begins, ends)
    assert [each.begins for each in changes([value], NOW)] == found


def test_of_a_list_in_which_the_newest_counts_the_older_ones_end() -> None:
    salaries = [each for each in everything() if each.what.startswith("base_salaries")]
    assert [each.in_force(NOW) for each in salaries] == [False, False, False, True]
    assert salaries[2].ends == date(2026, 6, 30)


def test_the_command_lists_values_of_enabled_plugins_only_and_as_data_too(tmp_path: Path) -> None:
    fees(tmp_path)
    told = facts(tmp_path, "--json", "--on", "2026-11-30")
    assert told.exit_code == 0
    data = json.loads(told.output)
    assert {each["owner"] for each in data["values"]} == {"tramkit", "procedures", "sim_identity"}
    assert all({"source", "checked", "begins", "ends", "doubt", "in_force"} <= set(each) for each in data["values"])
    assert [each["what"] for each in data["values"] if each["file"] == "fees.toml"] == ["fees 1.004222"]
    assert any(each["on"] == "2027-01-01" for each in data["changes"])


def test_the_operators_own_calendar_is_listed_and_a_year_that_it_does_not_have_is_told(tmp_path: Path) -> None:
    fees(tmp_path)
    calendar = tmp_path / "calendar.toml"
    calendar.write_text(
        '[[holidays]]\nday = "09-02"\nname = { vi = "Quốc khánh", en = "National Day" }\n'
        'source = "Luật"\neffective_from = 2021-01-01\n',
        encoding="utf-8",
    )
    told = facts(tmp_path, "--on", "2026-11-30", more=f'calendar = "{calendar}"')
    assert told.exit_code == 0
    assert "no year 2026" in told.output
    assert "no year 2027" in told.output
    calendar.write_text("x = 1", encoding="utf-8")
    assert facts(tmp_path, more=f'calendar = "{calendar}"').exit_code == 1
