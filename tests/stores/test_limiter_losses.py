"""A limiter's server that lost its windows, or was restored from a backup, grants no second window of calls."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Protocol

import pytest
import redis

from tests.postgres_server import PostgresServer, new_schema
from tiktok_async.abc import LimitKey, RateLimiter
from tiktok_async.errors import RateLimitWaitExceeded
from tiktok_async.models import Limit
from tiktok_async.stores import PostgresRateLimiter, RedisRateLimiter

WINDOW = LimitKey("app", "/v2/video/list/", "account")
ELSEWHERE = LimitKey("app", "/v2/elsewhere/", "")
SIX = Limit(6, timedelta(minutes=1))


class Server(Protocol):
    """Keeps windows, and can lose them."""

    def limiter(self) -> RateLimiter:
        """Return a worker's limiter."""
        ...

    def lose_all(self) -> None:
        """Lose everything."""
        ...

    def lose_window(self) -> None:
        """Lose `WINDOW` alone."""
        ...

    def copy(self) -> Callable[[], None]:
        """Make a backup of `WINDOW`, and return a function that restores it."""
        ...


class InRedis:
    def __init__(self, url: str) -> None:
        self._url = url
        self.client: Any = redis.Redis.from_url(url)

    def limiter(self) -> RateLimiter:
        return RedisRateLimiter(self._url)

    def lose_all(self) -> None:
        self.client.flushall()

    def lose_window(self) -> None:
        self.client.delete(*self._keys())

    def copy(self) -> Callable[[], None]:
        (key,) = self._keys()
        old = self.client.get(key)
        return lambda: self.client.set(key, old)

    def _keys(self) -> list[bytes]:
        return [key for key in self.client.keys("*") if WINDOW.endpoint.encode() in key]


class InPostgres:
    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._schema = new_schema()

    def limiter(self) -> RateLimiter:
        return PostgresRateLimiter(self._server.url(schema=self._schema))

    def lose_all(self) -> None:
        self._server.execute(f"TRUNCATE {self._schema}.limits")

    def lose_window(self) -> None:
        self._server.execute(f"DELETE FROM {self._schema}.limits WHERE endpoint = '{WINDOW.endpoint}'")

    def copy(self) -> Callable[[], None]:
        columns = "shut_until = b.shut_until, base = b.base, ends = b.ends, used = b.used, holders = b.holders"
        self._server.execute(f"CREATE TABLE {self._schema}.backup AS TABLE {self._schema}.limits")
        return lambda: self._server.execute(  # type: ignore[return-value]  # the return value is not used
            f"UPDATE {self._schema}.limits AS one SET {columns} FROM {self._schema}.backup AS b "
            "WHERE one.endpoint = b.endpoint"
        )


@pytest.fixture(
    params=[pytest.param("redis", marks=pytest.mark.redis), pytest.param("postgres", marks=pytest.mark.postgres)]
)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    if request.param == "postgres":
        yield InPostgres(request.getfixturevalue("postgres"))
    else:
        server = InRedis(request.getfixturevalue("own_redis").url)
        yield server
        server.client.close()


async def use_up(limiter: RateLimiter) -> None:
    for _ in range(6):
        (await limiter.acquire(WINDOW, SIX, max_wait=0)).done()
    assert await limiter.remaining(WINDOW, SIX) == 0


async def assert_refused(limiter: RateLimiter) -> None:
    with pytest.raises(RateLimitWaitExceeded):
        await limiter.acquire(WINDOW, SIX, max_wait=1)


@pytest.mark.parametrize("first", ["the one with permits", "another"])
async def test_a_server_that_lost_everything_grants_no_second_window(server: Server, first: str) -> None:
    one, two = server.limiter(), server.limiter()
    (await two.acquire(ELSEWHERE, SIX)).done()
    await use_up(one)
    server.lose_all()
    for limiter in (one, two) if first == "the one with permits" else (two, one):
        await assert_refused(limiter)
    await one.aclose()
    await two.aclose()


async def test_a_server_that_was_restored_from_a_backup_grants_no_second_window(server: Server) -> None:
    one, two = server.limiter(), server.limiter()
    (await one.acquire(WINDOW, SIX)).done()
    assert await one.remaining(WINDOW, SIX) == 5
    restore = server.copy()
    for _ in range(5):
        (await one.acquire(WINDOW, SIX, max_wait=0)).done()
    assert await one.remaining(WINDOW, SIX) == 0
    restore()
    # The limiter that used the window notices the loss; then no limiter gets a permit.
    await assert_refused(one)
    await assert_refused(two)
    await one.aclose()
    await two.aclose()


async def test_a_lost_window_that_another_limiter_opened_again_is_closed(server: Server) -> None:
    one, two = server.limiter(), server.limiter()
    await use_up(one)
    server.lose_window()
    (await two.acquire(WINDOW, SIX)).done()
    for limiter in (one, two):
        with pytest.raises(RateLimitWaitExceeded):
            while True:
                (await limiter.acquire(WINDOW, SIX, max_wait=0.5)).done()
    assert await two.remaining(WINDOW, SIX) == 0
    await one.aclose()
    await two.aclose()


async def test_an_idle_server_is_not_treated_as_one_that_lost_its_windows(server: Server) -> None:
    short = Limit(2, timedelta(seconds=0.2))
    one, two = server.limiter(), server.limiter()
    for _ in range(6):
        (await one.acquire(WINDOW, short, max_wait=5)).done()
    (await two.acquire(ELSEWHERE, SIX, max_wait=0)).done()
    await one.aclose()
    await two.aclose()


# Losses that only PostgreSQL can have


@pytest.mark.postgres
async def test_an_asynchronous_standby_that_takes_over_closes_windows_even_for_a_new_limiter(
    own_postgres: PostgresServer,
) -> None:
    one = PostgresRateLimiter(own_postgres.url())
    assert await one.remaining(WINDOW, SIX) == 6
    standby = own_postgres.standby("one")
    try:
        # The standby does not get these permits.
        await use_up(one)
        own_postgres.kill()
        standby.start()
        standby.promote()
        new = PostgresRateLimiter(standby.url())
        await assert_refused(new)
        await new.aclose()
        await one.aclose()
    finally:
        standby.remove()


@pytest.mark.postgres
async def test_a_crash_that_empties_an_unlogged_table_grants_no_second_window(own_postgres: PostgresServer) -> None:
    one, two = PostgresRateLimiter(own_postgres.url()), PostgresRateLimiter(own_postgres.url())
    for limiter in (one, two):
        limiter._trips._link._patience = 60  # type: ignore[attr-defined]  # a busy machine reconnects slowly
    (await two.acquire(ELSEWHERE, SIX)).done()
    own_postgres.execute("ALTER TABLE tiktok.limits SET UNLOGGED")
    await use_up(one)
    own_postgres.kill()
    own_postgres.start()
    await assert_refused(two)
    await assert_refused(one)
    await one.aclose()
    await two.aclose()


@pytest.mark.postgres
async def test_a_backup_that_is_older_than_the_last_loss_closes_all_windows_once(postgres: PostgresServer) -> None:
    schema = new_schema()
    one = PostgresRateLimiter(postgres.url(schema=schema))
    await use_up(one)
    row = f"UPDATE {schema}.limits SET life = life - 60000000"
    postgres.execute(f"{row} WHERE endpoint = 'memory'")
    await assert_refused(one)
    names = postgres.execute(f"SELECT life, shut_until FROM {schema}.limits WHERE endpoint = 'memory'")
    new = PostgresRateLimiter(postgres.url(schema=schema))
    with pytest.raises(RateLimitWaitExceeded):
        await new.acquire(ELSEWHERE, SIX, max_wait=1)
    assert postgres.execute(f"SELECT life, shut_until FROM {schema}.limits WHERE endpoint = 'memory'") == names
    await one.aclose()
    await new.aclose()
