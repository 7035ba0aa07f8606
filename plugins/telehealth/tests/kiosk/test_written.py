"""The written line: T.140 in, T.140 out."""

from __future__ import annotations

from random import Random

import pytest

from tramkit_telehealth.media.written import ERASE, MARK, MAX_TEXT, NEW_LINE, WrittenLine, received, typed


@pytest.mark.parametrize(
    ("before", "after", "sent"),
    [
        ("", "Ông", "Ông"),
        ("Ông", "Ông đau", " đau"),
        ("Ông đua", "Ông đau", ERASE * 2 + "au"),
        ("a\nb", "a\nb\nc", NEW_LINE + "c"),
        ("xin chào", "", ERASE * 8),
    ],
)
def test_only_what_is_different_is_sent(before: str, after: str, sent: str) -> None:
    assert typed(before, after) == sent
    assert received(before, sent) == after


def test_whatever_is_typed_arrives_as_it_stands() -> None:
    seed = 7
    print(f"seed {seed}")
    random, shown, said = Random(seed), "", ""
    for _ in range(300):
        at = random.randrange(len(said) + 1)
        said = said[:at] + random.choice(["ă", "ệ", "x", "\n", " ", "😀"]) + said[at + random.randrange(3) :]
        shown = received(shown, typed(shown, said))
        assert shown == said


def test_control_sequences_bells_and_marks_are_ignored_and_lost_text_is_shown() -> None:
    assert received("", MARK + "a\u0007b\u001b[31mc\u0000\ufffdd\r\ne") == "abc\ufffdd\ne"
    assert received("", ERASE + "a") == "a"


def test_a_flood_keeps_its_end_only() -> None:
    assert received("", "x" * 5000 + "end")[-3:] == "end"
    assert len(received("", "x" * 5000)) == MAX_TEXT


def test_a_new_leg_says_again_what_stands_in_the_line() -> None:
    first: list[str] = []
    second: list[str] = []
    line = WrittenLine()
    line.write("trước khi có kênh")
    line.opened(first.append)
    line.write("trước khi có kênh nào")
    line.got("a")
    line.opened(second.append)
    assert (first, second) == ([MARK + "trước khi có kênh", " nào"], [MARK + "trước khi có kênh nào"])
    assert line.theirs == ""
    line.got(b"xin")
    assert line.theirs == "xin"
    line.forget()
    assert (line.theirs, line.own) == ("", "")
