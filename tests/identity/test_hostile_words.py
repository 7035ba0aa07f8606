"""The docs tell, for each hostile card of the corpus, the words that a resident gets."""

from __future__ import annotations

from support.hostile_words import BEGIN, END, PAGE, table, told

from tramkit_hal.sim.hostile_cards import HOSTILE
from tramkit_hal.words import render


def test_the_table_in_the_docs_is_what_is_told() -> None:
    stands = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    assert stands == table(), "PYTHONPATH=tests python -m support.hostile_words writes it anew"


def test_nobody_is_told_of_a_hostile_card_in_a_word_of_the_trade() -> None:
    for odd in HOSTILE:
        for language in ("vi", "en"):
            words = render(told(odd), language).casefold()
            assert words
            assert not any(each in words for each in ("sod", "dg1", "apdu", "6982", "pace", "hash", "asn.1"))
