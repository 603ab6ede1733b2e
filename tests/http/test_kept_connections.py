"""Refreshes that follow each other share a connection for a moment; logins, inits and all other grants never do."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import orjson
import pytest

from tiktok_async import AccountKey, Secret, TikTokSession, Token, TransportError
from tiktok_async._concurrency.lifecycle import Lifecycle
from tiktok_async._http import transport as module
from tiktok_async._http.transport import AiohttpTransport
from tiktok_async.models._http import Request

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"


class Server:
    """Gives a new pair for each refresh, counts its connections, and can close them as servers do.

    Attributes:
        url: Where it is.
        connections: How many requests each connection has carried.
        closes: Whether a connection is closed after its answer, without a `Connection: close` header.
        deaf_from: The number of the first request of a connection that is closed without an answer.
        seen: The bodies, in their order.
    """

    def __init__(self) -> None:
        self.url = ""
        self.connections: list[int] = []
        self.closes = False
        self.deaf_from: int | None = None
        self.seen: list[bytes] = []
        self.closed = asyncio.Event()
        self._tasks: set[asyncio.Task[Any] | None] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())
        number = len(self.connections)
        self.connections.append(0)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
                self.seen.append(await reader.readexactly(length))
                self.connections[number] += 1
                if self.deaf_from is not None and self.connections[number] >= self.deaf_from:
                    break
                turn = len(self.seen)
                pair = {"access_token": f"act.{turn}", "refresh_token": f"rft.{turn}", "expires_in": 7200}
                body = orjson.dumps(pair | {"refresh_expires_in": 86400, "token_type": "Bearer"})
                writer.write(HEAD % (len(body), body))
                await writer.drain()
                if self.closes:
                    break
        except (asyncio.IncompleteReadError, OSError):
            pass
        writer.close()
        await writer.wait_closed()
        self.closed.set()

    async def stop(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=10)  # type: ignore[type-var]  # no task is None here


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    listening = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    yield made
    listening.close()
    await made.stop()


def token(name: str) -> Token:
    now = datetime.now(UTC)
    return Token(
        key=AccountKey("app", name),
        access_token=Secret("act." + name),
        refresh_token=Secret("rft." + name),
        scopes=frozenset({"video.list"}),
        expires_at=now + timedelta(minutes=5),
        refresh_expires_at=now + timedelta(days=100),
        updated_at=now - timedelta(hours=1),
    )


def session(server: Server, **more: Any) -> TikTokSession:
    return TikTokSession(client_key="app", client_secret="secret", base_url=server.url, **more)


def kept(server: Server, *, fresh: bool = True) -> Request:
    return Request(method="POST", url=server.url + "/", body=b"a=b", fresh=fresh, kept=True)


async def test_a_sweep_makes_no_more_connections_than_its_concurrency(server: Server) -> None:
    async with session(server) as opened:
        for number in range(12):
            await opened.store.put(token(f"user-{number}"), expected_version=None)
        report = await opened.refresh_due(within=timedelta(hours=1), concurrency=3)
    assert (report.refreshed, report.failed) == (12, 0)
    assert len(server.connections) <= 3
    assert sum(server.connections) == 12


@pytest.mark.parametrize("own", [False, True])
async def test_refreshes_share_a_connection_and_other_grants_have_their_own(server: Server, *, own: bool) -> None:
    async with aiohttp.ClientSession() as http, session(server, http=http if own else None) as opened:
        for name in ("a", "b"):
            await opened.store.put(token(name), expected_version=None)
            await opened.oauth.refresh(name)
        await opened.oauth.client_token()
        await opened.oauth.revoke("a")
        await opened.oauth.refresh("b")
    assert server.connections == [3, 1, 1]


async def test_a_connection_that_was_idle_for_too_long_is_not_used_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_KEPT_SECONDS", 1e-9)
    sending = AiohttpTransport(Lifecycle())
    for _ in range(2):
        await sending.send(kept(server))
    await sending.aclose()
    assert server.connections == [1, 1]


async def test_after_the_server_has_closed_it_the_next_refresh_makes_a_new_one(server: Server) -> None:
    server.closes = True
    async with session(server) as opened:
        for name in ("a", "b"):
            await opened.store.put(token(name), expected_version=None)
            await opened.oauth.refresh(name)
            await server.closed.wait()
            server.closed.clear()
            for _ in range(5):  # the event loop has to read the end of the connection
                await asyncio.sleep(0)
    assert server.connections == [1, 1]


async def test_a_request_on_a_kept_connection_that_ends_is_not_repeated_automatically(server: Server) -> None:
    server.deaf_from = 2
    sending = AiohttpTransport(Lifecycle())
    await sending.send(kept(server))
    with pytest.raises(TransportError, match="without an answer") as raised:
        await sending.send(kept(server))
    await sending.aclose()
    assert raised.value.sent
    assert server.connections == [2]


async def test_a_refresh_whose_answer_was_lost_leaves_its_attempt_for_the_next_worker(server: Server) -> None:
    async with session(server) as opened:
        for name in ("a", "b"):
            await opened.store.put(token(name), expected_version=None)
        await opened.oauth.refresh("a")
        server.deaf_from = 2
        with pytest.raises(TransportError):
            await opened.oauth.refresh("b")
        stored = await opened.store.get(AccountKey("app", "b"))
    assert len(server.seen) == 2
    assert stored is not None
    assert stored.attempt is not None
    assert stored.refresh_token == Secret("rft.b")
