"""`make accessibility` tells a plugin's page that breaks a rule: the page, the element and the measured value."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.async_api import Browser
from support.accessibility_report import points_of, report
from support.golden_pages import core_pages, plugin_pages
from support.measure_accessibility import measure
from support.plugins import install

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LONG = "Nhà nước quy định rằng " + "người dân có quyền được biết và được hỏi và được trả lời rõ ràng đầy đủ " * 12
BAD = {
    "breathless": {"kind": "read", "id": "long", "title": {"id": "Read this"}, "body": [{"id": LONG}]},
}


async def test_a_plugins_page_that_breaks_a_rule_is_told_with_element_and_value(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "wordy")
    (tmp_path / "toy_wordy" / "golden.json").write_text(json.dumps(BAD), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    pages = {name: page for name, page in plugin_pages().items() if name.startswith("wordy: ")}
    assert len(pages) == 1, "the pages of an installed plugin are found"
    found = await measure(browser, pages, ["landscape"], ["×2"])
    assert any("wordy: breathless (vi):" in fault and "s of speech in one piece" in fault for fault in found.faults)
    assert {point.result for point in points_of(found) if point.number == "1.4.4"} == {"not met"}


async def test_the_report_has_every_figure(browser: Browser) -> None:
    found = await measure(browser, {"leave": core_pages()["leave"]}, ["portrait"], ["normal"])
    assert found.faults == []
    text = report(found)
    assert "1 pages" in text
    assert "| in the menu | 60 |" in text
    assert {point.result for point in points_of(found)} == {"met", "not measurable here"}
