"""Drivers of real hardware; each module needs only the library of its own device."""
