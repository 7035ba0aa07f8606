"""The suite as a class of tests: subclass it for a driver and let pytest run every case that is for it.

::

    class TestMyPrinter(DeviceConformance):
        def make(self):
            return MyPrinter(MyPrinter.Settings(device="/dev/serial/by-id/…"), DeviceContext(Role.RECEIPT_PRINTER))

        async def operate(self, device):
            await device.print(DOCUMENT, "vi", "test")
"""

from __future__ import annotations

from typing import Any

from tramkit_hal.device.base import Device
from tramkit_hal.testing.case import Case, NotApplicableError
from tramkit_hal.testing.cases import cases_for
from tramkit_hal.testing.rig import Rig


class DeviceConformance(Rig):
    """A rig whose cases are tests. A case that cannot be tried on this rig passes and says why in what it prints."""

    contract: type[Device] | None = None
    """The class of device; None: :meth:`make` tells, or the cases of every device where it needs a fixture."""

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Make a test of each case."""
        if "hal_case" in metafunc.fixturenames:
            cases = cases_for(type(self)._kind())
            metafunc.parametrize("hal_case", cases, ids=[case.id for case in cases])

    @classmethod
    def _kind(cls) -> type[Device]:
        return cls.contract or getattr(cls, "driver", None) or Device

    async def test_case(self, hal_case: Case) -> None:
        """Run one case."""
        try:
            await hal_case.run(self)
        except NotApplicableError as error:
            print(f"{hal_case.id} is not for this rig: {error}")
