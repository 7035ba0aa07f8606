"""What a resident said of allergies, told apart: there are some, there are none, or it was not answered."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tramkit_telehealth.desk.medicine_names import plain
from tramkit_telehealth.desk.page_protocol import Allergy
from tramkit_telehealth.protocol import Answer

QUESTION = "allergies"
UNANSWERED = frozenset({"", "chua tra loi", "khong khai", "none stated", "khong ro", "don t know", "i don t know"})
_NONE = re.compile(
    r"(?:toi )?(?:khong|khong co|khong bi|chua ghi nhan|chua phat hien|chua bi|no|none|nil|nkda|no known)"
    r"(?: (?:gi|ca|di ung|tien su di ung|drug|allergy|allergies|known|thuoc|thuc an|va|hoac|or|food))*"
)


def allergy_of(answers: Sequence[Answer]) -> Allergy:
    """Return what was said; whatever is not plainly a no counts as something that was stated."""
    said = next((each.answer for each in answers if each.id == QUESTION), "")
    words = plain(said)
    if words in UNANSWERED:
        return Allergy(state="unknown", said=said)
    return Allergy(state="none" if _NONE.fullmatch(words) else "stated", said=said)
