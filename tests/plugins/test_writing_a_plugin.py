"""The plugin of docs/writing-a-plugin.md is typed in as a newcomer would, and works."""

from __future__ import annotations

import inspect
import re
import sys
import tomllib
from pathlib import Path

import pytest

from tramkit import PluginContext
from tramkit.host.service_entry import ServiceEntry
from tramkit.plugins import hookspecs
from tramkit.plugins.loader import load
from tramkit.plugins.manifest import Manifest
from tramkit.testing.station import station
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.device.roles import Role
from tramkit_hal.sim.receipt_printer import SimReceiptPrinter

GUIDE = Path(__file__).parents[2] / "docs" / "writing-a-plugin.md"


@pytest.fixture
def typed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The guide's files in a folder, installed as pip would."""
    for path, text in re.findall(r"```(?:toml|python)\n# (\S+\.(?:toml|py))\n(.*?)```", GUIDE.read_text(), re.DOTALL):
        file = tmp_path / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (tmp_path / "tramkit_water" / "__init__.py").write_text("", encoding="utf-8")
    project = tomllib.loads((tmp_path / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = tmp_path / "tramkit_water-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 1.0\n")
    ((group, entries),) = project["entry-points"].items()
    lines = [f"[{group}]", *(f"{name} = {value}" for name, value in entries.items())]
    (info / "entry_points.txt").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("tramkit_water")]:
        del sys.modules[name]


async def test_the_guides_plugin_loads_and_serves_a_resident(typed_in: Path) -> None:
    clock = SystemClock()
    context = PluginContext(clock=clock, station="test-1", site="Test")
    plugins = load(["water"], {"water": {"hotline": "1900 1234"}}, context, path=[str(typed_in)])
    assert plugins.quarantined == []
    settings = SimReceiptPrinter.Settings()
    printer = SimReceiptPrinter(settings, DeviceContext(Role.RECEIPT_PRINTER, clock))
    async with station(plugins.sides, clock=clock, bound={Role.RECEIPT_PRINTER: [printer]}) as running:
        await running.menu()
        running.screen.answer("water.report_leak")
        await running.page("choose", "Where does water run?")
        running.screen.answer("street")
        await running.page("ask", "Where is the leak?")
        running.screen.answer(address="12 Trần Lựu", phone="0901234567")
        page = await running.page("done")
        assert page.body[0].params["number"] == "1900 1234"
        assert "12 Trần Lựu" in (printer.shown() or "")


def test_every_hook_is_in_the_guide_with_its_arguments() -> None:
    guide = GUIDE.read_text()
    for name, spec in inspect.getmembers(hookspecs, inspect.isfunction):
        if name.startswith("tramkit_"):
            assert f"`{name}({', '.join(inspect.signature(spec).parameters)})`" in guide


def test_every_key_of_a_manifest_is_in_the_guide() -> None:
    guide = GUIDE.read_text()
    for model in (Manifest, ServiceEntry, PluginContext):
        names = model.model_fields if hasattr(model, "model_fields") else model.__dataclass_fields__
        for name in names:
            assert re.search(rf"`?\b{name}\b`?", guide), f"{model.__name__}.{name} is not in the guide"
