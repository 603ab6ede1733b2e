"""Through a real proxy process, to a server whose certificate is signed by a private CA."""

import asyncio
import datetime as dt
import ipaddress
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.conftest import find_binary, free_port, still_runs
from tiktok_async import ConfigurationError, TikTokSession, TransportError
from tiktok_async.emulator import Emulator


class Proxy:
    """A running proxy."""

    def __init__(self, password: str = "") -> None:
        script = Path(__file__).with_name("proxy.py")
        command = [sys.executable, str(script), *([password] if password else [])]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._said = self._process.stdout
        self.address = f"127.0.0.1:{self._said.readline().strip()}"
        self.url = f"http://{self.address}"

    def stop(self) -> list[str]:
        """End it and return its requests."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        lines = [] if self._said.closed else self._said.read().splitlines()
        self._said.close()
        return lines


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    running = Proxy()
    yield running
    running.stop()


def _signs_certificates() -> x509.KeyUsage:
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign "
        "encipher_only decipher_only"
    )
    return x509.KeyUsage(**{name: name == "key_cert_sign" for name in names.split()})


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A CA file, and the certificate and key it has signed for 127.0.0.1."""
    folder = tmp_path_factory.mktemp("ca")
    now = dt.datetime.now(dt.UTC)

    def certificate(subject: str, key: Any, issuer: str, signer: Any, *, ca: bool) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            # Python 3.13 and newer refuse a chain without the following ones.
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        )
        if ca:
            made = made.add_extension(_signs_certificates(), critical=True)
        return made.sign(signer, hashes.SHA256())

    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = certificate("Corporate CA", ca_key, "Corporate CA", ca_key, ca=True)
    leaf = certificate("server", key, "Corporate CA", ca_key, ca=False)
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.pem").write_bytes(private + leaf.public_bytes(pem))
    return folder / "ca.pem", folder / "server.pem"


@pytest.fixture
async def tls_url(emulator: Emulator, authority: tuple[Path, Path]) -> AsyncIterator[str]:
    """The emulator behind TLS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(authority[1])
    port = int(emulator.url.rpartition(":")[2])

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while block := await reader.read(65536):
                writer.write(block)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.current_task())
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pipe(reader, far_writer), pipe(far_reader, writer))

    handlers: set[Any] = set()
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    if handlers:
        await asyncio.wait(handlers, timeout=10)


def settings(emulator: Emulator, **more: Any) -> dict[str, Any]:
    return {
        "client_key": emulator.client_key,
        "client_secret": emulator.client_secret,
        "base_url": emulator.url,
        "authorize_url": emulator.authorize_url,
        **more,
    }


async def _log_in_call_and_refresh(emulator: Emulator, session: TikTokSession) -> None:
    account = await emulator.connect(session, emulator.add_user())
    await account.user_info()
    await session.oauth.refresh(account.open_id)


async def test_calls_and_grants_go_through_the_proxy_to_a_server_that_the_ca_file_trusts(
    emulator: Emulator, tls_url: str, authority: tuple[Path, Path], proxy: Proxy
) -> None:
    more = {"base_url": tls_url, "proxy": proxy.url, "ssl": authority[0]}
    async with TikTokSession(**settings(emulator, **more)) as session:
        await _log_in_call_and_refresh(emulator, session)
    output = proxy.stop()
    # A login, a refresh and a call, each over a tunnel of its own.
    assert output == [f"CONNECT {tls_url.rpartition(':')[2]}"] * 3


async def test_without_the_ca_file_the_server_is_not_trusted_and_the_refresh_token_is_not_used(
    emulator: Emulator, tls_url: str
) -> None:
    async with TikTokSession(**settings(emulator, base_url=tls_url)) as session:
        with pytest.raises(TransportError, match=r"not trusted: .*certificate") as raised:
            await session.oauth.client_token()
    assert raised.value.sent is False


async def test_everything_comes_from_the_environment_too(
    emulator: Emulator, tls_url: str, authority: tuple[Path, Path], proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIKTOK_CLIENT_KEY", emulator.client_key)
    monkeypatch.setenv("TIKTOK_CLIENT_SECRET", emulator.client_secret)
    monkeypatch.setenv("TIKTOK_BASE_URL", tls_url)
    monkeypatch.setenv("TIKTOK_AUTHORIZE_URL", emulator.authorize_url)
    monkeypatch.setenv("TIKTOK_PROXY", proxy.url)
    monkeypatch.setenv("TIKTOK_CA_FILE", str(authority[0]))
    async with TikTokSession.from_env(store="memory://") as session:
        await _log_in_call_and_refresh(emulator, session)
    assert len(proxy.stop()) == 3


async def test_the_proxy_variables_are_used_if_the_session_has_trust_env(
    emulator: Emulator, tls_url: str, authority: tuple[Path, Path], proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    more = {"base_url": tls_url, "ssl": ssl.create_default_context(cafile=authority[0])}
    async with TikTokSession(**settings(emulator, **more)) as session:
        await session.oauth.client_token()
    async with TikTokSession(**settings(emulator, **more, trust_env=True)) as session:
        await session.oauth.client_token()
    assert len(proxy.stop()) == 1


async def test_a_password_of_the_proxy_is_sent_to_it_and_shown_nowhere(emulator: Emulator, tls_url: str) -> None:
    proxy = Proxy("user:pa@ss-canary")
    try:
        for password in ("pa%40ss-canary", "wrong-canary"):
            more = {"base_url": tls_url, "proxy": f"http://user:{password}@{proxy.address}", "ssl": None}
            async with TikTokSession(**settings(emulator, **more)) as session:
                with pytest.raises(TransportError) as raised:
                    await session.oauth.client_token()
                assert "canary" not in str(raised.value) + repr(session)
                assert raised.value.sent is False
                assert ("not trusted" in str(raised.value)) is password.startswith("pa")
                assert ("HTTP 407" in str(raised.value)) is password.startswith("wrong")
    finally:
        proxy.stop()


async def test_an_unreachable_proxy_leaves_the_refresh_token_unused(emulator: Emulator, proxy: Proxy) -> None:
    async with TikTokSession(**settings(emulator)) as session:
        account = await emulator.connect(session, emulator.add_user())
        token = await account.token()
    proxy.stop()
    async with TikTokSession(**settings(emulator, proxy=proxy.url)) as session:
        await session._store.put(token, expected_version=None)
        with pytest.raises(TransportError, match="proxy"):
            await session.oauth.refresh(token.key.open_id)
        stored = await session._store.get(token.key)
    assert stored is not None
    assert stored.attempt is None


async def test_uploads_go_through_the_proxy(emulator: Emulator, proxy: Proxy) -> None:
    async with TikTokSession(**settings(emulator, proxy=proxy.url)) as session:
        account = await emulator.connect(session, emulator.add_user())
        async with aiohttp.ClientSession():
            publish = await account.draft_video(b"0" * 100_000)
            await publish.run()
    output = proxy.stop()
    assert any(line.startswith("PUT") for line in output)
    assert not any(line.startswith("CONNECT") for line in output)


@pytest.mark.parametrize(
    "proxy", ["proxy.example:3128", "socks5://127.0.0.1:1080", "http://", "http://a:b:c", "http://h:99999"]
)
def test_an_invalid_proxy_is_refused_at_once(proxy: str) -> None:
    with pytest.raises(ConfigurationError, match="http://HOST:PORT"):
        TikTokSession(client_key="key", client_secret="secret", proxy=proxy)


def test_a_ca_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("not a certificate")
    for path in (empty, tmp_path / "missing.pem"):
        with pytest.raises(ConfigurationError, match=path.name):
            TikTokSession(client_key="key", client_secret="secret", ssl=path)


async def test_a_callers_session_keeps_its_own_settings() -> None:
    async with aiohttp.ClientSession() as http:
        with pytest.raises(ConfigurationError, match="http"):
            TikTokSession(client_key="key", client_secret="secret", http=http, trust_env=True)


@pytest.fixture
def tinyproxy(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A real proxy (tinyproxy) and its log, which names each tunnel."""
    port, log = free_port(), tmp_path / "tinyproxy.log"
    settings = tmp_path / "tinyproxy.conf"
    settings.write_text(f'Port {port}\nListen 127.0.0.1\nAllow 127.0.0.1\nLogFile "{log}"\nLogLevel Connect\n')
    process = subprocess.Popen(
        [find_binary("tinyproxy"), "-d", "-c", str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while still_runs(process):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
        yield f"http://127.0.0.1:{port}", log
    finally:
        process.kill()
        process.wait()


def _tunnels(log: Path, port: str) -> int:
    return log.read_text().count(f"CONNECT 127.0.0.1:{port}")


async def test_an_upload_goes_through_a_tunnel_to_a_host_that_the_ca_file_trusts(
    emulator: Emulator, tls_url: str, authority: tuple[Path, Path], tinyproxy: tuple[str, Path]
) -> None:
    proxy, log = tinyproxy
    more = {"base_url": tls_url, "proxy": proxy, "ssl": authority[0], "upload_hosts": ("127.0.0.1",)}
    async with TikTokSession(**settings(emulator, **more)) as session:
        account = await emulator.connect(session, emulator.add_user())
        emulator.state.url = tls_url  # the beginning of the upload URLs
        publish = await account.draft_video(b"0" * 100_000)
        await publish.run()
        before = _tunnels(log, tls_url.rpartition(":")[2])
    assert before >= 3  # the login, the init, the upload
    async with TikTokSession(**settings(emulator, **{**more, "ssl": None})) as session:
        with pytest.raises(TransportError, match="not trusted"):
            await session.oauth.client_token()


async def test_the_command_line_follows_the_proxy_and_the_ca_file_of_its_environment(
    emulator: Emulator, tls_url: str, authority: tuple[Path, Path], tinyproxy: tuple[str, Path], tmp_path: Path
) -> None:
    proxy, log = tinyproxy
    store = f"sqlite:///{tmp_path}/tokens.db"
    async with emulator.session(store=store) as session:
        account = await emulator.connect(session, emulator.add_user())
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "TIKTOK_CLIENT_KEY": emulator.client_key,
        "TIKTOK_CLIENT_SECRET": emulator.client_secret,
        "TIKTOK_BASE_URL": tls_url,
        "TIKTOK_TOKEN_STORE": store,
        "TIKTOK_PROXY": proxy,
        "TIKTOK_CA_FILE": str(authority[0]),
    }
    command = [sys.executable, "-m", "tiktok_async", "whoami", "--account", account.open_id]
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert account.open_id in out.decode()
    assert _tunnels(log, tls_url.rpartition(":")[2]) == 1
