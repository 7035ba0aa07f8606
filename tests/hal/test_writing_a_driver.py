"""The driver of docs/writing-a-driver.md is typed in as a newcomer would, and keeps the contract."""

from __future__ import annotations

import asyncio
import re
import sys
import types
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tramkit_hal.contracts.vital import Vital
from tramkit_hal.device.base import Device, DeviceContext
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.role_contracts import CONTRACTS

from .conformance import DeviceConformance

GUIDE = (Path(__file__).parents[2] / "docs" / "writing-a-driver.md").read_text(encoding="utf-8")


def typed_in() -> Any:
    """Return the guide's module."""
    (code,) = re.findall(r"```python\n# my_scale\.py\n(.*?)```", GUIDE, re.DOTALL)
    module = types.ModuleType("my_scale")
    sys.modules["my_scale"] = module
    exec(compile(code, "my_scale.py", "exec"), module.__dict__)
    return module


my_scale = typed_in()


class TestNetworkScale(DeviceConformance):
    """The guide's scale against a real socket."""

    @pytest_asyncio.fixture(autouse=True)
    async def _scale(self) -> AsyncIterator[None]:
        self.says = b"61.4\n"

        async def weigh(lines: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while await lines.readline():
                if self.says:
                    writer.write(self.says)
                else:
                    break
            writer.close()

        self.server = await asyncio.start_server(weigh, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        yield
        self.server.close()

    def make(self) -> Device:
        settings = my_scale.ScaleSettings(host="127.0.0.1", port=self.port)
        return my_scale.NetworkScale(settings, DeviceContext(Role.VITAL_SENSOR))

    async def operate(self, device: Device) -> None:
        reading = await device.measure(Vital.WEIGHT, deadline=5)  # type: ignore[attr-defined]
        assert reading.values == (61.4,)

    async def test_a_scale_that_hangs_up_is_absent(self) -> None:
        async with self.opened() as device:
            self.says = b""
            with pytest.raises(DeviceError) as caught:
                await device.measure(Vital.WEIGHT, deadline=5)
            assert caught.value.trouble is Trouble.UNPLUGGED
            assert device.trouble is Trouble.UNPLUGGED

    async def test_a_scale_that_says_nonsense_lets_the_resident_try_again(self) -> None:
        async with self.opened() as device:
            self.says = b"hello\n"
            with pytest.raises(DeviceError) as caught:
                await device.measure(Vital.WEIGHT, deadline=5)
            assert caught.value.trouble is Trouble.UNREADABLE
            assert device.state.usable


def test_every_contract_is_in_the_guide() -> None:
    for role, contract in CONTRACTS.items():
        assert f"| `{role.value}` | `{contract.__module__}.{contract.__name__}` |" in GUIDE
