"""The pages that are the core's own: between visits, and over a service's page: warning, leave, help, settings."""

from __future__ import annotations

from collections.abc import Sequence

from tramkit.conversation.staff import StaffCall
from tramkit_hal.ui.pages import Attract, Bar, Contrast, Help, Leave, Mode, Option, Settings, Timeout
from tramkit_hal.words import Messages, Text

_ = Messages("tramkit")

OWN: dict[Bar, str] = {Bar.START_OVER: "leave", Bar.SETTINGS: "settings", Bar.HELP: "help"}
"""The buttons of the bar that show a page, and its kind."""


def nobody_here(services: Sequence[Option], *, closed: bool = False) -> Attract:
    """Return what is shown between visits.

    :param closed: for maintenance; the services are not shown.
    """
    if closed:
        title = _("This station is closed for maintenance")
        return Attract(id="attract", title=title, body=(_("Please come back later."),))
    how = _("The station guides you step by step. You do not need to know computers.")
    return Attract(id="attract", title=_("Citizen station"), body=(how,), services=tuple(services))


def still_here(seconds: int) -> Timeout:
    """Return the warning before the visit ends; it shows nothing of what stood there."""
    return Timeout(
        id="timeout",
        title=_("Are you still there?"),
        body=(_("Your answers are hidden. Without an answer the visit ends and they are deleted."),),
        seconds=seconds,
    )


def really_leave(stays: Text | None = None) -> Leave:
    """Return the question before the resident's answers are thrown away.

    :param stays: what goes on all the same, and how it is found again.
    """
    deleted = _("What you have entered will be deleted from this station.")
    return Leave(
        id="leave", title=_("Do you want to end the visit?"), body=(deleted,) if stays is None else (stays, deleted)
    )


def help_asked(call: StaffCall) -> Help:
    """Return what became of a call for staff."""
    came = call.acknowledged_at is not None
    return Help(
        id="help",
        title=_("Staff are on their way") if came else _("Staff have been called"),
        body=(_("Please wait here.") if came else _("Please wait a moment. If nobody comes, call the number below."),),
        asked_at=call.asked_at,
        acknowledged_at=call.acknowledged_at,
        phone=call.phone,
    )


def how_to_see(mode: Mode) -> Settings:
    """Return the choice of size of text, contrast and time; touched again, more time is taken back."""

    def option(value: str, label: Text, chosen: bool) -> Option:
        return Option(value=value, label=label, hint=_("Chosen now") if chosen else None)

    return Settings(
        id="settings",
        title=_("How would you like to see the screen?"),
        options=(
            option("text:1", _("Normal text"), mode.text_scale == 1),
            option("text:1.5", _("Larger text"), mode.text_scale == 1.5),
            option("text:2", _("Largest text"), mode.text_scale == 2),
            option("contrast:normal", _("Normal colours"), mode.contrast is Contrast.NORMAL),
            option("contrast:high", _("High contrast"), mode.contrast is Contrast.HIGH),
            option("contrast:dark", _("Dark"), mode.contrast is Contrast.DARK),
            option("time:normal" if mode.more_time else "time:more", _("More time on every page"), mode.more_time),
        ),
    )
