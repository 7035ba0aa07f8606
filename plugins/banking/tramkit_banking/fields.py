"""Questions that banks ask: a tax code."""

from __future__ import annotations

import re

from tramkit import Messages, Text, TramkitError, forms

_ = Messages("tramkit_banking")


class FieldError(TramkitError, ValueError):
    """What was typed cannot be right.

    :ivar text: how to put it right, for the resident.
    """

    def __init__(self, text: Text) -> None:
        super().__init__(text.id)
        self.text = text


def tax_code(label: Text) -> forms.Question:
    """Ask for a tax code: ten digits, ten and three, or the identity number (Circular 86/2024/TT-BTC)."""

    def parse(typed: str) -> str:
        tidy = re.sub(r"[\s.]", "", typed)
        if not re.fullmatch(r"[0-9]{10}(-?[0-9]{3})?|[0-9]{12}", tidy):
            raise FieldError(_("A tax code has 10 or 12 digits, or 10 and 3 with a dash."))
        return tidy

    return forms.code(label, required=False, max_length=20, parse=parse)
