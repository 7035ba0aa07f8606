"""The reference adapter of a payment terminal: a process between the station's socket and an acquirer.

    python -m tramkit_hal.drivers.terminal_adapter --listen terminal.sock --journal terminal.sqlite --acquirer HOST:PORT

docs/terminal-protocol.md describes both sides. What it holds to is what an adapter round an acquirer's own library must
hold to: a number is written down before the acquirer hears of it, an answer that did not come is unknown, and unknown
is cleared up by asking.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tramkit_hal.contracts.payment_terminal import Charge

PROTOCOL = 1
MAX_LINE = 16 * 1024
QUERY_SECONDS = 3.0

SCHEMA = """
CREATE TABLE IF NOT EXISTS charges (
    ref TEXT PRIMARY KEY, of TEXT NOT NULL, amount INTEGER NOT NULL, state TEXT NOT NULL, approval TEXT NOT NULL)
    STRICT;
"""


class Journal:
    """What the adapter was asked to do, on disk before anybody else hears of it."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; {SCHEMA}")
        self._db.execute("UPDATE charges SET state = ? WHERE state = ?", (Charge.UNKNOWN, Charge.PENDING))

    def row(self, ref: str) -> tuple[str, int, Charge, str] | None:
        found = self._db.execute("SELECT of, amount, state, approval FROM charges WHERE ref = ?", (ref,)).fetchone()
        return (found[0], found[1], Charge(found[2]), found[3]) if found else None

    def begin(self, ref: str, of: str, amount: int) -> None:
        self._db.execute("INSERT INTO charges VALUES (?, ?, ?, ?, '')", (ref, of, amount, Charge.PENDING))

    def settle(self, ref: str, charge: Charge, approval: str = "") -> None:
        self._db.execute("UPDATE charges SET state = ?, approval = ? WHERE ref = ?", (charge, approval, ref))

    def close(self) -> None:
        self._db.close()


class Acquirer:
    """The line to the acquirer: one question, one answer; in its place stands the acquirer's library."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._numbers = itertools.count(1)

    async def ask(self, **question: Any) -> dict[str, Any]:
        """Ask over a connection of its own.

        :raises OSError: nobody knows what the acquirer did.
        """
        reader, writer = await asyncio.open_connection(self._host, self._port, limit=MAX_LINE)
        try:
            number = next(self._numbers)
            writer.write(json.dumps({"id": number, **question}).encode() + b"\n")
            await writer.drain()
            while line := await reader.readline():
                with contextlib.suppress(ValueError):
                    told: Any = json.loads(line)
                    if isinstance(told, dict) and told.get("id") == number:  # pyright: ignore[reportUnknownMemberType]
                        return told  # pyright: ignore[reportUnknownVariableType]
            raise ConnectionError("no answer")
        finally:
            writer.close()


class Adapter:
    """Answers the station."""

    def __init__(self, journal: Journal, acquirer: Acquirer, tell: Callable[[str], None]) -> None:
        self._journal, self._acquirer, self._tell = journal, acquirer, tell
        self._prompting: dict[str, asyncio.Task[None]] = {}

    async def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        match asked:
            case {"do": "hello"}:
                return {"protocol": PROTOCOL, "model": "reference adapter", "serial": "1", "refund": True}
            case {"do": "status"}:
                return {"acquirer": await self._reachable()}
            case {"do": "start", "ref": str(ref), "amount": int(amount)} if amount > 0:
                return self._start(ref, amount)
            case {"do": "cancel", "ref": str(ref)}:
                return await self._cancel(ref)
            case {"do": "inquire", "ref": str(ref)}:
                return await self._inquire(ref)
            case {"do": "refund", "ref": str(ref), "refund_ref": str(back), "amount": int(amount)} if amount > 0:
                return await self._refund(ref, back, amount)
            case _:
                return {"error": "unsupported"}

    async def _reachable(self) -> bool:
        try:
            async with asyncio.timeout(QUERY_SECONDS):
                return (await self._acquirer.ask(do="ping")).get("pong") is True
        except (OSError, TimeoutError):
            return False

    def _start(self, ref: str, amount: int) -> dict[str, Any]:
        row = self._journal.row(ref)
        if row is None:
            if self._prompting:
                return {"error": "claimed"}
            self._journal.begin(ref, "", amount)
            self._prompting[ref] = asyncio.create_task(self._authorise(ref, amount))
            self._tell("prompt")
        elif row[1] != amount:
            return {"error": "unsupported"}
        return self._result(ref)

    async def _authorise(self, ref: str, amount: int) -> None:
        try:
            told = await self._acquirer.ask(do="authorise", ref=ref, amount=amount)
            self._settle(ref, told)
        except OSError:
            self._journal.settle(ref, Charge.UNKNOWN)
        finally:
            self._prompting.pop(ref, None)
            self._tell("result")

    def _settle(self, ref: str, told: dict[str, Any]) -> None:
        """Write what the acquirer said; what it did not say in so many words stays unknown."""
        row = self._journal.row(ref)
        if told.get("approved") is True and row is not None and told.get("amount") == row[1]:
            self._journal.settle(ref, Charge.SETTLED, str(told.get("approval", ""))[:40])
        elif told.get("approved") is False:
            self._journal.settle(ref, Charge.DECLINED)
        else:
            self._journal.settle(ref, Charge.UNKNOWN)

    async def _cancel(self, ref: str) -> dict[str, Any]:
        row = self._journal.row(ref)
        if row is None:
            self._journal.begin(ref, "", 0)  # nothing will ever be taken under this number
            self._journal.settle(ref, Charge.DECLINED)
        elif row[2] in (Charge.PENDING, Charge.UNKNOWN):
            await self._clear_up(ref, "cancel")
        return self._result(ref)

    async def _inquire(self, ref: str) -> dict[str, Any]:
        row = self._journal.row(ref)
        if row is not None and row[2] is Charge.UNKNOWN:
            await self._clear_up(ref, "query")
        return self._result(ref)

    async def _clear_up(self, ref: str, do: str) -> None:
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(QUERY_SECONDS):
                self._settle(ref, await self._acquirer.ask(do=do, ref=ref))

    async def _refund(self, ref: str, back: str, amount: int) -> dict[str, Any]:
        if self._journal.row(back) is None:
            self._journal.begin(back, ref, amount)
            try:
                async with asyncio.timeout(QUERY_SECONDS):
                    self._settle(back, await self._acquirer.ask(do="refund", ref=back, of=ref, amount=amount))
            except (OSError, TimeoutError):
                self._journal.settle(back, Charge.UNKNOWN)
        return self._result(back)

    def _result(self, ref: str) -> dict[str, Any]:
        row = self._journal.row(ref)
        if row is None:
            return {"charge": Charge.NOT_FOUND.value}
        amount = row[1] if row[2] is Charge.SETTLED else 0
        return {"charge": row[2].value, "amount": amount, "approval": row[3]}


async def serve(listen: str, journal: Journal, acquirer: Acquirer) -> None:
    """Answer every station that connects, until cancelled."""
    writers: set[asyncio.StreamWriter] = set()

    def tell(event: str) -> None:
        for writer in writers:
            writer.write(json.dumps({"event": event}).encode() + b"\n")

    adapter = Adapter(journal, acquirer, tell)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        running: set[asyncio.Task[None]] = set()

        async def reply(asked: dict[str, Any]) -> None:
            told = await adapter.answer(asked)
            writer.write(json.dumps({"id": asked.get("id"), **told}).encode() + b"\n")

        try:
            while line := await reader.readline():
                asked: Any = json.loads(line)
                task = asyncio.create_task(reply(asked))
                running.add(task)
                task.add_done_callback(running.discard)
        except (OSError, ValueError):
            pass
        finally:
            writers.discard(writer)
            writer.close()

    server = await asyncio.start_unix_server(handle, listen, limit=MAX_LINE)
    async with server:
        await server.serve_forever()


def main(arguments: list[str]) -> None:
    """Run the adapter until it is told to stop."""
    parser = argparse.ArgumentParser(description="The reference adapter of a payment terminal.")
    parser.add_argument("--listen", required=True, help="UNIX socket that the station connects to")
    parser.add_argument("--journal", required=True, help="SQLite file, which outlives a power cut")
    parser.add_argument("--acquirer", required=True, help="host:port")
    given = parser.parse_args(arguments)
    host, _colon, port = given.acquirer.rpartition(":")
    Path(given.listen).unlink(missing_ok=True)
    os.umask(0o177)  # the socket is its owner's
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(given.listen, Journal(given.journal), Acquirer(host, int(port))))


if __name__ == "__main__":
    main(sys.argv[1:])
