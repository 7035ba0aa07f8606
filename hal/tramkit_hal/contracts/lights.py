"""The contract of guide lights: the lamp at the slot or reader where the resident's hand is wanted."""

from __future__ import annotations

from abc import abstractmethod
from enum import StrEnum

from tramkit_hal.device.base import Capabilities, Device


class Light(StrEnum):
    """Where a guide light is (CWA 17852 names the same places)."""

    CARD_READER = "card_reader"
    CODE_SCANNER = "code_scanner"
    RECEIPT = "receipt"
    DOCUMENT = "document"
    PAYMENT = "payment"
    HEALTH = "health"
    STATUS = "status"


class Shine(StrEnum):
    """How a guide light shines. It never blinks faster than 2 Hz (WCAG 2.3.1 allows three flashes a second)."""

    OFF = "off"
    ON = "on"
    BLINK = "blink"


class LightsCapabilities(Capabilities):
    """Which lights there are."""

    lights: tuple[Light, ...]


class Lights(Device):
    """Guide lights; a wipe darkens them all. Events: ``state``."""

    @property
    @abstractmethod
    def capabilities(self) -> LightsCapabilities: ...

    @abstractmethod
    async def set(self, light: Light, shine: Shine, deadline: float = 2.0) -> None:
        """Let a light shine.

        :raises DeviceError: ``unsupported``: there is no such light.
        """

    @abstractmethod
    async def shining(self, deadline: float = 2.0) -> dict[Light, Shine]:
        """Return how each light shines now."""
