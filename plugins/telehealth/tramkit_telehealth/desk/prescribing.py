"""What is checked before a prescription leaves the desk, and the code it gets (Circular 26/2025/TT-BYT)."""

from __future__ import annotations

import secrets
import string
import tomllib
import unicodedata
from functools import cache
from importlib import resources
from typing import Any

from tramkit_telehealth.desk.page_protocol import Draft, Trouble

ALPHABET = string.digits + string.ascii_lowercase
ORDINARY = "c"
"""The type of a prescription: ``c`` ordinary, ``n`` narcotic, ``h`` psychotropic, ``y`` traditional medicine."""


def prescription_code(facility: str) -> str:
    """Return a new code: five characters of the facility, seven at random, the type; ``79001a1b2c3d-c``."""
    return facility + "".join(secrets.choice(ALPHABET) for _ in range(7)) + "-" + ORDINARY


def check(draft: Draft) -> tuple[Trouble, str] | None:
    """Return what keeps a draft from becoming a summary, and the name of the field; None: nothing."""
    if not draft.conclusion.strip():
        return Trouble.INCOMPLETE, "draft.conclusion"
    for number, medicine in enumerate(draft.prescription):
        for key in ("name", "amount", "directions"):
            if not getattr(medicine, key).strip():
                return Trouble.INCOMPLETE, f"draft.prescription.{number}.{key}"
        if is_controlled(medicine.name):
            return Trouble.BLOCKED, f"draft.prescription.{number}.name"
    return None


def is_controlled(name: str) -> bool:
    """Tell whether a medicine's name holds a narcotic or psychotropic substance."""
    plain = "".join(letter if letter.isalnum() else " " for letter in unicodedata.normalize("NFKD", name).lower())
    return any(word in _controlled() for word in plain.split())


def warnings(draft: Draft) -> tuple[str, ...]:
    """Return keys of what the doctor should think about; a warning never refuses."""
    if draft.diagnosis and not may_be_treated_remotely(draft.diagnosis):
        return ("not_a_listed_condition",)
    return ()


def may_be_treated_remotely(code: str) -> bool:
    """Tell whether an ICD-10 code is among the listed conditions (Circular 30/2023/TT-BYT)."""
    stem = code.partition(".")[0]
    for listed in _data("remote_treatment.toml")["codes"]:
        first, dash, last = listed.partition("-")
        if dash and first <= stem <= last:
            return True
        if listed in (code, stem):
            return True
    return False


@cache
def _controlled() -> frozenset[str]:
    return frozenset(name for part in _data("controlled_medicines.toml")["lists"] for name in part["names"])


@cache
def _data(file: str) -> dict[str, Any]:
    text = (resources.files("tramkit_telehealth.desk") / "data" / file).read_text(encoding="utf-8")
    return tomllib.loads(text)
