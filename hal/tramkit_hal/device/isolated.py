"""A driver in a process of its own, behind the same contract: a library that crashes or hangs takes nobody with it.

Both sides know the contract, so what crosses the pipe is read by the types of its methods; nothing is unpickled.

Longer than 400 lines: both ends of one pipe, which change together.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import importlib
import inspect
import itertools
import json
import os
import sys
import typing
from functools import cache
from typing import Any

from pydantic import BaseModel, TypeAdapter

from tramkit_hal.data import Data
from tramkit_hal.device.base import Device, DeviceContext, DeviceInfo, DeviceState, HealthLevel
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.role_contracts import CONTRACTS

ISOLABLE = frozenset({
    Role.CODE_SCANNER, Role.RECEIPT_PRINTER, Role.DOCUMENT_PRINTER, Role.VITAL_SENSOR, Role.PAYMENT_TERMINAL,
    Role.PRESENCE, Role.POWER, Role.LIGHTS, Role.ENCLOSURE,
})  # fmt: skip
"""Classes that answer questions. Pictures, sound and pages would have to be copied; a card's files are kept here."""

IRREVERSIBLE = frozenset({"print", "submit", "start", "cancel", "refund"})
"""Operations of which nobody knows what became of them when the process dies."""

START_SECONDS = 15.0
PING_SECONDS = 2.0
SILENT_PINGS = 3
"""A process whose loop stands still for so many pings hangs: it is killed."""
MAX_LINE = 64 * 1024 * 1024
GRACE = 1.0


def contract_of(driver: type[Device]) -> type[Device] | None:
    """Return the contract that a driver keeps; None: it is of no class that can be isolated."""
    return next((CONTRACTS[role] for role in sorted(ISOLABLE) if issubclass(driver, CONTRACTS[role])), None)


def can_be_isolated(driver: type[Device]) -> bool:
    """Tell whether a driver can run in a process of its own."""
    return contract_of(driver) is not None


class _Method:
    """How the arguments and the result of a method cross the pipe."""

    def __init__(self, function: Any) -> None:
        hints = typing.get_type_hints(function)
        self.signature = inspect.signature(function)
        self.arguments = {name: _adapter(hints[name]) for name in self.signature.parameters if name != "self"}
        self.result = _adapter(hints["return"])

    def pack(self, given: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
        bound = self.signature.bind(None, *given, **named)
        bound.apply_defaults()
        return {name: _dump(self.arguments[name], value) for name, value in bound.arguments.items() if name != "self"}

    def unpack(self, packed: dict[str, Any]) -> dict[str, Any]:
        return {name: _load(self.arguments[name], packed[name]) for name in self.arguments}


def _adapter(hint: Any) -> TypeAdapter[Any]:
    return TypeAdapter(hint)


def _dump(adapter: TypeAdapter[Any], value: Any) -> Any:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    return adapter.dump_python(value, mode="json")


def _load(adapter: TypeAdapter[Any], packed: Any) -> Any:
    if isinstance(packed, dict) and set(packed) == {"base64"}:  # pyright: ignore[reportUnknownArgumentType]
        return base64.b64decode(str(packed["base64"]))  # pyright: ignore[reportUnknownArgumentType]
    return adapter.validate_json(json.dumps(packed))


@cache
def _methods(contract: type[Device]) -> dict[str, _Method]:
    """Return the operations of a contract: what is abstract in it and not in every device."""
    names = contract.__abstractmethods__ - Device.__abstractmethods__ - {"capabilities"}
    return {name: _Method(getattr(contract, name)) for name in sorted(names)}


class _Told(Data):
    """What a process tells of its device when it is open."""

    info: DeviceInfo
    capabilities: dict[str, Any]


@cache
def isolated(driver: type[Device]) -> type[Device]:
    """Return a device of the same class and name whose driver runs in a process of its own.

    :raises ValueError: it is of a class that cannot be isolated.
    """
    contract = contract_of(driver)
    if contract is None:
        raise ValueError(f"{driver.__name__} cannot run in a process of its own")
    body: dict[str, Any] = {name: _proxy(name, method) for name, method in _methods(contract).items()}
    hint = typing.get_type_hints(contract.capabilities.fget)["return"]  # type: ignore[attr-defined]
    body |= {
        "driver": driver.driver,
        "Settings": driver.Settings,
        "_real": driver,
        "_contract": contract,
        "_capabilities_type": hint,
        "__doc__": driver.__doc__,
        "__module__": __name__,
    }
    return type(f"Isolated{driver.__name__}", (_Isolated, contract), body)


def _proxy(name: str, method: _Method) -> Any:
    async def call(self: Any, *given: Any, **named: Any) -> Any:
        packed = method.pack(given, named)
        return _load(method.result, await self._call(name, packed))

    call.__name__ = name
    return call


class _Isolated(Device):
    """The near side: starts the process, asks it, and ends it when it is silent."""

    _real: type[Device]
    _contract: type[Device]
    _capabilities_type: type[BaseModel]

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        mirror = self._real(settings, context)
        self._info, self._capabilities = mirror.info, mirror.capabilities

    @property
    def info(self) -> DeviceInfo:
        return self._info

    @property
    def capabilities(self) -> Any:
        return self._capabilities

    async def _call(self, name: str, packed: dict[str, Any]) -> Any:
        deadline = packed.get("deadline")
        sent = False
        try:
            if not isinstance(deadline, int | float):
                return await self._ask("call", name=name, arguments=packed)
            async with self._operation(deadline + GRACE, exclusive=False):
                if not self.state.usable:
                    raise DeviceError(Trouble.NOT_OPEN)
                sent = True
                return await self._ask("call", name=name, arguments=packed)
        except DeviceError as error:
            known = (Trouble.UNPLUGGED, Trouble.FAULTY, Trouble.DEADLINE, Trouble.NOT_OPEN)
            if sent and name in IRREVERSIBLE and error.trouble in known and not error.detail.startswith("told:"):
                raise DeviceError(Trouble.OUTCOME_UNKNOWN, "the driver's process ended") from error
            raise

    async def _ask(self, do: str, **fields: Any) -> Any:
        process = self._process
        if process is None or process.stdin is None or process.returncode is not None:
            raise DeviceError(Trouble.NOT_OPEN)
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            process.stdin.write(json.dumps({"id": number, "do": do, **fields}).encode() + b"\n")
            await process.stdin.drain()
            return await answer
        except OSError:
            raise DeviceError(Trouble.FAULTY, "the driver's process ended") from None
        except asyncio.CancelledError:
            with contextlib.suppress(OSError):
                process.stdin.write(json.dumps({"id": 0, "do": "stop", "of": number}).encode() + b"\n")
            raise
        finally:
            self._waiting.pop(number, None)

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        with contextlib.suppress(OSError, ValueError):
            while line := await process.stdout.readline():
                self._take(json.loads(line))
        await process.wait()
        if self._process is process:
            self._lost(Trouble.FAULTY)
        self._fail_all(DeviceError(Trouble.FAULTY, "the driver's process ended"))

    def _fail_all(self, error: DeviceError) -> None:
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(error)

    def _take(self, told: dict[str, Any]) -> None:
        if "event" in told:
            if told["event"] == "state":
                self._follow(DeviceState(told["value"]), told.get("trouble"))
            else:
                self._emit(str(told["event"]), str(told.get("value", "")))
            return
        answer = self._waiting.get(told.get("id", 0))
        if answer is None or answer.done():
            return
        if "error" in told:
            answer.set_exception(DeviceError(Trouble(told["error"]), f"told:{told.get('detail', '')}"))
        elif "value_error" in told:
            answer.set_exception(ValueError(told["value_error"]))
        else:
            answer.set_result(told.get("result"))

    def _follow(self, state: DeviceState, trouble: str | None) -> None:
        """Be as the device in the process is."""
        if not self.state.usable:
            return
        why = Trouble(trouble) if trouble else None
        if state in (DeviceState.ABSENT, DeviceState.FAULT):
            self._lost(why or Trouble.FAULTY)
        elif state in (DeviceState.READY, DeviceState.DEGRADED) and self.state is not DeviceState.BUSY:
            self._become(state, why)

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        silent = 0
        while process.returncode is None:
            await self.clock.sleep(PING_SECONDS)
            try:
                async with asyncio.timeout(PING_SECONDS):
                    await self._ask("ping")
                silent = 0
            except TimeoutError:
                silent += 1
            except DeviceError:
                return
            if silent >= SILENT_PINGS:
                process.kill()
                return

    # ── life ──────────────────────────────────────────────────────────────────────────────────────────────

    async def _open(self) -> None:
        await self._end()
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tramkit_hal.device.isolated", stdin=-1, stdout=-1, limit=MAX_LINE
        )
        self._tasks = [asyncio.create_task(self._listen(process), name="isolated driver")]
        try:
            async with asyncio.timeout(START_SECONDS):
                told = await self._ask(
                    "open",
                    driver=f"{self._real.__module__}:{self._real.__qualname__}",
                    path=[entry for entry in sys.path if entry],
                    settings=self.settings.model_dump(mode="json"),
                    role=self.context.role.value,
                    seed=self.context.seed,
                )
        except BaseException as error:
            await self._end()
            if isinstance(error, TimeoutError):
                raise DeviceError(Trouble.DEADLINE, "the driver's process does not start") from None
            raise
        read = _Told.model_validate(told)
        self._info = read.info
        self._capabilities = self._capabilities_type.model_validate_json(json.dumps(read.capabilities))
        self._tasks.append(asyncio.create_task(self._watch(process), name="isolated driver watch"))

    async def _close(self) -> None:
        await self._end()

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            if process.stdin is not None:
                process.stdin.close()  # the process closes its device and ends
            try:
                await asyncio.wait_for(process.wait(), 3)
            except TimeoutError:
                process.kill()
                await process.wait()
        tasks, self._tasks = self._tasks, []
        current = asyncio.current_task()
        for task in tasks:
            if task is not current:
                task.cancel()
        await asyncio.gather(*(task for task in tasks if task is not current), return_exceptions=True)

    async def _wipe(self) -> None:
        if self._process is not None and self.state.usable:
            await self._ask("wipe")

    async def _check(self, level: HealthLevel) -> dict[str, str]:
        told = await self._ask("health", level=level)
        if told["trouble"]:
            raise DeviceError(Trouble(told["trouble"]))
        return {str(name): str(value) for name, value in told["facts"].items()}


# ── the far side ──────────────────────────────────────────────────────────────────────────────────────────────


class _Far:
    """Runs the driver and answers; what a library prints goes to standard error."""

    def __init__(self, write: Any) -> None:
        self._write = write
        self._device: Device | None = None
        self._running: dict[int, asyncio.Task[None]] = {}
        self._events: asyncio.Task[None] | None = None

    def tell(self, **told: Any) -> None:
        self._write(json.dumps(told).encode() + b"\n")

    def take(self, asked: dict[str, Any]) -> None:
        number = asked["id"]
        if asked["do"] == "stop":
            if asked["of"] in self._running:
                self._running[asked["of"]].cancel()
            return
        task = asyncio.create_task(self._answer(number, asked))
        self._running[number] = task
        task.add_done_callback(lambda _task: self._running.pop(number, None))

    async def _answer(self, number: int, asked: dict[str, Any]) -> None:
        try:
            self.tell(id=number, result=await self._do(asked))
        except DeviceError as error:
            self.tell(id=number, error=error.trouble.value, detail=error.detail)
        except ValueError as error:
            self.tell(id=number, value_error=str(error))
        except Exception as error:  # the driver's edge
            self.tell(id=number, error=Trouble.FAULTY.value, detail=type(error).__name__)

    async def _do(self, asked: dict[str, Any]) -> Any:
        if asked["do"] == "ping":
            return None
        if asked["do"] == "open":
            return await self._open(asked)
        device = self._device
        if device is None:
            raise DeviceError(Trouble.NOT_OPEN)
        match asked["do"]:
            case "wipe":
                return await device.wipe()
            case "health":
                return (await device.health(asked["level"])).model_dump(mode="json")
            case _:
                contract = contract_of(type(device))
                assert contract is not None
                method = _methods(contract)[asked["name"]]
                result = await getattr(device, asked["name"])(**method.unpack(asked["arguments"]))
                return _dump(method.result, result)

    async def _open(self, asked: dict[str, Any]) -> Any:
        for entry in asked["path"]:
            if entry not in sys.path:
                sys.path.append(entry)
        module, _colon, name = asked["driver"].partition(":")
        driver: type[Device] = getattr(importlib.import_module(module), name)
        device = driver(
            driver.Settings.model_validate(asked["settings"]), DeviceContext(Role(asked["role"]), seed=asked["seed"])
        )
        await device.open(START_SECONDS)
        self._device = device
        ready = asyncio.Event()
        self._events = asyncio.create_task(self._tell_events(device, ready))
        await ready.wait()
        return {
            "info": device.info.model_dump(mode="json"),
            "capabilities": device.capabilities.model_dump(mode="json"),
        }

    async def _tell_events(self, device: Device, ready: asyncio.Event) -> None:
        async with device.events() as events:
            ready.set()
            async for event in events:
                trouble = device.trouble.value if device.trouble else None
                self.tell(event=event.name, value=event.value, trouble=trouble)

    async def close(self) -> None:
        if self._device is not None:
            await self._device.close()


async def serve_driver() -> None:
    """Run a driver for the process at the other end of standard input, until that ends."""
    loop = asyncio.get_running_loop()
    out = os.dup(1)
    os.dup2(2, 1)  # a library that prints must not disturb what is told
    reader = asyncio.StreamReader(limit=MAX_LINE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    far = _Far(lambda data: os.write(out, data))  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    while line := await reader.readline():
        far.take(json.loads(line))
    with contextlib.suppress(Exception):
        await asyncio.wait_for(far.close(), 2)


if __name__ == "__main__":
    from tramkit_hal.device.isolated import serve_driver as serve  # one copy of this module: not __main__'s

    asyncio.run(serve())
