"""A sandbox of a bank: takes applications for accounts and loans and decides on them."""

from __future__ import annotations

import secrets
from typing import Any

from tramkit.sandbox import ApplicationSandbox, Decision

REFUSED_NUMBER = "079999999999"
"""An applicant with this identity number is refused."""


class Bank(ApplicationSandbox):
    """A bank; its ledger is the applications that it has."""

    def decide(self, body: dict[str, Any]) -> Decision:
        """Accept who has been identified well enough, refer others to the branch, refuse one number."""
        if body["kind"] not in ("account", "loan") or not body["name"] or "data" not in body["consents"]:
            raise ValueError("no application")
        reference = f"{body['kind'][:2].upper()}{secrets.token_hex(4).upper()}"
        if body["number"] == REFUSED_NUMBER:
            return Decision("REFUSED", reference, ("Ngân hàng chưa thể nhận hồ sơ này.", "The bank cannot take this."))
        if body["kind"] == "loan" and body["income"] <= 0:
            return Decision("REFUSED", reference, ("Thu nhập không đủ.", "The income is too small."))
        if body["level"] == "CHIP_FACE":
            said = ("Tài khoản đã mở.", "The account is open.")
        else:
            said = ("Mời ông/bà mang căn cước đến chi nhánh.", "Please come to the branch with your card.")
        if body["kind"] == "loan":
            said = ("Ngân hàng gọi lại trong 2 ngày làm việc.", "The bank calls back within 2 working days.")
        return Decision("ACCEPTED", reference, more={"says": {"vi": said[0], "en": said[1]}})
