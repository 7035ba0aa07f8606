"""A station that lies, floods, was removed or cloned; a desk that runs twice; a doctor who only looks."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from click.testing import CliRunner
from desk.kit import COMPLAINT, NAME, Clinic, Kiosk, intake

from tramkit_hal.device.clock import ManualClock
from tramkit_telehealth.desk.app import serve
from tramkit_telehealth.desk.command import desk
from tramkit_telehealth.desk.looked_up import MAX_RELEASES
from tramkit_telehealth.desk.page_protocol import Trouble
from tramkit_telehealth.desk.store import InUseError
from tramkit_telehealth.desk.switchboard import SWEEP_SECONDS
from tramkit_telehealth.protocol import Consent, KioskEnvelope, OpenCase, Patient, Refused

AT = datetime(2026, 11, 23, 2, 55, tzinfo=UTC)


def consents(**given: bool) -> tuple[Consent, ...]:
    return tuple(
        Consent(purpose=purpose, text_version="2026-11-1", language="vi", given=agreed, at=AT)
        for purpose, agreed in given.items()
    )


async def refused(kiosk: Kiosk, case: str, **changes: Any) -> str:
    """Bring a case that must be refused; return the code."""
    await kiosk.say(OpenCase(intake=intake(case, kiosk.station, **changes)))
    code = (await kiosk.heard.next(Refused)).code
    assert kiosk.clinic.read("SELECT count(*) FROM cases WHERE id = ?", (case,)) == [(0,)]
    return code


async def run(clinic: Clinic, *command: str) -> str:
    done = await asyncio.to_thread(CliRunner().invoke, desk, ["--data", str(clinic.folder), *command])
    return done.output


# ── what a station says of a resident ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "changes",
    [
        {"consents": ()},
        {"consents": consents(telehealth=True)},
        {"consents": consents(telehealth=True, health_data=False)},
        {
            "consents": tuple(
                each.model_copy(update={"at": AT - timedelta(days=2)})
                for each in consents(telehealth=True, health_data=True)
            )
        },
        {
            "consents": tuple(
                each.model_copy(update={"at": AT + timedelta(days=2)})
                for each in consents(telehealth=True, health_data=True)
            )
        },
        {"patient": Patient(name=NAME, born=datetime(2020, 1, 1, tzinfo=UTC).date(), level="CLAIMED")},
        {
            "patient": Patient(name=NAME, born=datetime(2016, 1, 1, tzinfo=UTC).date(), level="CLAIMED"),
            "consents": consents(telehealth=True, health_data=True, guardian=True),
        },
    ],
    ids=["none", "one", "said no", "of another day", "of tomorrow", "child without guardian", "child not asked"],
)
@pytest.mark.shows("ASVS V2", "EN 6")
async def test_a_case_without_the_consents_of_the_law_is_not_queued(tmp_path: Path, changes: dict[str, Any]) -> None:
    async with Clinic(tmp_path) as clinic:
        assert await refused(await clinic.kiosk(), "case-1", **changes) == "consent"


@pytest.mark.shows("ASVS V2", "ASVS V8")
async def test_site_price_and_level_are_the_registrations(tmp_path: Path) -> None:
    async with Clinic(tmp_path) as clinic:
        kiosk = await clinic.kiosk()
        assert clinic.desk is not None
        await clinic.desk.accounts.put_station("lobby-1", clinic.key("lobby-1"), site="Sảnh A", level="CLAIMED")
        await kiosk.open(site="Trụ sở công an", price=0)
        doctor = await clinic.doctor()
        assert (await doctor.sees(lambda state: state.queue)).queue[0].site == "Sảnh A"
        await doctor.accept()
        held = (await doctor.sees(lambda state: state.held)).held
        assert held is not None
        assert (held.intake.site, held.intake.patient.level, held.intake.price) == ("Sảnh A", "CLAIMED", 150_000)


# ── how much a station may bring ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.shows("ASVS V2")
async def test_one_station_cannot_fill_the_queue(tmp_path: Path) -> None:
    async with Clinic(tmp_path, cases_per_station=4, cases_per_hour=30) as clinic:
        kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
        for n in range(4):
            await kiosk.open(f"case-{n}")
        for n in range(4, 12):
            assert await refused(kiosk, f"case-{n}") == "quota"
        assert len((await doctor.sees(lambda state: len(state.queue) == 4)).queue) == 4
        other = await clinic.kiosk("lobby-2")
        await other.open("case-100")
        await doctor.sees(lambda state: len(state.queue) == 5)


async def test_a_station_that_opens_and_leaves_all_the_time_is_stopped_within_the_hour(tmp_path: Path) -> None:
    async with Clinic(tmp_path, cases_per_station=4, cases_per_hour=6) as clinic:
        kiosk = await clinic.kiosk()
        for n in range(6):
            await kiosk.open(f"case-{n}")
            from tramkit_telehealth.protocol import LeaveCase

            await kiosk.say(LeaveCase(case=f"case-{n}", reason="left"))
        assert await refused(kiosk, "case-7") == "quota"
        await clinic.pass_time(3601)
        await kiosk.open("case-8")


@pytest.mark.shows("ASVS V2", "EN 5.9")
async def test_a_station_that_says_too_much_is_put_out_and_the_doctors_do_not_wait(tmp_path: Path) -> None:
    async with Clinic(tmp_path, cases_per_station=4, cases_per_hour=30) as clinic:
        kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
        for n in range(3000):
            kiosk.seq += 1
            message = OpenCase(intake=intake(f"case-{n}", "lobby-1"))
            with suppress(ConnectionError, aiohttp.ClientError):
                await kiosk.write_text(KioskEnvelope(seq=kiosk.seq, message=message).model_dump_json())
        started = time.monotonic()
        await doctor.beat()
        took = time.monotonic() - started
        await kiosk.heard.until(lambda: kiosk.heard.close_code is not None)
        assert clinic.read("SELECT count(*) FROM cases") == [(4,)]
        print(f"a doctor's command while one station brings 3,000 cases: {took * 1000:.0f} ms")
        assert took < 2


async def test_a_page_is_told_what_changed_and_not_the_whole_queue(tmp_path: Path) -> None:
    async with Clinic(tmp_path) as clinic:
        kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
        for n in range(30):
            await kiosk.open(f"case-{n}")
        await doctor.sees(lambda state: len(state.queue) == 30)
        doctor.changes.clear()
        await doctor.accept("case-7")
        await doctor.sees(lambda state: state.held is not None)
        told = [change for change in doctor.changes if "held" in change.fields]
        assert [row.case for change in told for row in change.put] == ["case-7"]
        before = await doctor.sees(lambda state: state.held and state.held.leg)
        whole = await clinic.another_page(doctor)
        assert whole.heard.messages[0] == before.model_copy(update={"now": whole.heard.messages[0].now})  # type: ignore[attr-defined]


# ── which station ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.shows("ASVS V7", "ASVS V8")
async def test_a_station_with_cases_is_removed_its_connection_ends_and_the_cases_stay(tmp_path: Path) -> None:
    async with Clinic(tmp_path) as clinic:
        kiosk = await clinic.kiosk()
        await kiosk.open()
        assert "may not call in" in await run(clinic, "station", "remove", "lobby-1")
        await clinic.pass_time(2 * SWEEP_SECONDS)
        await kiosk.heard.until(lambda: kiosk.heard.close_code is not None)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await clinic.station().dial()
        assert clinic.read("SELECT count(*) FROM cases") == [(1,)]


@pytest.mark.shows("ASVS V16")
async def test_a_clone_of_a_station_that_is_there_is_refused_and_both_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with Clinic(tmp_path) as clinic:
        kiosk = await clinic.kiosk()

        async def acknowledge() -> None:
            refusal = await kiosk.heard.next(Refused)
            assert refusal.code == "taken"
            await kiosk.write()

        answers = asyncio.create_task(acknowledge())
        clone = clinic.station(session="session-of-the-clone")
        await clone.dial()
        from tramkit_telehealth.protocol import Hello

        with caplog.at_level(logging.ERROR):
            await clone.write(Hello(station="lobby-1", session=clone.session))
            assert (await clone.heard.next(Refused)).code == "taken"
        await answers
        assert any("two machines" in record.getMessage() for record in caplog.records)
        await kiosk.open()


@pytest.mark.shows("EN 5.1", "ASVS V13")
async def test_a_key_that_stood_in_an_example_lets_nobody_in(tmp_path: Path) -> None:
    async with Clinic(tmp_path) as clinic:
        assert clinic.desk is not None
        with pytest.raises(ValueError, match="example"):
            await clinic.desk.accounts.put_station("demo-1", "demo-station-key")
        config = clinic.config
    from tramkit_telehealth.desk.accounts import _digest
    from tramkit_telehealth.desk.seal import DeskKeyError

    clinic.write("UPDATE stations SET key_hash = ?", (_digest("demo-station-key"),))
    with pytest.raises(DeskKeyError, match="example"):
        async with serve(config, tmp_path, ManualClock(), host="127.0.0.1", port=0):
            pass


@pytest.mark.shows("EN 5.1")
def test_no_file_of_the_project_holds_a_stations_key_that_works() -> None:
    root = Path(__file__).parents[2]
    station = (root / "core/tramkit/app/default_station.toml").read_text(encoding="utf-8")
    assert "demo-station-key" not in station


@pytest.mark.shows("EN 5.1", "ASVS V13")
async def test_a_demonstration_has_a_folder_and_a_random_key_of_its_own(tmp_path: Path) -> None:
    from tramkit_telehealth.desk.command import DATA, DEMO_DATA, _demo_key

    assert DATA != DEMO_DATA
    one, two = tmp_path / "one.key", tmp_path / "two.key"
    assert _demo_key(one) == _demo_key(one) != _demo_key(two)
    assert one.stat().st_mode & 0o077 == 0


async def test_a_second_desk_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    async with Clinic(tmp_path) as clinic:
        with pytest.raises(InUseError):
            async with serve(clinic.config, tmp_path, clinic.clock, host="127.0.0.1", port=0):
                pass
        await clinic.doctor()


# ── doctors ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.shows("EN 5.12")
async def test_a_doctor_of_a_specialty_that_the_desk_does_not_have_is_refused(tmp_path: Path) -> None:
    async with Clinic(tmp_path) as clinic:
        add = ["doctor", "add", "nam", "--name", "BS. Nam", "--licence", "1", "--password", "bốn con trâu xanh"]
        said = await run(clinic, *add, "--specialty", "generall")
        assert "general" in said
        assert "heart" in said
        assert "may sign in" in await run(clinic, *add, "--specialty", "general")


async def test_a_doctor_who_was_removed_is_marked_in_the_list(tmp_path: Path) -> None:
    async with Clinic(tmp_path) as clinic:
        await clinic.put_doctor("lan")
        await clinic.put_doctor("minh")
        await run(clinic, "doctor", "remove", "lan")
        listed = (await run(clinic, "doctor", "list")).splitlines()
        assert [line.endswith("(removed)") for line in listed] == [True, False]


@pytest.mark.shows("ASVS V8", "ASVS V14")
async def test_before_accepting_nobody_learns_who_waits_and_what_they_said(tmp_path: Path) -> None:
    async with Clinic(tmp_path) as clinic:
        kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
        texts: list[str] = []
        told = doctor.heard.add

        async def keep(message: Any) -> None:
            texts.append(message.model_dump_json())
            await told(message)

        doctor.heard.add = keep  # type: ignore[method-assign]
        brought = await kiosk.open()
        row = (await doctor.sees(lambda state: state.queue)).queue[0]
        assert (row.initials, row.age, row.sign) == ("N.T.H.M", 60, "measurement")
        for word in (*NAME.split(), COMPLAINT, brought.patient.number, "1958", "184"):
            assert word not in " ".join(texts)
        await doctor.accept()
        assert (await doctor.sees(lambda state: state.held)).held is not None
        assert NAME in texts[-1]


@pytest.mark.shows("ASVS V16", "ASVS V8")
async def test_whoever_gives_a_resident_back_says_why_and_it_is_kept(tmp_path: Path) -> None:
    async with Clinic(tmp_path) as clinic:
        kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
        await kiosk.open()
        await doctor.accept()
        assert (await doctor.do("release", case="case-1")).trouble is Trouble.MALFORMED
        assert (await doctor.do("release", case="case-1", reason="just curious")).trouble is Trouble.MALFORMED
        await doctor.must("release", case="case-1", reason="know_resident")
        assert "given back 1  know_resident 1" in await run(clinic, "lookups", "list")


@pytest.mark.shows("ASVS V8")
async def test_a_doctor_who_reads_and_gives_back_is_stopped_until_it_is_reviewed(tmp_path: Path) -> None:
    async with Clinic(tmp_path) as clinic:
        kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
        await kiosk.open()
        for _ in range(MAX_RELEASES):
            await doctor.accept()
            await doctor.must("release", case="case-1", reason="mistake")
        assert (await doctor.do("accept", case="case-1")).trouble is Trouble.REVIEW
        await run(clinic, "lookups", "reviewed", "lan")
        await clinic.pass_time(SWEEP_SECONDS * 2)
        await doctor.accept()


# ── at rest ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.shows("ASVS V14", "ASVS V11", "EN 5.8")
async def test_what_a_resident_said_stands_nowhere_in_the_desks_files(tmp_path: Path) -> None:
    folder = tmp_path / "desk"
    async with Clinic(folder) as clinic:
        kiosk = await clinic.kiosk()
        await kiosk.open()
        written = b"".join(file.read_bytes() for file in folder.iterdir())
        for word in (NAME, COMPLAINT, "079158003458", "184"):
            assert json.dumps(word).strip('"').encode() not in written
            assert word.encode() not in written
        for file in (folder, *folder.iterdir(), folder.with_name("desk.key")):
            assert file.stat().st_mode & 0o077 == 0, file
        assert (await clinic.case()).intake["complaint"] == COMPLAINT


@pytest.mark.shows("ASVS V11")
async def test_a_desk_with_another_key_reads_nothing(tmp_path: Path) -> None:
    from tramkit_telehealth.desk.seal import DeskKeyError

    folder = tmp_path / "desk"
    async with Clinic(folder) as clinic:
        await (await clinic.kiosk()).open()
    (tmp_path / "desk.key").write_bytes(bytes(32))
    clinic = Clinic(folder)
    with pytest.raises(DeskKeyError):
        await clinic.start()
    await clinic.stop()
    await clinic.http.close()


@pytest.mark.shows("ASVS V14", "EN 5.11")
async def test_a_persons_data_are_exported_and_erased_and_nothing_of_them_is_left(tmp_path: Path) -> None:
    folder, file = tmp_path / "desk", tmp_path / "export.json"
    async with Clinic(folder) as clinic:
        kiosk = await clinic.kiosk()
        await kiosk.open("case-1")
        await kiosk.open("case-2", patient=Patient(name="Trần Văn Khác", number="079200000001", level="CHIP"))
        still = await run(clinic, "person", "delete", "--number", "079158003458", "--yes")
        assert "still open" in still
        from tramkit_telehealth.protocol import LeaveCase

        await kiosk.say(LeaveCase(case="case-1", reason="left"))
        assert "1 cases" in await run(clinic, "person", "export", "--number", "079158003458", str(file))
        exported = json.loads(file.read_text(encoding="utf-8"))
        assert file.stat().st_mode & 0o077 == 0
        (case,) = exported["cases"]
        assert (case["intake"]["patient"]["name"], case["intake"]["complaint"]) == (NAME, COMPLAINT)
        assert len(case["consents"]) == 2
        assert len(case["measurements"]) == 1
        sealed = str(clinic.read("SELECT intake FROM cases WHERE id = 'case-1'")[0][0]).encode()
        assert "1 cases erased" in await run(clinic, "person", "delete", "--number", "079158003458", "--yes")
        for table in ("cases", "consents", "vitals", "events"):
            column = "id" if table == "cases" else '"case"'
            query = f"SELECT count(*) FROM {table} WHERE {column} = 'case-1'"
            assert clinic.read(query) == [(0,)]
        written = b"".join(each.read_bytes() for each in folder.iterdir())
        assert sealed not in written
        assert b"case-1" not in written
        assert clinic.read("SELECT count(*) FROM cases") == [(1,)]
        assert clinic.read("SELECT cases, why FROM erasures") == [(1, "request")]


@pytest.mark.shows("ASVS V14", "EN 6")
async def test_a_case_that_no_doctor_saw_is_gone_after_a_day(tmp_path: Path) -> None:
    from tramkit_telehealth.protocol import LeaveCase

    async with Clinic(tmp_path / "desk") as clinic:
        kiosk = await clinic.kiosk()
        await kiosk.open()
        await kiosk.say(LeaveCase(case="case-1", reason="left"))
        await clinic.pass_time(24 * 3600 + 1)
        await clinic.pass_time(3601)
        await clinic.wait_for("SELECT count(*) = 0 FROM cases")


@pytest.mark.shows("ASVS V14")
async def test_a_desk_of_the_version_before_is_taken_over_and_nothing_stays_in_the_clear(tmp_path: Path) -> None:
    import sqlite3

    folder = tmp_path / "desk"
    folder.mkdir()
    file = folder / "desk.sqlite"
    with sqlite3.connect(file) as old:
        old.executescript((Path(__file__).parent / "desk_version_0.sql").read_text(encoding="utf-8"))
    old.close()
    assert COMPLAINT.encode() in file.read_bytes()
    clinic = Clinic(folder)
    async with clinic:
        case = await clinic.case("old-case")
        assert case.intake["complaint"] == COMPLAINT
        written = b"".join(each.read_bytes() for each in folder.iterdir())
        assert COMPLAINT.encode() not in written
        assert clinic.desk is not None
        assert await clinic.desk.records.of_person("079158003458") == ["old-case"]
