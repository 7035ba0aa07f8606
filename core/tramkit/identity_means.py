"""What this station has to learn who somebody is, and which levels of identity it reaches with it."""

from __future__ import annotations

from collections.abc import Sequence

from tramkit.devices import Devices
from tramkit.identity import Level
from tramkit.identity_method import IdentityMethod
from tramkit_hal.card.reader import IdReader
from tramkit_hal.pages import Availability
from tramkit_hal.roles import Role
from tramkit_hal.words import Messages, Text

_ = Messages("tramkit")


class IdentityMeans:
    """The station's ways of learning who somebody is.

    :param methods: ways to sign in that plugins bring.
    """

    def __init__(self, devices: Devices, methods: Sequence[IdentityMethod] = ()) -> None:
        self.devices = devices
        self.methods = tuple(methods)

    def methods_for(self, level: Level, *, exactly: bool = False) -> list[IdentityMethod]:
        """Return the ways to sign in that reach a level and can be used now."""
        return [
            method
            for method in self.methods
            if method.level.reaches(level, exactly=exactly)
            and method.availability().availability is not Availability.CLOSED
        ]

    def card_lacks(self, level: Level) -> Text | None:
        """Return why the card alone does not reach a level here; None: it does."""
        if level in (Level.NONE, Level.CLAIMED):
            return None
        if level is Level.CHIP and any(
            reader.capabilities.chip and reader.capabilities.authenticates
            for reader in self.devices.usable(Role.ID_READER, IdReader)
        ):
            return None
        return _("The chip of identity cards cannot be checked here now.")

    def why_not(self, level: Level, *, exactly: bool = False) -> Text | None:
        """Return why a level cannot be reached here now, for the resident; None: it can."""
        if self.methods_for(level, exactly=exactly):
            return None
        if level is Level.VNEID and exactly:
            return _("Signing in with VNeID is not possible here now.")
        return self.card_lacks(Level.CHIP_FACE if level is Level.VNEID else level)
