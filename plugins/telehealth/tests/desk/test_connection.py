"""What a station finds of its connection while the resident waits, as doctors see it."""

from __future__ import annotations

import pytest
from desk.kit import Clinic

from tramkit_telehealth.protocol import CaseState, ConnectionCheck, ConnectionChecked, LeaveCase

GOOD = ConnectionCheck(udp=True, relay="udp", round_trip_ms=40, lost=0.0)
SLOW = ConnectionCheck(udp=False, relay="tls", round_trip_ms=420, lost=0.0)
LOSSY = ConnectionCheck(udp=True, relay="udp", round_trip_ms=40, lost=0.15)
BLOCKED = ConnectionCheck(udp=False, relay="none")


@pytest.mark.parametrize(("check", "verdict"), [(GOOD, "good"), (SLOW, "weak"), (LOSSY, "weak"), (BLOCKED, "blocked")])
async def test_doctors_see_in_the_queue_whether_a_call_would_come_about(
    clinic: Clinic, check: ConnectionCheck, verdict: str
) -> None:
    kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
    await kiosk.open()
    await doctor.sees(lambda state: state.queue and state.queue[0].connection == "")
    await kiosk.say(ConnectionChecked(case="case-1", check=check))
    await doctor.sees(lambda state: state.queue[0].connection == verdict)


async def test_a_later_trial_replaces_the_one_before_and_nothing_stays_of_a_case_that_is_over(clinic: Clinic) -> None:
    kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
    await kiosk.open()
    await kiosk.say(ConnectionChecked(case="case-1", check=BLOCKED))
    await doctor.sees(lambda state: state.queue and state.queue[0].connection == "blocked")
    await kiosk.say(ConnectionChecked(case="case-1", check=GOOD))
    await doctor.sees(lambda state: state.queue[0].connection == "good")
    await kiosk.say(LeaveCase(case="case-1", reason="left"))
    await doctor.sees(lambda state: not state.queue)
    assert (await clinic.case()).state == CaseState.ABANDONED
    assert clinic.desk is not None
    assert not clinic.desk.board._checks


async def test_no_station_can_speak_for_a_resident_of_another(clinic: Clinic) -> None:
    kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
    await kiosk.open()
    stranger = await clinic.kiosk("lobby-2")
    await stranger.say(ConnectionChecked(case="case-1", check=BLOCKED))
    await kiosk.say(ConnectionChecked(case="case-1", check=GOOD))
    state = await doctor.sees(lambda state: state.queue and state.queue[0].connection)
    assert state.queue[0].connection == "good"
