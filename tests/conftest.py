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


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped:
        _skipped.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if os.environ.get("CI") == "true" and _skipped:
        print("\nskipped, which CI does not allow:", *_skipped, sep="\n  ")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
