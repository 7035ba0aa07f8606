"""Choosing a way to pay, paying, what is said of an outcome, receipts."""
