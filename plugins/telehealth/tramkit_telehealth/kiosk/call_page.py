"""The page of the call: how the connection is, who the doctor is, what does not work and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from tramkit import Call, Messages, Text, verbatim
from tramkit_telehealth.kiosk.captions import Captions
from tramkit_telehealth.kiosk.words import doctor_facts
from tramkit_telehealth.media.call import CallMedia
from tramkit_telehealth.protocol import DoctorCard

_ = Messages("tramkit_telehealth")

MAX_SHOWN = 160
"""Characters of the doctor's line that are shown: the last ones, large."""

TROUBLE_AFTER = 3
"""Legs that fail before the page says that the connection does not come about."""


@dataclass
class CallChoices:
    """How the resident wants to have the page of the call.

    :param ending: they are asked whether the call is really to end.
    :param writing: the keyboard of the written line stands.
    :param captioned: what the doctor says is shown in words.
    """

    enlarged: bool = False
    ending: bool = False
    writing: bool = False
    captioned: bool = False

    def take(self, choice: str, media: CallMedia) -> None:
        """Do what a button says."""
        match choice:
            case "mute":
                media.muted = not media.muted
            case "camera":
                media.camera_off = not media.camera_off
            case "enlarge":
                self.enlarged = not self.enlarged
            case "write":
                self.writing = not self.writing
            case "captions":
                self.captioned = not self.captioned
            case "end" | "keep":
                self.ending = choice == "end"
            case _:
                pass


def call_page(
    media: CallMedia,
    *,
    doctor: DoctorCard | None,
    choices: CallChoices,
    captions: Captions,
    microphone: bool,
    speaker: bool,
    camera: bool,
    desk: bool,
) -> Call:
    """Return the page of the call as it stands now.

    :param desk: the desk can be reached; the call itself goes on without it.
    """
    title = _("Talking with {doctor}", doctor=verbatim(doctor.name)) if doctor else _("Your call with the doctor")
    return Call(
        title=title,
        fallback=_("On this screen the picture is coarse. You hear the doctor; the doctor sees and hears you."),
        body=tuple(_notes(media, microphone=microphone, speaker=speaker, camera=camera, desk=desk)),
        video="doctor",
        own_video="self",
        connection=media.connection,
        facts=doctor_facts(doctor) if doctor else (),
        muted=media.muted,
        camera_off=media.camera_off,
        enlarged=choices.enlarged,
        ending=choices.ending,
        written=media.written.theirs[-MAX_SHOWN:],
        captions=captions.text if captions.offered else None,
        captioned=choices.captioned and captions.offered,
        writes=True,
        reply=media.written.own if choices.writing and not choices.ending else None,
    )


def _notes(media: CallMedia, *, microphone: bool, speaker: bool, camera: bool, desk: bool) -> list[Text]:
    notes: list[Text] = []
    if media.connection == "interrupted":
        notes.append(_("The connection is interrupted. We are connecting again; the doctor keeps your place."))
    elif media.connection == "connecting":
        notes.append(_("Connecting you with the doctor…"))
    if media.connection != "live" and media.attempts > TROUBLE_AFTER:
        notes.append(_("The connection does not come about. We keep trying for a few minutes."))
    if media.connection != "live" and not desk:
        notes.append(_("The connection to the doctors' desk is interrupted too."))
    if media.muted:
        notes.append(_("Your microphone is off: the doctor does not hear you."))
    elif not microphone:
        notes.append(_("The microphone does not work: the doctor sees you but does not hear you."))
    if not (media.seen or media.shown):
        notes.append(_("There is no picture in this call. It goes on by sound."))
    elif not media.shown:
        notes.append(_("The doctor's picture does not come. You hear the doctor."))
    if not media.seen:
        if media.shown:
            notes.append(_("Your picture does not reach the doctor: the doctor hears you but does not see you."))
    elif media.camera_off:
        notes.append(_("Your camera is off: the doctor does not see you."))
    elif not camera or media.slating:
        notes.append(_("The camera gives no picture: the doctor hears you but does not see you."))
    if not speaker:
        notes.append(_("The loudspeaker does not work: you see the doctor but do not hear them."))
    if not (microphone and speaker):
        notes.append(_("You can write to the doctor: touch “Write”. What the doctor writes stands here."))
    return notes
