"""What a plugin may have: declared in its manifest, granted by the operator, shown, and nothing else exists for it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.plugins import CODE, MANIFEST, install

from tramkit.app.cli import main
from tramkit.app.config import ConfigError, read_config
from tramkit.host.person import Level, Person
from tramkit.plugins.granted import GrantedHost
from tramkit.plugins.hookspecs import PluginContext
from tramkit.plugins.installed import discover
from tramkit.plugins.isolation import Grant, Isolation, isolation_of
from tramkit.plugins.loader import load
from tramkit.testing.station import station
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.device.errors import DeviceError
from tramkit_hal.device.roles import Role

STATION = """
[station]
id = "demo-1"
site = "Đảo Kim Cương"
agency = "UBND phường Bình Trưng"
[[roles.screen]]
driver = "scripted"
"""
PAYS = """
from tramkit import Invitation, Outcome, PaymentMethod, Properties

class Free(PaymentMethod):
    id = "{name}.free"
    title = _("For nothing")
    properties = Properties(can_be_asked=True)

    def invitation(self, payment):
        return Invitation()

    async def collect(self, payment):
        return Outcome(state="done", amount=payment.amount)

    async def inquire(self, payment):
        return Outcome(state="done", amount=payment.amount)

@hookimpl
def tramkit_payment_methods(settings, context):
    return [Free()]
"""
PAYING = MANIFEST.replace("title = {{", 'payment_methods = ["{name}.free"]\ntitle = {{', 1)
needs_bwrap = pytest.mark.skipif(
    shutil.which("bwrap") is None and not os.environ.get("CI"), reason="bubblewrap is not installed: make system"
)


def a_station(folder: Path, more: str = "") -> Path:
    file = folder / "station.toml"
    file.write_text(STATION + more, encoding="utf-8")
    return file


def isolation(file: Path, name: str, folder: Path) -> Isolation:
    (plugin,) = [each for each in discover([str(folder)]) if each.name == name]
    return read_config(file).isolation(plugin)


def test_a_partners_plugin_is_confined_unless_the_operator_trusts_it(tmp_path: Path) -> None:
    install(tmp_path, "partner")
    assert isolation(a_station(tmp_path), "partner", tmp_path).kind == "sandbox"
    for kind in ("inline", "process"):
        told = isolation(a_station(tmp_path, f'[grants.partner]\nisolation = "{kind}"\n'), "partner", tmp_path)
        assert "trusted = true under [grants.partner]" in told.refused
        trusted = f'[grants.partner]\nisolation = "{kind}"\ntrusted = true\n'
        told = isolation(a_station(tmp_path, trusted), "partner", tmp_path)
        assert (told.kind, told.refused) == (kind, "")


def test_tramkits_own_plugins_run_in_processes_and_have_what_they_declare() -> None:
    own = {
        each.name: isolation_of(each.name, each.distribution, each.version, each.manifest, None) for each in discover()
    }
    assert {own[name].kind for name in ("banking", "billing", "identity", "payments", "procedures")} == {"process"}
    assert all(each.grant is None and not each.refused for each in own.values())


def test_a_name_is_bound_to_its_distribution(tmp_path: Path) -> None:
    install(tmp_path, "water")
    for pin, fits in (("toy-water", True), ("toy-water==1.0", True), ("toy-water==2.0", False), ("other", False)):
        told = isolation(a_station(tmp_path, f'[grants.water]\ndistribution = "{pin}"\n'), "water", tmp_path)
        assert bool(told.refused) is not fits, pin


def test_two_distributions_with_one_name_are_both_kept_out(tmp_path: Path) -> None:
    install(tmp_path, "water")
    info = tmp_path / "thief-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: thief\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[tramkit.plugins]\nwater = toy_water.plugin\n", encoding="utf-8")
    loaded = load(["water"], {}, PluginContext(SystemClock(), "x", "y"), path=[str(tmp_path)])
    (out,) = loaded.quarantined
    assert "thief and toy-water" in out.reason


@pytest.mark.parametrize("kind", ["process", pytest.param("sandbox", marks=needs_bwrap)])
def test_a_way_to_pay_that_was_not_granted_does_not_exist(tmp_path: Path, kind: str) -> None:
    install(tmp_path, "free", code=CODE + PAYS, manifest=PAYING)
    for granted in ((), ("free.free",)):
        grant = Grant(payment_methods=granted)
        loaded = load(
            ["free"],
            {},
            PluginContext(SystemClock(), "x", "y"),
            path=[str(tmp_path)],
            isolation=lambda _plugin, grant=grant: Isolation.model_validate({"kind": kind, "grant": grant}),
        )
        assert [each.id for each in loaded.payment_methods] == list(granted), loaded.report()
        loaded.close()


def test_a_device_that_was_not_granted_keeps_a_plugin_that_needs_it_out(tmp_path: Path) -> None:
    install(tmp_path, "heart", manifest=MANIFEST + 'needs = ["vital_sensor"]\n')
    told = isolation(a_station(tmp_path), "heart", tmp_path)
    assert "the role vital_sensor" in told.refused
    assert "tramkit plugins grant heart" in told.refused
    granted = '[grants.heart]\nroles = ["vital_sensor"]\n'
    assert not isolation(a_station(tmp_path, granted), "heart", tmp_path).refused


class _Host:
    """A host that knows who the resident is and has every device."""

    def __init__(self, person: Person) -> None:
        self._person = person

    async def begin(self, kept: list[str]) -> object:
        from tramkit.host.host import Begun

        return Begun(seed=1, person=self._person)

    async def open(self, role: Role) -> str:
        return role.value


async def test_a_plugin_is_told_of_a_resident_what_was_granted() -> None:
    person = Person(level=Level.CHIP, name="NGUYỄN VĂN AN", number="079080001234", address="12 Lê Lợi", sex="male")
    host = GrantedHost(_Host(person), Grant(personal=("name",), roles=(Role.CAMERA,)))  # type: ignore[arg-type]
    told = (await host.begin([])).person
    assert told == Person(level=Level.CHIP, name="NGUYỄN VĂN AN")
    assert await host.open(Role.CAMERA) == "camera"  # type: ignore[comparison-overlap]
    with pytest.raises(DeviceError):
        await host.open(Role.MICROPHONE)


def test_the_operator_is_shown_what_a_plugin_asks_for_before_granting_it(tmp_path: Path) -> None:
    file = a_station(tmp_path)
    shown = CliRunner().invoke(main, ["plugins", "grant", "payments", str(file)], input="n\n")
    assert shown.exit_code == 1
    assert "payments.vietqr" in shown.output
    assert file.read_text(encoding="utf-8") == STATION, "nothing is written before they agree"
    granted = CliRunner().invoke(main, ["plugins", "grant", "payments", str(file), "--yes"])
    assert granted.exit_code == 0, granted.output
    grant = read_config(file).grants["payments"]
    (plugin,) = [each for each in discover() if each.name == "payments"]
    assert plugin.manifest is not None
    assert grant.payment_methods == plugin.manifest.payment_methods
    assert grant.distribution == f"{plugin.distribution}=={plugin.version}"
    again = CliRunner().invoke(main, ["plugins", "grant", "payments", str(file), "--yes"])
    assert again.exit_code == 1
    assert "[grants.payments] already" in again.output


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ('[grants.water]\nroles = ["no_such"]', "grants.water.roles"),
        ('[grants.water]\npersonal = ["diagnosis"]', "grants.water.personal"),
        ('[grants.water]\nisolation = "vm"', "grants.water.isolation"),
        ("[grants.water]\nrols = []", "grants.water.rols"),
    ],
)
def test_a_grant_that_cannot_be_understood_names_its_key(tmp_path: Path, section: str, says: str) -> None:
    with pytest.raises(ConfigError) as wrong:
        read_config(a_station(tmp_path, section))
    assert says in str(wrong.value)


@needs_bwrap
async def test_a_confined_plugin_leads_a_visit(tmp_path: Path) -> None:
    install(tmp_path, "hello")
    loaded = load(
        ["hello"],
        {},
        PluginContext(SystemClock(), "x", "y"),
        path=[str(tmp_path)],
        isolation=lambda plugin: isolation_of("hello", plugin.distribution, "1.0", plugin.manifest, Grant()),
    )
    assert loaded.report()[0]["isolation"] or loaded.isolations["hello"].kind == "sandbox"
    async with station(loaded.sides, clock=SystemClock()) as running:
        await running.menu()
        running.screen.answer("hello.hello")
        await running.page("tell", "Hello")


def test_commands_come_from_enabled_plugins_and_without_a_station_from_tramkits_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = MANIFEST.replace("title = {{", 'commands = ["water", "desk"]\ntitle = {{', 1)
    command = """
import click

@click.command()
def water():
    click.echo("ran")

@click.command()
def desk():
    click.echo("stolen")

@hookimpl
def tramkit_commands():
    return [water, desk]
"""
    site, nowhere = tmp_path / "site", tmp_path / "nowhere"
    site.mkdir()
    nowhere.mkdir()
    install(site, "waterworks", code=CODE + command, manifest=manifest)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.chdir(nowhere)
    assert CliRunner().invoke(main, ["water"]).exit_code == 2, "nobody has enabled it"
    monkeypatch.chdir(site)
    a_station(site, '[plugins]\nenabled = ["waterworks"]\n')
    assert CliRunner().invoke(main, ["water"]).output == "ran\n"
    assert "stolen" not in CliRunner().invoke(main, ["desk", "--help"]).output
    for name in [each for each in sys.modules if each.startswith("toy_")]:
        del sys.modules[name]
