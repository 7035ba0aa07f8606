"""Logs are structured lines that tell where a fault was and nothing of whom it met."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from tramkit import log

CANARY = "Nguyễn Thị Chim Hoàng Yến 079152000123"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """The station's log; pytest's own handlers are put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    stream = io.StringIO()
    log.configure("debug", stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def entries(lines: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


class Account(BaseModel):
    """What a resident typed."""

    amount: int


def test_each_line_is_one_json_object_with_named_fields(lines: io.StringIO) -> None:
    logging.getLogger("tramkit.test").info("card read failed", extra={"role": "id_reader"})
    (entry,) = entries(lines)
    assert entry["event"] == "card read failed"
    assert (entry["role"], entry["level"], entry["logger"]) == ("id_reader", "info", "tramkit.test")
    assert str(entry["timestamp"]).endswith("Z")


def test_an_exception_is_told_by_type_and_place_and_never_by_its_message(lines: io.StringIO) -> None:
    try:
        try:
            Account.model_validate({"amount": CANARY})
        except ValueError as error:
            raise RuntimeError(CANARY) from error
    except RuntimeError:
        logging.getLogger("tramkit.test").exception("service raised")
    (entry,) = entries(lines)
    assert str(entry["error"]).startswith("RuntimeError at test_log.py:")
    assert "ValidationError at " in str(entry["because"])
    assert "test_log.py:" in str(entry["because"])
    assert CANARY not in lines.getvalue()
    assert "079152000123" not in lines.getvalue()


def test_a_chain_of_causes_that_bites_its_tail_ends(lines: io.StringIO) -> None:
    one, two = RuntimeError("one"), RuntimeError("two")
    one.__cause__, two.__cause__ = two, one
    logging.getLogger("tramkit.test").error("odd", exc_info=one)
    assert len(entries(lines)[0]["because"]) == log.MAX_CHAIN - 1  # type: ignore[arg-type]


def test_a_long_field_is_cut(lines: io.StringIO) -> None:
    logging.getLogger("tramkit.test").info("long", extra={"reason": "x" * 10_000})
    assert len(str(entries(lines)[0]["reason"])) == log.MAX_FIELD + 1


def test_libraries_that_would_tell_addresses_are_quiet(lines: io.StringIO) -> None:
    logging.getLogger("aiohttp.access").info("GET /?token=secret")
    logging.getLogger("aioice.ice").info("candidate 192.0.2.1")
    assert lines.getvalue() == ""


def test_logs_go_to_a_file_where_one_is_named(tmp_path, lines: io.StringIO) -> None:
    file = tmp_path / "station.log"
    log.configure("info", str(file))
    logging.getLogger("tramkit.test").info("here")
    log.configure("info", stream=lines)
    assert json.loads(file.read_text(encoding="utf-8"))["event"] == "here"
