"""The desk's two doors: who gets in as a kiosk or a doctor's page, and what happens to nonsense."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest
from click.testing import CliRunner
from desk.kit import ANSWER, Clinic, Kiosk, call, config, intake

from tramkit_telehealth.desk.accounts import IDLE
from tramkit_telehealth.desk.app import serve
from tramkit_telehealth.desk.attempts import FREE
from tramkit_telehealth.desk.command import desk
from tramkit_telehealth.desk.doctors import MAX_MALFORMED as MAX_MALFORMED_COMMANDS
from tramkit_telehealth.desk.kiosks import MAX_MALFORMED
from tramkit_telehealth.desk.page_protocol import CallTrouble, DeskState, Reply
from tramkit_telehealth.desk.switchboard import SWEEP_SECONDS
from tramkit_telehealth.protocol import (
    MAX_MESSAGE,
    CaseRefused,
    CaseState,
    CaseUpdate,
    HangUp,
    Hello,
    KioskEnvelope,
    LeaveCase,
    Offered,
    OpenCase,
    StartLeg,
    SummaryHandedOver,
)


async def refused(kiosk: Kiosk) -> str:
    """Return why the desk refused a kiosk, once it has closed the connection."""
    await kiosk.heard.until(lambda: kiosk.heard.close_code is not None)
    assert kiosk.heard.close_code == 1008
    return kiosk.heard.all(CaseRefused)[-1].code


# ── kiosks: who gets in ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic key-of-lobby-1"},
        {"Authorization": "key-of-lobby-1"},
        {"Authorization": "Bearer key-of-lobby-1", "Origin": "https://evil.example"},
    ],
    ids=["no key", "wrong key", "empty key", "other scheme", "no scheme", "a browser's page"],
)
@pytest.mark.shows("ASVS V6", "ASVS V8")
async def test_only_a_station_with_its_key_gets_in(clinic: Clinic, headers: dict[str, str]) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as failure:
        await clinic.http.ws_connect(f"{clinic.address}/kiosk", headers=headers)
    assert failure.value.status == 401


@pytest.mark.shows("ASVS V6", "ASVS V7")
async def test_a_key_that_was_replaced_lets_nobody_in(clinic: Clinic) -> None:
    assert clinic.desk is not None
    await clinic.desk.accounts.put_station("lobby-1", "another key")
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await clinic.station().dial()
    await clinic.station().dial(key="another key")


async def test_a_kiosk_is_welcomed_with_the_facility_and_what_it_offers(clinic: Clinic) -> None:
    kiosk = clinic.station()
    welcome = await kiosk.connect()
    assert not welcome.resumed
    assert welcome.facility.name.en == "Sample Clinic"
    offered = await kiosk.heard.next(Offered)
    assert [(each.id, each.price, each.doctors, each.estimate) for each in offered.specialties] == [
        ("general", 150_000, 0, None),
        ("heart", 250_000, 0, None),
    ]


async def test_a_conversation_begins_with_hello(clinic: Clinic) -> None:
    kiosk = await clinic.station().dial()
    await kiosk.write(OpenCase(intake=intake()), seq=1)
    assert await refused(kiosk) == "malformed"
    assert clinic.read("SELECT count(*) FROM cases") == [(0,)]


async def test_another_version_is_refused_in_the_envelope_and_in_hello(clinic: Clinic) -> None:
    kiosk = await clinic.station().dial()
    await kiosk.write(Hello(version=2, station="lobby-1", session="s"))
    assert await refused(kiosk) == "version"
    kiosk = await clinic.station().dial()
    await kiosk.write_text('{"v": 2, "seq": 0, "greeting": {"type": "hello-of-the-future"}}')
    assert await refused(kiosk) == "version"


@pytest.mark.shows("ASVS V8")
async def test_a_station_cannot_be_another_one_with_its_own_key(clinic: Clinic) -> None:
    await clinic.put_station("lobby-2")
    kiosk = await clinic.station().dial(key=clinic.key("lobby-2"))
    await kiosk.write(Hello(station="lobby-1", session="s"))
    assert await refused(kiosk) == "key"


# ── kiosks: nonsense ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_malformed_message_is_dropped_and_the_conversation_goes_on(clinic: Clinic) -> None:
    kiosk = await clinic.kiosk()
    good = json.loads(KioskEnvelope(seq=1, message=OpenCase(intake=intake())).model_dump_json())
    bad_case = json.loads(json.dumps(good))
    bad_case["message"]["intake"]["case"] = "../../etc"
    for nonsense in ("", "[" * 20_000, json.dumps(good | {"seq": -1}), json.dumps(bad_case)):
        await kiosk.write_text(nonsense)
        assert (await kiosk.heard.next(CaseRefused)).code == "malformed"
    await kiosk.open()
    assert (await clinic.case()).state == "waiting"


@pytest.mark.shows("ASVS V4", "EN 5.13")
async def test_a_kiosk_that_talks_only_nonsense_is_put_out(clinic: Clinic) -> None:
    kiosk = await clinic.kiosk()
    for _ in range(MAX_MALFORMED):
        await kiosk.write_text("nonsense")
    assert await refused(kiosk) == "malformed"


async def test_bytes_end_the_connection(clinic: Clinic) -> None:
    kiosk = await clinic.kiosk()
    assert kiosk.socket is not None
    await kiosk.socket.send_bytes(b"\x00\x01")
    await kiosk.heard.until(lambda: kiosk.heard.close_code is not None)
    assert not (await clinic.station(session="session-2").connect()).resumed


@pytest.mark.shows("ASVS V4", "EN 5.9")
async def test_a_message_beyond_the_limit_ends_the_connection_and_the_desk_goes_on(clinic: Clinic) -> None:
    kiosk = await clinic.kiosk()
    await kiosk.write_text(" " * (MAX_MESSAGE + 1))
    await kiosk.heard.until(lambda: kiosk.heard.close_code is not None)
    assert kiosk.heard.close_code == 1009
    assert (await kiosk.connect()).resumed
    await kiosk.open()


@pytest.mark.shows("ASVS V8")
async def test_a_case_of_another_station_is_not_to_be_touched(clinic: Clinic) -> None:
    mine, other = await clinic.kiosk("lobby-1"), await clinic.kiosk("lobby-2")
    await mine.open("case-1")
    messages = [LeaveCase(case="case-1", reason="left"), HangUp(case="case-1")]
    for message in (*messages, SummaryHandedOver(case="case-1", outcome="printed"), HangUp(case="never-opened")):
        await other.say(message)
        assert (await other.heard.next(CaseRefused)).code == "unknown_case"
    await other.open("case-1")
    assert (await other.heard.next(CaseRefused)).code == "unknown_case"
    case = await clinic.case()
    assert (case.state, case.station) == ("waiting", "lobby-1")
    assert [message for message in other.heard.all(CaseUpdate) if message.case == "case-1"] == []


async def test_a_specialty_that_the_desk_does_not_have_is_refused(clinic: Clinic) -> None:
    kiosk = await clinic.kiosk()
    await kiosk.open(specialty="skin")
    assert (await kiosk.heard.next(CaseRefused)).code == "unknown_specialty"
    assert clinic.read("SELECT count(*) FROM cases") == [(0,)]


# ── kiosks: lost connections ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_message_that_comes_twice_has_one_effect(clinic: Clinic) -> None:
    kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
    await kiosk.open()
    await call(kiosk, doctor)
    await doctor.must("close", case="case-1", draft=ANSWER)
    outcome = SummaryHandedOver(case="case-1", outcome="printed")
    await kiosk.say(outcome)
    for _ in range(3):
        await kiosk.write(outcome, seq=kiosk.seq)
    await kiosk.hang_up()
    await kiosk.connect()
    await kiosk.write(outcome, seq=kiosk.seq)
    await kiosk.open("case-2")
    assert clinic.read("SELECT count(*) FROM events WHERE what LIKE 'summary%'") == [(1,)]


async def test_a_kiosk_that_is_back_hears_again_what_it_has_not_acknowledged(clinic: Clinic) -> None:
    kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
    await kiosk.open()
    await kiosk.update()
    await kiosk.write()
    await kiosk.hang_up()
    await doctor.sees(lambda state: state.queue)
    await doctor.accept()
    await doctor.sees(lambda state: state.held and state.held.kiosk == "gone")
    assert (await kiosk.connect()).resumed
    assert (await kiosk.heard.next(StartLeg)).leg == 1
    await kiosk.update(lambda update: update.state is CaseState.CLAIMED)
    await doctor.sees(lambda state: state.held and state.held.kiosk == "connected")
    heard = kiosk.received
    # it says that it has heard nothing since the beginning: it hears the newer ones once more, and the same
    await kiosk.hang_up()
    await kiosk.dial()
    await kiosk.write(Hello(station="lobby-1", session="session-1"), ack=heard - 2)
    await kiosk.heard.until(lambda: len(kiosk.again) >= 2)
    assert kiosk.again == [heard - 1, heard]
    # what was acknowledged is gone
    await kiosk.hang_up()
    kiosk.again.clear()
    await kiosk.connect()
    await kiosk.say(HangUp(case="case-1"))
    assert kiosk.again == []


async def test_a_kiosk_that_was_started_again_is_not_taken_for_the_one_before(clinic: Clinic) -> None:
    before, doctor = await clinic.kiosk(session="before"), await clinic.doctor()
    await before.open("case-1")
    await doctor.sees(lambda state: state.queue)
    after = clinic.station(session="after")
    assert not (await after.connect()).resumed
    await clinic.wait_for("SELECT kiosk_gone_at IS NOT NULL FROM cases")
    assert after.heard.all(StartLeg) == []


async def test_the_connection_from_before_a_restart_of_the_kiosk_ends_and_takes_nothing_with_it(clinic: Clinic) -> None:
    before = await clinic.kiosk(session="before")
    await before.open("case-1")
    after = await clinic.kiosk(session="after")
    await after.open("case-1")
    await after.update()
    await before.heard.until(lambda: before.heard.close_code is not None)
    await after.open("case-2")
    assert (await clinic.case("case-1")).kiosk_gone_at is None
    assert (await clinic.case("case-2")).kiosk_gone_at is None
    await clinic.pass_time(61)
    assert (await clinic.case("case-1")).state == "waiting"


async def test_a_second_connection_of_the_same_session_takes_over_from_a_dead_one(clinic: Clinic) -> None:
    dead = clinic.station()
    await dead.connect()
    dead.fall_silent()
    kiosk = clinic.station()
    async with asyncio.timeout(3):
        assert (await kiosk.connect()).resumed
    await kiosk.open()
    await kiosk.update()


async def test_a_kiosk_that_is_away_for_longer_than_the_hold_loses_its_place(clinic: Clinic) -> None:
    kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
    await kiosk.open()
    await doctor.sees(lambda state: state.queue)
    await kiosk.hang_up()
    await kiosk.heard.until(lambda: kiosk.heard.close_code is not None)
    assert clinic.desk is not None
    await clinic.wait_for("SELECT kiosk_gone_at IS NOT NULL FROM cases")
    await clinic.pass_time(59)
    assert (await clinic.case()).state == "waiting"
    await clinic.pass_time(3)
    assert (await clinic.case()).state == "abandoned"
    await doctor.sees(lambda state: not state.queue)
    await kiosk.connect()
    await kiosk.update(lambda update: update.state is CaseState.ABANDONED)


# ── doctors ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.shows("ASVS V7", "ASVS V8")
async def test_a_page_needs_a_session(clinic: Clinic) -> None:
    doctor = await clinic.put_doctor("lan")
    with pytest.raises(aiohttp.WSServerHandshakeError) as failure:
        await doctor.open_page()
    assert failure.value.status == 401
    doctor.http.cookie_jar.update_cookies({"tramkit_desk": "made-up"})
    with pytest.raises(aiohttp.WSServerHandshakeError) as failure:
        await doctor.open_page()
    assert failure.value.status == 401


@pytest.mark.shows("ASVS V3")
async def test_a_foreign_page_cannot_use_a_doctors_session(clinic: Clinic) -> None:
    doctor = await clinic.put_doctor("lan")
    await doctor.sign_in()
    for origin in ("https://evil.example", clinic.address.replace("http:", "https:"), "null", ""):
        with pytest.raises(aiohttp.WSServerHandshakeError) as failure:
            await doctor.open_page(origin=origin)
        assert failure.value.status == 403
        assert (await doctor.post("/sign-out", origin=origin)).status == 403
        assert (await doctor.post("/language", origin=origin, lang="en")).status == 403
    assert (await doctor.get("/")).status == 200


@pytest.mark.shows("ASVS V3")
async def test_a_foreign_host_is_no_address_of_the_desk(clinic: Clinic) -> None:
    doctor = await clinic.put_doctor("lan")
    await doctor.sign_in()
    for path in ("/", "/sign-in", "/static/desk.css"):
        assert (await doctor.get(path, Host="rebound.example")).status == 421
    with pytest.raises(aiohttp.WSServerHandshakeError) as failure:
        await doctor.open_page(Host="rebound.example")
    assert failure.value.status == 421


async def test_the_addresses_in_the_configuration_are_the_desks_own(tmp_path) -> None:
    async with Clinic(tmp_path, origins=("https://desk.example.vn",)) as clinic:
        doctor = await clinic.put_doctor("lan")
        url = f"{clinic.address}/sign-in"
        headers = {"Host": "desk.example.vn", "Origin": "https://desk.example.vn"}
        form = {"name": "lan", "password": "wrong password"}
        async with doctor.http.post(url, data=form, headers=headers) as answer:
            assert answer.status == 401


MALFORMED: list[tuple[str, int, str]] = [
    ("nonsense", 0, ""),
    ("[]", 0, ""),
    ('{"n": 3}', 3, "command"),
    ('{"command": {"do": "beat"}}', 0, "n"),
    ('{"n": 4, "command": {"case": "case-1"}}', 4, "do"),
    ('{"n": 4, "command": {"do": "dance"}}', 4, "do"),
    ('{"n": 5, "command": {"do": "accept", "case": "not an id"}}', 5, "case"),
    ('{"n": 6, "command": {"do": "accept", "case": "case-1", "at_once": true}}', 6, "at_once"),
    ('{"n": 7, "command": {"do": "close", "case": "c", "draft": {"diagnosis": "a cold"}}}', 7, "draft.diagnosis"),
    (
        '{"n": 8, "command": {"do": "close", "case": "c", "draft": {"prescription": [{"name": "x", "amount": "1"}]}}}',
        8,
        "draft.prescription.0.directions",
    ),
    ('{"n": 9, "command": {"do": "answer_leg", "case": "c", "leg": 0, "sdp": ""}}', 9, "leg"),
]


@pytest.mark.shows("ASVS V2")
async def test_a_malformed_command_gets_a_reply_that_names_the_field(clinic: Clinic) -> None:
    doctor = await clinic.doctor()
    for text, n, field in MALFORMED:
        await doctor.write_text(text)
        assert await doctor.heard.next(Reply) == Reply(n=n, trouble=CallTrouble.MALFORMED, field=field), text
    await doctor.beat()


async def test_a_page_that_sends_only_nonsense_is_put_out(clinic: Clinic) -> None:
    doctor = await clinic.doctor()
    for _ in range(MAX_MALFORMED_COMMANDS):
        await doctor.write_text("{}")
    await doctor.heard.until(lambda: doctor.heard.close_code is not None)
    assert doctor.heard.close_code == 1008


async def test_a_second_page_of_a_doctor_takes_over_and_the_first_one_shows_nothing_more(clinic: Clinic) -> None:
    kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
    await kiosk.open()
    await call(kiosk, doctor)
    first = doctor.heard
    second = await clinic.another_page(doctor)
    await first.until(lambda: first.close_code is not None)
    last = first.all(DeskState)[-1]
    assert (last.reload, last.held, last.queue) == (True, None, ())
    assert (await second.sees(lambda state: state.held)).held is not None
    assert (await clinic.case()).doctor_gone_at is None
    await second.beat()


@pytest.mark.shows("ASVS V7")
async def test_a_page_whose_session_has_ended_shows_and_does_nothing_more(clinic: Clinic) -> None:
    kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
    await kiosk.open()
    await doctor.sees(lambda state: state.queue)
    assert clinic.desk is not None
    await clinic.desk.accounts.shut_out("lan")
    await doctor.send("accept", case="case-1")
    await doctor.heard.until(lambda: doctor.heard.close_code is not None)
    assert (doctor.state.reload, doctor.state.queue) == (True, ())
    assert (await clinic.case()).state == "waiting"


async def test_a_page_that_says_nothing_is_put_out_when_its_session_ends(clinic: Clinic) -> None:
    kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
    await kiosk.open()
    await doctor.sees(lambda state: state.queue)
    await clinic.pass_time(IDLE.total_seconds() + 1)
    await doctor.heard.until(lambda: doctor.heard.close_code is not None)
    assert (doctor.state.reload, doctor.state.queue) == (True, ())


async def test_a_doctor_who_was_removed_signs_in_no_more(clinic: Clinic) -> None:
    doctor = await clinic.doctor()
    await run(clinic, "doctor", "remove", "lan")
    assert (await doctor.get("/")).headers["Location"].startswith("/sign-in?")
    assert (await doctor.sign_in()).status == 401
    assert "no doctor" in await run(clinic, "doctor", "remove", "nobody")


@pytest.mark.shows("ASVS V7", "ASVS V8")
async def test_a_station_that_was_removed_is_put_out_and_not_let_in_again(clinic: Clinic) -> None:
    kiosk = await clinic.kiosk()
    await run(clinic, "station", "remove", "lobby-1")
    await clinic.pass_time(2 * SWEEP_SECONDS)
    await kiosk.heard.until(lambda: kiosk.heard.close_code is not None)
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await clinic.station().dial()
    assert "no station" in await run(clinic, "station", "remove", "lobby-1")


@pytest.mark.shows("ASVS V6")
async def test_a_name_that_no_doctor_has_waits_like_one_that_a_doctor_has(clinic: Clinic) -> None:
    doctor = await clinic.put_doctor("somebody")
    answers: dict[str, list[tuple[int, str]]] = {}
    for name in ("somebody", "nobody"):
        answers[name] = []
        for _attempt in range(FREE + 1):
            page = await doctor.http.post(
                f"{clinic.address}/sign-in",
                data={"name": name, "password": "wrong"},
                headers={"Origin": clinic.address},
            )
            answers[name].append((page.status, (await page.text()).replace(name, "NAME")))
    assert answers["somebody"] == answers["nobody"]
    assert len(set(answers["nobody"])) == 2


async def run(clinic: Clinic, *command: str) -> str:
    """Run ``tramkit desk`` on the clinic's folder, beside the desk that runs; return what it printed."""
    done = await asyncio.to_thread(CliRunner().invoke, desk, ["--data", str(clinic.folder), *command])
    return done.output


async def test_doctors_off_shift_are_shown_nobody(clinic: Clinic) -> None:
    kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
    await kiosk.open()
    await doctor.sees(lambda state: state.queue)
    await doctor.must("set_shift", on=False)
    await doctor.sees(lambda state: not state.queue and not state.on_shift)


async def test_two_desks_cannot_have_the_same_port(clinic: Clinic, tmp_path) -> None:
    port = int(clinic.address.rpartition(":")[2])
    with pytest.raises(OSError, match="address already in use"):
        async with serve(config(), tmp_path / "second", clinic.clock, host="127.0.0.1", port=port):
            pass
