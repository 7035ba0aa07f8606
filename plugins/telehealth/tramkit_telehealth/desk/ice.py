"""The desk's STUN and TURN servers: as they are configured, and as each side is told of them."""

from __future__ import annotations

import os
from typing import Any

from pydantic import Field, field_validator, model_validator

from tramkit import Clock, Data
from tramkit_telehealth.ice_servers import ice_url, ticket
from tramkit_telehealth.protocol import IceServer

MIN_TICKET_HOURS = 0.2
"""A ticket must outlast the call that is begun with it, and its legs."""


class IceSection(Data):
    """One server and how it is reached; every address is tried by both sides.

    :param urls: e.g. ``turn:turn.example.vn:3478``, ``turns:turn.example.vn:443?transport=tcp`` (RFC 7064, RFC 7065).
    :param username: of an account that does not expire; with ``credential``.
    :param secret: shared with the TURN server instead of an account (coturn: ``static-auth-secret``): the desk then
        makes tickets that expire. ``{ env = "NAME" }`` takes it from the environment.
    :param ticket_hours: how long a ticket is valid at most; at least half of it is left of each that is given out.
    """

    urls: tuple[str, ...] = Field(min_length=1)
    username: str = ""
    credential: str = ""
    secret: str = ""
    ticket_hours: float = Field(default=4, ge=MIN_TICKET_HOURS, le=48)

    @field_validator("urls")
    @classmethod
    def _can_be_read(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for url in value:
            ice_url(url)
        return value

    @field_validator("secret", "credential", mode="before")
    @classmethod
    def _from_environment(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        name = value.get("env")
        if set(value) != {"env"} or not isinstance(name, str):
            raise ValueError('write it itself, or { env = "NAME" }')
        found = os.environ.get(name)
        if not found:
            raise ValueError(f"the environment has no {name}")
        return found

    @model_validator(mode="after")
    def _opens(self) -> IceSection:
        relays = any(ice_url(url).relays for url in self.urls)
        if self.secret and (self.username or self.credential):
            raise ValueError("give either a secret, or username and credential")
        if relays and not self.secret and not (self.username and self.credential):
            raise ValueError("a TURN server needs a secret, or username and credential")
        return self


class IceServers:
    """Tells each side of a call which servers there are and what opens them."""

    def __init__(self, sections: tuple[IceSection, ...], clock: Clock) -> None:
        self._sections = sections
        self._clock = clock

    def of(self, who: str) -> tuple[IceServer, ...]:
        """Return the servers for a station or a doctor; the same for half the life of a ticket.

        :param who: ``station:ID`` or ``doctor:ID``.
        """
        return tuple(self._told(section, who) for section in self._sections)

    def _told(self, section: IceSection, who: str) -> IceServer:
        username, credential = section.username, section.credential
        if section.secret:
            now = self._clock.now().timestamp()
            username, credential = ticket(section.secret, who, now, section.ticket_hours * 3600)
        return IceServer(urls=section.urls, username=username, credential=credential)
