"""coturn in the lab's middle: STUN and TURN over UDP, TCP and TLS, opened by tickets that expire."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ipaddress
import shutil
import tempfile
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.lab.network import PUBLIC6, SERVERS, Lab
from tramkit_telehealth.ice_servers import ticket

SECRET = "the secret of the lab"
PORT, TLS_PORT = 3478, 443
START_SECONDS = 15.0


@dataclass(frozen=True)
class TurnServer:
    """A coturn that runs.

    :param certificate: file that its certificate can be checked with.
    """

    certificate: Path
    ipv6: bool

    def servers(self) -> list[dict[str, Any]]:
        """Return what both sides of a call are told, as the desk tells it."""
        username, credential = ticket(SECRET, "lab", time.time(), 3600)
        hosts = [SERVERS, *([f"[{PUBLIC6['servers']}]"] if self.ipv6 else [])]
        turn = [
            f"{scheme}:{host}:{port}?transport={transport}"
            for host in hosts
            for scheme, port, transport in (("turn", PORT, "udp"), ("turn", PORT, "tcp"), ("turns", TLS_PORT, "tcp"))
        ]
        return [
            {"urls": [f"stun:{host}:{PORT}" for host in hosts]},
            {"urls": turn, "username": username, "credential": credential},
        ]

    def environment(self) -> dict[str, str]:
        """Return what lets a process trust the certificate."""
        return {"SSL_CERT_FILE": str(self.certificate)}


@contextlib.asynccontextmanager
async def turn_server(lab: Lab) -> AsyncGenerator[TurnServer]:
    """Run coturn in the lab's namespace for servers until the block ends.

    :raises RuntimeError: it is not installed, or does not start.
    """
    program = shutil.which("turnserver")
    if program is None:
        raise RuntimeError("coturn is missing: install the package coturn")
    ipv6 = lab.plan.ipv6 != "no"
    with tempfile.TemporaryDirectory(prefix="tramkit-lab-turn-") as folder:
        certificate, key = _certificate(Path(folder))
        addresses = [SERVERS, *([PUBLIC6["servers"]] if ipv6 else [])]
        process = await asyncio.create_subprocess_exec(
            *lab.command("servers"),
            *(program, "-n", "--no-cli", "--log-file=stdout", f"--pidfile={folder}/pid", f"--userdb={folder}/db"),
            *(f"--listening-ip={address}" for address in addresses),
            *(f"--relay-ip={address}" for address in addresses),
            *(f"--listening-port={PORT}", f"--tls-listening-port={TLS_PORT}", f"--cert={certificate}", f"--pkey={key}"),
            *("--use-auth-secret", f"--static-auth-secret={SECRET}", "--realm=lab", "--fingerprint"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            await _answers(lab, process)
            yield TurnServer(certificate, ipv6)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


async def _answers(lab: Lab, process: asyncio.subprocess.Process) -> None:
    """Wait until the TCP and the TLS port are open."""
    deadline = time.monotonic() + START_SECONDS
    missing = {PORT, TLS_PORT}
    while missing and process.returncode is None and time.monotonic() < deadline:
        listening = lab.listening("servers")
        missing -= listening
        await asyncio.sleep(0.1)
    if missing:
        raise RuntimeError("coturn did not start")


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "lab")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.IPAddress(ipaddress.ip_address(a)) for a in (SERVERS, PUBLIC6["servers"])]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    for file in files:
        file.chmod(0o644)
    folder.chmod(0o755)
    return files
