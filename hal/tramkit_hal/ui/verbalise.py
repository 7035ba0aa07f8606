"""How what is written is said: identity numbers digit by digit, money, dates, times, phone numbers, abbreviations.

A voice reads ``1.366.200 ₫``, ``17/05/1990`` and ``TP.HCM`` wrongly; these rules give it the words that a person would
say. Vietnamese numbers are put into words here, since voices differ in what they make of digits.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Said = Callable[["re.Match[str]"], str]

_DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_SCALES = ("", "nghìn", "triệu", "tỷ", "nghìn tỷ", "triệu tỷ")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
SHORT_NUMBERS = ("111", "112", "113", "114", "115", "1022")
"""Numbers to call, said digit by digit: child protection, rescue, police, fire, ambulance, the city's own line."""

ABBREVIATIONS: dict[str, dict[str, str]] = {
    "vi": {
        "TP.HCM": "Thành phố Hồ Chí Minh",
        "TP. HCM": "Thành phố Hồ Chí Minh",
        "TPHCM": "Thành phố Hồ Chí Minh",
        "TP.": "thành phố",
        "UBND": "Ủy ban nhân dân",
        "HĐND": "Hội đồng nhân dân",
        "BHYT": "bảo hiểm y tế",
        "BHXH": "bảo hiểm xã hội",
        "CCCD": "căn cước công dân",
        "GPLX": "giấy phép lái xe",
        "VNeID": "vê en e ai đi",
        "VietQR": "Việt quy rờ",
        "QR": "quy rờ",
        "SĐT": "số điện thoại",
        "BS.": "bác sĩ",
        "NĐ-CP": "nghị định Chính phủ",
        "TT-BTC": "thông tư Bộ Tài chính",
        "EVN": "e vê en",
        "SAWACO": "sa oa cô",
        "SIM": "xim",
        "PDF": "pê đê ép",
        "mmHg": "mi li mét thủy ngân",
        "SpO2": "nồng độ ô xy trong máu",
        "°C": "độ C",
        "kg": "ki lô gam",
        "cm": "xăng ti mét",
        "%": "phần trăm",
        "ông/bà": "ông bà",
        "Ông/bà": "Ông bà",
        "mg": "mi li gam",
    },
    "en": {
        "TP.HCM": "Ho Chi Minh City",
        "TP. HCM": "Ho Chi Minh City",
        "TPHCM": "Ho Chi Minh City",
        "TP. Hồ Chí Minh": "Ho Chi Minh City",
        "TP.": "City of",
        "UBND": "People's Committee",
        "HĐND": "People's Council",
        "BHYT": "health insurance",
        "BHXH": "social insurance",
        "CCCD": "citizen identity card",
        "GPLX": "driving licence",
        "SĐT": "phone number",
        "BS.": "Doctor",
        "NĐ-CP": "government decree",
        "TT-BTC": "circular of the Ministry of Finance",
        "EVN": "E V N",
        "SAWACO": "Sawaco",
        "SIM": "sim",
        "PDF": "P D F",
        "VNeID": "V N e I D",
        "VietQR": "Viet Q R",
        "QR": "Q R",
        "mmHg": "millimetres of mercury",
        "SpO2": "blood oxygen",
        "°C": "degrees Celsius",
        "mg": "milligrams",
    },
}


def verbalise(words: str, language: str) -> str:
    """Return words as they are to be said.

    :param language: ``vi`` or ``en``.
    """
    for pattern, say in _RULES[language]:
        words = pattern.sub(say, words)
    return " ".join(words.split())


def number_in_words(number: int) -> str:
    """Return a number in Vietnamese words: 2026 is “hai nghìn không trăm hai mươi sáu”.

    :raises ValueError: it is negative or has more than 18 digits.
    """
    if not 0 <= number < 10**18:
        raise ValueError("0 to 10^18")
    if number < 10:
        return _DIGITS[number]
    groups: list[int] = []
    while number:
        number, group = divmod(number, 1000)
        groups.append(group)
    said: list[str] = []
    for place in range(len(groups) - 1, -1, -1):
        if groups[place]:
            said.append(_below_thousand(groups[place], whole=place == len(groups) - 1))
            said.append(_SCALES[place])
    return " ".join(word for word in said if word)


def _below_thousand(number: int, *, whole: bool) -> str:
    """Return a group of three digits; ``whole``: nothing stands before it."""
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    said = [] if whole and not hundreds else [_DIGITS[hundreds], "trăm"]
    if tens == 0:
        if ones:
            said += (["linh"] if said else []) + [_DIGITS[ones]]
        return " ".join(said)
    said += ["mười"] if tens == 1 else [_DIGITS[tens], "mươi"]
    if ones:
        last = {1: "mốt" if tens > 1 else "một", 5: "lăm"}.get(ones, _DIGITS[ones])
        said.append(last)
    return " ".join(said)


def _digit_by_digit(language: str, groups: int) -> Said:
    """Say digits one by one, with a breath after each group."""

    def say(match: re.Match[str]) -> str:
        digits = re.sub(r"\D", "", match[0])
        names = [_DIGITS[int(digit)] if language == "vi" else digit for digit in digits]
        first = len(names) % groups or groups
        parts = [names[:first], *(names[at : at + groups] for at in range(first, len(names), groups))]
        return ", ".join(" ".join(part) for part in parts if part)

    return say


def _plain(written: str) -> int:
    return int(re.sub(r"\D", "", written))


def _date(language: str) -> Said:
    def say(match: re.Match[str]) -> str:
        before, day, month, year = match[1] or "", int(match[2]), int(match[3]), int(match[4])
        if not (1 <= day <= 31 and 1 <= month <= 12):
            return match[0]
        if language == "en":
            return f"{before}{day} {_MONTHS[month - 1]} {year}"
        fourth = "tư" if month == 4 else number_in_words(month)
        return f"ngày {number_in_words(day)} tháng {fourth} năm {number_in_words(year)}"

    return say


def _time(match: re.Match[str]) -> str:
    hour, minute = int(match[1]), int(match[2])
    if hour > 23 or minute > 59:
        return match[0]
    minutes = f" {number_in_words(minute)} phút" if minute else ""
    return f"{number_in_words(hour)} giờ{minutes}"


def _abbreviations(language: str) -> tuple[re.Pattern[str], Said]:
    table = ABBREVIATIONS[language]
    longest = sorted(table, key=len, reverse=True)
    pattern = "|".join((r"(?<!\w)" if short[0].isalpha() else "") + re.escape(short) + r"(?!\w)" for short in longest)
    return re.compile(pattern), lambda match: f" {table[match[0]]} "


def _stars(language: str, word: str) -> tuple[re.Pattern[str], Said]:
    """Say a number that is partly hidden, digit by digit."""
    names = {str(digit): name for digit, name in enumerate(_DIGITS if language == "vi" else "0123456789")}
    names["•"] = word
    return re.compile(r"\d*•+\d*"), lambda match: " ".join(names[each] for each in match[0])


def _masked_name(language: str, word: str) -> tuple[re.Pattern[str], Said]:
    """Say a name that is partly hidden, "PH** Q. D.", letter by letter."""

    def said(match: re.Match[str]) -> str:
        signs = (word if each == "*" else _LETTERS.get(each, each) if language == "vi" else each for each in match[0])
        return " ".join(signs)

    return re.compile(r"(?<!\w)[^\W\d_]+\*+"), said


_LETTERS = {
    **{"A": "a", "B": "bê", "C": "xê", "D": "đê", "E": "e", "F": "ép", "G": "giê", "H": "hát", "I": "i", "J": "gi"},
    **{"K": "ca", "L": "lờ", "M": "mờ", "N": "nờ", "O": "o", "P": "pê", "Q": "quy", "R": "rờ", "S": "sờ", "T": "tê"},
    **{"U": "u", "V": "vê", "W": "vê kép", "X": "ích", "Y": "y", "Z": "dét"},
}
"""Names of the letters as they are spelled on the phone."""

_SHORT_CODE = 6
"""Letters and digits of a group that are said one by one; longer ones in runs."""


def _spelled(language: str) -> Said:
    """Say a code letter by letter: ``K7Q29 MX4AT``, ``PE01000123456``."""

    def name(sign: str) -> str:
        if sign.isdigit():
            return _DIGITS[int(sign)] if language == "vi" else sign
        return _LETTERS[sign] if language == "vi" else sign

    def run(signs: str) -> str:
        if not signs.isdigit():
            return " ".join(name(sign) for sign in signs)
        return ", ".join(" ".join(name(sign) for sign in group) for group in _fours(signs))

    def say(match: re.Match[str]) -> str:
        said: list[str] = []
        for group in re.split(r"[^A-Z0-9]+", match[0]):
            parts = list(group) if len(group) <= _SHORT_CODE else re.findall(r"[A-Z]+|[0-9]+", group)
            said += [run(part) for part in parts]
        return ", ".join(said)

    return say


def _unless_short(say: Said) -> Said:
    """Leave what is too short for a code as it is: ``B1``, ``H29``."""
    return lambda match: match[0] if sum(sign.isalnum() for sign in match[0]) < _LEAST_CODE else say(match)


def _fours(digits: str) -> list[str]:
    """Return digits in fours from the left; a last one that would stand alone joins the four before it."""
    groups = [digits[at : at + 4] for at in range(0, len(digits), 4)]
    return [*groups[:-2], groups[-2] + groups[-1]] if len(groups) > 1 and len(groups[-1]) == 1 else groups


def _account(language: str) -> Said:
    """Say the number of an account digit by digit, in the groups in which it is written."""

    def say(match: re.Match[str]) -> str:
        written = match[0].split()
        groups = written if len(written) > 1 else _fours(written[0])
        names = (" ".join(_DIGITS[int(digit)] if language == "vi" else digit for digit in group) for group in groups)
        return ", ".join(names)

    return say


def _month(language: str) -> Said:
    def say(match: re.Match[str]) -> str:
        month, year = int(match[2]), int(match[3])
        if not 1 <= month <= 12:
            return match[0]
        if language == "en":
            return f"{match[1] or ''}{_MONTHS[month - 1]} {year}"
        return f"tháng {'tư' if month == 4 else number_in_words(month)} năm {number_in_words(year)}"

    return say


def _decimal(match: re.Match[str]) -> str:
    whole, fraction = number_in_words(int(match[1])), match[2].rstrip("0")
    if not fraction:
        return whole
    places = " ".join(["không"] * (len(fraction) - len(fraction.lstrip("0"))) + [number_in_words(int(fraction))])
    return f"{whole} phẩy {places}"


_CODE = re.compile(
    r"(?<![\w/])(?=[A-Z0-9. -]*\d)(?=[A-Z0-9. -]*[A-Z])"
    r"(?:[A-Z0-9]{5}(?: [A-Z0-9]{5})+|[A-Z0-9]+(?:[.-][A-Z0-9]+)*)(?![\w/])"
)
_LEAST_CODE = 4
_ADDRESS = re.compile(r"https?://\S*[^\s.,;:!?)]")
_GROUPED_ACCOUNT = re.compile(r"(?<![\d.,/])(?!1[89]00)\d{4} \d{4}(?: \d{1,5})*(?![\d/]|[.,]\d| ?₫)")
_ACCOUNT = re.compile(r"(?<![\d.,/])\d{7,20}(?![\d/]|[.,]\d| ?₫| dong)")
_MONTH = re.compile(r"(tháng:? +|month:? +)?(?<![\d/])(\d{1,2})/((?:19|20)\d{2})(?![\d/])", re.IGNORECASE)
_RATE = re.compile(r"(?<=[\w%]) ?/ ?(năm|tháng|ngày|người|phút|lần|giờ|year|month|day|minute)(?!\w)")
_NUMBER = r"\d{1,3}(?:\.\d{3})+|\d+"
_PHONE = re.compile(r"(?<![\d.])(?:\+84|0)(?:[ .]?\d){8,10}(?![\d.]*\d)|(?<!\d)1[89]00(?:[ .]?\d){4,6}(?!\d)")
_IDENTITY = re.compile(r"(?<!\d)(?:\d{12}|\d{9})(?!\d)")
_SHORT = re.compile(rf"(?<![\d.,/])(?:{'|'.join(SHORT_NUMBERS)})(?![\d/]|[.,]\d| ?₫)")
_DATE = re.compile(r"(ngày\s+|on\s+)?(?<!\d)(\d{1,2})/(\d{1,2})/(\d{4})(?!\d)", re.IGNORECASE)

_RULES: dict[str, tuple[tuple[re.Pattern[str], Said], ...]] = {
    "vi": (
        (_ADDRESS, lambda _match: "có trên màn hình"),
        _masked_name("vi", "sao"),
        _stars("vi", "sao"),
        (re.compile(rf"({_NUMBER})\s*₫"), lambda match: f"{number_in_words(_plain(match[1]))} đồng"),
        (_CODE, _unless_short(_spelled("vi"))),
        (_GROUPED_ACCOUNT, _account("vi")),
        (_IDENTITY, _digit_by_digit("vi", 3)),
        (_PHONE, _digit_by_digit("vi", 3)),
        (_SHORT, _digit_by_digit("vi", 4)),
        (_DATE, _date("vi")),
        (_MONTH, _month("vi")),
        (_ACCOUNT, _account("vi")),
        (_RATE, lambda match: f" một {match[1]}"),
        (re.compile(r"(?<!\d)(\d{1,2}):(\d{2})(?!\d)"), _time),
        (re.compile(r"(?<!\d)(\d{2,3})/(\d{2,3})(?=\s*mmHg)"), lambda match: f"{match[1]} trên {match[2]}"),
        _abbreviations("vi"),
        (re.compile(r"(?<!\d)(\d+),(\d{1,2})(?!\d)"), _decimal),
        (re.compile(rf"(?<![\d\w])({_NUMBER})(?!\w)"), lambda match: number_in_words(_plain(match[1]))),
    ),
    "en": (
        (_ADDRESS, lambda _match: "on the screen"),
        _masked_name("en", "star"),
        _stars("en", "star"),
        (re.compile(rf"({_NUMBER})\s*₫"), lambda match: f"{_plain(match[1])} dong"),
        (_CODE, _unless_short(_spelled("en"))),
        (_GROUPED_ACCOUNT, _account("en")),
        (_IDENTITY, _digit_by_digit("en", 3)),
        (_PHONE, _digit_by_digit("en", 3)),
        (_SHORT, _digit_by_digit("en", 4)),
        (_DATE, _date("en")),
        (_MONTH, _month("en")),
        (_ACCOUNT, _account("en")),
        (_RATE, lambda match: f" a {match[1]}"),
        (re.compile(r"(?<!\d)(\d{2,3})/(\d{2,3})(?=\s*mmHg)"), lambda match: f"{match[1]} over {match[2]}"),
        _abbreviations("en"),
        (re.compile(r"(?<![\d\w])(\d{1,3}(?:\.\d{3})+)(?!\w)"), lambda match: str(_plain(match[1]))),
    ),
}
