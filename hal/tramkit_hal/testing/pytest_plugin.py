"""``pytest --hal-report FILE``: what the conformance suite found, as JSON lines, one for each device and case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def pytest_addoption(parser: Any) -> None:
    """Add the option."""
    parser.addoption("--hal-report", default="", help="Write what the device conformance suite found to this file.")


def pytest_runtest_logreport(report: Any) -> None:
    """Keep what came of a case."""
    if report.when == "call" and "[HAL-" in report.nodeid:
        test, _bracket, case = report.nodeid.rpartition("[")
        note = next((text for _name, text in report.sections if "is not for this rig" in text), "")
        outcome = "not_run" if note and report.passed else report.outcome
        _found.append({"device": test.split("::")[-2], "case": case.rstrip("]"), "outcome": outcome})


_found: list[dict[str, str]] = []


def pytest_sessionfinish(session: Any) -> None:
    """Write the report."""
    file = session.config.getoption("--hal-report")
    if file:
        lines = "".join(json.dumps(each) + "\n" for each in _found)
        Path(file).write_text(lines, encoding="utf-8")
