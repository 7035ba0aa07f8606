"""Somebody between the station and an outside system: nothing is told to who cannot prove to be that system."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tramkit import Gateway, GatewayError
from tramkit_identity.provider import Provider, ProviderError

KEY = "station-key-that-nobody-else-may-hear"


def own_certificate(folder: Path) -> ssl.SSLContext:
    """Return what serves with a certificate that somebody has made for themselves."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "own.pem"
    form = serialization.PrivateFormat.PKCS8
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@contextlib.asynccontextmanager
async def between(heard: list[str], context: ssl.SSLContext | None = None, to: str = "") -> AsyncIterator[str]:
    """Stand in for the outside system, and note what is said there; ``to``: where it sends who asks."""

    async def answer(request: web.Request) -> web.Response:
        heard.append(request.headers.get("Authorization", ""))
        if to:
            return web.Response(status=307, headers={"Location": to})
        return web.json_response({"issuer": "x"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        yield f"http{'s' if context else ''}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.shows("ASVS V12", "EN 5.5")
async def test_a_certificate_that_somebody_made_for_themselves_is_told_nothing(tmp_path: Path) -> None:
    heard: list[str] = []
    async with between(heard, own_certificate(tmp_path)) as address:
        with pytest.raises(GatewayError):
            await Gateway(address, "the biller", {"Authorization": KEY}).ask("GET", "/bills")
        with pytest.raises(ProviderError):
            await Provider(address, "tram-1", KEY).discover()
    assert heard == []


@pytest.mark.shows("ASVS V12", "EN 5.5")
async def test_who_is_sent_elsewhere_does_not_go_there_with_the_key() -> None:
    heard: list[str] = []
    async with between(heard) as elsewhere, between([], to=f"{elsewhere}/bills") as address:
        with contextlib.suppress(GatewayError):
            await Gateway(address, "the biller", {"Authorization": KEY}).ask("POST", "/bills", {"a": 1})
        with pytest.raises(ProviderError):
            await Provider(address, "tram-1", KEY).discover()
    assert heard == []
