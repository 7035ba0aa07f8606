"""What each plugin ships as its golden pages is what its conversations show today, page by page."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
import support.golden_shapes  # noqa: F401  (what is drawn by lot)
from support.golden_walks import WALKS, pages_of

from tramkit.testing.golden import MEMO, RECEIPT, hold, steady
from tramkit_hal.ui.pages import Done, Fact, Pay
from tramkit_hal.words import Messages, Money, verbatim
from tramkit_payments.vietqr import parse, payload

_ = Messages("tramkit")


@pytest.mark.parametrize("plugin", list(WALKS))
async def test_the_golden_pages_of_a_plugin_are_those_that_it_shows(tmp_path: Path, plugin: str) -> None:
    hold(Path(str(files(f"tramkit_{plugin}") / "golden.json")), await pages_of(plugin, tmp_path))


def _pay(account: str, memo: str, code: str) -> Pay:
    """Return the page of a payment."""
    return Pay(
        id=f"pay-{memo}",
        revision=len(memo),
        title=_("Please pay"),
        payee=verbatim("EVN"),
        amount=Money(amount=50_000),
        body=(
            _("{label}: {value}", label=_("Account"), value=verbatim(account)),
            _("{label}: {value}", label=_("Transfer message"), value=verbatim(memo)),
            _("Your receipt code: {code}", code=code),
        ),
        code=payload("970436", account, 50_000, memo),
    )


def test_what_is_drawn_by_lot_is_steady_and_all_else_counts(tmp_path: Path) -> None:
    first, again = (
        steady(_pay("0011223344", memo, code)) for memo, code in (("TKX1", "A1B2C 3D4E5"), ("TKY2", "00000 11111"))
    )
    assert first == again
    assert parse(first["code"]).memo == MEMO
    assert first["body"][2]["params"]["code"] == RECEIPT
    assert steady(_pay("9988776655", "TKX1", "A1B2C 3D4E5")) != first
    facts = (
        Fact(label=_("Receipt code"), value=verbatim("A1B2C 3D4E5")),
        Fact(label=_("Payee"), value=verbatim("EVN")),
    )
    done = steady(Done(id="done", title=_("It is paid. Thank you"), facts=facts))
    assert [fact["value"]["id"] for fact in done["facts"]] == [RECEIPT, "EVN"]


def test_a_page_that_changed_is_gone_or_is_not_written_down_fails_with_its_name(tmp_path: Path) -> None:
    file, page = tmp_path / "golden.json", {"title": "Please pay", "amount": 1}
    hold(file, {"pay": page, "done": page}, recording=True)
    hold(file, {"done": page, "pay": page}, recording=False)
    for shown, said in (
        ({"pay": page}, "done: no walk shows it"),
        ({"pay": page, "done": page, "wait": page}, "wait: not written down"),
        ({"pay": page, "done": page | {"amount": 2}}, '+ "amount": 2'),
    ):
        with pytest.raises(AssertionError) as failed:
            hold(file, shown, recording=False)
        assert said in str(failed.value)
