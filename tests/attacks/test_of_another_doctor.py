"""A doctor at a case that another one holds: nothing is read there, nothing is changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from desk.kit import ANSWER, COMPLAINT, Clinic, call

from tramkit_telehealth.desk.page_protocol import CallTrouble

LEG: dict[str, Any] = {"leg": 1}
QUALITY: dict[str, Any] = {
    "score": 50,
    "delay_ms": 10,
    "missing": 0.0,
    "width": 1,
    "height": 1,
    "fps": 1,
    "frozen": 0.0,
    "speech": True,
    "skin": True,
    "gait": True,
}
COMMANDS: dict[str, dict[str, Any]] = {
    "accept": {},
    "release": {"reason": "mistake"},
    "answer_leg": {**LEG, "sdp": "v=0\r\n"},
    "media_state": {**LEG, "state": "interrupted"},
    "ask_leg": {},
    "end_call": {},
    "save_draft": {"version": 0, "draft": ANSWER},
    "hand_over": {"doctor": "minh"},
    "close": {"draft": ANSWER},
    "quality": QUALITY,
}


@pytest.mark.shows("ASVS V8", "ASVS V14")
async def test_a_case_of_another_doctor_is_neither_read_nor_changed(tmp_path: Path) -> None:
    async with Clinic(tmp_path / "desk") as clinic:
        kiosk, mine, other = await clinic.kiosk(), await clinic.doctor("lan"), await clinic.doctor("minh")
        await kiosk.open()
        await call(kiosk, mine)
        before = await clinic.case()
        for command, fields in COMMANDS.items():
            reply = await other.do(command, case="case-1", **fields)
            assert reply.trouble in (CallTrouble.NOT_YOURS, CallTrouble.TAKEN, CallTrouble.GONE), (command, reply)
        after = await clinic.case()
        assert (after.state, after.doctor) == (before.state, before.doctor)
        assert COMPLAINT not in other.state.model_dump_json()
        assert COMPLAINT in mine.state.model_dump_json()
