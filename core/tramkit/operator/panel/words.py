"""What the panel says to the operator."""

from __future__ import annotations

from tramkit.host.ending import VisitEnding
from tramkit.host.person import Level
from tramkit_hal.device.base import DeviceState
from tramkit_hal.device.errors import Mend
from tramkit_hal.device.roles import Role
from tramkit_hal.ui.pages import Availability
from tramkit_hal.words import Messages, Text

_ = Messages("tramkit")

ROLES: dict[Role, Text] = {
    Role.SCREEN: _("Screen"),
    Role.ID_READER: _("Identity card reader"),
    Role.CODE_SCANNER: _("Code scanner"),
    Role.CAMERA: _("Camera"),
    Role.DOCUMENT_CAMERA: _("Camera for papers"),
    Role.MICROPHONE: _("Microphone"),
    Role.SPEAKER: _("Speaker"),
    Role.RECEIPT_PRINTER: _("Receipt printer"),
    Role.VITAL_SENSOR: _("Health sensors"),
    Role.VOICE: _("Reading voice"),
    Role.SPEECH_RECOGNISER: _("Captions"),
    Role.FACE_MATCHER: _("Face check"),
    Role.PAYMENT_TERMINAL: _("Payment terminal"),
    Role.PRESENCE: _("Presence sensor"),
    Role.DOCUMENT_PRINTER: _("Page printer"),
    Role.POWER: _("Power supply"),
    Role.LIGHTS: _("Guide lights"),
    Role.ENCLOSURE: _("Housing"),
}

STATES: dict[DeviceState, Text] = {
    DeviceState.STARTING: _("Starting"),
    DeviceState.READY: _("Ready"),
    DeviceState.BUSY: _("Working"),
    DeviceState.DEGRADED: _("Works with limits"),
    DeviceState.OFFLINE: _("Switched off"),
    DeviceState.ABSENT: _("Not connected"),
    DeviceState.FAULT: _("Fault"),
}

MENDS: dict[Mend, Text] = {
    Mend.RETRY: _("The station tries again by itself."),
    Mend.RESIDENT: _("The resident can put it right by trying again."),
    Mend.REFILL: _("Staff on site: put in paper, or close the cover."),
    Mend.RESET: _("You: press Reset."),
    Mend.CONFIGURE: _("You: correct station.toml, then restart the station."),
    Mend.TECHNICIAN: _("A technician: check the device and its cable."),
    Mend.WAIT: _("Nobody: wait, it passes by itself."),
}
"""Who can put a trouble right, and how."""

BEGINS, ENDS = _("Begins"), _("Ends")
"""Of a dated value, on a day."""

SERVICES: dict[Availability, Text] = {
    Availability.AVAILABLE: _("Open"),
    Availability.LIMITED: _("Limited"),
    Availability.CLOSED: _("Closed"),
}

CONDITIONS: dict[bool | None, Text] = {
    True: _("In order"),
    False: _("Cannot be used"),
    None: _("Not used here"),
}
"""The station's clock and ledger."""

IDENTITY: dict[Level, Text] = {
    Level.CHIP: _("Chip of the identity card"),
    Level.CHIP_FACE: _("Chip, and the face on it"),
    Level.VNEID: _("Sign-in with VNeID"),
}
"""How surely residents can be known."""

PAGES: dict[str, Text] = {
    "choose": _("chooses"),
    "ask": _("answers questions"),
    "read": _("reads"),
    "check": _("checks the answers"),
    "tell": _("reads a message"),
    "wait": _("waits"),
    "capture": _("uses a device"),
    "pay": _("pays"),
    "call": _("is in a call"),
    "done": _("has finished"),
    "timeout": _("is asked whether they are still there"),
    "help": _("asks for help"),
    "settings": _("sets the text size"),
    "leave": _("is asked whether to end"),
}
"""What the resident does on each kind of page; nothing of what stands on it."""

PLUGINS: dict[str, Text] = {
    "enabled": _("On"),
    "installed": _("Installed, not on"),
    "quarantined": _("Kept out"),
}

ENDINGS: dict[VisitEnding, Text] = {
    "done": _("Finished"),
    "left": _("Left by the resident"),
    "timed_out": _("Walked away"),
    "fault": _("Ended by a fault"),
    "ended_by_staff": _("Ended by staff"),
    "shutdown": _("Ended with the station"),
}

QUARANTINED = _("Kept from residents: it could not be cleared after a visit. Press Reset.")
NOT_LOOKED = _("The device could not be looked at.")

ORDERS: dict[str, Text] = {
    "stuck": _("waits for you"),
    "late": _("late"),
    "open": _("under way"),
}

LABELS: dict[str, Text] = {
    "title": _("Device panel"),
    "devices": _("Devices"),
    "staff": _("Calls for staff"),
    "visit": _("Visit under way"),
    "services": _("Services"),
    "identity": _("How residents can be known"),
    "conditions": _("Clock and ledger"),
    "plugins": _("Plugins"),
    "orders": _("Orders under way"),
    "no_orders": _("Every order is at its end."),
    "more_orders": _("More: tramkit orders"),
    "language": _("Language"),
    "connecting": _("Connecting to the station…"),
    "lost": _("No connection to the station. What you see may no longer be true."),
    "closed": _("The station has restarted. Open the new address that it printed."),
    "in_use": _("In use"),
    "stand_by": _("Stand-by"),
    "claimed": _("Held by the visit"),
    "simulated": _("Simulator"),
    "none_usable": _("No usable device"),
    "reset": _("Reset"),
    "reset_question": _("Reset this device?"),
    "reset_claimed": _("The resident's visit is using this device. What it is doing now will fail."),
    "reset_screen": _("The resident's screen goes blank for a moment."),
    "cancel": _("Cancel"),
    "shown": _("What a bystander sees"),
    "paper": _("Paper in the printer's slot"),
    "controls": _("Try it out"),
    "set": _("Set"),
    "on": _("on"),
    "off": _("off"),
    "open_screen": _("Open"),
    "close_station": _("Close the station for service"),
    "open_station": _("Open the station again"),
    "station_closed": _("Closed for service"),
    "no_calls": _("Nobody has called."),
    "acknowledge": _("I am coming"),
    "acknowledged": _("Answered at"),
    "asked": _("Called at"),
    "unanswered": _("Not answered yet"),
    "phone": _("Number shown to residents"),
    "nobody": _("Nobody is at the station."),
    "resident": _("The resident"),
    "at_menu": _("in the menu"),
    "service": _("Service"),
    "visit_id": _("Visit"),
    "since": _("Since"),
    "today": _("Today"),
    "counted_since": _("Visits are counted since"),
    "visits_today": _("Visits"),
    "how_ended": _("How they ended"),
    "orders_placed": _("Orders placed"),
    "paid": _("Payments that came"),
    "received": _("Money received"),
    "refunded": _("Given back"),
    "end_visit": _("End this visit"),
    "end_visit_question": _("End this resident's visit?"),
    "end_visit_text": _("What they typed is deleted. What was ordered or paid stays. Use it when nobody is there."),
    "visits": _("Visits since the start"),
    "faces": _("How it was, from very bad to very good"),
    "emergency": _("EMERGENCY: somebody is in danger"),
    "last_wipe": _("After the last visit"),
    "wiped": _("Everything was deleted"),
    "not_wiped": _("Not certain that everything was deleted"),
    "no_visit_yet": _("No visit yet"),
    "no_plugins": _("No plugins are installed."),
    "changes": _("What changes within 90 days"),
    "no_changes": _("No fee, rate or form changes."),
    "self_test": _("Morning self-test"),
    "self_test_passed": _("Every device passed."),
    "no_self_test": _("No self-test has been made yet."),
    "done": _("Done"),
    "failed": _("That did not work"),
}
"""The fixed words of the page, by the name that ``panel.js`` knows."""
