"""A payment terminal whose software runs in a process of its own and is spoken to over a socket.

docs/terminal-protocol.md describes what is said there. An acquirer's library may crash, hang or read cards; the station
sees none of that, and no card's number.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncGenerator
from typing import Any, cast

from pydantic import BaseModel, Field, ValidationError, model_validator

from tramkit_hal.contracts.payment_terminal import PaymentTerminal, PaymentTerminalCapabilities, TerminalResult
from tramkit_hal.data import Data
from tramkit_hal.device.base import DeviceContext, DeviceInfo, HealthLevel
from tramkit_hal.device.errors import DeviceError, Trouble

PROTOCOL = 1
MAX_LINE = 16 * 1024
HELLO_SECONDS = 5.0
START_SECONDS = 8.0


class SocketTerminalSettings(Data):
    """Settings of a terminal behind a socket.

    :param path: the adapter's UNIX socket; or
    :param host: and port: its address, on this machine unless the line between is protected.
    :param command: starts the adapter, and starts it again when it has died; empty: somebody else does.
    """

    path: str = ""
    host: str = ""
    port: int = Field(9310, ge=1, le=65535)
    command: list[str] = Field(default_factory=list[str])

    @model_validator(mode="after")
    def _one_place(self) -> SocketTerminalSettings:
        if bool(self.path) == bool(self.host):
            raise ValueError('path or host is needed, e.g. path = "/run/tramkit/terminal.sock"')
        return self


class SocketTerminal(PaymentTerminal):
    """A payment terminal behind a socket."""

    driver = "socket_terminal"
    Settings = SocketTerminalSettings

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._writer: asyncio.StreamWriter | None = None
        self._listener: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._hello: dict[str, Any] = {}

    @property
    def info(self) -> DeviceInfo:
        serial = str(self._hello.get("serial") or self.settings.path or f"{self.settings.host}:{self.settings.port}")
        return DeviceInfo(driver=self.driver, model=str(self._hello.get("model") or "terminal"), serial=serial)

    @property
    def capabilities(self) -> PaymentTerminalCapabilities:
        return PaymentTerminalCapabilities(refund=self._hello.get("refund") is True)

    # ── the contract ──────────────────────────────────────────────────────────────────────────────────────

    async def start(self, ref: str, amount: int, deadline: float = 10.0) -> TerminalResult:
        if amount <= 0:
            raise ValueError("an amount is more than 0")
        async with self._moving(deadline):
            return await self._result("start", ref=ref, amount=amount)

    async def cancel(self, ref: str, deadline: float = 10.0) -> TerminalResult:
        async with self._moving(deadline):
            return await self._result("cancel", ref=ref)

    async def inquire(self, ref: str, deadline: float = 10.0) -> TerminalResult:
        async with self._operation(deadline, exclusive=False):
            return await self._result("inquire", ref=ref)

    async def refund(self, ref: str, refund_ref: str, amount: int, deadline: float = 10.0) -> TerminalResult:
        async with self._moving(deadline):
            if not self.capabilities.refund:
                raise DeviceError(Trouble.UNSUPPORTED)
            return await self._result("refund", ref=ref, refund_ref=refund_ref, amount=amount)

    @contextlib.asynccontextmanager
    async def _moving(self, deadline: float) -> AsyncGenerator[None]:
        """Frame what may move money: whatever breaks once it has been sent, the outcome is unknown."""
        self._sent = False
        try:
            async with self._operation(deadline):
                yield
        except DeviceError as error:
            if self._sent and error.trouble is not Trouble.OUTCOME_UNKNOWN:
                raise DeviceError(Trouble.OUTCOME_UNKNOWN, error.trouble.value) from error
            raise

    async def _result(self, do: str, **fields: Any) -> TerminalResult:
        told = await self._ask(do, **fields)
        try:
            return TerminalResult.model_validate(
                {name: told[name] for name in TerminalResult.model_fields if name in told}
            )
        except ValidationError:
            raise DeviceError(Trouble.OUTCOME_UNKNOWN, "the adapter's answer makes no sense") from None

    # ── on the wire ───────────────────────────────────────────────────────────────────────────────────────

    async def _ask(self, do: str, **fields: Any) -> dict[str, Any]:
        if self._writer is None:
            raise DeviceError(Trouble.UNPLUGGED)
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            self._sent = True
            try:
                self._writer.write(json.dumps({"id": number, "do": do, **fields}).encode() + b"\n")
                await self._writer.drain()
            except OSError:
                raise DeviceError(Trouble.UNPLUGGED) from None
            told = await answer
        finally:
            self._waiting.pop(number, None)
        if "error" in told:
            self._sent = False  # refused: the adapter did nothing
            known = {trouble.value for trouble in Trouble}
            raise DeviceError(Trouble(told["error"]) if told["error"] in known else Trouble.FAULTY)
        return told

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError, ValueError):  # ValueError: a line beyond all bounds
            while line := await reader.readline():
                self._take(line)
        self._lost(Trouble.UNPLUGGED)
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(DeviceError(Trouble.UNPLUGGED))

    def _take(self, line: bytes) -> None:
        try:
            told: Any = json.loads(line)
        except ValueError:
            return
        if not isinstance(told, dict):
            return
        message = cast("dict[str, Any]", told)
        event, number = message.get("event"), message.get("id")
        if event in ("prompt", "result"):
            self._emit(str(event))
        answer = self._waiting.get(number) if isinstance(number, int) else None
        if answer is not None and not answer.done():
            answer.set_result(message)

    # ── life ──────────────────────────────────────────────────────────────────────────────────────────────

    async def _open(self) -> None:
        await self._hang_up()
        reader, self._writer = await self._reach()
        self._listener = asyncio.create_task(self._listen(reader), name="terminal listener")
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                self._hello = await self._ask("hello", protocol=PROTOCOL)
        except TimeoutError:
            await self._hang_up()
            raise DeviceError(Trouble.DEADLINE, "the adapter is silent") from None
        if self._hello.get("protocol") != PROTOCOL:
            await self._hang_up()
            raise DeviceError(Trouble.MISCONFIGURED, "the adapter speaks another version of the protocol")

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the adapter, started where it does not run.

        An adapter that dies ends the line first and is known to be dead a moment later: found so, it is started again.
        """
        if self.settings.command and (self._process is None or self._process.returncode is not None):
            await self._start_adapter()
            return await self._connect()
        try:
            return await self._connect()
        except DeviceError:
            if self._process is None or self._process.returncode is None:
                raise
        await self._start_adapter()
        return await self._connect()

    async def _start_adapter(self) -> None:
        try:
            self._process = await asyncio.create_subprocess_exec(*self.settings.command)
        except OSError as error:
            raise DeviceError(Trouble.MISCONFIGURED, f"the adapter does not start: {error.strerror}") from None

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect; an adapter that was just started gets some seconds."""
        until = asyncio.get_running_loop().time() + (START_SECONDS if self.settings.command else 0)
        while True:
            try:
                if self.settings.path:
                    return await asyncio.open_unix_connection(self.settings.path, limit=MAX_LINE)
                return await asyncio.open_connection(self.settings.host, self.settings.port, limit=MAX_LINE)
            except OSError as error:
                died = self._process is not None and self._process.returncode is not None
                if died or asyncio.get_running_loop().time() >= until:
                    raise DeviceError(Trouble.UNPLUGGED, error.strerror or "no adapter") from None
            await asyncio.sleep(0.05)

    async def _hang_up(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None and listener is not asyncio.current_task():
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), 1)

    async def _close(self) -> None:
        await self._hang_up()
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 5)
            except TimeoutError:
                process.kill()
                await process.wait()

    async def _reset(self) -> None:
        await self._close()
        await self._open()

    async def _wipe(self) -> None:
        """Nothing of a visit is here: a payment that waits for its card is the ledger's to give up."""

    async def _check(self, level: HealthLevel) -> dict[str, str]:
        told = await self._ask("status")
        if told.get("acquirer") is not True:
            raise DeviceError(Trouble.FAULTY, "the acquirer does not answer")
        return {"acquirer": "reachable"}
