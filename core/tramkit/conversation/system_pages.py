"""The pages that are the core's own: between visits, and over a service's page: warning, leave, help, settings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tramkit.conversation.staff import StaffCall
from tramkit_hal.ui.icons import Icon
from tramkit_hal.ui.pages import (
    SERVICES_ON_ATTRACT,
    Attract,
    Availability,
    Bar,
    Contrast,
    Help,
    Leave,
    Mode,
    Option,
    Settings,
    Tell,
    Timeout,
    Tone,
)
from tramkit_hal.words import VIETNAM, Messages, Text

_ = Messages("tramkit")

OWN: dict[Bar, str] = {Bar.START_OVER: "leave", Bar.SETTINGS: "settings", Bar.HELP: "help"}
"""The buttons of the bar that show a page, and its kind."""


FIRST = (Icon.DOCTOR, Icon.BILL, Icon.DOSSIER, Icon.INSURANCE, Icon.REPORT, Icon.RECEIPT)
"""What most residents come for, in this order; others fill the tiles that a station without one of them has left."""


def _most_wanted(services: Sequence[Option]) -> tuple[Option, ...]:
    """Return the services of the tiles: one for each of :data:`FIRST`, then others, open ones before closed ones."""
    by_icon = {option.icon: option for option in reversed(services)}
    first = [by_icon[icon] for icon in FIRST if icon in by_icon]
    others = [option for option in services if option not in first]
    others.sort(key=lambda option: option.state is Availability.CLOSED)
    return tuple(_short(option) for option in [*first, *others][:SERVICES_ON_ATTRACT])


def _short(option: Option) -> Option:
    """Return a service as its tile tells it: that it is limited or closed, and the menu says why."""
    told = option.state is not Availability.AVAILABLE
    return option.model_copy(update={"reason": None, "hint": None if told else option.hint})


def _greeting(at: datetime | None) -> Text:
    """Return a greeting that suits the hour in Vietnam; None: the hour is not known."""
    hour = at.astimezone(VIETNAM).hour if at is not None else None
    if hour is None or 11 <= hour < 13:
        return _("Hello! What can this citizen station do for you?")
    if 4 <= hour < 11:
        return _("Good morning! What can this citizen station do for you?")
    if 13 <= hour < 18:
        return _("Good afternoon! What can this citizen station do for you?")
    return _("Good evening! What can this citizen station do for you?")


def nobody_here(services: Sequence[Option], *, at: datetime | None = None, closed: bool = False) -> Attract:
    """Return what is shown between visits.

    :param at: the time, which the greeting suits; None: the station does not know it.
    :param closed: for maintenance; the services are not shown.
    """
    if closed:
        title = _("This station is closed for maintenance")
        return Attract(id="attract", title=title, body=(_("Please come back later."),))
    how = _("The station guides you step by step. You do not need to know computers.")
    tiles = _most_wanted(services)
    return Attract(id="attract", title=_greeting(at), body=(how,), services=tiles, more=len(tiles) < len(services))


FACES = {
    "face_1": (_("Very bad"), Icon.FACE_1),
    "face_2": (_("Bad"), Icon.FACE_2),
    "face_3": (_("So-so"), Icon.FACE_3),
    "face_4": (_("Good"), Icon.FACE_4),
    "face_5": (_("Very good"), Icon.FACE_5),
}
"""How it was, from worst to best."""


def goodbye(certain: bool) -> Tell:
    """Return the last page of a visit, which asks how it was; nobody has to answer.

    :param certain: everything was wiped.
    """
    if not certain:
        kept = _("Not everything could be cleared at once. The device concerned stays switched off until it is.")
        return Tell(id="farewell", title=_("Your visit has ended"), body=(kept,), tone=Tone.SUCCESS, action=None)
    return Tell(
        id="farewell",
        title=_("Your information has been deleted"),
        body=(_("Thank you. Goodbye."), _("How was it? Touch a face, or simply leave.")),
        tone=Tone.SUCCESS,
        options=tuple(Option(value=value, label=label, icon=icon) for value, (label, icon) in FACES.items()),
        action=None,
    )


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

    def option(value: str, label: Text, chosen: bool, icon: Icon) -> Option:
        return Option(value=value, label=label, hint=_("Chosen now") if chosen else None, icon=icon)

    return Settings(
        id="settings",
        title=_("How would you like to see the screen?"),
        options=(
            option("text:1", _("Normal text"), mode.text_scale == 1, Icon.TEXT_SIZE),
            option("text:1.5", _("Larger text"), mode.text_scale == 1.5, Icon.TEXT_SIZE),
            option("text:2", _("Largest text"), mode.text_scale == 2, Icon.TEXT_SIZE),
            option("contrast:normal", _("Normal colours"), mode.contrast is Contrast.NORMAL, Icon.SUN),
            option("contrast:high", _("High contrast"), mode.contrast is Contrast.HIGH, Icon.CONTRAST),
            option("contrast:dark", _("Dark"), mode.contrast is Contrast.DARK, Icon.DARK),
            option(
                "time:normal" if mode.more_time else "time:more",
                _("More time on every page"),
                mode.more_time,
                Icon.TIME,
            ),
        ),
    )
