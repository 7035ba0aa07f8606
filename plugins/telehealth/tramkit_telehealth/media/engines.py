"""The engines by their names: which one runs is one line of the settings."""

from __future__ import annotations

from tramkit import TramkitError
from tramkit_telehealth.media.aiortc_connection import AiortcEngine
from tramkit_telehealth.media.connection import Engine
from tramkit_telehealth.settings import EngineName


class EngineMissingError(TramkitError):
    """The engine that the settings name is not installed."""


def engine_of(name: EngineName) -> Engine:
    """Return an engine by its name in the settings.

    :raises EngineMissingError: it is not installed.
    """
    if name == "aiortc":
        return AiortcEngine()
    try:
        from tramkit_telehealth.media.wrtc_connection import WrtcEngine
    except ImportError as error:
        raise EngineMissingError('the engine "wrtc" is missing: pip install "tramkit-telehealth[wrtc]"') from error
    return WrtcEngine()
