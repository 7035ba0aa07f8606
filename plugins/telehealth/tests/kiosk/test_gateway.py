"""The kiosk's client of the desk over real sockets: lost connections, restarts, nonsense."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from media_kit import until
from support.scripted_desk import FACILITY, GENERAL, KEY, REFUSED_VERSION, ScriptedDesk

from tramkit_hal.device.clock import SystemClock
from tramkit_telehealth import outbox
from tramkit_telehealth.gateway import DeskGateway
from tramkit_telehealth.protocol import (
    MAX_MESSAGE,
    CaseRefused,
    CaseState,
    CaseUpdate,
    Consent,
    DeskEnvelope,
    Intake,
    KioskMedia,
    LeaveCase,
    Offered,
    OpenCase,
    Patient,
)

COMPLAINT = "đau đầu kéo dài"


def intake(case: str = "case-1") -> Intake:
    at = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
    return Intake(
        case=case,
        station="test-1",
        site="Đảo Kim Cương",
        specialty="general",
        language="vi",
        patient=Patient(name="Nguyễn Văn An", level="CLAIMED"),
        complaint=COMPLAINT,
        consents=(Consent(purpose="telehealth", text_version="2026-11-1", language="vi", given=True, at=at),),
        price=150_000,
        opened_at=at,
    )


@pytest.fixture
async def desk() -> AsyncIterator[ScriptedDesk]:
    desk = ScriptedDesk()
    await desk.start()
    yield desk
    await desk.stop()


@pytest.fixture
async def gateway(desk: ScriptedDesk) -> AsyncIterator[DeskGateway]:
    gateway = DeskGateway(desk.url, KEY, "test-1", SystemClock(), seed=1)
    await gateway.start()
    yield gateway
    await gateway.stop()


async def test_the_offer_is_known_once_the_desk_has_welcomed_us(desk: ScriptedDesk, gateway: DeskGateway) -> None:
    offer = await gateway.look()
    assert offer is not None
    assert offer.facility == FACILITY
    assert offer.specialties[0] == GENERAL
    assert gateway.ice_servers == ()


async def test_a_new_offer_replaces_the_old_one(desk: ScriptedDesk, gateway: DeskGateway) -> None:
    await gateway.look()
    await desk.say(Offered(specialties=()))
    await until(lambda: gateway.offer is not None and gateway.offer.specialties == ())


async def test_a_desk_that_is_down_is_not_an_error(desk: ScriptedDesk) -> None:
    await desk.stop()
    gateway = DeskGateway(desk.url, KEY, "test-1", SystemClock(), seed=1)
    await gateway.start()
    assert await gateway.look(patience=0.3) is None
    assert not gateway.connected
    await desk.start()
    assert await gateway.look(patience=10) is not None
    await gateway.stop()


async def test_a_case_is_opened_and_followed(desk: ScriptedDesk, gateway: DeskGateway) -> None:
    with gateway.case(intake()) as case:
        assert (await desk.heard(OpenCase)).intake.complaint == COMPLAINT
        await desk.say(CaseUpdate(case="another", state=CaseState.WAITING, position=9))
        await desk.say(CaseUpdate(case="case-1", state=CaseState.WAITING, position=2, estimate=8))
        async with asyncio.timeout(5):
            update = await case.next()
        assert isinstance(update, CaseUpdate)
        assert (update.position, update.estimate) == (2, 8)


async def test_what_was_not_acknowledged_is_sent_again_and_counts_once(
    desk: ScriptedDesk, gateway: DeskGateway
) -> None:
    desk.acknowledges = False
    with gateway.case(intake()):
        await desk.heard(OpenCase)
        await desk.cut()
        await until(lambda: len(desk.hellos) == 2 and gateway.connected)
        desk.acknowledges = True
        gateway.send(LeaveCase(case="case-1", reason="left"))
        await desk.heard(LeaveCase)
    assert desk.hellos[0].session == desk.hellos[1].session
    assert desk.count(OpenCase) == 1
    assert desk.count(LeaveCase) == 1


async def test_what_is_said_while_the_desk_is_away_arrives_when_it_is_back(
    desk: ScriptedDesk, gateway: DeskGateway
) -> None:
    await gateway.look()
    await desk.stop()
    await until(lambda: not gateway.connected)
    with gateway.case(intake()):
        await desk.start()
        await desk.heard(OpenCase)


async def test_a_desk_that_has_forgotten_the_session_gets_every_open_case_again(
    desk: ScriptedDesk, gateway: DeskGateway
) -> None:
    with gateway.case(intake()) as case:
        await desk.heard(OpenCase)
        await until(lambda: not any(envelope.message for envelope in gateway._outbox))
        await desk.forget()
        await desk.start()
        await until(lambda: desk.count(OpenCase) == 2)
        await desk.say(CaseUpdate(case="case-1", state=CaseState.WAITING, position=1))
        async with asyncio.timeout(5):
            assert isinstance(await case.next(), CaseUpdate)


async def test_a_message_that_comes_twice_counts_once(desk: ScriptedDesk, gateway: DeskGateway) -> None:
    with gateway.case(intake()) as case:
        await desk.heard(OpenCase)
        first = CaseUpdate(case="case-1", state=CaseState.WAITING, position=2)
        await desk.send(DeskEnvelope(seq=2, message=first))
        await desk.send(DeskEnvelope(seq=2, message=first))
        await desk.send(DeskEnvelope(seq=3, message=first.model_copy(update={"position": 1})))
        async with asyncio.timeout(5):
            positions = [(await case.next()).position for _each in range(2)]
        assert positions == [2, 1]
        await until(lambda: any(envelope.ack == 3 for envelope in desk.envelopes))


async def test_nonsense_of_the_desk_is_dropped_without_its_content_in_the_log(
    desk: ScriptedDesk, gateway: DeskGateway, caplog: pytest.LogCaptureFixture
) -> None:
    await gateway.look()
    for nonsense in ("{", "[]", "null", '{"v": 1}', '{"v":1,"seq":9,"message":{"type":"gossip","name":"Nguyễn"}}'):
        await desk.send(nonsense)
    await desk.say(Offered(specialties=()))
    await until(lambda: gateway.offer is not None and gateway.offer.specialties == ())
    assert len(desk.hellos) == 1
    assert "malformed message of the desk dropped" in caplog.text
    assert "Nguyễn" not in caplog.text


async def test_a_message_that_is_too_large_costs_the_connection_not_the_kiosk(
    desk: ScriptedDesk, gateway: DeskGateway
) -> None:
    await gateway.look()
    await desk.send("x" * (MAX_MESSAGE + 1))
    await until(lambda: len(desk.hellos) == 2 and gateway.offer is not None)


@pytest.mark.parametrize("words", [REFUSED_VERSION, '{"v":2,"seq":0,"message":{"type":"welcome2"}}'])
async def test_another_version_is_refused_and_said_clearly(
    desk: ScriptedDesk, caplog: pytest.LogCaptureFixture, words: str
) -> None:
    desk.first_words = words
    gateway = DeskGateway(desk.url, KEY, "test-1", SystemClock())
    with caplog.at_level(logging.ERROR):
        await gateway.start()
        await until(lambda: gateway.link == "refused")
        assert await gateway.look() is None
        await gateway.stop()
    assert [record.code for record in caplog.records if hasattr(record, "code")] == ["version"]


async def test_a_wrong_key_is_refused_and_never_logged(desk: ScriptedDesk, caplog: pytest.LogCaptureFixture) -> None:
    gateway = DeskGateway(desk.url, "wrong-secret", "test-1", SystemClock())
    await gateway.start()
    await until(lambda: gateway.link == "refused")
    await gateway.stop()
    assert "wrong-secret" not in caplog.text


async def test_nothing_of_a_resident_is_kept_after_the_case(desk: ScriptedDesk, gateway: DeskGateway) -> None:
    await gateway.look()
    await desk.stop()
    await until(lambda: not gateway.connected)
    with gateway.case(intake()) as case:
        case.send(KioskMedia(case="case-1", leg=1, state="live"))
        case.send(LeaveCase(case="case-1", reason="left"))
    kept = [envelope.model_dump_json() for envelope in gateway._outbox]
    assert not any(COMPLAINT in text or "Nguyễn" in text for text in kept)
    await desk.start()
    await desk.heard(LeaveCase)
    assert desk.count(OpenCase) == 0


async def test_only_the_newest_report_of_the_media_is_kept(desk: ScriptedDesk) -> None:
    gateway = DeskGateway(desk.url, KEY, "test-1", SystemClock())
    for leg in range(1, 1000):
        gateway.send(KioskMedia(case="case-1", leg=leg, state="connecting"))
    assert len(gateway._outbox) <= outbox.MAX_UNACKNOWLEDGED
    await gateway.start()
    assert (await desk.heard(KioskMedia)).leg == 999
    assert desk.count(KioskMedia) == 1
    await gateway.stop()


async def test_a_refusal_reaches_the_case(desk: ScriptedDesk, gateway: DeskGateway) -> None:
    with gateway.case(intake()) as case:
        await desk.heard(OpenCase)
        await desk.say(CaseRefused(code="unknown_specialty", words="no such specialty"))
        async with asyncio.timeout(5):
            assert isinstance(await case.next(), CaseRefused)
