"""What the desk tells of STUN and TURN servers, and what it takes of its configuration."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from desk.kit import Clinic, config
from pydantic import ValidationError

from tramkit_telehealth.desk.ice import IceSection
from tramkit_telehealth.desk.page_protocol import DeskState
from tramkit_telehealth.ice_servers import IceUrlError, ice_url, known, ticket
from tramkit_telehealth.protocol import IceServer, Welcome

TURN = "turns:turn.example.vn:443?transport=tcp"
SECRET = "shared with coturn"


@pytest.fixture
async def clinic(tmp_path: Path) -> AsyncIterator[Clinic]:
    clinic = Clinic(tmp_path)
    sections = (
        IceSection(urls=("stun:turn.example.vn:3478",)),
        IceSection(urls=(TURN,), secret=SECRET, ticket_hours=4),
    )
    clinic.config = config().model_copy(update={"ice": sections})
    async with clinic:
        yield clinic


def password_at_coturn(username: str) -> str:
    """Return the password that coturn expects of a user name: ``base64(hmac-sha1(secret, username))``."""
    return base64.b64encode(hmac.digest(SECRET.encode(), username.encode(), hashlib.sha1)).decode()


@pytest.mark.shows("ASVS V17")
async def test_station_and_doctor_get_tickets_of_their_own_that_the_turn_server_takes(clinic: Clinic) -> None:
    kiosk = await clinic.kiosk()
    doctor = await clinic.doctor()
    welcome = kiosk.heard.all(Welcome)[-1]
    state = doctor.heard.all(DeskState)[-1]
    usernames = set()
    for servers in (welcome.ice_servers, state.ice_servers):
        stun, turn = servers
        assert (stun.username, stun.credential) == ("", "")
        assert turn.credential == password_at_coturn(turn.username)
        expires, _, pseudonym = turn.username.partition(":")
        left = int(expires) - clinic.clock.now().timestamp()
        assert 2 * 3600 <= left <= 4 * 3600
        assert "lobby" not in pseudonym
        usernames.add(turn.username)
    assert len(usernames) == 2


async def test_a_kiosk_that_stays_connected_gets_a_new_ticket_before_the_old_one_runs_out(clinic: Clinic) -> None:
    kiosk = await clinic.kiosk()
    first = kiosk.heard.all(Welcome)[-1].ice_servers[1]
    for _ in range(24):
        await clinic.pass_time(600)
    last = kiosk.heard.all(Welcome)[-1].ice_servers[1]
    assert last.username != first.username
    assert int(last.username.split(":")[0]) - clinic.clock.now().timestamp() >= 2 * 3600 - 600
    assert len(kiosk.heard.all(Welcome)) <= 4  # not with every look


def test_a_ticket_is_the_same_for_half_its_life_and_has_half_of_it_left() -> None:
    tickets = [(now, ticket(SECRET, "station:a", now, 3600)) for now in range(1_000_000, 1_020_000, 60)]
    assert len({username for _, (username, _) in tickets}) in (11, 12, 13)
    assert all(1800 <= int(username.split(":")[0]) - now <= 3600 for now, (username, _) in tickets)


@pytest.mark.parametrize(
    ("text", "way", "host", "port"),
    [
        ("stun:turn.example.vn", "udp", "turn.example.vn", 3478),
        ("turn:turn.example.vn:3478", "udp", "turn.example.vn", 3478),
        ("turn:turn.example.vn?transport=tcp", "tcp", "turn.example.vn", 3478),
        ("turns:turn.example.vn", "tls", "turn.example.vn", 5349),
        (TURN, "tls", "turn.example.vn", 443),
        ("turn:[2001:db8::7]:3478?transport=udp", "udp", "2001:db8::7", 3478),
    ],
)
def test_addresses_are_read_as_browsers_read_them(text: str, way: str, host: str, port: int) -> None:
    url = ice_url(text)
    assert (url.way, url.host, url.port, url.relays) == (way, host, port, not text.startswith("stun"))
    assert ice_url(str(url)) == url


@pytest.mark.parametrize(
    "text",
    [
        "turn.example.vn:3478",
        "http://turn.example.vn",
        "turn://turn.example.vn",
        "stun:turn.example.vn?transport=udp",
        "stuns:turn.example.vn",
        "turns:turn.example.vn?transport=udp",
        "turn:turn.example.vn?transport=sctp",
        "turn:turn.example.vn:99999",
        "turn:[turn.example.vn]:3478",
        "turn:user@turn.example.vn",
    ],
)
def test_an_address_that_a_browser_would_refuse_is_refused_here(text: str) -> None:
    with pytest.raises(IceUrlError):
        ice_url(text)


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"urls": ["turn:turn.example.vn"]}, "needs a secret"),
        ({"urls": ["turn:turn.example.vn"], "username": "a"}, "needs a secret"),
        ({"urls": ["turn:turn.example.vn"], "secret": "s", "username": "a", "credential": "b"}, "either"),
        ({"urls": ["turn:turn.example.vn"], "secret": {"env": "TRAMKIT_NOT_SET"}}, "TRAMKIT_NOT_SET"),
        ({"urls": []}, "at least 1"),
        ({"urls": ["stun:turn.example.vn?transport=tcp"]}, "RFC 7064"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused_with_the_reason(section: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        IceSection.model_validate(section)


def test_the_secret_can_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAMKIT_TURN_SECRET", SECRET)
    section = IceSection.model_validate({"urls": [TURN], "secret": {"env": "TRAMKIT_TURN_SECRET"}})
    assert section.secret == SECRET


def test_each_address_is_asked_once_and_one_that_cannot_be_read_is_left_out() -> None:
    servers = [IceServer(urls=("stun:a:1", "quic:b")), IceServer(urls=("stun:a:1", "turn:c"), username="u")]
    assert [str(each.url) for each in known(servers)] == ["stun:a:1", "turn:c:3478?transport=udp"]
