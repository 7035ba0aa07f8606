"""The web screen: pages for Chromium's kiosk mode, served on the station's own loopback address."""

from tramkit_hal.screens.web.screen import WebScreen

__all__ = ["WebScreen"]
