"""What is wrong in the settings is told to the operator, with the file and what would be right."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tramkit import FileError, PluginContext
from tramkit.plugins.loader import load
from tramkit_hal.device.clock import ManualClock
from tramkit_identity import claims
from tramkit_identity.plugin import read_secret

CONTEXT = PluginContext(clock=ManualClock(), station="test-1", site="Đảo Kim Cương")
GOOD = {"issuer": "https://sso.example.vn", "client_id": "test-1"}
TOLD = {
    "acr": "vneid:level2",
    "personal_id": "079090123458",
    "name": "Nguyễn Văn An",
    "birthdate": "1990-05-17",
    "gender": "male",
}


def test_a_station_with_its_settings_offers_vneid() -> None:
    loaded = load(["identity"], {"identity": GOOD}, CONTEXT)
    assert [each.id for each in loaded.identity_methods] == ["identity.vneid"]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"issuer": "https://sso.example.vn"}, "settings.identity.client_id"),
        ({**GOOD, "issuer": "http://sso.example.vn"}, "settings.identity.issuer"),
        ({**GOOD, "client_secret_file": "/nowhere/secret"}, "/nowhere/secret: cannot be read"),
        ({**GOOD, "claims_file": "/nowhere/claims.toml"}, "/nowhere/claims.toml"),
    ],
)
def test_wrong_settings_keep_the_plugin_out_and_say_why(settings: dict[str, str], says: str) -> None:
    loaded = load(["identity"], {"identity": settings}, CONTEXT)
    assert loaded.identity_methods == []
    assert says in str(loaded.report())


@pytest.mark.shows("ASVS V13", "EN 5.4")
def test_a_secret_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("s3cret\n", encoding="utf-8")
    file.chmod(0o644)
    with pytest.raises(FileError, match="chmod 600"):
        read_secret(file)
    file.chmod(0o600)
    assert read_secret(file) == "s3cret"
    file.write_text("\n", encoding="utf-8")
    with pytest.raises(FileError, match="is empty"):
        read_secret(file)


def test_a_provider_that_names_things_otherwise_is_a_file_and_no_code(tmp_path: Path) -> None:
    file = tmp_path / "claims.toml"
    text = claims.BUNDLED.read_text(encoding="utf-8")
    file.write_text(
        text.replace('"personal_id"', '"soDinhDanh"').replace('"birthdate"', '"ngaySinh"'), encoding="utf-8"
    )
    names = claims.FILE.read(file)
    told = {**TOLD, "soDinhDanh": TOLD["personal_id"], "ngaySinh": "17/05/1990", "gender": "Nam"}
    found = claims.person(told, names)
    assert (found.number, found.born, found.sex) == ("079090123458", date(1990, 5, 17), "male")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("personal_id", None),
        ("personal_id", "07909012345８"),
        ("personal_id", "079190123458"),
        ("name", ""),
        ("name", "An\n{}"),
        ("name", "x" * 301),
        ("birthdate", "17.05.1990"),
        ("birthdate", "1991-05-17"),
        ("gender", "x"),
    ],
)
def test_claims_that_are_no_residents_are_not_used_and_only_their_name_is_told(key: str, value: str | None) -> None:
    with pytest.raises(claims.UnusableClaimsError) as caught:
        claims.person({**TOLD, key: value}, claims.bundled())
    assert str(caught.value) in TOLD
    assert not value or value not in str(caught.value)


@pytest.mark.parametrize("level", [None, "", "vneid:level1", "vneid:level20", 2, ["vneid:level2"]])
def test_only_what_the_file_calls_level_2_is_let_in(level: object) -> None:
    with pytest.raises(claims.LevelTooLowError):
        claims.person({**TOLD, "acr": level}, claims.bundled())
