"""The red-flag question, asked first and answered with the desk down too."""

from __future__ import annotations

from tramkit import Messages, Option, Tone, Visit, verbatim
from tramkit_telehealth.triage import EMERGENCY_NUMBER, RedFlag, red_flag, red_flag_options

_ = Messages("tramkit_telehealth")

STAFF_REASON = _("A resident needs emergency help (red flag at the telehealth service)")


async def ask_red_flags(visit: Visit) -> tuple[RedFlag | None, bool]:
    """Ask for red flags; on a yes show the emergency number and call staff.

    :return: the flag, and whether the resident wants to go on to a doctor.
    """
    chosen = await visit.choose(
        _("Do you have any of these right now?"),
        red_flag_options(),
        body=(_("If so, you need help faster than a video call can give it."),),
        name="red_flag",
    )
    flag = red_flag(chosen)
    if flag is None:
        return None, True
    call = await visit.call_staff(STAFF_REASON)
    told = [
        _("Call 115 now, or ask somebody near you to call."),
        flag.advice,
        _("Staff of this station have been called to you."),
    ]
    if call.phone:
        told.append(_("Staff's phone: {phone}", phone=verbatim(call.phone)))
    next_step = await visit.tell(
        _("You need emergency help now"),
        *told,
        tone=Tone.EMERGENCY,
        large=verbatim(EMERGENCY_NUMBER),
        options=(
            Option(value="doctor", label=_("Help is on its way: go on to a doctor by video")),
            Option(value="finish", label=_("Finish here")),
        ),
        action=None,
    )
    return flag, next_step == "doctor"
