"""What the tests of the HAL share: a failure is told by pytest, whatever is collected as rubbish meanwhile."""

from __future__ import annotations

import gc
from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Collect no rubbish while a failure is written down.

    pytest parses the source of each frame. In early CPython 3.11 and 3.12 (3.11.7 is one) a second parse within a
    parse is a SystemError ("AST constructor recursion depth mismatch", gh-106905), which ends the whole run: a task
    that is collected just then, and whose error nobody took, is logged with its traceback, and to log that is to parse.
    """
    on = gc.isenabled()
    gc.disable()
    try:
        return (yield)
    finally:
        if on:
            gc.enable()
