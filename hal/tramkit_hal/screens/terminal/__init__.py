"""The terminal screen: the same pages in 42 × 36 cells and more, for keys, mouse and touch."""

from tramkit_hal.screens.terminal.screen import TerminalScreen, TerminalSettings

__all__ = ["TerminalScreen", "TerminalSettings"]
