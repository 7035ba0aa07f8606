"""What keeps a prescription at the desk, and the code it gets (Circular 26/2025/TT-BYT)."""

from __future__ import annotations

import secrets
import string
from collections.abc import Sequence
from enum import StrEnum

from tramkit_telehealth.desk.concerns import concerns, is_combined, lines_of
from tramkit_telehealth.desk.lists import Lists
from tramkit_telehealth.desk.page_protocol import CallTrouble, Draft
from tramkit_telehealth.protocol import Answer

ALPHABET = string.digits + string.ascii_lowercase

LEAST_REASON = 3
"""Fewest letters of a reason: a full stop is none."""


class PrescriptionType(StrEnum):
    """The letter that ends a prescription's code; T since 1 March 2026 (Circular 55/2025/TT-BYT)."""

    ORDINARY = "C"
    NARCOTIC = "N"
    PSYCHOTROPIC = "H"
    """Also for precursors (Circular 26/2025/TT-BYT art. 9)."""
    TRADITIONAL = "T"


def type_of(draft: Draft, lists: Lists) -> PrescriptionType:
    """Return a prescription's type by what stands on it.

    N is never given while narcotic medicines are refused here. The lists do not tell traditional medicines apart, so no
    draft is given T.
    """
    kinds = {
        lists.kind_of(substance)
        for line in lines_of(draft, lists)
        for substance in line.substances
        if not is_combined(line, substance, lists)
    }
    if "narcotic" in kinds:
        return PrescriptionType.NARCOTIC
    return PrescriptionType.PSYCHOTROPIC if kinds & {"psychotropic", "precursor"} else PrescriptionType.ORDINARY


def prescription_code(facility: str, type: PrescriptionType = PrescriptionType.ORDINARY) -> str:
    """Return a new code: five characters of the facility, seven at random, the type; ``79001a1b2c3d-C``."""
    return facility + "".join(secrets.choice(ALPHABET) for _ in range(7)) + "-" + type.value


def check(draft: Draft, answers: Sequence[Answer], lists: Lists) -> tuple[CallTrouble, str] | None:
    """Return what keeps a draft from becoming a summary, and the name of the field; None: nothing."""
    if not draft.conclusion.strip():
        return CallTrouble.INCOMPLETE, "draft.conclusion"
    for number, medicine in enumerate(draft.prescription):
        for key in ("name", "amount", "directions"):
            if not getattr(medicine, key).strip():
                return CallTrouble.INCOMPLETE, f"draft.prescription.{number}.{key}"
    for number in blocked(draft, lists):
        return CallTrouble.BLOCKED, f"draft.prescription.{number}.name"
    for concern in concerns(draft, answers, lists):
        if sum(letter.isalnum() for letter in draft.reasons.get(concern.id, "")) < LEAST_REASON:
            return CallTrouble.UNANSWERED, f"draft.reasons.{concern.id}"
    return None


def blocked(draft: Draft, lists: Lists) -> tuple[int, ...]:
    """Return which medicines are narcotic or psychotropic and may not be prescribed remotely.

    A combined medicine is refused too, unless its strength shows that it is at or below the limit of the circular.
    """
    return tuple(
        line.index
        for line in lines_of(draft, lists)
        if any(
            lists.kind_of(each) == "psychotropic"
            or (lists.kind_of(each) == "narcotic" and not is_combined(line, each, lists))
            for each in line.substances
        )
    )
