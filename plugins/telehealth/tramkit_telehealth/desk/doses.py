"""What a prescription's line comes to: milligrams of a unit, units of a day, days; read from the doctor's own words."""

from __future__ import annotations

import re
import unicodedata

UNITS = r"(?:vien|goi|ong|nang|v|tablets?|capsules?|sachets?|pills?)"
_NUMBER = r"(\d+(?:[.,/]\d+)?)"
_MASS = {"mcg": 0.001, "µg": 0.001, "ug": 0.001, "mg": 1.0, "g": 1000.0}
_STRENGTH = re.compile(r"(\d+(?:[.,]\d+)?)\s*(mcg|µg|ug|mg|g)?\b(?!\s*(?:%|/?\s*ml|ml|iu|ui))", re.IGNORECASE)
_LIQUID = re.compile(r"%|\bml\b|\biu\b|\bui\b|li[eề]u|dose|gi[oờ]\b", re.IGNORECASE)
_DAYS = {"ngay": 1, "day": 1, "days": 1, "tuan": 7, "week": 7, "weeks": 7, "thang": 30, "month": 30, "months": 30}
_NOT_SWALLOWED = re.compile(r"\b(?:boi|nho|xit|hit|rua|ngam|apply|drops?|inhale|spray|dan|dat)\b")

_COUNTED = re.compile(r"(\d+) ?lan ?(?:/|mot|moi|trong) ?ngay|ngay (?:uong )?(\d+) lan|x (\d+) ?lan|(\d+) times")
_DAILY = re.compile(r"\bonce\b|/ ?ngay|\bngay\b|a day|daily|(?:moi|buoi) (?:sang|toi|trua|chieu)|truoc an sang")


def flat(text: str) -> str:
    """Return text in small letters without accents, with ``x`` for every sign of multiplication."""
    text = text.replace("đ", "d").replace("Đ", "D").replace("×", " x ").replace("*", " x ")
    kept = unicodedata.normalize("NFKD", text).lower()
    return " ".join("".join(letter for letter in kept if not unicodedata.combining(letter)).split())


def number(written: str) -> float:
    """Return ``1/2``, ``0,5`` or ``2`` as a number."""
    if "/" in written:
        above, below = written.split("/")
        return float(above) / float(below) if float(below) else 0.0
    return float(written.replace(",", "."))


def strengths(text: str) -> list[float]:
    """Return the milligrams that a strength names, in its order: ``37,5/325 mg``, ``1 g``; empty: it is no mass.

    A number without a unit takes that of the next one.
    """
    if _LIQUID.search(text):
        return []
    found: list[tuple[float, str]] = [(number(n), unit.lower()) for n, unit in _STRENGTH.findall(text)]
    milligrams: list[float] = []
    unit = ""
    for value, own in reversed(found):
        unit = own or unit
        if unit:
            milligrams.append(value * _MASS[unit])
    return milligrams[::-1]


def is_swallowed(directions: str) -> bool:
    """Tell whether a medicine is taken by mouth, as far as its directions say."""
    return _NOT_SWALLOWED.search(flat(directions)) is None


def units_a_day(directions: str) -> float | None:
    """Return how many units are taken in a day; None: the directions do not say it in a way that is understood."""
    said = flat(directions)
    if re.search(r"moi tuan|a week|once weekly|/tuan|lan/tuan|duy nhat", said):
        return None
    parts = re.findall(rf"(?:sang|trua|chieu|toi)\s*(?:uong\s*)?:?\s*{_NUMBER}\s*{UNITS}\b", said)
    if parts:
        return sum(number(each) for each in parts)
    each_time = re.search(rf"moi lan (?:uong )?{_NUMBER}", said) or re.search(rf"{_NUMBER}\s*{UNITS}\b", said)
    times = _times_a_day(said)
    return number(each_time[1]) * times if each_time and times else None


def _times_a_day(said: str) -> float | None:
    if every := re.search(r"(?:moi|every) (\d+) ?(?:gio|hours?|h)\b", said):
        return 24 / int(every[1]) if 0 < int(every[1]) <= 24 else None
    if counted := _COUNTED.search(said):
        return float(next(group for group in counted.groups() if group))
    if re.search(r"\btwice\b", said):
        return 2.0
    return 1.0 if _DAILY.search(said) else None


def days(amount: str, directions: str) -> float | None:
    """Return for how many days a line is: as the directions say, else as long as the amount lasts; None: not known."""
    said = f"{flat(directions)} "
    stated = re.findall(r"(?<![/\d])(\d+) (ngay|days?|tuan|weeks?|thang|months?)\b", said)
    if stated:
        return max(int(count) * _DAYS[unit] for count, unit in stated)
    whole = re.match(rf"{_NUMBER}\s*{UNITS}\b", flat(amount))
    daily = units_a_day(directions)
    return number(whole[1]) / daily if whole and daily else None
