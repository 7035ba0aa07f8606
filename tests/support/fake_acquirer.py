"""An acquirer with a ledger of its own, which is the truth that everything told of a payment is held against."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from typing import Any

FAULTS = ("approve", "decline", "lose_before", "lose_after", "silent", "twice", "garbage")


class FakeAcquirer:
    """Answers as it is told to: :attr:`fault` is one of :data:`FAULTS`, for the next authorisation."""

    def __init__(self) -> None:
        self.ledger: dict[str, tuple[int, bool]] = {}
        self.charged: list[tuple[str, int]] = []
        self.returned: list[tuple[str, int]] = []
        self.dead: set[str] = set()
        self.fault = "approve"
        self.card = asyncio.Event()
        self.card.set()
        self.up = True
        self.port = 0
        self._tasks: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while self.up and (line := await reader.readline()):
                asked = json.loads(line)
                answer = await self._answer(asked, writer)
                if answer is None:
                    break
                for _time in range(2 if self.fault == "twice" else 1):
                    writer.write(json.dumps({"id": asked["id"], **answer}).encode() + b"\n")
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            with contextlib.suppress(RuntimeError):
                writer.transport.abort()

    async def _answer(self, asked: dict[str, Any], writer: asyncio.StreamWriter) -> dict[str, Any] | None:
        match asked["do"]:
            case "ping":
                return {"pong": True}
            case "authorise":
                return await self._authorise(asked["ref"], asked["amount"], writer)
            case "query" | "cancel":
                ref = asked["ref"]
                if ref not in self.ledger:
                    self.dead.add(ref)
                    return {"approved": False}
                amount, approved = self.ledger[ref]
                return {"approved": approved, "amount": amount, "approval": "A1"}
            case "refund":
                paid = sum(amount for ref, amount in self.charged if ref == asked["of"])
                back = sum(amount for ref, amount in self.returned if ref == asked["of"])
                fits = asked["amount"] <= paid - back
                self.ledger[asked["ref"]] = (asked["amount"], fits)
                if fits:
                    self.returned.append((asked["of"], asked["amount"]))
                return {"approved": fits, "amount": asked["amount"], "approval": "R1"}
        return {}

    async def _authorise(self, ref: str, amount: int, writer: asyncio.StreamWriter) -> dict[str, Any] | None:
        await self.card.wait()
        fault = self.fault
        if fault == "lose_before":
            return None
        if ref in self.dead:
            return {"approved": False}
        approved = fault != "decline"
        if ref not in self.ledger:
            self.ledger[ref] = (amount, approved)
            if approved:
                self.charged.append((ref, amount))
        if fault == "lose_after":
            return None
        if fault == "silent":
            await asyncio.sleep(3600)
        if fault == "garbage":
            writer.write(random.Random(amount).randbytes(40) + b"\n{}\n[1]\nnull\n")
        return {"approved": approved, "amount": amount, "approval": "A1"}
