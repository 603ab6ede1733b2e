"""A caller's `aiohttp.ClientSession`: which ones are accepted, and which requests use its connections."""

import asyncio
import inspect
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from tiktok_async import ConfigurationError, Endpoint, PrivacyLevel, VideoPost
from tiktok_async.emulator import EmulatedUser, Emulator
from tiktok_async.stores import MemoryTokenStore


@pytest.fixture
def user(emulator: Emulator) -> EmulatedUser:
    """An account that may post."""
    return emulator.add_user()


def _sent(emulator: Emulator, endpoint: Endpoint) -> int:
    return sum(request.endpoint is endpoint for request in emulator.requests)


@pytest.mark.parametrize("when", ["before the first call", "after it"])
async def test_a_callers_session_that_is_closed_uses_no_attempt(
    emulator: Emulator, user: EmulatedUser, when: str
) -> None:
    store = MemoryTokenStore(clock=emulator.clock)
    http = aiohttp.ClientSession()
    async with emulator.session(store=store) as other, emulator.session(store=store, http=http) as session:
        key = (await (await emulator.connect(other, user)).token()).key
        if when == "after it":
            await session.account(user.open_id).draft_video(b"video")
        await http.close()
        refreshed = _sent(emulator, Endpoint.TOKEN)
        with pytest.raises(ConfigurationError, match="closed"):
            await session.oauth.refresh(user.open_id)
        stored = await store.get(key)
        assert stored is not None
        assert stored.attempt is None
        # Another worker does not wait: the virtual clock stands still.
        await asyncio.wait_for(other.oauth.refresh(user.open_id), 60)
        assert _sent(emulator, Endpoint.TOKEN) == refreshed + 1


@pytest.fixture
async def connections() -> AsyncIterator[tuple[aiohttp.ClientSession, list[tuple[str, str]]]]:
    """A caller's session that keeps connections alive, and the connection that it used for each path."""
    used: list[tuple[str, str]] = []
    trace = aiohttp.TraceConfig()

    async def begin(_: object, context: SimpleNamespace, params: aiohttp.TraceRequestStartParams) -> None:
        context.path = params.url.path

    async def made(_: object, context: SimpleNamespace, params: object) -> None:
        del params
        used.append((context.path, "made"))

    async def reused(_: object, context: SimpleNamespace, params: object) -> None:
        del params
        used.append((context.path, "reused"))

    trace.on_request_start.append(begin)
    trace.on_connection_create_end.append(made)
    trace.on_connection_reuseconn.append(reused)
    async with aiohttp.ClientSession(trace_configs=[trace]) as http:
        yield http, used


async def test_an_init_uses_a_new_connection_and_a_read_a_kept_one(
    emulator: Emulator, user: EmulatedUser, connections: tuple[aiohttp.ClientSession, list[tuple[str, str]]]
) -> None:
    http, used = connections
    async with emulator.session(http=http) as session:
        account = await emulator.connect(session, user)
        for _ in range(3):
            await account.user_info({"open_id"})
        for _ in range(2):
            await account.draft_video(b"video")
    how = {path: {kind for where, kind in used if where == path} for path, _ in used}
    assert how[Endpoint.INBOX_INIT.path] == {"made"}
    assert "reused" in how[Endpoint.USER_INFO.path]


class _Resolver(AbstractResolver):
    """A resolver that returns this machine after its release."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.let = asyncio.Event()
        self.let.set()

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        self.asked.set()
        await self.let.wait()
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=family or 2, proto=0, flags=0)]

    async def close(self) -> None:
        """Hold nothing."""


async def test_a_post_cancelled_while_its_connection_is_made_leaves_its_key_and_its_slot_free(
    emulator: Emulator, user: EmulatedUser
) -> None:
    resolver = _Resolver()
    connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False)
    post = VideoPost(privacy_level=PrivacyLevel.SELF_ONLY)
    async with (
        aiohttp.ClientSession(connector=connector) as http,
        emulator.session(http=http, base_url=emulator.url.replace("127.0.0.1", "localhost")) as session,
    ):
        account = await emulator.connect(session, user)
        await account.creator_info()
        free = await session.remaining(user.open_id, Endpoint.VIDEO_INIT)
        resolver.asked.clear()
        resolver.let.clear()
        waiting = asyncio.create_task(account.post_video(b"video", post, dedup_key="order-5"))
        await asyncio.wait_for(resolver.asked.wait(), 60)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        resolver.let.set()
        assert await session.remaining(user.open_id, Endpoint.VIDEO_INIT) == free
        await account.post_video(b"video", post, dedup_key="order-5")
    assert _sent(emulator, Endpoint.VIDEO_INIT) == 1


def test_aiohttp_still_has_the_parts_without_a_public_name_that_are_used() -> None:
    """If this fails, aiohttp has changed: check every use in `_http/transport.py` before you raise the version."""
    made = inspect.signature(aiohttp.BaseConnector._create_connection)
    assert list(made.parameters) == ["self", "req", "traces", "timeout"]
    released = inspect.signature(aiohttp.BaseConnector._release)
    assert list(released.parameters) == ["self", "key", "protocol", "should_close"]
    assert {"_default_proxy", "_default_proxy_auth", "_retry_connection"} <= set(aiohttp.ClientSession.ATTRS)
    assert "_buffer" in aiohttp.StreamReader.__slots__
