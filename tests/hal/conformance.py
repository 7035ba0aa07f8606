"""What every device keeps, whatever it is: subclass :class:`DeviceConformance` for a driver and let pytest run it.

For a partner's driver::

    class TestMyPrinter(DeviceConformance):
        def make(self):
            return MyPrinter(MyPrinter.Settings(port="/dev/ttyUSB0"), DeviceContext(Role.RECEIPT_PRINTER))

        async def operate(self, device):
            await device.print(DOCUMENT, "vi", "test")
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from pydantic import ValidationError

from tramkit_hal.device.base import Device, DeviceInfo, DeviceState
from tramkit_hal.device.errors import DeviceError, Mend, Trouble

SECONDS = 10.0


class DeviceConformance(ABC):
    """The contract of :mod:`tramkit_hal.device` as tests."""

    @abstractmethod
    def make(self) -> Device:
        """Return a new device, not opened."""

    async def operate(self, device: Device) -> None:
        """Do one thing that the device is for."""

    async def unplug(self, device: Device) -> None:
        """Pull it out; skipped for a device that nobody can pull out here."""
        pytest.fail("override unplug, or set pluggable to False")

    async def plug(self, device: Device) -> None:
        """Put it in again."""

    pluggable = False

    async def hang(self, device: Device) -> bool:
        """Make the next operation take forever; False where that can't be had here."""
        return False

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncGenerator[Any]:
        device = self.make()
        await device.open()
        try:
            yield device
        finally:
            await device.close()

    # ── life ──

    async def test_it_opens_closes_and_opens_again(self) -> None:
        device = self.make()
        assert device.state is DeviceState.OFFLINE
        for _time in range(2):
            await device.open()
            assert device.state.usable
            await device.close()
            assert device.state is DeviceState.OFFLINE

    async def test_closing_what_is_closed_is_fine(self) -> None:
        device = self.make()
        await device.close()
        await device.open()
        await device.open()
        await device.close()
        await device.close()
        assert device.state is DeviceState.OFFLINE

    async def test_a_reset_leaves_it_usable(self) -> None:
        async with self.opened() as device:
            await device.reset()
            assert device.state.usable

    # ── what it says of itself ──

    async def test_info_and_capabilities_are_frozen_data(self) -> None:
        async with self.opened() as device:
            assert isinstance(device.info, DeviceInfo)
            assert device.info.driver == device.driver
            for data in (device.info, device.capabilities):
                json.loads(data.model_dump_json())
                for name in type(data).model_fields:
                    with pytest.raises(ValidationError):
                        setattr(data, name, None)

    def test_a_setting_that_it_does_not_know_is_refused(self) -> None:
        settings = type(self.make()).Settings
        with pytest.raises(ValidationError):
            settings.model_validate({"no_such_setting": 1})

    async def test_health_is_never_better_than_what_is_known(self) -> None:
        device = self.make()
        closed = await device.health()
        assert not closed.state.usable
        await device.open()
        try:
            looked = await device.health("quick")
            assert looked.state is device.state
            assert all(isinstance(key, str) and isinstance(value, str) for key, value in looked.facts.items())
        finally:
            await device.close()

    # ── claims, operations, wipe ──

    async def test_a_second_visit_cannot_claim_it(self) -> None:
        async with self.opened() as device:
            device.claim("visit-1")
            device.claim("visit-1")
            with pytest.raises(DeviceError) as caught:
                device.claim("visit-2")
            assert caught.value.trouble is Trouble.CLAIMED
            device.release("visit-2")
            assert device.owner == "visit-1"
            device.release("visit-1")
            device.claim("visit-2")

    async def test_closing_ends_a_claim(self) -> None:
        device = self.make()
        await device.open()
        device.claim("visit-1")
        await device.close()
        assert device.owner is None

    async def test_an_operation_on_a_closed_device_says_who_can_mend_it(self) -> None:
        device = self.make()
        if type(self).operate is DeviceConformance.operate:
            return  # it only tells of itself
        with pytest.raises(DeviceError) as caught:
            await self.operate(device)
        assert caught.value.trouble in Trouble
        assert caught.value.mend in Mend

    async def test_it_does_what_it_is_for_and_is_usable_again(self) -> None:
        async with self.opened() as device:
            async with asyncio.timeout(SECONDS):
                await self.operate(device)
            assert device.state.usable

    async def test_a_wipe_leaves_it_usable_at_any_time(self) -> None:
        async with self.opened() as device:
            await device.wipe()
            async with asyncio.timeout(SECONDS):
                await self.operate(device)
            await device.wipe()
            await device.wipe()
            assert device.state.usable

    async def test_an_operation_that_is_cancelled_leaves_it_usable(self) -> None:
        async with self.opened() as device:
            task = asyncio.create_task(self.operate(device))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert device.state.usable

    async def test_an_operation_that_never_ends_keeps_its_deadline(self) -> None:
        async with self.opened() as device:
            if not await self.hang(device):
                return
            with pytest.raises(DeviceError) as caught:
                await self.operate_shortly(device)
            assert caught.value.trouble is Trouble.DEADLINE

    async def operate_shortly(self, device: Device) -> None:
        """Do the same with a deadline of a tenth of a second."""
        await self.operate(device)

    # ── events, being pulled out ──

    async def test_events_tell_of_its_states(self) -> None:
        device = self.make()
        seen: list[str] = []
        async with device.events() as events:
            await device.open()
            await device.close()
            async with asyncio.timeout(SECONDS):
                async for event in events:
                    if event.name == "state":
                        seen.append(event.value)
                    if event.value == DeviceState.OFFLINE:
                        break
        assert seen[0] == DeviceState.STARTING
        assert DeviceState.READY in seen or DeviceState.DEGRADED in seen

    async def test_pulled_out_it_is_absent_and_it_comes_back(self) -> None:
        if not self.pluggable:
            return
        async with self.opened() as device:
            await self.unplug(device)
            async with asyncio.timeout(SECONDS):
                while device.state is not DeviceState.ABSENT:
                    await asyncio.sleep(0.01)
            assert device.trouble is Trouble.UNPLUGGED
            assert (await device.health()).trouble is Trouble.UNPLUGGED
            if type(self).operate is not DeviceConformance.operate:
                with pytest.raises(DeviceError):
                    await self.operate(device)
            await self.plug(device)
            if not device.state.usable:
                await device.open()
            assert device.state.usable
            assert device.trouble is None
