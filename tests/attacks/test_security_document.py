"""The page on security is what the tests show, and nothing else."""

from __future__ import annotations

from support.security_report import DOCUMENT, document


def test_the_page_on_security_is_what_the_tests_show() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "run: cd tests && python -m support.security_report"
