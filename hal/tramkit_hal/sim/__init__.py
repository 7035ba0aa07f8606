"""Simulators: each keeps the whole contract of its device, faults included, and is controllable while it runs."""
