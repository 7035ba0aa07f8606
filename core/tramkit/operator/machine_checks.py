"""What of the machine under a station is wrong: clock, disk, network, addresses of others and their certificates."""

from __future__ import annotations

import asyncio
import ctypes
import os
import shutil
import ssl
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from cryptography import x509

from tramkit_hal.data import Data

FULL_BYTES = 200_000_000
"""Below so many free bytes the ledger may soon find no room."""
SOON_FULL_BYTES = 2_000_000_000

CERTIFICATE_DAYS = 21
"""A certificate that ends within so many days is told of: an automatic renewal should have come (usually at 30)."""

CONNECT_SECONDS = 5.0

TIME_ERROR = 5
"""What adjtimex(2) returns where nothing keeps the clock right."""

State = Literal["well", "soon", "wrong"]


class Finding(Data):
    """One thing that was looked at.

    :param about: what, for programs: ``clock``, ``disk``, ``address desk.example.vn``.
    :param state: ``soon``: it works, and will not for long.
    :param says: what is so.
    :param remedy: what puts it right; empty where it is well.
    :param who: that does so: ``operator``, ``technician``, ``network``, ``provider``.
    """

    about: str
    state: State
    says: str
    remedy: str = ""
    who: str = ""


def clock_findings(now: datetime, made: datetime) -> list[Finding]:
    """Return whether the clock can be right and whether something keeps it so.

    :param made: a moment before which this version cannot have run.
    """
    if now < made:
        said = f"it says {now:%Y-%m-%d %H:%M} UTC; this version was made on {made:%Y-%m-%d}"
        remedy = "set it (timedatectl set-time), and let chrony or systemd-timesyncd keep it right"
        return [Finding(about="clock", state="wrong", says=said, remedy=remedy, who="operator")]
    if not _kept_right():
        said = "nothing keeps it right: it will drift, and a power cut may set it back"
        remedy = "apt install chrony, or: timedatectl set-ntp true; UDP port 123 must be open"
        return [Finding(about="clock", state="soon", says=said, remedy=remedy, who="operator")]
    return [Finding(about="clock", state="well", says=f"{now:%Y-%m-%d %H:%M} UTC, kept right over the network")]


def _kept_right() -> bool:
    """Ask the kernel whether its clock is synchronised (adjtimex(2) with nothing to change)."""
    buffer = ctypes.create_string_buffer(512)
    try:
        return ctypes.CDLL(None).adjtimex(buffer) != TIME_ERROR
    except (OSError, AttributeError):
        return True  # no Linux: nothing is known


def disk_findings(places: Mapping[str, Path]) -> list[Finding]:
    """Return how full the file systems are that hold the station's files.

    :param places: folders by what they hold; one that is missing is looked for at the next one above.
    """
    found: list[Finding] = []
    for what, place in places.items():
        folder = next(each for each in (place.absolute(), *place.absolute().parents) if each.exists())
        usage = shutil.disk_usage(folder)
        said = f"{usage.free / 1e9:.1f} GB free for {what}, {folder}"
        if usage.free >= SOON_FULL_BYTES:
            found.append(Finding(about=f"disk {what}", state="well", says=said))
            continue
        state: State = "wrong" if usage.free < FULL_BYTES else "soon"
        remedy = f"make room: du -xh --max-depth=2 {folder}; old logs and kept copies first"
        found.append(Finding(about=f"disk {what}", state=state, says=said, remedy=remedy, who="operator"))
    return found


def network_findings(routes: str | None = None) -> list[Finding]:
    """Return whether the machine has a way out.

    :param routes: the kernel's table, ``/proc/net/route``; None: it is read.
    """
    try:
        table = Path("/proc/net/route").read_text() if routes is None else routes
        six = Path("/proc/net/ipv6_route").read_text() if routes is None else ""
    except OSError:
        return []
    four = [row.split() for row in table.splitlines()[1:]]
    out = [row[0] for row in four if len(row) > 1 and row[1] == "00000000"]
    out += [row.split()[-1] for row in six.splitlines() if row.startswith("0" * 32 + " 00") and not row.endswith("lo")]
    if out:
        return [Finding(about="network", state="well", says=f"a way out over {', '.join(sorted(set(out)))}")]
    said, remedy = "this machine has no way out", "plug the cable in, or look after the router: ip route"
    return [Finding(about="network", state="wrong", says=said, remedy=remedy, who="network")]


async def address_findings(addresses: Iterable[str], now: datetime) -> list[Finding]:
    """Return whether others answer at their addresses, and how long their certificates last.

    :param addresses: URLs, ``https`` or ``http``.
    """
    origins = sorted({(parts.scheme, parts.hostname or "", parts.port) for parts in map(urlsplit, addresses)}, key=str)
    return list(await asyncio.gather(*(_answer(scheme, host, port, now) for scheme, host, port in origins)))


async def _answer(scheme: str, host: str, port: int | None, now: datetime) -> Finding:
    about = f"address {host}" + (f":{port}" if port else "")
    secure = ssl.create_default_context() if scheme == "https" else None
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _reader, writer = await asyncio.open_connection(host, port or (443 if secure else 80), ssl=secure)
    except ssl.SSLCertVerificationError as error:
        said = f"its certificate does not hold: {error.verify_message}"
        remedy = "who runs it must renew it; where the clock is wrong, set the clock first"
        return Finding(about=about, state="wrong", says=said, remedy=remedy, who="provider")
    except (OSError, TimeoutError) as error:
        number = getattr(error, "errno", None)
        said = f"nobody answers: {os.strerror(number) if isinstance(number, int) and number > 0 else 'in time'}"
        if host in ("localhost", "::1") or host.startswith("127."):
            remedy, who = "it is a program on this machine: start it", "operator"
        else:
            remedy, who = "try it from another machine: where it answers there, a firewall stands between", "network"
        return Finding(about=about, state="wrong", says=said, remedy=remedy, who=who)
    try:
        found = writer.get_extra_info("ssl_object")
        raw = found.getpeercert(binary_form=True) if found is not None else None
    finally:
        writer.close()
    if raw is None:
        return Finding(about=about, state="well", says="answers")
    return _lasts(about, x509.load_der_x509_certificate(raw).not_valid_after_utc, now)


def _lasts(about: str, until: datetime, now: datetime) -> Finding:
    said = f"answers; its certificate lasts until {until:%Y-%m-%d}"
    if until - now > timedelta(days=CERTIFICATE_DAYS):
        return Finding(about=about, state="well", says=said)
    return Finding(about=about, state="soon", says=said, remedy="who runs it must renew it", who="provider")


def certificate_findings(folder: Path, now: datetime) -> list[Finding]:
    """Return what is wrong with the country's certificates (CSCA): none, unreadable, or soon at their end."""
    about = "country certificates"
    remedy = "fetch the country's current list and put it there, owned by root"
    try:
        files = sorted(each for each in folder.iterdir() if each.suffix in (".pem", ".cer", ".der", ".crt"))
    except OSError as error:
        said = f"{folder}: {error.strerror}"
        return [Finding(about=about, state="wrong", says=said, remedy=remedy, who="operator")]
    ends: list[datetime] = []
    for file in files:
        raw = file.read_bytes()
        try:
            loaded = (
                x509.load_pem_x509_certificates(raw) if b"-----BEGIN" in raw else [x509.load_der_x509_certificate(raw)]
            )
        except ValueError:
            said = f"{file} is no certificate"
            return [Finding(about=about, state="wrong", says=said, remedy=remedy, who="operator")]
        ends += [each.not_valid_after_utc for each in loaded]
    if not ends:
        said = f"{folder} holds none: no chip of an identity card is believed"
        return [Finding(about=about, state="wrong", says=said, remedy=remedy, who="operator")]
    last = max(ends)
    said = f"{len(ends)} in {folder}, the last until {last:%Y-%m-%d}"
    if last <= now + timedelta(days=CERTIFICATE_DAYS):
        state: State = "wrong" if last <= now else "soon"
        return [Finding(about=about, state=state, says=said, remedy=remedy, who="operator")]
    return [Finding(about=about, state="well", says=said)]


def utc(moment: datetime) -> datetime:
    """Return a moment in UTC."""
    return moment.astimezone(UTC)
