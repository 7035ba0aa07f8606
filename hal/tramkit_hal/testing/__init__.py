"""The conformance suite: what every device keeps, as numbered cases for simulators, drivers and a vendor's report."""

from tramkit_hal.testing.case import Case, NotApplicableError
from tramkit_hal.testing.cases import cases_for
from tramkit_hal.testing.conformance import DeviceConformance
from tramkit_hal.testing.rig import Rig
from tramkit_hal.testing.sim_rig import SimRig
from tramkit_hal.testing.suite import Report, run_suite

__all__ = ["Case", "DeviceConformance", "NotApplicableError", "Report", "Rig", "SimRig", "cases_for", "run_suite"]
