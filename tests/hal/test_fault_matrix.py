"""Every fault at every operation of every driver behind a wire: it never hangs, and unknown is never ok.

The operations are what the contract of the driver's class says; a driver or an operation that is new is missed here.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import os
import re
import signal
import sys
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from support.bad_wire import BadLine, BadSocket, BadWire, WireFault
from support.fake_acquirer import FakeAcquirer
from support.fake_board import FakeBoard
from support.fake_escpos import TcpPrinter
from support.line import Line

from tramkit_hal.contracts.enclosure import EnclosureNow
from tramkit_hal.contracts.lights import Shine
from tramkit_hal.contracts.payment_terminal import Charge, TerminalResult
from tramkit_hal.contracts.power import PowerNow
from tramkit_hal.contracts.presence import PresenceNow
from tramkit_hal.contracts.vital import Vital
from tramkit_hal.device.base import Device, DeviceContext
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.isolated import contract_of, isolated
from tramkit_hal.device.roles import Role
from tramkit_hal.drivers.board_parts import BoardEnclosure, BoardLights, BoardPresence
from tramkit_hal.drivers.booth import Booth
from tramkit_hal.drivers.escpos import EscPosPrinter
from tramkit_hal.drivers.ipp import IppPrinter
from tramkit_hal.drivers.nut import NutUps
from tramkit_hal.drivers.serial_scanner import SerialScanner
from tramkit_hal.drivers.socket_terminal import SocketTerminal
from tramkit_hal.testing.rig import PDF, RECEIPT

from .test_ipp import BadPrinter
from .test_nut import DUMMY, UPSD, Upsd

pytestmark = pytest.mark.slow

DEADLINE, LATE = 0.4, 1.0
BOUND = 8.0
"""Seconds within which whatever takes no deadline comes to an end: its own is shorter."""
OVER = 1.0
"""Seconds that an operation may run over its deadline on a busy machine."""
SEED = 16

DRIVERS: dict[type[Device], Role] = {
    EscPosPrinter: Role.RECEIPT_PRINTER,
    IppPrinter: Role.DOCUMENT_PRINTER,
    SerialScanner: Role.CODE_SCANNER,
    Booth: Role.VITAL_SENSOR,
    BoardPresence: Role.PRESENCE,
    BoardLights: Role.LIGHTS,
    BoardEnclosure: Role.ENCLOSURE,
    SocketTerminal: Role.PAYMENT_TERMINAL,
    NutUps: Role.POWER,
}
ELSEWHERE = {
    "ble_vitals": "test_ble_over_bluez: BlueZ and the radio go, hang and lie",
    "camera_presence": "test_camera_presence: films that end, stand still or are none",
    "camera_scanner": "test_scanners: the same",
    "hid_scanner": "test_scanners: events out of order, cut short, of unknown keys",
    "qr_receipt": "it has no wire",
    "pcsc": "test_pcsc: readers that go, hang, come back; cards that lie, hang and are taken away at any APDU",
    "opencv": "test_library_calls: a film that never comes; test_conformance: one that goes and comes",
    "sounddevice_microphone": "test_library_calls: a sound server that hangs; test_sound_library: one that is missing",
    "sounddevice_speaker": "test_library_calls: the same",
    "espeak": "test_voice_programs: a program that hangs, crashes, is slow, says nothing or garbage",
    "piper": "test_voice_programs: the same",
    "opencv_face": "test_opencv_face: models that are missing, cut short or none",
}
"""Drivers whose device is behind no wire that a test can hold; where their faults are."""

CALLS: dict[str, Callable[[Any, str], Coroutine[Any, Any, Any]]] = {
    "ReceiptPrinter.print": lambda device, ref: device.print(RECEIPT, "vi", ref, DEADLINE),
    "ReceiptPrinter.present": lambda device, _ref: device.present(DEADLINE),
    "DocumentPrinter.submit": lambda device, ref: device.submit(PDF, ref, DEADLINE),
    "DocumentPrinter.job": lambda device, _ref: device.job("before", DEADLINE),
    "DocumentPrinter.cancel": lambda device, _ref: device.cancel("before", DEADLINE),
    "DocumentPrinter.purge": lambda device, _ref: device.purge(DEADLINE),
    "CodeScanner.scan": lambda device, _ref: device.scan(deadline=DEADLINE),
    "VitalSensor.measure": lambda device, _ref: device.measure(Vital.PULSE, DEADLINE),
    "VitalSensor.abort": lambda device, _ref: device.abort(),
    "VitalSensor.purge_memory": lambda device, _ref: device.purge_memory(),
    "Presence.snapshot": lambda device, _ref: device.snapshot(DEADLINE),
    "Power.snapshot": lambda device, _ref: device.snapshot(DEADLINE),
    "Enclosure.snapshot": lambda device, _ref: device.snapshot(DEADLINE),
    "Enclosure.acknowledge": lambda device, _ref: device.acknowledge(DEADLINE),
    "Lights.set": lambda device, _ref: device.set(device.capabilities.lights[0], Shine.ON, DEADLINE),
    "Lights.shining": lambda device, _ref: device.shining(DEADLINE),
    "PaymentTerminal.start": lambda device, ref: device.start(ref, 10_000, DEADLINE),
    "PaymentTerminal.cancel": lambda device, ref: device.cancel(ref, DEADLINE),
    "PaymentTerminal.inquire": lambda device, ref: device.inquire(ref, DEADLINE),
    "PaymentTerminal.refund": lambda device, ref: device.refund(ref, f"{ref}-back", 10_000, DEADLINE),
}
WITHOUT_DEADLINE = ("VitalSensor.abort", "VitalSensor.purge_memory")
SAYS_NOTHING = ("ReceiptPrinter.present", "VitalSensor.abort", "DocumentPrinter.purge")
"""What may end well without its device: nothing hangs out, nothing is measured, nothing waits."""


def operations(driver: type[Device]) -> list[str]:
    """Return the operations that the contract of a driver's class names."""
    contract = contract_of(driver)
    assert contract is not None
    return [f"{contract.__name__}.{name}" for name, it in vars(contract).items() if inspect.iscoroutinefunction(it)]


MATRIX = [
    pytest.param(driver, operation, fault, id=f"{driver.driver}-{operation.partition('.')[2]}-{fault}")
    for driver in DRIVERS
    for operation in operations(driver)
    for fault in (*WireFault, "crash")
]


@dataclass
class Bench:
    """A driver's wire, and the settings that lead to it."""

    wire: BadWire
    settings: dict[str, Any] = field(default_factory=dict)


@contextlib.asynccontextmanager
async def bench(driver: type[Device], folder: Path) -> AsyncGenerator[Bench]:
    """Put what a driver is for behind a bad wire."""
    async with AsyncExitStack() as stack:
        if driver in (SerialScanner, Booth, BoardPresence, BoardLights, BoardEnclosure):
            line = Line(str(folder / "line"))
            if driver is not SerialScanner:
                FakeBoard(line)
            wire: BadWire = BadLine(line, SEED, LATE)
            line.plug()
            stack.callback(line.unplug)
            yield Bench(wire, {"device": line.path})
            return
        connect, settings = await server(driver, folder, stack)
        path = folder / "wire.sock" if driver is SocketTerminal else None
        relay = BadSocket(connect, SEED, LATE, path)
        await relay.start()
        stack.push_async_callback(relay.stop)
        if driver is SocketTerminal:
            settings["path"] = str(path)
        elif driver is IppPrinter:
            settings["url"] = f"ipp://127.0.0.1:{relay.port}/ipp/print"
        else:
            settings["port"] = relay.port
        yield Bench(relay, settings)


async def server(driver: type[Device], folder: Path, stack: AsyncExitStack) -> tuple[Any, dict[str, Any]]:
    """Start what stands at the far end; return how to connect to it and the driver's other settings."""
    if driver is EscPosPrinter:
        printer = TcpPrinter()
        await printer.start()
        stack.push_async_callback(printer.stop)
        return lambda: asyncio.open_connection("127.0.0.1", printer.port), {"host": "127.0.0.1", "poll": 60}
    if driver is IppPrinter:
        pages = BadPrinter()
        port = await pages.start()
        stack.push_async_callback(pages.stop)
        return lambda: asyncio.open_connection("127.0.0.1", port), {"poll": 60}
    if driver is NutUps:
        if not (DUMMY.exists() and UPSD.exists()):
            pytest.skip("nut-server is not installed")
        upsd = await asyncio.to_thread(Upsd, folder)
        await upsd.start()
        stack.push_async_callback(upsd.stop)
        return lambda: asyncio.open_connection("127.0.0.1", upsd.port), {"poll": 0.1}
    acquirer = FakeAcquirer()
    await acquirer.start()
    stack.push_async_callback(acquirer.stop)
    socket = folder / "adapter.sock"
    adapter = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tramkit_hal.drivers.terminal_adapter", "--listen", str(socket),
        "--journal", str(folder / "terminal.sqlite"), "--acquirer", f"127.0.0.1:{acquirer.port}",
    )  # fmt: skip
    stack.push_async_callback(adapter.wait)
    stack.callback(adapter.kill)
    return lambda: asyncio.open_unix_connection(str(socket)), {}


async def opened(device: Device) -> None:
    """Open a device as the station does: again, until it is there."""
    async with asyncio.timeout(30):
        while True:
            try:
                await (device.reset() if device.state.usable else device.open())
                looked = await device.health("full")
                if looked.state.usable and looked.trouble is None:
                    return
            except DeviceError:
                pass
            await asyncio.sleep(0.05)


async def ends(operation: str, call: Coroutine[Any, Any, Any]) -> Any:
    """Run an operation to its end; return the trouble that it ended with, or what it told."""
    bound = BOUND if operation in WITHOUT_DEADLINE else DEADLINE + OVER
    begin = time.monotonic()
    try:
        return await asyncio.wait_for(call, BOUND + OVER)
    except DeviceError as error:
        return error.trouble
    finally:
        took = time.monotonic() - begin
        assert took < bound, f"{operation} took {took:.1f} s"


def never_ok(operation: str, told: Any) -> None:
    """Hold what was told while nobody could know to the rule that unknown is never ok."""
    match told:
        case Trouble():
            return
        case PresenceNow():
            assert told.present is None, told
        case PowerNow():
            assert told.on_battery is None, told
        case EnclosureNow():
            assert told.tampered is None, told
            assert set(told.open.values()) <= {None}, told
        case TerminalResult():
            assert told.charge is Charge.UNKNOWN, told
        case _:
            assert operation in SAYS_NOTHING, f"{operation} says that it is well: {told}"


@pytest.mark.parametrize(("driver", "operation", "fault"), MATRIX)
async def test_a_fault_at_an_operation_ends_it_and_is_told(
    driver: Any, operation: str, fault: str, tmp_path: Path
) -> None:
    async with bench(driver, tmp_path) as at:
        kind: Any = isolated(driver) if fault == "crash" else driver
        device = kind(kind.Settings(**at.settings), DeviceContext(DRIVERS[driver]))
        await opened(device)
        try:
            if fault == "crash":
                await at.wire.break_(WireFault.HANG)
                call = asyncio.create_task(CALLS[operation](device, "matrix-1"))
                await asyncio.sleep(0)
                os.kill(device._process.pid, signal.SIGKILL)
                told = await ends(operation, call)  # type: ignore[arg-type]
            else:
                await at.wire.break_(WireFault(fault))
                told = await ends(operation, CALLS[operation](device, "matrix-1"))
            if fault != "slow" or operation not in WITHOUT_DEADLINE:  # these wait for the late answer, and it is true
                never_ok(operation, told)
            looked = await asyncio.wait_for(device.health("full", 0.3), BOUND)
            if driver is not SerialScanner or fault == "unplug":  # a scanner says nothing until it sees a code
                assert looked.trouble is not None or not looked.state.usable, f"{fault}, and healthy"
            await at.wire.mend()
            await opened(device)
        finally:
            await at.wire.mend()
            await asyncio.wait_for(device.close(), BOUND)


def test_no_operation_and_no_driver_is_left_out() -> None:
    named = {operation for driver in DRIVERS for operation in operations(driver)}
    assert named == set(CALLS)
    ours = [each for each in entry_points(group="tramkit.drivers") if each.value.startswith("tramkit_hal.drivers.")]
    covered = {driver.driver for driver in DRIVERS} | set(ELSEWHERE)
    for each in ours:
        assert each.name in covered, f"{each.name}: nobody breaks its wire"
    assert {each.name for each in ours} == covered
    for where in ELSEWHERE.values():
        for name in re.findall(r"\btest_\w+", where):
            assert (Path(__file__).parent / f"{name}.py").is_file(), name
