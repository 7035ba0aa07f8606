"""The menu: each service as available, limited or closed, from the true state of its devices and its own word."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from tramkit.host.service_state import ServiceState
from tramkit.identity.means import IdentityMeans
from tramkit.station.faults import Faults
from tramkit.station.offer import Offer
from tramkit_hal.device.roles import Role
from tramkit_hal.ui.pages import Availability, Option
from tramkit_hal.words import Messages, Text

_ = Messages("tramkit")
_log = logging.getLogger(__name__)

_GOES_WITHOUT: dict[Role, Text] = {
    Role.CAMERA: _("Without a picture: the camera does not work now."),
    Role.DOCUMENT_CAMERA: _("Without the camera for papers: you bring papers to the counter."),
    Role.MICROPHONE: _("Without your voice: the microphone does not work now."),
    Role.SPEAKER: _("Without sound: the speaker does not work now."),
    Role.RECEIPT_PRINTER: _("Without paper: the printer does not work now."),
    Role.VITAL_SENSOR: _("Without measurements: the health sensors do not work now."),
    Role.ID_READER: _("Without the card reader: you type your details."),
    Role.CODE_SCANNER: _("Without the scanner: you type the code."),
    Role.PAYMENT_TERMINAL: _("The payment terminal does not work now."),
    Role.PRESENCE: _("The presence sensor does not work now."),
    Role.SCREEN: _("The screen does not work now."),
    Role.VOICE: _("Without being read aloud: the voice does not work now."),
    Role.SPEECH_RECOGNISER: _("Without captions: the recogniser of speech does not work now."),
    Role.FACE_MATCHER: _("Without comparing faces: that does not work now."),
}

_DEVICE = _("A device that the service uses does not work now.")

_NEED_NOT_BE_THERE = frozenset(
    (Role.ID_READER, Role.CODE_SCANNER, Role.PAYMENT_TERMINAL, Role.PRESENCE, Role.SPEECH_RECOGNISER)
)
"""Where a station has none the resident types or pays in another way, and misses nothing; out of order is told."""


def menu(offers: Iterable[Offer], means: IdentityMeans, faults: Faults) -> tuple[Option, ...]:
    """Return the menu's options as things stand now."""
    return tuple(_option(offer, faults.closes(offer.service.id) or service_state(offer, means)) for offer in offers)


def _option(offer: Offer, state: ServiceState) -> Option:
    service = offer.service
    return Option(
        value=service.id,
        label=service.title,
        hint=service.hint,
        state=state.availability,
        reason=state.reason,
        icon=service.icon,
    )


def service_state(offer: Offer, means: IdentityMeans) -> ServiceState:
    """Return whether a service can be used now: closed where a needed device is down, limited where a wanted one is."""
    service = offer.service
    if means.conditions is not None and (why := means.conditions.closes(service)):
        return ServiceState(availability=Availability.CLOSED, reason=why)
    for role in service.needs:
        availability, reason = means.devices.availability(role)
        if availability is not Availability.AVAILABLE:
            return ServiceState(availability=availability, reason=reason)
    try:
        own = offer.availability()
    except Exception:  # a plugin's edge: one service that cannot tell must not take the menu down
        _log.exception("service cannot tell its state", extra={"service": service.id})
        return ServiceState(availability=Availability.CLOSED, reason=_("This service has a fault."))
    if own.availability is not Availability.AVAILABLE:
        return own
    if not service.asks_identity and (why := means.why_not(service.identity, exactly=service.identity_exactly)):
        return ServiceState(availability=Availability.CLOSED, reason=why)
    for role in service.wants:
        if role in _NEED_NOT_BE_THERE and not means.devices.of(role):
            continue
        availability, _reason = means.devices.availability(role)
        if availability is not Availability.AVAILABLE:
            without = service.limited_without.get(role) or _GOES_WITHOUT.get(role, _DEVICE)
            return ServiceState(availability=Availability.LIMITED, reason=without)
    return own
