"""A mistake in station.toml is told with file, key, what is wrong, and what would be right."""

from __future__ import annotations

import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from tramkit.app.config import ConfigError, default_config_file, read_config
from tramkit.operator.panel import words
from tramkit.plugins.installed import discover
from tramkit_hal.device.roles import Role
from tramkit_hal.role_contracts import CONTRACTS

GOOD = """
[station]
id = "q1-07"
site = "Đảo Kim Cương"
agency = "UBND phường Bình Trưng"

[[roles.screen]]
driver = "web"
port = 0
"""


def problems(tmp_path: Path, text: str | bytes) -> str:
    """Return what is said about a configuration."""
    file = tmp_path / "station.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigError) as caught:
        read_config(file, discover())
    said = str(caught.value)
    assert all(line.startswith(str(file)) for line in said.splitlines()), "each line names the file"
    return said


def test_the_configuration_that_comes_with_tramkit_is_good() -> None:
    config = read_config(default_config_file(), discover())
    expected = ("procedures", "billing", "payments", "telehealth", "banking", "sim_identity", "identity")
    assert config.plugins.enabled == expected


def test_every_role_has_a_contract_and_a_name_for_the_operator() -> None:
    assert set(CONTRACTS) == set(Role) == set(words.ROLES)


def test_a_small_configuration_is_enough(tmp_path: Path) -> None:
    file = tmp_path / "station.toml"
    file.write_text(GOOD, encoding="utf-8")
    config = read_config(file)
    assert config.station.languages == ("vi", "en")
    assert config.timeouts.countdown == 30


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ('[help]\nfone = "1022"', 'help.fone: there is no such key; did you mean "phone"?'),
        ("[sation]", 'sation: there is no such key; did you mean "station"?'),
        ('[panel]\nport = "eighty"', "panel.port: "),
        ("[panel]\nport = 70000", "panel.port: "),
        ('[panel]\ntoken = "short"', "panel.token: "),
        ('[log]\nlevel = "loud"', "log.level: "),
        ("[timeouts]\nmenu = -1", "timeouts.menu: "),
        ('[plugins]\nenabled = ["telehelth"]', 'no plugin "telehelth" is installed; did you mean "telehealth"?'),
        ('[settings.water]\nurl = "x"', "settings.water: plugins.enabled has no plugin of that name"),
        ('[[roles.camra]]\ndriver = "opencv"', "roles.camra"),
        ('[[roles.camera]]\ndriver = "opencvv"', 'there is no driver "opencvv"; did you mean "opencv"?'),
        ('[[roles.camera]]\ndriver = "sim_speaker"', '"sim_speaker" is no Camera, which the role camera needs'),
        ('[[roles.camera]]\ndriver = "opencv"\ndevise = 0', "roles.camera.0.devise: there is no such key"),
        ("[[roles.camera]]\ndevice = 0", "roles.camera.0.driver: this is needed and missing"),
        ("[identity]\ncountry_certificate = ''", 'there is no such key; did you mean "country_certificates"?'),
        ("[identity]\ncountry_certificates = true", "identity.country_certificates: "),
        (
            f"[identity]\ncountry_certificates = '{__file__}'",
            f'identity.country_certificates: "{__file__}" is a file; name the folder that it lies in',
        ),
    ],
)
def test_each_mistake_names_its_key_and_what_would_be_right(tmp_path: Path, change: str, said: str) -> None:
    assert said in problems(tmp_path, GOOD + change + "\n")


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    said = problems(tmp_path, '[station]\nid = "Q 1"\nlanguages = ["fr"]\n[panel]\nport = true\n')
    for key in ("station.id", "station.site", "station.agency", "station.languages", "panel.port"):
        assert f"{key}: " in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[station", "this is not TOML"),
        (b"\xff\xfe", "not UTF-8"),
        (b"x" * (2 * 1024 * 1024), "larger than"),
        (("[" * 5000).encode(), "this is not TOML"),
        (("a = " + "[" * 5000).encode(), "this is not TOML"),
        (b"", "station: this is needed and missing"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused_in_words(tmp_path: Path, content: bytes, said: str) -> None:
    assert said in problems(tmp_path, content)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        read_config(tmp_path / "nowhere.toml")


def test_a_station_without_a_screen_is_refused(tmp_path: Path) -> None:
    assert "a station needs a screen" in problems(tmp_path, GOOD.split("[[roles", maxsplit=1)[0])


def test_decomposed_vietnamese_is_stored_composed(tmp_path: Path) -> None:
    file = tmp_path / "station.toml"
    file.write_text(GOOD.replace("Đảo Kim Cương", unicodedata.normalize("NFD", "Đảo Kim Cương")), encoding="utf-8")
    assert read_config(file).station.site == "Đảo Kim Cương"


READER = """
from tramkit_hal.contracts.id_reader import IdReader


class RealReader(IdReader):
    driver = "real_reader"
"""


@pytest.mark.parametrize("published", ["country", "./country", "elsewhere"])
def test_no_simulated_card_is_believed_beside_a_reader_of_real_ones(tmp_path: Path, published: str) -> None:
    """A driver package of an operator's, installed beside Tramkit, and a simulator that was left in."""
    (tmp_path / "real_reader.py").write_text(READER, encoding="utf-8")
    metadata = tmp_path / "real_reader-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: real-reader\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[tramkit.drivers]\nreal_reader = real_reader:RealReader\n")
    file = tmp_path / "station.toml"
    file.write_text(
        GOOD + '[identity]\ncountry_certificates = "country"\n'
        '[[roles.id_reader]]\ndriver = "real_reader"\n'
        f'[[roles.id_reader]]\ndriver = "sim_id_reader"\npublish_country = "{published}"\n',
        encoding="utf-8",
    )
    done = subprocess.run(
        [str(Path(sys.executable).with_name("tramkit")), "config", "check", str(file)],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    if published == "elsewhere":
        assert (done.returncode, done.stderr) == (0, "")
    else:
        assert (
            "roles.id_reader.1.publish_country: this simulator's cards would be believed beside those of" in done.stderr
        )
        assert '"real_reader"' in done.stderr
