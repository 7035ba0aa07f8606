"""Which keys stand where. A key is the character it types, one of Unicode's tone marks, or one of the words below."""

from __future__ import annotations

from tramkit_hal.ui.keyboard.syllables import ToneMark
from tramkit_hal.ui.keyboard.typing import DELETE

SHIFT = "shift"
SPACE = " "
WAY = "way"
"""The key that changes between direct typing, Telex and VNI."""

Row = tuple[str, ...]

_DIGITS: Row = tuple("1234567890")
_LETTERS: tuple[Row, ...] = (tuple("qwertyuiop"), tuple("asdfghjkl"), (SHIFT, *"zxcvbnm", DELETE))
DIRECT: tuple[Row, ...] = (tuple("ăâđêôơư"), tuple(tone.value for tone in ToneMark if tone))
"""The rows that stand there for direct typing only."""

ROWS: dict[str, tuple[Row, ...]] = {
    "digits": (tuple("123"), tuple("456"), tuple("789"), ("", "0", DELETE)),
    "vietnamese": (_DIGITS, *DIRECT, *_LETTERS, (WAY, ",", SPACE, "/", ".", "-")),
    "email": (_DIGITS, *_LETTERS, ("_", "-", "@", ".", ".com", ".vn")),
    "letters": (_DIGITS, *_LETTERS, ("-", "_", SPACE, "@", ".", "/")),
}
"""The rows of each keyboard, by :attr:`tramkit_hal.pages.Control.keyboard`; ``""`` leaves a gap."""

TONE_NAMES = {
    ToneMark.ACUTE.value: "sắc",
    ToneMark.GRAVE.value: "huyền",
    ToneMark.HOOK.value: "hỏi",
    ToneMark.TILDE.value: "ngã",
    ToneMark.DOT.value: "nặng",
}
"""What is written on the keys of tones: every Vietnamese knows them by name."""
