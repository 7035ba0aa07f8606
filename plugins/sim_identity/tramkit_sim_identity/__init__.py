"""Identifying phone subscriptions."""
