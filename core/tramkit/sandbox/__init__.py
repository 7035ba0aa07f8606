"""What stand-ins of outside systems are made of: real servers with a ledger of their own, faults scripted."""

from tramkit.orders.reconcile import DayFileRow, write_day_file
from tramkit.sandbox.server import (
    APPLICATIONS,
    ApplicationSandbox,
    Decision,
    Fault,
    FaultOrder,
    Sandbox,
    json_object,
    serve_sandbox,
)

__all__ = [
    "APPLICATIONS",
    "ApplicationSandbox",
    "DayFileRow",
    "Decision",
    "Fault",
    "FaultOrder",
    "Sandbox",
    "json_object",
    "serve_sandbox",
    "write_day_file",
]
