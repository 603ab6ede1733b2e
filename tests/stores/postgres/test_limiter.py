"""The PostgreSQL limiter with a real server: its contract, outages, idle windows, pools."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from psycopg_pool import AsyncConnectionPool

from tests.postgres_server import PostgresServer, new_schema
from tiktok_async._concurrency.clock import SystemClock
from tiktok_async.abc import LimitKey, RateLimiter
from tiktok_async.errors import ConfigurationError, RateLimitWaitExceeded, StoreError
from tiktok_async.models import Limit
from tiktok_async.stores import PostgresRateLimiter
from tiktok_async.testing import RateLimiterContract

pytestmark = pytest.mark.postgres

KEY = LimitKey("app", "/v2/video/list/", "account")
MINUTE = Limit(40, timedelta(minutes=1))


class TestPostgresRateLimiter(RateLimiterContract):
    # PostgreSQL uses real time, and a busy machine is late: it has an eighth of a window to refuse a wait that is too
    # long.
    window = 1.6
    slack = 1.2

    @pytest.fixture
    def clock(self) -> SystemClock:
        return SystemClock()

    @pytest.fixture
    async def limiter(self, postgres: PostgresServer, clock: SystemClock) -> AsyncIterator[RateLimiter]:
        limiter = PostgresRateLimiter(postgres.url(schema=new_schema()), clock=clock)
        # Windows of seconds do not wait for the tables to be made.
        await limiter.remaining(LimitKey("another", "", ""), Limit(1, timedelta(seconds=1)))
        yield limiter
        await limiter.aclose()


async def test_an_unused_window_is_deleted(postgres: PostgresServer) -> None:
    schema = new_schema()
    limiter = PostgresRateLimiter(postgres.url(schema=schema))
    (await limiter.acquire(KEY, MINUTE)).done()
    await limiter.aclose()
    # As if minutes had passed.
    postgres.execute(f"UPDATE {schema}.limits SET idle_from = idle_from - 3")
    other = PostgresRateLimiter(postgres.url(schema=schema))
    (await other.acquire(KEY._replace(subject="another"), MINUTE)).done()
    await other.aclose()
    assert postgres.execute(f"SELECT subject FROM {schema}.limits WHERE endpoint <> 'memory'") == [("another",)]


async def test_a_pool_passed_in_stays_open(postgres: PostgresServer) -> None:
    async with AsyncConnectionPool(postgres.url(), min_size=1, max_size=2) as pool:
        limiter = PostgresRateLimiter(pool=pool, schema=new_schema())
        (await limiter.acquire(KEY, MINUTE)).done()
        await limiter.aclose()
        await limiter.aclose()
        async with pool.connection() as connection:
            assert await (await connection.execute("SELECT 1")).fetchone() == (1,)


async def test_an_outage_raises_an_error_on_request_and_a_restarted_server_keeps_its_windows(
    own_postgres: PostgresServer,
) -> None:
    limiter = PostgresRateLimiter(own_postgres.url(), on_outage="fail")
    other = PostgresRateLimiter(own_postgres.url(), on_outage="local", share=0.25)
    limit = Limit(3, timedelta(minutes=1))
    for permit in [await limiter.acquire(KEY, limit) for _ in range(3)]:
        permit.done()
    assert await other.remaining(KEY, limit) == 0
    own_postgres.kill()
    with pytest.raises(StoreError, match="on_outage='local'"):
        await limiter.acquire(KEY, limit)
    with pytest.raises(StoreError):
        await limiter.remaining(KEY, limit)
    (await other.acquire(KEY, MINUTE, max_wait=1)).done()
    own_postgres.start()
    limiter._retry_at = 0.0  # as if a second had passed
    with pytest.raises(RateLimitWaitExceeded):
        await limiter.acquire(KEY, limit, max_wait=1)
    other._retry_at = 0.0
    # The call made during the outage is reported.
    assert (await other.usage(KEY, MINUTE)).used == 4
    await limiter.aclose()
    await other.aclose()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"url": "postgresql://h/app", "pool": object()},
        {"pool": object()},
        {"url": "postgresql://h/app", "schema": 'x"; DROP'},
        {"url": "postgresql://h/app?schema=9"},
        {"url": "postgresql://h/app?pool_size=0"},
        {"url": "postgresql://h/app?nonsense=1"},
        {"url": "postgresql://h/app", "on_outage": "unlimited"},
        {"url": "postgresql://h/app", "on_outage": "local"},
        {"url": "postgresql://h/app?on_outage=local&share=0"},
    ],
)
def test_invalid_arguments_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        PostgresRateLimiter(**options)
