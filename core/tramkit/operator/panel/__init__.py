"""The operator's device panel: what each device does, staff calls, the visit under way, the simulators' controls."""

from tramkit.operator.panel.server import Panel as Panel

__all__ = ["Panel"]
