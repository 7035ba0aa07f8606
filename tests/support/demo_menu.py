"""The menu of ``make run`` with the words of the services that it offers."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from tramkit.app.config import read_config
from tramkit.checkout.receipts import Receipts
from tramkit.plugins.hookspecs import PluginContext
from tramkit.plugins.loader import load
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.ui.pages import Option


def demo_menu() -> tuple[Option, ...]:
    """Return the options as a station of the default configuration shows them where nothing is out of order."""
    config = read_config(Path(str(files("tramkit.app") / "default_station.toml")))
    context = PluginContext(SystemClock(), config.station.id, config.station.site)
    plugins = load(config.plugins.enabled, config.settings, context)
    assert not plugins.quarantined, plugins.report()
    services = [service for side in plugins.sides for service in side.services]
    return tuple(
        Option(value=each.id, label=each.title, hint=each.hint, icon=each.icon)
        for each in (*services, Receipts.descriptor)
    )
