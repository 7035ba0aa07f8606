"""Who has which case: claims, leases, priorities, and that two doctors never hold one resident."""

from __future__ import annotations

import asyncio

from desk.kit import ANSWER, Clinic, Doctor, call, connect_leg

from tramkit_telehealth.desk.page_protocol import Draft, Trouble
from tramkit_telehealth.protocol import (
    CaseState,
    CaseSummary,
    CaseUpdate,
    HangUp,
    KioskMedia,
    LeaveCase,
    Offered,
    OpenCase,
    RtcOffer,
    StartLeg,
)


def events(clinic: Clinic, case: str = "case-1") -> list[str]:
    """Return what the desk has noted of a case."""
    return [what for (what,) in clinic.read('SELECT what FROM events WHERE "case" = ? ORDER BY id', (case,))]


async def queue(doctor: Doctor, *cases: str) -> None:
    """Wait until the doctor's queue is this one."""
    await doctor.sees(lambda state: tuple(waiting.case for waiting in state.queue) == cases)


# ── claims ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_of_twenty_doctors_who_accept_one_resident_at_once_exactly_one_gets_them(clinic: Clinic) -> None:
    kiosk = await clinic.kiosk()
    doctors = await clinic.crowd(20)
    await kiosk.open()
    replies = await asyncio.gather(*(doctor.do("accept", case="case-1") for doctor in doctors))
    winners = [doctor.id for doctor, reply in zip(doctors, replies, strict=True) if reply.trouble is None]
    assert len(winners) == 1
    assert [reply.trouble for reply in replies].count(Trouble.TAKEN) == 19
    case = await clinic.case()
    assert (case.doctor, case.epoch, case.leg) == (winners[0], 1, 1)
    claimed = await kiosk.update(lambda update: update.state is CaseState.CLAIMED)
    assert claimed.doctor is not None
    assert claimed.doctor.id == winners[0]
    assert [leg.leg for leg in kiosk.heard.all(StartLeg)] == [1]
    for doctor in doctors:
        shown = await doctor.sees(lambda state: [entry.doctor for entry in state.queue] == [f"BS. {winners[0]}"])
        assert (shown.held is not None) == (doctor.id == winners[0])


async def test_a_doctor_who_accepts_five_residents_at_once_gets_one(clinic: Clinic) -> None:
    kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
    cases = [f"case-{number}" for number in range(5)]
    for case in cases:
        await kiosk.open(case)
    replies = await asyncio.gather(*(doctor.do("accept", case=case) for case in cases))
    assert [reply.trouble for reply in replies].count(None) == 1
    assert [reply.trouble for reply in replies].count(Trouble.BUSY) == 4
    assert sorted([(await clinic.case(case)).state for case in cases]) == ["claimed", *["waiting"] * 4]


async def test_two_claims_that_are_decided_at_the_same_moment_do_not_both_hold(clinic: Clinic) -> None:
    """The page's commands come one after the other; the database alone must be enough."""
    kiosk, _doctor = await clinic.kiosk(), await clinic.doctor()
    cases = [f"case-{number}" for number in range(5)]
    for case in cases:
        await kiosk.open(case)
    assert clinic.desk is not None
    found = await asyncio.gather(*(clinic.desk.cases.accept("lan", case) for case in cases), return_exceptions=True)
    assert sum(not isinstance(each, Exception) for each in found) == 1
    assert clinic.read("SELECT count(*) FROM cases WHERE doctor = 'lan'") == [(1,)]


async def test_only_a_doctor_on_shift_with_the_specialty_and_free_may_accept(clinic: Clinic) -> None:
    kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
    await kiosk.open("heart", specialty="heart")
    await kiosk.open("first")
    await kiosk.open("second")
    assert (await doctor.do("accept", case="heart")).trouble is Trouble.BLOCKED
    assert (await doctor.do("accept", case="nobody")).trouble is Trouble.GONE
    await doctor.must("set_shift", on=False)
    assert (await doctor.do("accept", case="first")).trouble is Trouble.OFF_SHIFT
    assert (await doctor.do("set_available", available=True)).trouble is Trouble.OFF_SHIFT
    await doctor.must("set_shift", on=True)
    await doctor.accept("first")
    assert (await doctor.do("accept", case="second")).trouble is Trouble.BUSY
    assert (await doctor.do("set_shift", on=False)).trouble is Trouble.BUSY


async def test_a_doctor_without_the_residents_language_may_not_accept(clinic: Clinic) -> None:
    kiosk, lan, minh = await clinic.kiosk(), await clinic.doctor("lan"), await clinic.doctor("minh", languages=["en"])
    await kiosk.open(language="en")
    assert (await lan.do("accept", case="case-1")).trouble is Trouble.BLOCKED
    await minh.accept("case-1")


async def test_a_doctor_who_does_not_hold_the_case_can_do_nothing_to_it(clinic: Clinic) -> None:
    kiosk, lan, minh = await clinic.kiosk(), await clinic.doctor("lan"), await clinic.doctor("minh")
    await kiosk.open()
    await call(kiosk, lan)
    before = await clinic.case()
    commands: list[tuple[str, dict[str, object]]] = [
        ("release", {"reason": "mistake"}),
        ("answer_leg", {"leg": 1, "sdp": "another answer"}),
        ("media_state", {"leg": 1, "state": "live"}),
        ("ask_leg", {}),
        ("end_call", {}),
        ("save_draft", {"version": 0, "draft": ANSWER}),
        ("hand_over", {"doctor": "minh"}),
        ("close", {"draft": ANSWER}),
    ]
    for do, fields in commands:
        assert (await minh.do(do, case="case-1", **fields)).trouble is Trouble.NOT_YOURS, do
    after = await clinic.case()
    assert (after.state, after.epoch, after.leg, after.draft) == (before.state, before.epoch, before.leg, {})


# ── leases ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_claim_without_a_sign_of_life_goes_back_to_the_front_with_a_new_epoch(clinic: Clinic) -> None:
    kiosk, lan, minh = await clinic.kiosk(), await clinic.doctor("lan"), await clinic.doctor("minh")
    await kiosk.open("older")
    await clinic.pass_time(5)
    await kiosk.open("case-1")
    await kiosk.open("urgent", urgency=1)
    await queue(minh, "urgent", "older", "case-1")
    await lan.accept("case-1")
    await clinic.pass_time(16)
    await queue(minh, "urgent", "case-1", "older")
    case = await clinic.case()
    assert (case.state, case.doctor, case.epoch) == ("waiting", None, 2)
    again = await kiosk.update(lambda update: update.state is CaseState.WAITING and update.position == 2)
    assert again.case == "case-1"
    assert (await lan.sees(lambda state: state.held is None)).queue[0].doctor == ""
    assert (await lan.do("release", case="case-1", reason="mistake")).trouble is Trouble.NOT_YOURS
    assert (await lan.do("save_draft", case="case-1", version=0, draft=ANSWER)).trouble is Trouble.NOT_YOURS


async def test_signs_of_life_keep_a_claim_until_the_ringing_ends(clinic: Clinic) -> None:
    kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
    await kiosk.open()
    await doctor.accept()
    await connect_leg(kiosk, doctor)
    for _ in range(2):
        await clinic.pass_time(14)
        await doctor.beat()
    assert (await clinic.case()).state == "ringing"
    await clinic.pass_time(3)
    await queue(doctor, "case-1")
    assert (await clinic.case()).state == "waiting"
    assert events(clinic) == ["opened", "accepted", "call did not come about"]


async def test_a_call_that_is_live_needs_no_lease(clinic: Clinic) -> None:
    kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
    await kiosk.open()
    await call(kiosk, doctor)
    await clinic.pass_time(600)
    assert (await clinic.case()).state == "live"


async def test_the_media_of_a_leg_that_is_over_do_not_make_the_next_call_live(clinic: Clinic) -> None:
    kiosk, lan, minh = await clinic.kiosk(), await clinic.doctor("lan"), await clinic.doctor("minh")
    await kiosk.open()
    old = await call(kiosk, lan)
    await lan.must("hand_over", case="case-1", doctor="minh")
    await kiosk.say(KioskMedia(case="case-1", leg=old.leg, state="live"))
    assert (await clinic.case()).state == "claimed"
    leg = await connect_leg(kiosk, minh)
    await minh.must("media_state", case="case-1", leg=old.leg, state="live")
    assert (await clinic.case()).state == "ringing"
    await minh.must("media_state", case="case-1", leg=leg.leg, state="live")
    assert (await clinic.case()).state == "live"


# ── giving a case back, and on ──────────────────────────────────────────────────────────────────────────────────────


async def test_a_released_case_waits_at_the_front(clinic: Clinic) -> None:
    kiosk, lan, minh = await clinic.kiosk(), await clinic.doctor("lan"), await clinic.doctor("minh")
    await kiosk.open("case-1")
    await clinic.pass_time(5)
    await kiosk.open("urgent", urgency=1)
    await lan.accept("case-1")
    await lan.must("release", case="case-1", reason="mistake")
    await queue(minh, "urgent", "case-1")  # the front is that of its own class
    await minh.accept("case-1")
    assert [leg.leg for leg in kiosk.heard.all(StartLeg)] == [1, 2]
    assert (await clinic.case()).epoch == 3


async def test_a_call_that_is_live_cannot_be_released(clinic: Clinic) -> None:
    kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
    await kiosk.open()
    await call(kiosk, doctor)
    assert (await doctor.do("release", case="case-1", reason="mistake")).trouble is Trouble.BUSY
    assert (await clinic.case()).state == "live"


async def test_a_call_is_handed_over_with_its_draft_and_a_leg_of_its_own(clinic: Clinic) -> None:
    kiosk, lan, minh = await clinic.kiosk(), await clinic.doctor("lan"), await clinic.doctor("minh")
    await kiosk.open()
    await call(kiosk, lan)
    await lan.must("save_draft", case="case-1", version=0, draft=ANSWER)
    await lan.must("hand_over", case="case-1", doctor="minh")
    shown = await minh.sees(lambda state: state.held)
    assert shown.held is not None
    assert (shown.held.draft, shown.held.version, shown.held.leg) == (ANSWER, 1, 2)
    assert (await lan.sees(lambda state: state.held is None)).queue[0].doctor == "BS. minh"
    leg = await connect_leg(kiosk, minh)
    assert (leg.leg, leg.doctor.id) == (2, "minh")
    assert (await lan.do("close", case="case-1", draft=ANSWER)).trouble is Trouble.NOT_YOURS
    await kiosk.live(leg)
    await minh.must("close", case="case-1", draft=ANSWER)
    assert (await kiosk.heard.next(CaseSummary)).summary.doctor.id == "minh"


async def test_a_case_is_handed_over_only_to_a_colleague_who_is_on_shift_and_free(clinic: Clinic) -> None:
    kiosk, lan, minh = await clinic.kiosk(), await clinic.doctor("lan"), await clinic.doctor("minh")
    await kiosk.open("case-1")
    await kiosk.open("case-2")
    await lan.accept("case-1")
    await minh.accept("case-2")
    for nobody in ("minh", "lan", "stranger"):
        reply = await lan.do("hand_over", case="case-1", doctor=nobody)
        assert reply.trouble is Trouble.NO_SUCH_DOCTOR
    await minh.must("release", case="case-2", reason="technical")
    await minh.must("set_shift", on=False)
    assert (await lan.do("hand_over", case="case-1", doctor="minh")).trouble is Trouble.NO_SUCH_DOCTOR
    assert (await clinic.case()).doctor == "lan"


async def test_a_case_is_handed_over_only_to_a_colleague_who_could_have_accepted_it(clinic: Clinic) -> None:
    kiosk, lan = await clinic.kiosk(), await clinic.doctor("lan")
    await clinic.doctor("heart", "heart")
    await clinic.doctor("english", languages=["en"])
    resting, gone = await clinic.doctor("resting"), await clinic.doctor("gone")
    right = await clinic.doctor("right")
    await resting.must("set_available", available=False)
    await gone.close_page()
    await kiosk.open()
    await lan.accept()
    shown = await lan.sees(lambda state: state.held and [each.id for each in state.colleagues] == ["right"])
    for nobody in ("heart", "english", "resting", "gone"):
        reply = await lan.do("hand_over", case="case-1", doctor=nobody)
        assert reply.trouble is Trouble.NO_SUCH_DOCTOR, nobody
    assert shown.held is not None
    assert (await clinic.case()).doctor == "lan"
    await lan.must("hand_over", case="case-1", doctor="right")
    await right.sees(lambda state: state.held)


# ── notes and the end ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_an_older_draft_does_not_overwrite_a_newer_one(clinic: Clinic) -> None:
    kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
    await kiosk.open()
    await doctor.accept()
    await doctor.must("save_draft", case="case-1", version=0, draft=Draft(notes="first"))
    await doctor.must("save_draft", case="case-1", version=1, draft=Draft(notes="second"))
    reply = await doctor.do("save_draft", case="case-1", version=1, draft=Draft(notes="of another window"))
    assert reply.trouble is Trouble.STALE
    shown = await doctor.sees(lambda state: state.held and state.held.version == 2)
    assert shown.held is not None
    assert shown.held.draft.notes == "second"


async def test_closing_twice_closes_once(clinic: Clinic) -> None:
    kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
    await kiosk.open()
    await call(kiosk, doctor)
    replies = await asyncio.gather(*(doctor.do("close", case="case-1", draft=ANSWER) for _ in range(3)))
    assert [reply.trouble for reply in replies] == [None] * 3
    await kiosk.update(lambda update: update.state is CaseState.CLOSED)
    case = await clinic.case()
    assert case.summary is not None
    await doctor.beat()
    await kiosk.say(KioskMedia(case="case-1", leg=1, state="interrupted"))
    assert [summary.summary.model_dump(mode="json") for summary in kiosk.heard.all(CaseSummary)] == [case.summary]
    assert events(clinic) == ["opened", "accepted", "live", "closed"]
    other = ANSWER.model_copy(update={"conclusion": "something else"})
    await doctor.must("close", case="case-1", draft=other)
    assert (await clinic.case()).summary == case.summary


async def test_a_resident_who_leaves_the_queue_abandons_the_case(clinic: Clinic) -> None:
    kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
    await kiosk.open()
    await queue(doctor, "case-1")
    await kiosk.say(LeaveCase(case="case-1", reason="changed_mind"))
    await kiosk.update(lambda update: update.state is CaseState.ABANDONED)
    await queue(doctor)
    assert (await doctor.do("accept", case="case-1")).trouble is Trouble.GONE
    await kiosk.open()
    assert (await clinic.case()).state == "abandoned"


async def test_a_resident_who_leaves_while_it_rings_frees_the_doctor(clinic: Clinic) -> None:
    kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
    await kiosk.open()
    await doctor.accept()
    await connect_leg(kiosk, doctor)
    await kiosk.say(LeaveCase(case="case-1", reason="left"))
    assert (await doctor.sees(lambda state: state.held is None)).queue == ()
    assert (await clinic.case()).state == "abandoned"
    assert (await doctor.do("answer_leg", case="case-1", leg=1, sdp="late")).trouble is Trouble.GONE
    await doctor.must("set_shift", on=False)


async def test_after_either_side_has_hung_up_the_doctor_still_writes_the_summary(clinic: Clinic) -> None:
    kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
    await kiosk.open("case-1")
    await call(kiosk, doctor, "case-1")
    await kiosk.say(HangUp(case="case-1"))
    await doctor.sees(lambda state: state.held and state.held.state is CaseState.CLOSING)
    assert (await doctor.do("ask_leg", case="case-1")).trouble is Trouble.GONE
    await doctor.must("close", case="case-1", draft=ANSWER)
    assert (await kiosk.heard.next(CaseSummary)).summary.conclusion == ANSWER.conclusion

    await kiosk.open("case-2")
    await call(kiosk, doctor, "case-2")
    await doctor.must("end_call", case="case-2")
    assert (await kiosk.heard.next(HangUp)).case == "case-2"
    await kiosk.say(RtcOffer(case="case-2", leg=9, sdp="too late"))
    assert (await clinic.case("case-2")).state == "closing"
    await doctor.must("close", case="case-2", draft=ANSWER)
    assert (await kiosk.heard.next(CaseSummary)).case == "case-2"


# ── the order of the queue ──────────────────────────────────────────────────────────────────────────────────────────


async def test_a_resident_who_leaves_after_the_doctor_was_lost_in_the_call_is_still_that_doctors(
    clinic: Clinic,
) -> None:
    kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
    await kiosk.open()
    await call(kiosk, doctor)
    await doctor.must("save_draft", case="case-1", version=0, draft=ANSWER)
    await doctor.close_page()
    await clinic.wait_for("SELECT doctor_gone_at IS NOT NULL FROM cases")
    await clinic.pass_time(62)
    assert (await clinic.case()).state == "waiting"
    await kiosk.say(LeaveCase(case="case-1", reason="left"))
    assert (await clinic.case()).state == "closing"
    shown = await doctor.open_page()
    assert shown.held is not None
    assert shown.held.draft == ANSWER
    await doctor.must("close", case="case-1", draft=ANSWER)
    assert (await clinic.case()).state == "closed"


async def test_an_urgent_case_is_never_overtaken_however_long_a_lesser_one_waits(clinic: Clinic) -> None:
    kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
    await kiosk.open("can-wait", urgency=3)
    await clinic.pass_time(60)
    await kiosk.open("soon", urgency=2)
    await clinic.pass_time(60)
    await kiosk.open("now", urgency=1)
    await queue(doctor, "now", "soon", "can-wait")
    await clinic.pass_time(29 * 60)
    await kiosk.open("later", urgency=1)
    await queue(doctor, "now", "later", "soon", "can-wait")


async def test_the_position_is_how_many_of_the_specialty_are_seen_before(clinic: Clinic) -> None:
    kiosk = await clinic.kiosk()
    await kiosk.open("first")
    await clinic.pass_time(1)
    await kiosk.open("heart", specialty="heart")
    await clinic.pass_time(1)
    await kiosk.open("second")
    assert await place(kiosk, "first") == 1
    assert await place(kiosk, "heart") == 1
    assert await place(kiosk, "second") == 2
    await kiosk.open("urgent", urgency=1)
    assert await place(kiosk, "second", 3) == 3
    assert await place(kiosk, "first", 2) == 2
    doctor = await clinic.doctor()
    await doctor.accept("urgent")
    assert await place(kiosk, "first", 1) == 1
    await kiosk.say(LeaveCase(case="first", reason="left"))
    assert await place(kiosk, "second", 1) == 1


async def test_the_position_counts_everybody_whom_the_same_doctor_sees_before(clinic: Clinic) -> None:
    kiosk = await clinic.kiosk()
    await clinic.doctor("both", "general", "heart")
    await kiosk.open("first")
    await clinic.pass_time(1)
    await kiosk.open("heart", specialty="heart")
    assert await place(kiosk, "heart") == 2


async def test_without_a_doctor_who_speaks_the_language_there_is_no_estimate(clinic: Clinic) -> None:
    kiosk, doctor = await clinic.kiosk(), await clinic.doctor("lan")
    await kiosk.open("vietnamese")
    await kiosk.open("english", language="en")
    assert (await kiosk.update(lambda update: update.case == "vietnamese")).estimate is not None
    assert (await kiosk.update(lambda update: update.case == "english")).estimate is None
    await doctor.beat()


async def place(kiosk, case: str, position: int | None = None) -> int:
    """Return the place that a kiosk was told of, once it is the one given."""

    def told() -> int | None:
        return next((each.position for each in reversed(kiosk.heard.all(CaseUpdate)) if each.case == case), None)

    await kiosk.heard.until(lambda: told() is not None if position is None else told() == position)
    found = told()
    assert found is not None
    return found


async def test_the_estimate_counts_doctors_who_are_really_there(clinic: Clinic) -> None:
    kiosk = await clinic.kiosk()
    await kiosk.open("first")
    await clinic.pass_time(1)
    await kiosk.open("second")
    assert (await kiosk.update(lambda update: update.case == "second")).estimate is None
    doctor = await clinic.doctor()
    assert (await kiosk.update(lambda update: update.case == "first" and update.estimate)).estimate == 1
    assert (await kiosk.update(lambda update: update.case == "second" and update.estimate)).estimate == 10
    await doctor.must("set_available", available=False)
    await kiosk.heard.until(lambda: kiosk.heard.all(CaseUpdate)[-1].estimate is None)
    await doctor.must("set_available", available=True)
    await kiosk.heard.until(lambda: kiosk.heard.all(CaseUpdate)[-1].estimate)
    await doctor.close_page()
    await kiosk.heard.until(lambda: kiosk.heard.all(Offered)[-1].specialties[0].doctors == 0)
    assert kiosk.heard.all(Offered)[-1].specialties[0].estimate is None


async def test_a_consultation_that_takes_long_makes_the_next_estimate_longer(clinic: Clinic) -> None:
    kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
    await kiosk.open("case-1")
    await call(kiosk, doctor, "case-1")
    await clinic.pass_time(30 * 60)
    await doctor.beat()
    await doctor.must("close", case="case-1", draft=ANSWER)
    await kiosk.open("case-2")
    await doctor.accept("case-2")
    await kiosk.open("case-3")
    # the mean of thirty minutes and the ten that are expected
    assert (await kiosk.update(lambda update: update.case == "case-3")).estimate == 20


async def test_opening_a_case_again_changes_nothing(clinic: Clinic) -> None:
    kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
    brought = await kiosk.open()
    await queue(doctor, "case-1")
    await kiosk.say(OpenCase(intake=brought.model_copy(update={"urgency": 1})))
    assert (await clinic.case()).urgency == 3
    assert events(clinic) == ["opened"]
    assert clinic.read("SELECT count(*) FROM consents") == [(2,)]
