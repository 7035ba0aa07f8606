"""The suite run without pytest: a report that an operator can ask a vendor for."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Literal

from tramkit_hal.data import Data
from tramkit_hal.device.base import Device
from tramkit_hal.device.errors import DeviceError
from tramkit_hal.testing.case import Case, NotApplicableError
from tramkit_hal.testing.cases import cases_for
from tramkit_hal.testing.rig import Rig

CASE_SECONDS = 120.0


class Finding(Data):
    """What came of a case.

    :param outcome: ``passed``, ``failed``, or ``not_run`` with the reason: it needs a hand or a part that is not there.
    """

    id: str
    title: str
    outcome: Literal["passed", "failed", "not_run"]
    reason: str = ""


class Report(Data):
    """What came of the suite for a device."""

    driver: str
    contract: str
    model: str
    serial: str
    simulated: bool
    at: datetime
    findings: tuple[Finding, ...]

    @property
    def conforms(self) -> bool:
        """Whether nothing failed and something was run."""
        outcomes = {finding.outcome for finding in self.findings}
        return "failed" not in outcomes and "passed" in outcomes


async def run_case(case: Case, rig: Rig) -> Finding:
    """Run one case."""
    outcome: Literal["passed", "failed", "not_run"] = "failed"
    try:
        async with asyncio.timeout(CASE_SECONDS):
            await case.run(rig)
        outcome, reason = "passed", ""
    except NotApplicableError as error:
        outcome, reason = "not_run", str(error)
    except TimeoutError:
        reason = "it never came to an end"
    except DeviceError as error:
        reason = f"{error.trouble.value}: {error.detail}"
    except Exception as error:  # the driver's edge: the next case shall run too
        reason = f"{type(error).__name__}: {error}"
    return Finding(id=case.id, title=case.title, outcome=outcome, reason=reason)


async def run_suite(rig: Rig) -> Report:
    """Run every case of a device's class."""
    device: Device = rig.make()
    findings = tuple([await run_case(case, rig) for case in cases_for(type(device))])
    contract = next(kind.__name__ for kind in type(device).__mro__ if kind.__module__ in _contracts())
    info = device.info
    return Report(
        driver=device.driver,
        contract=contract,
        model=info.model,
        serial=info.serial,
        simulated=info.simulated,
        at=device.clock.now(),
        findings=findings,
    )


def _contracts() -> set[str]:
    from tramkit_hal.role_contracts import CONTRACTS

    return {contract.__module__ for contract in CONTRACTS.values()}
