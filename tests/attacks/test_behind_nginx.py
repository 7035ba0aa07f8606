"""A desk behind nginx with TLS, attacked from every side at once: what a doctor notices, and who is kept out."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import random
import resource
import shutil
import socket
import ssl
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from desk.kit import intake
from support.site import TRAMKIT, Program, start

from tramkit_telehealth.desk.settings import demo_file
from tramkit_telehealth.protocol import Hello, KioskEnvelope, OpenCase

pytestmark = pytest.mark.slow
SEED = 20261130
PASSWORD = "bốn con trâu xanh lội suối"
SILENT, SLOW, GUESSES, NAMES, CASES = 1200, 200, 120, 31, 3000
NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx-error.log crit;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_header_timeout 10s; client_body_timeout 10s;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
  server {{
    listen 127.0.0.1:{port} ssl; server_name localhost;
    ssl_certificate {folder}/tls.pem; ssl_certificate_key {folder}/tls.key;
    location / {{
      proxy_pass {desk}; proxy_http_version 1.1; proxy_set_header Host $http_host; proxy_read_timeout 60s;
      proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
    }}
  }}
}}
"""


def certificate(folder: Path) -> None:
    """Write a certificate for localhost that signs itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder(subject_name=name, issuer_name=name, public_key=key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "tls.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "tls.key").write_bytes(private)


class Site:
    """The desk behind its proxy.

    :ivar origin: as browsers open it.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.origin = f"https://127.0.0.1:{port}"
        self.port = port
        self.tls = ssl.create_default_context(cafile=str(folder / "tls.pem"))

    def http(self, source: str = "127.0.0.1", jar: aiohttp.CookieJar | None = None) -> aiohttp.ClientSession:
        """Return a browser at an address of its own."""
        connector = aiohttp.TCPConnector(ssl=self.tls, local_addr=(source, 0), limit=0)
        return aiohttp.ClientSession(connector=connector, cookie_jar=jar or aiohttp.CookieJar(unsafe=True))

    async def sign_in(self, http: aiohttp.ClientSession, name: str, password: str = PASSWORD) -> int:
        form = {"name": name, "password": password}
        headers = {"Origin": self.origin}
        async with http.post(f"{self.origin}/sign-in", data=form, headers=headers, allow_redirects=False) as answer:
            return answer.status

    async def beats(self, line: aiohttp.ClientWebSocketResponse, count: int, first: int) -> list[float]:
        """Send commands as a doctor's page does; return how long each took, in milliseconds."""
        took: list[float] = []
        for n in range(first, first + count):
            started = time.monotonic()
            await line.send_str(json.dumps({"n": n, "command": {"do": "beat"}}))
            async with asyncio.timeout(30):
                while json.loads((await line.receive()).data).get("n") != n:
                    pass
            took.append((time.monotonic() - started) * 1000)
            await asyncio.sleep(0.02)
        return took


async def command(folder: Path, *words: str) -> str:
    process = await asyncio.create_subprocess_exec(
        str(TRAMKIT), "desk", "--data", str(folder / "desk"), *words, stdout=asyncio.subprocess.PIPE, cwd=folder
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, words
    return out.decode().strip()


@asynccontextmanager
async def site_in(folder: Path) -> AsyncIterator[tuple[Site, Program]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    certificate(folder)
    config = folder / "desk.toml"
    proxied = f'\n[desk]\norigins = ["https://127.0.0.1:{port}"]\ntrusted_proxies = ["127.0.0.1"]\n'
    config.write_text(demo_file().read_text(encoding="utf-8") + proxied, encoding="utf-8")
    data = ["--data", str(folder / "desk")]
    desk = await start(["desk", "--config", str(config), "--port", "0", *data], folder)
    nginx = None
    try:
        conf = folder / "nginx.conf"
        conf.write_text(NGINX.format(folder=folder, port=port, desk=await desk.address("desk")), encoding="utf-8")
        found = shutil.which("nginx") or "/usr/sbin/nginx"
        nginx = await asyncio.create_subprocess_exec(found, "-p", str(folder), "-c", str(conf), "-e", "stderr")
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(OSError):
                    _reader, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    break
                await asyncio.sleep(0.05)
        yield Site(folder, port), desk
    finally:
        if nginx is not None:
            nginx.terminate()
            await nginx.wait()
        await desk.stop()


async def silent(site: Site, count: int, say: bytes, stack: contextlib.AsyncExitStack) -> None:
    """Open connections that say nothing, or the beginning of a header."""
    loop = asyncio.get_running_loop()
    for n in range(count):
        line = stack.enter_context(socket.socket())
        line.setblocking(False)
        line.bind(("127.0.2.1" if n % 2 else "127.0.2.2", 0))
        with contextlib.suppress(OSError):
            await loop.sock_connect(line, ("127.0.0.1", site.port))
            if say:
                line.setblocking(True)
                line.settimeout(10)
                secure = await asyncio.to_thread(site.tls.wrap_socket, line, server_hostname="127.0.0.1")
                stack.enter_context(secure)
                await asyncio.to_thread(secure.sendall, say)


async def guesses(site: Site) -> list[int]:
    draw = random.Random(SEED)
    async with site.http("127.0.3.1") as http:
        tries = [site.sign_in(http, "bs-lan", f"guess {draw.random()}") for _ in range(GUESSES)]
        return list(await asyncio.gather(*tries))


async def wrong_names(site: Site) -> list[int]:
    statuses: list[int] = []
    for n in range(NAMES):
        async with site.http(f"127.0.4.{n + 1}") as http:
            statuses.append(await site.sign_in(http, f"nobody-{n}"))
    return statuses


async def flood(site: Site, key: str) -> int:
    """Bring 3,000 residents of one station; return how many messages went out before it was put out."""
    at = datetime.now(UTC)
    sample = intake("case-0", "lobby-1")
    consents = tuple(each.model_copy(update={"at": at}) for each in sample.consents)
    sample = sample.model_copy(update={"consents": consents})
    sent = 0
    async with site.http("127.0.5.1") as http:
        headers = {"Authorization": f"Bearer {key}"}
        async with http.ws_connect(f"{site.origin}/kiosk", headers=headers) as line:
            await line.send_str(KioskEnvelope(seq=0, message=Hello(station="lobby-1", session="s")).model_dump_json())
            with contextlib.suppress(ConnectionError, aiohttp.ClientError):
                for n in range(1, CASES + 1):
                    case = sample.model_copy(update={"case": f"case-{n}"})
                    await line.send_str(KioskEnvelope(seq=n, message=OpenCase(intake=case)).model_dump_json())
                    sent = n
    return sent


def p95(took: Sequence[float]) -> float:
    return statistics.quantiles(took, n=20)[-1]


@pytest.mark.shows("ASVS V6", "ASVS V12", "ASVS V13", "EN 5.9")
async def test_a_desk_behind_a_proxy_goes_on_while_it_is_attacked_from_every_side(tmp_path: Path) -> None:
    print(f"seed {SEED}")
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit[1], limit[1]))
    async with site_in(tmp_path) as (site, desk), contextlib.AsyncExitStack() as stack:
        for id in ("bs-lan", "bs-minh"):
            who = ["--name", id, "--licence", "1", "--specialty", "general", "--password", PASSWORD]
            await command(tmp_path, "doctor", "add", id, *who)
        key = await command(tmp_path, "station", "add", "lobby-1", "--site", "Sảnh B")
        lan, minh = (
            await stack.enter_async_context(site.http()),
            await stack.enter_async_context(site.http("127.0.0.9")),
        )
        assert [await site.sign_in(lan, "bs-lan"), await site.sign_in(minh, "bs-minh")] == [303, 303]
        line = await lan.ws_connect(f"{site.origin}/doctor", headers={"Origin": site.origin})
        before = await site.beats(line, 100, 1)
        attacks = [
            asyncio.create_task(work)
            for work in (
                silent(site, SILENT, b"", stack),
                silent(site, SLOW, b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ", stack),
                guesses(site),
                wrong_names(site),
                flood(site, key),
            )
        ]
        during = await site.beats(line, 200, 1000)
        _, _, guessed, named, sent = await asyncio.gather(*attacks)
        assert isinstance(guessed, list)
        assert guessed.count(303) == 0
        assert guessed.count(401) <= 5
        assert named == [401] * NAMES
        # nobody who should get in is kept out
        for http, name in ((lan, "bs-lan"), (minh, "bs-minh")):
            assert await site.sign_in(http, name) == 303
        async with site.http("127.0.6.1") as fresh:
            assert await site.sign_in(fresh, "bs-lan") == 303
        line = await lan.ws_connect(f"{site.origin}/doctor", headers={"Origin": site.origin})
        after = await site.beats(line, 100, 5000)
        log = desk.log.stat().st_size
    resource.setrlimit(resource.RLIMIT_NOFILE, limit)
    print(
        f"a doctor's command p95: before {p95(before):.0f} ms, during {p95(during):.0f} ms, after {p95(after):.0f} ms; "
        f"{sent} of {CASES} messages went out; the log has {log} bytes"
    )
    assert p95(during) < 2000
    assert p95(after) < max(200, 5 * p95(before))
    assert log < 100_000
