"""Parts of what is said over a wire, used by station, desk and doctor's page alike."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from tramkit import Data
from tramkit_hal.words import Nfc

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Line = Annotated[Nfc, StringConstraints(max_length=200)]
Prose = Annotated[Nfc, StringConstraints(max_length=4000)]
Sdp = Annotated[str, StringConstraints(max_length=64_000)]

WEAK_ROUND_TRIP_MS = 300
"""Above it a conversation falters: 150 ms one way (ITU-T G.114)."""
WEAK_LOSS = 0.05
"""Above it speech suffers even where it is concealed (ITU-T G.113 appendix I)."""


class Wire(Data):
    """Frozen data that takes no unknown key."""


class IceServer(Wire):
    """A STUN or TURN server (RFC 8445, RFC 8656); always given as a list, which may be empty."""

    urls: tuple[str, ...]
    username: str = ""
    credential: str = ""


class ConnectionCheck(Wire):
    """How a call would go from one side, tried out before it.

    :param udp: whether a STUN server has answered over UDP.
    :param relay: how a TURN server is reached over which packets came through; ``none``: none is.
    :param round_trip_ms: median, from here over the relay (or to the STUN server) and back.
    :param lost: share of the packets of the trial, 0 to 1.
    """

    udp: bool
    relay: Literal["none", "udp", "tcp", "tls"]
    round_trip_ms: int | None = Field(default=None, ge=0)
    lost: float | None = Field(default=None, ge=0, le=1)

    @property
    def verdict(self) -> Literal["good", "weak", "blocked"]:
        """What it means for a call: sound suffers above 5 % loss and 300 ms round trip (ITU-T G.114, G.107)."""
        if not self.udp and self.relay == "none":
            return "blocked"
        weak = (self.round_trip_ms or 0) > WEAK_ROUND_TRIP_MS or (self.lost or 0.0) > WEAK_LOSS
        return "weak" if weak else "good"


RefusalCode = Literal[
    "version",
    "key",
    "malformed",
    "unknown_case",
    "closed",
    "unknown_specialty",
    "too_large",
    "consent",
    "quota",
    "taken",
]
"""Why the desk does not take what a kiosk says."""
