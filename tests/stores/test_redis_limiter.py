"""The Redis limiter with a real server: its keys, its script, outages, clients."""

import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import redis.asyncio

from tests.conftest import RedisServer
from tiktok_async.abc import LimitKey
from tiktok_async.errors import ConfigurationError, RateLimitWaitExceeded, StoreError
from tiktok_async.models import Limit
from tiktok_async.stores import RedisRateLimiter

pytestmark = pytest.mark.redis

KEY = LimitKey("app", "/v2/video/list/", "account")
MINUTE = Limit(40, timedelta(minutes=1))


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[redis.asyncio.Redis]:
    client = redis.asyncio.Redis.from_url(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
async def limiter(redis_url: str) -> AsyncIterator[RedisRateLimiter]:
    limiter = RedisRateLimiter(redis_url, prefix=uuid.uuid4().hex)
    yield limiter
    await limiter.aclose()


async def test_every_key_expires_and_names_its_window(limiter: RedisRateLimiter, client: redis.asyncio.Redis) -> None:
    (await limiter.acquire(KEY, MINUTE)).done()
    prefix = limiter._trips._prefix  # type: ignore[attr-defined]  # the class is known
    memory, key = sorted(await client.keys(f"{prefix}*"))
    assert memory == f"{prefix}:limit:memory".encode()
    assert key == f"{prefix}:limit:{{app:/v2/video/list/:account}}".encode()
    assert 0 < await client.pttl(key) <= 130_000
    assert 0 < await client.pttl(memory) <= timedelta(days=30) / timedelta(milliseconds=1)


async def test_a_script_that_redis_has_removed_from_its_cache_is_loaded_again(
    limiter: RedisRateLimiter, client: redis.asyncio.Redis
) -> None:
    await client.script_flush()
    (await limiter.acquire(KEY, MINUTE)).done()


async def test_a_client_passed_in_stays_open(client: redis.asyncio.Redis) -> None:
    limiter = RedisRateLimiter(client=client, prefix=uuid.uuid4().hex)
    (await limiter.acquire(KEY, MINUTE)).done()
    await limiter.aclose()
    await limiter.aclose()
    assert await client.ping()


async def test_an_outage_raises_store_error_with_on_outage_fail_and_ends_by_itself(own_redis: RedisServer) -> None:
    limiter = RedisRateLimiter(own_redis.url, prefix="outage", on_outage="fail")
    limit = Limit(3, timedelta(minutes=1))
    (await limiter.acquire(KEY, limit)).done()
    own_redis.kill()
    with pytest.raises(StoreError, match="on_outage='local'"):
        for _ in range(3):  # permits that it already has are granted
            await limiter.acquire(KEY, limit)
    with pytest.raises(StoreError):
        await limiter.acquire(KEY, limit)
    with pytest.raises(StoreError):
        await limiter.remaining(KEY, limit)
    own_redis.start()
    limiter._retry_at = 0.0  # as if a second had passed
    permit = await limiter.acquire(KEY, limit)
    assert limiter._outage is None
    permit.done()
    await limiter.aclose()


async def test_a_share_is_granted_during_an_outage_and_reported_later(own_redis: RedisServer) -> None:
    limiter = RedisRateLimiter(own_redis.url + "?on_outage=local&share=0.25", prefix="outage")
    (await limiter.acquire(KEY, MINUTE)).done()
    own_redis.kill()
    limiter._windows[KEY]._permits.clear()
    permits = [await limiter.acquire(KEY, MINUTE, max_wait=1) for _ in range(10)]
    with pytest.raises(RateLimitWaitExceeded):
        await limiter.acquire(KEY, MINUTE, max_wait=1)
    for permit in permits:
        permit.done()
    own_redis.start()
    limiter._retry_at = 0.0  # as if a second had passed
    assert 40 - 13 <= await limiter.remaining(KEY, MINUTE) <= 40 - 10
    assert limiter._outage is None
    await limiter.aclose()


async def test_a_restarted_redis_still_has_its_windows(own_redis: RedisServer) -> None:
    """If it has lost them, `test_a_server_that_lost_its_windows_waits_for_one_window` holds."""
    limiter = RedisRateLimiter(own_redis.url, prefix="kill")
    other = RedisRateLimiter(own_redis.url, prefix="kill")
    limit = Limit(5, timedelta(minutes=1))
    for permit in [await limiter.acquire(KEY, limit) for _ in range(5)]:
        permit.done()
    await limiter.aclose()
    own_redis.stop()
    own_redis.start()
    with pytest.raises(RateLimitWaitExceeded):
        await other.acquire(KEY, limit, max_wait=1)
    await other.aclose()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"url": "redis://h/0", "client": object()},
        {"url": "redis://h/0", "prefix": "{x}"},
        {"url": "redis://h/0", "on_outage": "unlimited"},
        {"url": "redis://h/0", "on_outage": "local"},
        {"url": "redis://h/0", "on_outage": "local", "share": 1.5},
        {"url": "redis://h/0", "share": 0.5},
        {"url": "redis://h/0?on_outage=local&share=0"},
    ],
)
def test_invalid_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        RedisRateLimiter(**options)
