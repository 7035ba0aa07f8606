"""The kit with which services are tested, ours and a partner's: ``pip install 'tramkit[testing]'``.

The fixtures ``station`` and ``tramkit_browser`` come by themselves (:mod:`tramkit.testing.pytest_plugin`). What needs
Playwright, axe-core, Textual or APSW lies in a module of its own and says so when it is missing:
:mod:`~tramkit.testing.accessibility`, :mod:`~tramkit.testing.web_driver`, :mod:`~tramkit.testing.terminal_driver`,
:mod:`~tramkit.testing.power`, :mod:`~tramkit.testing.failing_disk`.
"""

from tramkit.testing.drivers import AnyDriver, ScriptedDriver
from tramkit.testing.faults import Round, fault_rounds
from tramkit.testing.golden import StandingClock, drawn, hold, met, pages_in, shaped
from tramkit.testing.kit import KitStation, Make, open_station
from tramkit.testing.money import SimMoney
from tramkit.testing.needs import MissingDependencyError
from tramkit.testing.order_rounds import OrderRound, order_rounds
from tramkit.testing.serialising import SerialisingPlugin
from tramkit.testing.simulated import simulated
from tramkit.testing.walking import ScriptedGlass, Walked, seeds, walk
from tramkit.testing.wipe_search import found_in, found_in_files

__all__ = [
    "AnyDriver",
    "KitStation",
    "Make",
    "MissingDependencyError",
    "OrderRound",
    "Round",
    "ScriptedDriver",
    "ScriptedGlass",
    "SerialisingPlugin",
    "SimMoney",
    "StandingClock",
    "Walked",
    "drawn",
    "fault_rounds",
    "found_in",
    "found_in_files",
    "hold",
    "met",
    "open_station",
    "order_rounds",
    "pages_in",
    "seeds",
    "shaped",
    "simulated",
    "walk",
]
