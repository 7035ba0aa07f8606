"""The suite that is shipped as ``tramkit_hal.testing``.

``TRAMKIT_CYCLES=1000 pytest --timeout 7200 tests/hal -k "HAL-DEV-017 or again_and_again"`` opens, closes and reads that
often.
"""

import os

from tramkit_hal.testing import DeviceConformance, life_cases

CYCLES = int(os.environ.get("TRAMKIT_CYCLES", "0"))
life_cases.CYCLES = CYCLES or life_cases.CYCLES

__all__ = ["CYCLES", "DeviceConformance"]
