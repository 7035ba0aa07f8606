"""What this station has to learn who somebody is, and which levels of identity it reaches with it."""

from __future__ import annotations

from collections.abc import Sequence

from tramkit.host.person import Level
from tramkit.host.sign_in import SignInPort
from tramkit.identity.chip import NOT_NOW
from tramkit.identity.face_tries import FaceTries
from tramkit.station.conditions import Conditions
from tramkit.station.devices import Devices
from tramkit_hal.card.trust import CardTrust, FolderTrust
from tramkit_hal.contracts.camera import Camera
from tramkit_hal.contracts.face import FaceMatcher
from tramkit_hal.contracts.id_reader import IdReader
from tramkit_hal.device.roles import Role
from tramkit_hal.ui.pages import Availability
from tramkit_hal.words import Messages, Text

_ = Messages("tramkit")

SIGN_IN_ONLY = _("Signing in with VNeID is not possible here now.")


class IdentityMeans:
    """The station's ways of learning who somebody is.

    :param methods: ways to sign in that plugins bring.
    :param trust: whose signature of a card's chip is believed; None: nobody's.
    :ivar face_tries: how often faces did not match, by card.
    """

    def __init__(self, devices: Devices, methods: Sequence[SignInPort] = (), trust: CardTrust | None = None) -> None:
        self.devices = devices
        self.methods = tuple(methods)
        self.trust = trust or FolderTrust(None)
        self.face_tries = FaceTries()
        self.conditions: Conditions | None = None
        """Of the station; None: there is no station."""

    def methods_for(self, level: Level, *, exactly: bool = False) -> list[SignInPort]:
        """Return the ways to sign in that reach a level and can be used now."""
        return [
            method
            for method in self.methods
            if method.level.reaches(level, exactly=exactly)
            and method.availability().availability is not Availability.CLOSED
        ]

    def card_lacks(self, level: Level, *, exactly: bool = False) -> Text | None:
        """Return why the card, with the face where the level asks for it, does not reach it here; None: it does."""
        if level in (Level.NONE, Level.CLAIMED):
            return None
        if level is Level.VNEID and exactly:
            return SIGN_IN_ONLY
        chips = [
            reader.capabilities for reader in self.devices.usable(Role.ID_READER, IdReader) if reader.capabilities.chip
        ]
        if not chips or self.trust.unavailable():
            return NOT_NOW
        return self._face_lacks(any(each.portrait for each in chips)) if level is not Level.CHIP else None

    def _face_lacks(self, portrait: bool) -> Text | None:
        if not self.devices.usable(Role.FACE_MATCHER, FaceMatcher) or not portrait:
            return _("Your face cannot be compared with your card here now.")
        if not self.devices.usable(Role.CAMERA, Camera):
            return _("Your face cannot be compared with your card here now: the camera does not work.")
        return None

    def why_not(self, level: Level, *, exactly: bool = False) -> Text | None:
        """Return why a level cannot be reached here now, for the resident; None: it can."""
        if self.methods_for(level, exactly=exactly):
            return None
        return self.card_lacks(level, exactly=exactly)
