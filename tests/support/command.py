"""The operator's command line, for a station of which a test has the ledger."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from tramkit.app.cli import main


def command(folder: Path, *words: str) -> Result:
    """Run ``tramkit`` as the operator of the station whose ledger lies in ``folder / "station"``."""
    config = folder / "station.toml"
    config.write_text(
        f"""
[station]
id = "demo-1"
site = "A"
agency = "B"
[help]
phone = "1022"
[plugins]
enabled = []
[orders]
data = "{folder / "station"}"
key = "{folder / "key" / "station.key"}"
[[roles.screen]]
driver = "scripted"
""",
        encoding="utf-8",
    )
    name, *more = words
    return CliRunner().invoke(main, [name, "--config", str(config), *more])
