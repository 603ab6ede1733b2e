"""The limiter of a fleet with a real PostgreSQL: its contract, trips, outages, cancellations, processes."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
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
FLEET = Path(__file__).parents[3] / "benchmarks" / "limiter_fleet.py"

Make = Callable[[], PostgresRateLimiter]


class TestPostgresRateLimiter(RateLimiterContract):
    # PostgreSQL goes by real time, and a busy machine is late: it has an eighth of a window to say that a wait is too
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


@pytest.fixture
async def make(postgres: PostgresServer) -> AsyncIterator[Make]:
    """Makes limiters that share their windows, as processes of a fleet do."""
    url = postgres.url(schema=new_schema())
    made: list[PostgresRateLimiter] = []

    def make() -> PostgresRateLimiter:
        made.append(PostgresRateLimiter(url))
        return made[-1]

    yield make
    for limiter in made:
        await limiter.aclose()


def count_trips(limiter: PostgresRateLimiter) -> list[int]:
    """Return a list that grows by one with each trip of *limiter*."""
    trips, link = list[int](), limiter._trips._link  # type: ignore[attr-defined]  # of a known class
    run = link.run

    async def counted(*statement: Any) -> Any:
        trips.append(1)
        return await run(*statement)

    link.run = counted
    return trips


async def test_two_processes_share_one_window(make: Make) -> None:
    one, two = make(), make()
    for _ in range(30):
        (await one.acquire(KEY, MINUTE)).done()
    await one.aclose()
    assert await two.remaining(KEY, MINUTE) == 10
    assert (await two.usage(KEY, MINUTE)).used == 30
    for _ in range(10):
        (await two.acquire(KEY, MINUTE)).done()
    with pytest.raises(RateLimitWaitExceeded) as caught:
        await two.acquire(KEY, MINUTE, max_wait=5)
    assert 10 < caught.value.wait.total_seconds() <= 60


async def test_a_closing_worker_gives_back_what_it_did_not_use(make: Make) -> None:
    one, two = make(), make()
    for _ in range(3):
        (await one.acquire(KEY, MINUTE)).cancel()
    await one.aclose()
    assert await two.remaining(KEY, MINUTE) == 40


async def test_calls_of_one_turn_share_a_trip_and_far_from_the_limit_one_fetches_many(make: Make) -> None:
    limiter = make()
    limit = Limit(600, timedelta(minutes=1))
    await limiter.remaining(KEY, limit)
    trips = count_trips(limiter)
    for permit in await asyncio.gather(*(limiter.acquire(KEY, limit) for _ in range(100))):
        permit.done()
    assert len(trips) <= 3
    for _ in range(100):
        (await limiter.acquire(KEY, limit)).done()
    assert len(trips) <= 20


async def test_many_windows_go_in_one_trip_in_the_same_order_from_everywhere(make: Make) -> None:
    keys = [KEY._replace(subject=f"account-{number}") for number in range(50)]
    limiters = [make() for _ in range(3)]

    async def use(limiter: RateLimiter, order: list[LimitKey]) -> None:
        for permit in await asyncio.gather(*(limiter.acquire(key, MINUTE) for key in order)):
            permit.done()

    for _ in range(5):
        await asyncio.gather(*(use(limiter, order) for limiter, order in zip(limiters, (keys, keys[::-1], keys))))  # noqa: B905 - three each
    for limiter in limiters:
        await limiter.aclose()
    judge = make()
    assert [(await judge.usage(key, MINUTE)).used for key in keys] == [15] * 50


async def test_a_429_closes_the_window_for_the_fleet(make: Make) -> None:
    one, two = make(), make()
    one.block(KEY, MINUTE, 30)
    assert await one.remaining(KEY, MINUTE) == 0
    for limiter in (two, one):
        with pytest.raises(RateLimitWaitExceeded):
            await limiter.acquire(KEY, MINUTE, max_wait=1)


@pytest.mark.parametrize("moment", ["before the trip", "during the trip", "in line", "just served"])
async def test_a_cancelled_wait_leaves_no_trace(make: Make, moment: str) -> None:
    """At every point where `acquire` can be: the slot is there for the next one."""
    limiter = make()
    limit = Limit(1, timedelta(minutes=1))
    first = await limiter.acquire(KEY, limit)
    doomed = asyncio.ensure_future(limiter.acquire(KEY, limit))
    turns = {"before the trip": 0, "during the trip": 1}.get(moment)
    if turns is None:
        while limiter._trips_task or not limiter._windows[KEY].queue:
            await asyncio.sleep(0.001)
    else:
        for _ in range(turns):
            await asyncio.sleep(0)
    if moment == "just served":
        first.cancel()
    doomed.cancel()
    with pytest.raises(asyncio.CancelledError):
        await doomed
    first.cancel()
    (await asyncio.wait_for(limiter.acquire(KEY, limit), 50)).cancel()
    assert limiter._windows[KEY].in_flight == 0


async def test_a_window_that_nobody_uses_any_more_is_deleted(postgres: PostgresServer) -> None:
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


async def test_an_outage_fails_by_choice_and_a_killed_server_comes_back_with_its_windows(
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
    # The call made meanwhile is reported.
    assert (await other.usage(KEY, MINUTE)).used == 4
    await limiter.aclose()
    await other.aclose()


async def test_a_server_that_never_was_is_an_error_without_its_password() -> None:
    limiter = PostgresRateLimiter("postgresql://user:hunter2@127.0.0.1:1/app")
    with pytest.raises(StoreError) as caught:
        await limiter.acquire(KEY, MINUTE)
    assert "hunter2" not in f"{caught.value!r} {caught.value.__cause__!r}"
    await limiter.aclose()


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
def test_what_cannot_be_used_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        PostgresRateLimiter(**options)


async def late(seen: list[float]) -> None:
    """Note by how many seconds a timer rings too late on this machine just now, again and again."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + 0.005
        await asyncio.sleep(0.005)
        seen.append(loop.time() - due)


@pytest.mark.slow
async def test_four_processes_earn_no_429_and_waste_little(postgres: PostgresServer, *, full: bool) -> None:
    """A strict server in a process of its own, 0 to 20 ms each way, 200 tasks, a window of one second."""
    lags: list[float] = []
    watching = asyncio.create_task(late(lags))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, FLEET, "--server", postgres.url(schema=new_schema())),
        *("--processes", "4", "--seconds", "9.5" if full else "3.5"),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    watching.cancel()
    figures = json.loads(output)
    assert figures["refused"] == 0
    assert min(figures["served_by_each"]) >= max(figures["served_by_each"]) / 4
    # A machine that is busy with other tests is late for each of some ten wake-ups, as in the test with Redis.
    # In the short form three windows tell little, and each of the few commits waits for a disk that others use, too.
    least = 0.95 if full else 0.7
    assert figures["share_of_permitted_rate"] >= least - 10 * sum(lags) / len(lags)
