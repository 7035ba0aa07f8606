"""How apart from the station a plugin runs, and what the operator has granted it: ``[grants.NAME]``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from tramkit.plugins.manifest import Manifest, PersonalField
from tramkit_hal.data import Data
from tramkit_hal.device.roles import Role

Kind = Literal["inline", "process", "sandbox"]

OWN = frozenset(
    f"tramkit-{name}"
    for name in ("banking", "billing", "identity", "payments", "procedures", "sim-identity", "telehealth")
)
"""Tramkit's own distributions: they run in processes of the station's user, and have what their manifests declare."""

SHARES_STREAMS = frozenset({"tramkit-telehealth"})
"""Of these those that need the station's pictures and sound while they come, which cross to no process yet."""


class Grant(Data):
    """What the operator grants one plugin.

    :param distribution: the distribution that it must be, ``name`` or ``name==version``; empty: any one.
    :param isolation: how it runs; None: ``process`` for Tramkit's own plugins, ``sandbox`` for all others.
    :param trusted: it may run unconfined: its code can do whatever the station can.
    :param hosts: where it may ask, beside the addresses in its settings.
    :param roles: devices that its services may use.
    :param payment_methods: ids of its ways to pay.
    :param identity_methods: ids of its ways to sign in.
    :param personal: what it is told of a resident whom the station has identified.
    """

    distribution: str = Field(default="", pattern=r"^([A-Za-z0-9._-]+(==[A-Za-z0-9.!+_-]+)?)?$")
    isolation: Kind | None = None
    trusted: bool = False
    hosts: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()
    payment_methods: tuple[str, ...] = ()
    identity_methods: tuple[str, ...] = ()
    personal: tuple[PersonalField, ...] = ()

    @classmethod
    def of(cls, manifest: Manifest) -> Grant:
        """Return a grant of all that a manifest declares."""
        return cls(
            hosts=manifest.hosts,
            roles=roles_of(manifest),
            payment_methods=manifest.payment_methods,
            identity_methods=manifest.identity_methods,
            personal=manifest.personal,
        )


class Isolation(Data):
    """How a plugin runs.

    :param kind: ``inline``: in the station's own process; ``process``: in processes of the station's user;
        ``sandbox``: in confined ones.
    :param origins: where it may ask by the station, beside the addresses of its settings; None: everywhere.
    :param grant: what it may have; None: all that its manifest declares.
    :param refused: why it does not run at all; empty: it does.
    """

    kind: Kind = "inline"
    origins: tuple[str, ...] | None = ()
    grant: Grant | None = None
    refused: str = ""


INLINE = Isolation(origins=None)


def roles_of(manifest: Manifest) -> tuple[Role, ...]:
    """Return the devices that a plugin's services declare, in the order of roles."""
    declared = {role for service in manifest.services for role in (*service.needs, *service.wants)}
    return tuple(role for role in Role if role in declared)


def isolation_of(
    name: str, distribution: str, version: str, manifest: Manifest | None, grant: Grant | None
) -> Isolation:
    """Return how a plugin runs here.

    :param distribution: that it was installed by.
    :param grant: what ``station.toml`` says of it; None: nothing.
    """
    own = distribution in OWN
    if grant is not None and grant.distribution not in ("", distribution, f"{distribution}=={version}"):
        said = f"{distribution}=={version}"
        return Isolation(
            refused=f'grants.{name}.distribution is "{grant.distribution}", but it was installed by {said}'
        )
    kind = (grant.isolation if grant is not None else None) or ("process" if own else "sandbox")
    if own and distribution in SHARES_STREAMS and (grant is None or grant.isolation is None):
        kind = "inline"
    if kind == "inline" and not own and not (grant is not None and grant.trusted):
        return Isolation(refused=f'isolation = "inline" needs trusted = true under [grants.{name}]')
    if kind == "process" and not own and not (grant is not None and grant.trusted):
        return Isolation(refused=f'isolation = "process" needs trusted = true under [grants.{name}]')
    if own and (grant is None or grant == Grant(isolation=grant.isolation, distribution=grant.distribution)):
        return Isolation(kind=kind, origins=None)
    grant = grant or Grant()
    if lacking := _lacking(manifest, grant):
        return Isolation(refused=f"it was not granted {lacking}; look at it with: tramkit plugins grant {name}")
    return Isolation(kind=kind, origins=tuple(_url(each) for each in grant.hosts), grant=grant)


def _lacking(manifest: Manifest | None, grant: Grant) -> str:
    """Return what a plugin's services cannot do without and were not granted; empty: nothing."""
    needed = {role for service in manifest.services for role in service.needs} if manifest is not None else set[Role]()
    return _listed(f"the role {role.value}" for role in Role if role in needed and role not in grant.roles)


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)


def _url(host: str) -> str:
    return host if "://" in host else f"https://{host}"
