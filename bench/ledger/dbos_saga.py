"""The same saga with DBOS on SQLite, run by the peers' own Python: reads ``each N`` or ``together N``, answers.

Steps that are durable: collect → fulfil → receipt, as the station's are. The database is set to what the ledger has
(write-ahead log, ``synchronous=FULL``) unless ``--defaults`` is given: DBOS' own are slower, and can lose the last
commit in a power cut.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import sqlalchemy
from dbos import DBOS, DBOSConfig, SetWorkflowID  # pyright: ignore[reportMissingImports]
from sqlalchemy import event


def engine_of(file: Path) -> sqlalchemy.Engine:
    """Return an engine as durable and as fast as SQLite can be."""
    engine = sqlalchemy.create_engine(f"sqlite:///{file}")

    @event.listens_for(engine, "connect")
    def settle(connection: Any, _record: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 30000", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


@DBOS.step()
def collect(order: dict[str, Any]) -> dict[str, Any]:
    """Take the money: the other side answers at once."""
    return {"amount": order["amount"], "reference": "FT123456789012"}


@DBOS.step()
def fulfil(order: dict[str, Any]) -> dict[str, Any]:
    """Do what was ordered."""
    return {"reference": "AG123456789012"}


@DBOS.step()
def receipt(order: dict[str, Any]) -> str:
    """Say that it is done."""
    return "done"


@DBOS.workflow()
def saga(order: dict[str, Any]) -> str:
    """Carry an order out."""
    collect(order)
    fulfil(order)
    return receipt(order)


def main() -> None:
    """Run as many sagas as each line of the input asks for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("--defaults", action="store_true")
    words = parser.parse_args()
    config: DBOSConfig = {"name": "saga", "log_level": "ERROR", "run_admin_server": False}
    if words.defaults:
        config["system_database_url"] = f"sqlite:///{words.file}"
    else:
        config["system_database_engine"] = engine_of(words.file)
    DBOS(config=config)
    DBOS.launch()
    done = 0
    print("ready", flush=True)
    order = {"service": "bench", "payee": "EVN", "amount": 1000, "bill": "x" * 60}
    for line in sys.stdin:
        took: list[float] = []
        how, count = line.split()
        if how == "together":
            began = time.perf_counter()
            for handle in [DBOS.start_workflow(saga, order) for _saga in range(int(count))]:
                handle.get_result()
            took.append(time.perf_counter() - began)
        else:
            for _saga in range(int(count)):
                done += 1
                began = time.perf_counter()
                with SetWorkflowID(f"o{done}"):
                    saga(order)
                took.append(time.perf_counter() - began)
        print(json.dumps(took), flush=True)
    DBOS.destroy()


if __name__ == "__main__":
    main()
