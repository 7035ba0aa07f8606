"""Devices, measured beside what they cannot do without."""
