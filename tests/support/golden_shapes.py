"""What of our own plugins' pages is drawn by lot, for their golden pages."""

from __future__ import annotations

from tramkit.testing.golden import MEMO, drawn, shaped
from tramkit_payments.vietqr import parse, payload

drawn("Application number", "AC1A2B3C4D")
drawn("Account number", "0123456789")
drawn("Confirmation number", "TB1A2B3C4D")
drawn("Transaction", "AG1A2B3C4D5E6F")


@shaped
def transfer(text: str) -> str:
    """Write a transfer's code with a message that stays."""
    if not text.startswith("000201"):
        return text
    qr = parse(text)
    return payload(qr.bin, qr.account, qr.amount, MEMO)
