"""What the doctor's page says, by key, in the doctor's language. Places like ``{name}`` are filled in by the page."""

from __future__ import annotations

from itertools import pairwise

from tramkit import Messages, Text, Vital
from tramkit_hal.contracts.vital import PLAUSIBLE
from tramkit_hal.words import LANGUAGES, render
from tramkit_telehealth.triage import BANDS

_ = Messages("tramkit_telehealth")

WORDS: dict[str, Text] = {
    # sign-in, top bar
    "title": _("Doctor's desk"),
    "sign_in.title": _("Sign in to the doctor's desk"),
    "sign_in.name": _("User name"),
    "sign_in.password": _("Password"),
    "sign_in.submit": _("Sign in"),
    "sign_in.hint": _("For doctors of this facility only. Every sign-in is recorded."),
    "sign_in.error.wrong": _("The user name or the password is not right. Please try again."),
    "sign_in.error.locked": _("Too many wrong attempts. Please wait a few minutes, then try again."),
    "sign_in.error.ended": _("Your session has ended. Please sign in again."),
    "sign_in.error.empty": _("Enter your user name and your password."),
    "sign_in.error.other": _("You could not be signed in. Please try again."),
    "language": _("Language"),
    "sign_out": _("Sign out"),
    "held_blocks": _("Close the case or hand it over first."),
    "shift": _("On shift"),
    "available": _("Taking patients"),
    "on": _("on"),
    "off": _("off"),
    "line.connecting": _("Connecting …"),
    "line.up": _("Connected to the desk"),
    "line.down": _("No connection to the desk"),
    # queue
    "queue.title": _("Waiting patients"),
    "queue.empty": _("Nobody is waiting."),
    "queue.off_shift": _('You are off shift. Switch "On shift" on to see patients.'),
    "queue.unavailable": _('You take no new patients now. Switch "Taking patients" on to accept one.'),
    "queue.new": _("A new patient is waiting: {name}"),
    "queue.accept": _("Accept"),
    "queue.accept_whom": _("Accept {name}"),
    "queue.taken": _("With {doctor}"),
    "queue.with_you": _("With you"),
    "queue.busy": _("You have a patient now."),
    "queue.not_mine": _("Another specialty or language"),
    "queue.waiting": _("waits {time}"),
    "queue.age": _("{n} y"),
    "queue.no_age": _("age not known"),
    "urgency.1": _("Urgent"),
    "urgency.2": _("Soon"),
    "urgency.3": _("Can wait"),
    "minutes": _("{n} min"),
    "hours": _("{h} h {n} min"),
    "under_minute": _("under 1 min"),
    "past.title": _("Closed in this shift"),
    "past.empty": _("None yet."),
    "past.no_summary": _("Closed without a summary."),
    "past.": _("Summary: not known yet"),
    "past.printed": _("Summary: printed at the station"),
    "past.shown": _("Summary: shown as a QR code"),
    "past.failed": _("Summary: did not reach the patient. Call the patient."),
    "past.unknown": _("Summary: nobody knows whether it was printed"),
    # who the patient is
    "sex.male": _("male"),
    "sex.female": _("female"),
    "level.NONE": _("Identity not checked"),
    "level.CLAIMED": _("Name from the card, not checked"),
    "level.CHIP": _("Identity checked by the card's chip"),
    "level.CHIP_FACE": _("Identity checked by chip and face"),
    # call
    "call.title": _("Call"),
    "call.none": _("No patient in the call"),
    "call.none_hint": _(
        "Accept a patient from the list on the left. Check your camera and microphone before the first call."
    ),
    "call.check": _("Check camera and microphone"),
    "call.check_end": _("End the check"),
    "call.check_good": _("Camera and microphone work. Speak: the bar moves."),
    "call.volume": _("Volume of your voice"),
    "call.claimed": _("Calling the patient …"),
    "call.ringing": _("Connecting picture and sound …"),
    "call.live": _("In the call"),
    "call.interrupted": _("The picture is interrupted. It is being set up again."),
    "call.kiosk_gone": _(
        "The station has lost its connection to the desk. If it does not come back, call the patient by phone."
    ),
    "call.kiosk_interrupted": _("The patient does not see or hear you just now."),
    "call.closing": _("The call has ended. Write the summary, then close the case."),
    "call.patient_muted": _("The patient has muted the microphone"),
    "call.patient_camera_off": _("The patient has switched the camera off"),
    "call.patient_slate": _("The kiosk's camera gives no picture"),
    "call.remote": _("Picture of the patient"),
    "call.own": _("Your own picture"),
    "call.own_off": _("Your camera is off"),
    "call.own_none": _("No camera"),
    "call.mute": _("Mute"),
    "call.unmute": _("Unmute"),
    "call.camera_off": _("Camera off"),
    "call.camera_on": _("Camera on"),
    "call.larger": _("Larger picture"),
    "call.smaller": _("Smaller picture"),
    "call.end": _("End call"),
    "call.release": _("Give back to the queue"),
    "call.sound_on": _("Turn the sound on"),
    "call.end_ask": _("End the call?"),
    "call.end_why": _("Picture and sound end for good. You can still write the summary."),
    "call.gone_title": _("The patient has left"),
    "media.denied": _("The browser may not use camera and microphone. Allow them in the address bar, then try again."),
    "media.none": _("No camera and no microphone found. Connect them, then try again."),
    "media.used": _("Camera or microphone is used by another program. Close it, then try again."),
    "media.insecure": _("The browser gives camera and microphone only to an https address."),
    "media.no_camera": _("No camera found: the patient hears you but does not see you."),
    "media.no_microphone": _("No microphone found: the patient sees you but does not hear you."),
    "media.receive_only": _("You can see and hear the patient all the same."),
    "media.again": _("Try again"),
    # patient
    "patient.complaint": _("Complaint"),
    "patient.vitals": _("Measurements"),
    "patient.no_vitals": _("Nothing was measured."),
    "patient.low": _("at or below {n}"),
    "patient.high": _("at or above {n}"),
    "patient.outside_why": _("Outside the range for adults at rest (NEWS2). Not a diagnosis."),
    "patient.poor": _("poor signal"),
    "patient.measured": _("{time} · {device}"),
    "patient.answers": _("Answers before the call"),
    "patient.no_answers": _("No answers were given."),
    "patient.consents": _("Consents"),
    "patient.given": _("given"),
    "patient.not_given": _("not given"),
    "patient.consent_line": _("{answer}, {time}, text {version}"),
    "patient.number": _("ID {number}"),
    "patient.born": _("born {day}"),
    "consent.telehealth": _("Examination by video"),
    "consent.health_data": _("Sending of health data to the facility"),
    "consent.contact_phone": _("Keeping the phone number"),
    "consent.guardian": _("Parent or guardian agrees"),
    "consent.child": _("Child agrees"),
    "vital.blood_pressure": _("Blood pressure"),
    "vital.pulse": _("Pulse"),
    "vital.spo2": _("Oxygen (SpO₂)"),
    "vital.temperature": _("Temperature"),
    "vital.weight": _("Weight"),
    "vital.height": _("Height"),
    "warning.not_a_listed_condition": _(
        "Not on the list of conditions for remote treatment (Circular 30/2023). You decide."
    ),
    "warning.other": _("Please note: {key}"),
    # record
    "record.title": _("Record"),
    "record.none": _("The record opens when you accept a patient."),
    "record.notes": _("Notes"),
    "record.notes_hint": _("For the record only, the patient does not see them."),
    "record.diagnosis": _("Diagnosis (ICD-10)"),
    "record.diagnosis_hint": _("For example J00"),
    "record.diagnosis_wrong": _(
        "An ICD-10 code is a letter and two digits, then perhaps a point and more digits: J00, E11.9"
    ),
    "record.conclusion": _("Conclusion"),
    "record.conclusion_hint": _("In words for the patient."),
    "record.advice": _("Advice"),
    "record.prescription": _("Prescription"),
    "record.medicine": _("Medicine {n}"),
    "record.medicine_name": _("International name (INN)"),
    "record.strength": _("Strength"),
    "record.amount": _("Amount"),
    "record.directions": _("Directions"),
    "record.strength_example": _("500 mg"),
    "record.amount_example": _("10 tablets"),
    "record.directions_example": _("1 tablet, 3 times a day after meals"),
    "record.add": _("Add a medicine"),
    "record.remove": _("Remove"),
    "record.remove_whom": _("Remove medicine {n}"),
    "record.full": _("At most 20 medicines."),
    "record.follow_up": _("Follow-up"),
    "record.follow_up_hint": _("When and where to see a doctor again."),
    "record.hand_over": _("Hand over to"),
    "record.hand_over_do": _("Hand over"),
    "record.hand_over_none": _("No other doctor is on shift"),
    "record.hand_over_pick": _("Choose a doctor"),
    "record.hand_over_busy": _("{name} (has a patient)"),
    "record.close": _("Close the case"),
    "record.saved": _("Saved"),
    "record.saving": _("Saving …"),
    "record.unsaved": _("Not saved yet"),
    "record.kept": _("No connection: your text is kept in this window"),
    "record.not_saved": _("Could not be saved. Trying again."),
    "record.conflict": _("These notes were changed in another window. The newer text is shown."),
    "record.put_back": _("Put my text back"),
    "record.keep_newer": _("Keep the newer text"),
    "record.missing": _("Please fill this in."),
    "record.mend": _("Something is missing or wrong: see the marked fields."),
    "close.title": _("Close the case of {name}?"),
    "close.why": _("The patient gets this summary. It cannot be changed afterwards."),
    "close.call": _("The call ends too."),
    "close.no_medicine": _("No prescription"),
    "close.yes": _("Close and send"),
    "close.no": _("Go on writing"),
    "close.done": _("The case is closed. The summary goes to the patient."),
    "hand_over.done": _("The case was handed over to {name}."),
    "cancel": _("Go back"),
    "dismiss": _("Dismiss this message"),
    "case_gone": _("The case is no longer with you: the patient has left, or the call did not come about in time."),
    # trouble
    "trouble.malformed": _("The desk did not understand this. Reload the page and try again."),
    "trouble.taken": _("Another doctor has just accepted this patient."),
    "trouble.not_yours": _("This case is no longer with you."),
    "trouble.gone": _("The patient has left, the case has ended."),
    "trouble.busy": _("You have a patient. Close the case or hand it over first."),
    "trouble.off_shift": _("You are off shift. Begin your shift first."),
    "trouble.stale": _("These notes were changed in another window."),
    "trouble.incomplete": _("The summary is not complete yet: see the marked field."),
    "trouble.blocked": _(
        "Not allowed in a remote prescription, for example a narcotic or psychotropic medicine (Circular 26/2025)."
    ),
    "trouble.blocked.accept": _("This patient has chosen another specialty."),
    "trouble.no_such_doctor": _("That doctor is off shift or has a patient now. Choose another one."),
    "trouble.other": _("This could not be done. Please try again."),
    "trouble.lost": _("The connection was lost before the desk replied. Look whether it was done."),
    "lost.title": _("No connection to the desk. A running call goes on, your text is kept in this window."),
    "lost.next": _("Next attempt in {n} s"),
    "lost.now": _("Try now"),
    "no_script": _("This page needs JavaScript."),
}


def words(language: str) -> dict[str, str]:
    """Return everything the page says in a language.

    Beside the words: ``language.vi`` … are the languages spelled in themselves, and ``band.pulse`` … are two numbers,
    the highest value of the low bands and the lowest of the high ones in :data:`tramkit_telehealth.triage.BANDS`, for
    the page's neutral mark.
    """
    said = {key: render(text, language) for key, text in WORDS.items()}
    said |= {f"language.{id}": name for id, name in LANGUAGES.items()}
    return said | {f"band.{kind.value}": f"{low:g} {high:g}" for kind, (low, high) in _usual().items()}


def _usual() -> dict[Vital, tuple[float, float]]:
    """Return for each vital sign what lies between its bands: above the low ones, below the high ones."""
    found: dict[Vital, tuple[float, float]] = {}
    for kind in sorted({band.kind for band in BANDS}):
        low, high = PLAUSIBLE[kind][0]
        bands = sorted((band.low, band.high) for band in BANDS if band.kind is kind)
        edges = [(low, low), *bands, (high + 1, high + 1)]
        found[kind] = max(((a[1], b[0]) for a, b in pairwise(edges)), key=lambda gap: gap[1] - gap[0])
    return found
