"""``tramkit doctor``: each fault of station and machine is found and says who puts it right."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from support.site import TRAMKIT

from tramkit.operator.machine_checks import (
    Finding,
    address_findings,
    certificate_findings,
    clock_findings,
    disk_findings,
    network_findings,
)

from .test_running_station import served

NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
MADE = datetime(2026, 11, 1, tzinfo=UTC)


def certificate(folder: Path, ends: datetime) -> tuple[Path, Path]:
    """Write a certificate of this machine that ends then, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(NOW, ends) - timedelta(days=900))
        .not_valid_after(ends)
        .sign(key, hashes.SHA256())
    )
    files = folder / "machine.pem", folder / "machine.key"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


@contextlib.asynccontextmanager
async def listening(context: ssl.SSLContext | None = None) -> AsyncGenerator[int]:
    """Listen, with TLS where a context is given."""
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with server:
        yield int(server.sockets[0].getsockname()[1])


def test_a_clock_that_a_power_cut_has_set_back_is_found() -> None:
    (found,) = clock_findings(datetime(1970, 1, 1, tzinfo=UTC), MADE)
    assert (found.about, found.state, found.who) == ("clock", "wrong", "operator")
    assert "1970-01-01" in found.says
    assert clock_findings(NOW, MADE)[0].state != "wrong"


def test_a_full_disk_is_found_and_a_folder_that_is_not_there_yet_counts_as_the_one_above(tmp_path: Path) -> None:
    (full,) = disk_findings({"the ledger": Path("/proc/sys")})  # a file system without a free byte
    assert full.state == "wrong"
    assert "/proc/sys" in full.remedy
    (well,) = disk_findings({"the log": tmp_path / "not" / "yet"})
    assert str(tmp_path) in well.says


@pytest.mark.parametrize(
    ("routes", "state"),
    [
        ("Iface\tDestination\n", "wrong"),
        ("Iface\tDestination\nlo\t0000007F\n", "wrong"),
        ("Iface\tDestination\neth0\t00000000\n", "well"),
    ],
)
def test_a_machine_without_a_way_out_is_found(routes: str, state: str) -> None:
    (found,) = network_findings(routes)
    assert found.state == state


async def test_an_address_where_nobody_answers_is_told_apart_from_one_whose_certificate_does_not_hold(
    tmp_path: Path,
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate(tmp_path, NOW + timedelta(days=3000)))
    async with listening(context) as secure, listening() as plain:
        found = {
            each.about.rpartition(":")[2]: each
            for each in await address_findings(
                [f"https://127.0.0.1:{secure}/x", f"http://127.0.0.1:{plain}/", "http://127.0.0.1:1/"], NOW
            )
        }
    assert found[str(plain)].state == "well"
    assert (found["1"].state, found["1"].who) == ("wrong", "operator")
    assert "refused" in found["1"].says
    assert (found[str(secure)].state, found[str(secure)].who) == ("wrong", "provider")
    assert "certificate does not hold" in found[str(secure)].says


@pytest.mark.parametrize(
    ("ends", "state"),
    [(NOW - timedelta(days=1), "wrong"), (NOW + timedelta(days=10), "soon"), (NOW + timedelta(days=400), "well")],
)
def test_the_countrys_certificates_are_told_of_before_the_last_ends(tmp_path: Path, ends: datetime, state: str) -> None:
    certificate(tmp_path, ends)
    (found,) = certificate_findings(tmp_path, NOW)
    assert found.state == state


def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    (tmp_path / "csca.pem").write_text("-----BEGIN nothing")
    (found,) = certificate_findings(tmp_path, NOW)
    assert (found.state, "csca.pem is no certificate" in found.says) == ("wrong", True)


async def examined(file: Path) -> tuple[int, dict[str, Finding]]:
    """Run the command; return its exit code and what it found."""
    process = await asyncio.create_subprocess_exec(
        *(str(TRAMKIT), "doctor", "--json", "--offline", "--config", str(file)), stdout=asyncio.subprocess.PIPE
    )
    out, _err = await process.communicate()
    found = [Finding.model_validate(each) for each in json.loads(out)]
    return process.returncode or 0, {each.about: each for each in found}


async def test_what_a_running_station_lacks_is_found_with_who_puts_it_right(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    async with served(tmp_path) as machine:
        await machine.hears("STATUS=ledger: ")
        code, found = await examined(tmp_path / "station.toml")
        assert code == 2
        assert (found["station ledger"].state, found["station ledger"].who) == ("wrong", "operator")
        assert found["device screen/0"].state == "well"
        (tmp_path / "data").unlink()
        await machine.hears("STATUS=serving residents")
        _code, found = await examined(tmp_path / "station.toml")
        assert found["station"].says == "serves residents"
        assert not any(each.state == "wrong" for each in found.values() if each.about.startswith(("station", "device")))


async def test_a_station_that_does_not_run_and_a_file_with_mistakes_are_found(tmp_path: Path) -> None:
    file = tmp_path / "station.toml"
    file.write_text(
        f'[station]\nid = "a"\nsite = "b"\nagency = "c"\n[panel]\nsocket = "{tmp_path}/panel.sock"\n'
        '[[roles.screen]]\ndriver = "scripted"\n'
    )
    code, found = await examined(file)
    assert (code, found["station"].state) == (2, "wrong")
    assert "systemctl status tramkit-station" in found["station"].remedy
    file.write_text(file.read_text().replace("scripted", "scriptd"))
    code, found = await examined(file)
    assert (code, found["configuration"].state) == (2, "wrong")
    assert "roles.screen" in found["configuration"].says
