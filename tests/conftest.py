"""What every test shares: nothing may be skipped where CI says so, and Hypothesis repeats itself."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings
from support.chromium import browser, chromium
from support.pcscd import pcscd, shared_pcscd, take_place

settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("ci")

take_place()

__all__ = ["browser", "chromium", "pcscd", "shared_pcscd"]

_skipped: list[str] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what looks through a whole memory where each worker begins: later a process holds much more."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    young = [item for item in items if item.get_closest_marker("young")]
    others = [item for item in items if not item.get_closest_marker("young")]
    share, first = -(-len(others) // workers), -(-len(young) // workers)
    items[:] = [
        item
        for n in range(workers)
        for item in (*young[n * first : (n + 1) * first], *others[n * share : (n + 1) * share])
    ]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped:
        _skipped.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if os.environ.get("CI") == "true" and _skipped:
        print("\nskipped, which CI does not allow:", *_skipped, sep="\n  ")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
