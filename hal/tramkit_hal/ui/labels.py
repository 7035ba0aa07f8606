"""What every screen says of itself: the bar, Back, the names of tones and states."""

from __future__ import annotations

from tramkit_hal.ui.keyboard.typing import Typing
from tramkit_hal.ui.pages import Availability, Bar, Call, Stage, Tone
from tramkit_hal.words import Messages, Text

_ = Messages("tramkit_hal")

BACK = _("Back")
CHANGE = _("Change")
CONTINUE = _("Continue")
YES = _("Yes")
NO = _("No")
SELECTED = _("Selected")
MORE = _("See more")
TO_TOP = _("Back to the top")
NEXT_PAGE = _("More choices")
PREVIOUS_PAGE = _("Previous choices")
PAGE_OF = _("Page {n} of {m}", n="{n}", m="{m}")
PROBLEM_SUMMARY = _("Please look at this again")
EXAMPLE = _("For example: {example}", example="{example}")
STAFF_OFFER = _("Would you like a member of staff to help you?")
CALL_STAFF = _("Call staff")
CODE_OF = _("Code {n} of {m}", n="{n}", m="{m}")
CODE_TOO_LONG = _("This is too long for a code. Please ask for it on paper.")
CODE_NO_ROOM = _("This code does not fit on this display. Please ask staff for it.")
CODE_NO_ROOM_PAY = _("The code does not fit on this display. Transfer by hand: what to type stands above.")
OPTIONAL = _("(optional)")
TOUCH_TO_BEGIN = _("Touch the screen to begin")
SERVICES_NOW = _("What this station can do now")
OTHER_SERVICES = _("Something else")
ANOTHER = _("Do something else")
NEXT_STEPS = _("What to do next")
STILL_HERE = _("I am still here")
END_NOW = _("End now")
STAY = _("No, go on")
LEAVE = _("Yes, end and delete")
WAYS = {
    Typing.DIRECT: _("Tones"),
    Typing.TELEX: _("Telex"),
    Typing.VNI: _("VNI"),
}
SECONDS_LEFT = _("seconds left")
HELP_ASKED = _("Help was called at {time}", time="{time}")
HELP_COMING = _("Staff answered at {time}", time="{time}")
HELP_UNANSWERED = _("Nobody has answered yet. You can also call this number.")
HELP_PHONE = _("If it takes too long, call this number.")
CLOSE = _("Close")
OWN_PICTURE = _("You")
OTHER_PICTURE = _("The other side")
PICTURE = _("Picture from the camera")
PICTURE_OF_PAPER = _("Picture of the paper")
NO_PICTURE = _("The camera is not giving a picture")
NO_OTHER_PICTURE = _("There is no picture from the other side")
LOUDNESS = _("Loudness of your voice")
PROGRESS = _("How far it is")
MUTE = _("Turn microphone off")
UNMUTE = _("Turn microphone on")
CAMERA_OFF = _("Turn camera off")
CAMERA_ON = _("Turn camera on")
CAPTIONS = _("Captions")
CAPTIONS_BY = _("What is said, as a computer hears it; it may be wrong")
WRITE = _("Write")
WRITE_NO_MORE = _("Close the keyboard")
NEW_LINE = _("New line")
ENLARGE = _("Larger picture")
SHRINK = _("Smaller picture")
END_CALL = _("End the call")
END_CALL_SURELY = _("Yes, end the call")
KEEP_TALKING = _("No, go on talking")
PAY_TO = _("Pay to")
AMOUNT = _("Amount")
RESTARTING = _("The station is restarting. Please wait a moment.")
ONE_MOMENT = _("One moment…")
SPACE = _("Space")
SHIFT = _("Capital letters")
DELETE = _("Delete")
SIGNED = _("Something is drawn")
CLEAR = _("Clear and sign again")
LANGUAGE = _("Language")
STATION_BUTTONS = _("Buttons of the station")
NOT_READY = _("The station is getting ready")
NOT_READY_BODY = _("Please wait a moment.")

BAR: dict[Bar, Text] = {
    Bar.START_OVER: _("Start over"),
    Bar.LISTEN: _("Listen"),
    Bar.SETTINGS: _("Text size"),
    Bar.LOWER: _("Lower"),
    Bar.HELP: _("Help"),
}
"""The buttons at the bottom of every page."""

RAISE = _("Raise")
"""In place of ``Lower`` while the page is lowered."""

TONES: dict[Tone, Text] = {
    Tone.SUCCESS: _("Done"),
    Tone.WARNING: _("Please note"),
    Tone.ERROR: _("There is a problem"),
    Tone.EMERGENCY: _("Emergency"),
}
"""A tone in words, since colour alone tells nobody."""

STATES: dict[Availability, Text] = {
    Availability.AVAILABLE: _("Open"),
    Availability.LIMITED: _("Limited"),
    Availability.CLOSED: _("Not available now"),
}
"""Whether a service can be used, in words."""

STAGES: dict[Stage, Text] = {
    Stage.CHOOSE: _("Choose"),
    Stage.IDENTITY: _("Your card"),
    Stage.QUESTIONS: _("Information"),
    Stage.PAPERS: _("Papers"),
    Stage.MEASURE: _("Measurements"),
    Stage.REVIEW: _("Check"),
    Stage.PAY: _("Payment"),
    Stage.CALL: _("Talk"),
    Stage.RESULT: _("Result"),
    Stage.RECEIPT: _("Receipt"),
}
"""The steps of a service, in a word or two each."""

STAGE_OF = _("Step {n} of {m}: {stage}", n="{n}", m="{m}", stage="{stage}")

CONNECTIONS: dict[str, Text] = {
    "connecting": _("Connecting…"),
    "live": _("Connected"),
    "interrupted": _("The connection is interrupted. Please wait, we are trying again."),
}
"""The state of a call in words."""


def call_buttons(page: Call) -> tuple[tuple[str, Text, bool], ...]:
    """Return the buttons of a call: the answer, the words, whether it is switched on.

    Whoever is asked whether the call is to end finds "no" where "end" stood: a second touch in haste keeps the call.
    """
    if page.ending:
        return (("end", END_CALL_SURELY, False), ("keep", KEEP_TALKING, False))
    if page.reply is not None:  # the keyboard takes the room
        return (("write", WRITE_NO_MORE, True), ("end", END_CALL, False))
    return (
        ("mute", UNMUTE if page.muted else MUTE, page.muted),
        ("camera", CAMERA_ON if page.camera_off else CAMERA_OFF, page.camera_off),
        ("enlarge", SHRINK if page.enlarged else ENLARGE, page.enlarged),
        *((("captions", CAPTIONS, page.captioned),) if page.captions is not None else ()),
        *((("write", WRITE, False),) if page.writes else ()),
        ("end", END_CALL, False),
    )
