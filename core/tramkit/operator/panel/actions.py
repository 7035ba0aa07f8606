"""What the operator can do: use a simulator's control, reset a device, answer a call for staff."""

from __future__ import annotations

import asyncio
import logging

from tramkit.operator.panel import words
from tramkit.operator.panel.report import controls_of, place
from tramkit.station.station import Station
from tramkit_hal import TramkitError
from tramkit_hal.device.base import Device
from tramkit_hal.device.errors import DeviceError
from tramkit_hal.device.roles import Role
from tramkit_hal.device.simulated import SimControl, Simulated
from tramkit_hal.words import Messages, Text

_ = Messages("tramkit")
_log = logging.getLogger(__name__)

CONTROL_SECONDS = 10.0
"""How long a simulator's control may take."""


class ActionRefusedError(TramkitError):
    """Something the panel did not do.

    :param status: the HTTP status that says so.
    :param words: for the operator.
    :param fields: more for a program that reads the answer.
    """

    def __init__(self, status: int, words: Text, **fields: str) -> None:
        super().__init__(words.id)
        self.status = status
        self.words = words
        self.fields = fields


class Actions:
    """Does what the operator asks for."""

    def __init__(self, station: Station) -> None:
        self._station = station

    def close_station(self, closed: bool) -> None:
        """Close the station for service, or open it again; a visit under way goes on to its end."""
        self._station.closed = closed
        _log.info("station closed for service" if closed else "station open again")

    def end_visit(self, id: str) -> None:
        """End a visit; what its resident typed is deleted, what was ordered stays ordered.

        :raises ActionRefusedError: that visit is over.
        """
        if not self._station.end_visit(id):
            raise ActionRefusedError(409, _("That visit is over already."))
        _log.info("visit ended by operator", extra={"visit": id})

    def device(self, role: str, index: str) -> Device:
        """Return the device at a place in a role's order.

        :raises ActionRefusedError: there is none.
        """
        bound = [r.value for r in Role if self._station.devices.of(r)]
        if role not in bound:
            raise ActionRefusedError(404, _("This station has no such role. It has: {roles}.", roles=", ".join(bound)))
        devices = self._station.devices.of(Role(role))
        if not (index.isascii() and index.isdigit() and len(index) < 4 and int(index) < len(devices)):
            raise ActionRefusedError(
                404, _("This role has no such device; its last one is number {last}.", last=len(devices) - 1)
            )
        return devices[int(index)]

    async def control(self, device: Device, name: str, value: str) -> None:
        """Use a control of a simulator.

        :raises ActionRefusedError: not a simulator, an unknown control, a value it does not take, or it failed.
        """
        if not isinstance(device, Simulated):
            raise ActionRefusedError(409, _("This device is not a simulator: it has no controls."))
        control = _find(controls_of(device), name)
        _check_value(control, value)
        role = device.context.role.value
        _log.info("control used", extra={"role": role, "control": control.name})
        try:
            async with asyncio.timeout(CONTROL_SECONDS):
                await device.control(control.name, value)
        except ValueError as error:
            raise ActionRefusedError(422, _("The simulator does not take this: {reason}", reason=str(error))) from None
        except DeviceError as error:
            raise _failed(error) from None
        except TimeoutError:
            raise ActionRefusedError(504, _("The device did not answer in time.")) from None
        except (
            Exception
        ) as error:  # the driver's edge; its message may hold what was typed, so only the place is logged
            _log.error("control failed", extra={"role": role, "control": control.name, "error": place(error)})
            raise ActionRefusedError(500, _("The simulator has a fault; the log says where.")) from error

    async def reset(self, device: Device) -> None:
        """Reset a device; a clean reset ends its quarantine.

        :raises ActionRefusedError: it did not come back, or could not be cleared.
        """
        role = device.context.role.value
        _log.info("reset by operator", extra={"role": role})
        try:
            await self._station.devices.reset(device)
        except DeviceError as error:
            raise _failed(error) from None
        except Exception as error:  # the driver's edge
            _log.error("reset failed", extra={"role": role, "error": place(error)})
            raise ActionRefusedError(500, _("The device could not be reset; the log says why.")) from error

    def acknowledge(self, id: str) -> None:
        """Tell the resident who called that somebody comes.

        :raises ActionRefusedError: there is no such call.
        """
        known = id.isascii() and id.isdigit() and len(id) < 12
        if not known or not self._station.bell.acknowledge(int(id)):
            raise ActionRefusedError(404, _("There is no such call for staff."))


def _find(controls: tuple[SimControl, ...], name: str) -> SimControl:
    for control in controls:
        if control.name == name:
            return control
    names = ", ".join(control.name for control in controls)
    raise ActionRefusedError(404, _("This simulator has no such control. It has: {names}.", names=names))


def _check_value(control: SimControl, value: str) -> None:
    if control.kind == "switch" and value not in ("on", "off"):
        raise ActionRefusedError(422, _("This control takes one of: {values}.", values="on, off"))
    if control.kind == "choice" and value not in control.options:
        raise ActionRefusedError(422, _("This control takes one of: {values}.", values=", ".join(control.options)))


def _failed(error: DeviceError) -> ActionRefusedError:
    text = Text(
        id="{trouble} {mend}",
        params={"trouble": error.trouble.words, "mend": words.MENDS[error.mend]},
    )
    return ActionRefusedError(409, text, trouble=error.trouble.value, mend=error.mend.value, detail=error.detail)
