"""Pages are frozen data that every screen can show and tell."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError
from support.golden_pages import golden_pages, view_of

from tramkit_hal.ui.accessibility import describe
from tramkit_hal.ui.pages import AnyPage, View

PAGES = golden_pages()
any_page: TypeAdapter[AnyPage] = TypeAdapter(AnyPage)


def test_the_golden_pages_have_every_kind() -> None:
    kinds = set("choose ask read check tell wait capture pay call done".split())  # noqa: SIM905
    own = set("attract timeout help settings leave".split())  # noqa: SIM905
    assert {page.kind for page in PAGES.values()} == kinds | own


@pytest.mark.parametrize("name", PAGES)
def test_a_page_survives_json_and_cannot_be_changed(name: str) -> None:
    page = PAGES[name]
    assert any_page.validate_json(any_page.dump_json(page)) == page
    with pytest.raises(ValidationError):
        page.id = "other"  # type: ignore[misc]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_told_in_both_languages(name: str) -> None:
    for language in ("vi", "en"):
        view = view_of(PAGES[name], language=language)
        told = describe(view)
        headings = [item.name for item in told if item.role == "heading"]
        assert headings
        assert all(item.name or item.value for item in told)
        assert View.model_validate_json(view.model_dump_json()) == view


def test_a_page_takes_no_unknown_key() -> None:
    with pytest.raises(ValidationError):
        any_page.validate_python({"kind": "tell", "id": "x", "title": {"id": "x"}, "colour": "red"})
