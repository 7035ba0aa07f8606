"""What the lab can be asked for by name: a profile on a plain network, or a network with NAT and firewalls."""

from __future__ import annotations

from dataclasses import dataclass

from tests.lab.network import Place, Plan
from tests.lab.profiles import PROFILES, Profile

CONE, SYMMETRIC = Place("port_restricted"), Place("symmetric")
NO_UDP, TLS_ONLY = Place("port_restricted", "no_udp"), Place("port_restricted", "tls_only")


@dataclass(frozen=True)
class Scenario:
    """Networks and what the station's link does.

    :param turn: whether both sides are told of the STUN and TURN server.
    """

    plan: Plan
    profile: Profile
    turn: bool


def _behind(station: Place, doctor: Place) -> Scenario:
    return Scenario(Plan(station, doctor), PROFILES["clean"], turn=True)


NETWORKS = {
    "cone-cone": _behind(CONE, CONE),
    "cone-symmetric": _behind(CONE, SYMMETRIC),
    "symmetric-cone": _behind(SYMMETRIC, CONE),
    "symmetric-symmetric": _behind(SYMMETRIC, SYMMETRIC),
    "cone-open": _behind(CONE, Place()),
    "open-symmetric": _behind(Place(), SYMMETRIC),
    "noudp-cone": _behind(NO_UDP, CONE),
    "cone-noudp": _behind(CONE, NO_UDP),
    "noudp-noudp": _behind(NO_UDP, NO_UDP),
    "tls-cone": _behind(TLS_ONLY, CONE),
    "cone-tls": _behind(CONE, TLS_ONLY),
    "tls-tls": _behind(TLS_ONLY, TLS_ONLY),
    "ipv6": Scenario(Plan(ipv6="only"), PROFILES["clean"], turn=True),
}
"""Station's network, then the doctor's."""

SCENARIOS = {name: Scenario(Plan(), profile, turn=False) for name, profile in PROFILES.items()} | NETWORKS
GROUPS = {"profiles": tuple(PROFILES), "networks": tuple(NETWORKS)}


def chosen(names: list[str]) -> list[str]:
    """Return the scenarios of these names and groups.

    :raises KeyError: there is none of that name.
    """
    found = [each for name in names for each in GROUPS.get(name, (name,))]
    for name in found:
        SCENARIOS[name]
    return found
