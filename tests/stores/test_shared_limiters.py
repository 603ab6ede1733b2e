"""What the shared limiters do for a fleet, on each of their servers: trips, shares, cancellations, processes."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.postgres_server import new_schema
from tiktok_async.abc import LimitKey
from tiktok_async.errors import RateLimitWaitExceeded, StoreError
from tiktok_async.models import Limit
from tiktok_async.stores import PostgresRateLimiter, RedisRateLimiter
from tiktok_async_stores.limits.limiter import SharedRateLimiter

KEY = LimitKey("app", "/v2/video/list/", "account")
ONE, MINUTE = Limit(1, timedelta(minutes=1)), Limit(40, timedelta(minutes=1))
MANY = Limit(600, timedelta(minutes=1))
SHORT = Limit(2, timedelta(seconds=0.3))
FLEET = Path(__file__).parents[2] / "benchmarks" / "limiter_fleet.py"

SERVERS = [pytest.param("redis", marks=pytest.mark.redis), pytest.param("postgres", marks=pytest.mark.postgres)]

Make = Callable[[], SharedRateLimiter]


@pytest.fixture
async def make(request: pytest.FixtureRequest) -> AsyncIterator[Make]:
    """Return a function that makes limiters which share their windows, as the processes of a fleet do."""
    # A name that no other test uses: a prefix of keys in Redis, a schema in PostgreSQL.
    name, made = new_schema(), list[SharedRateLimiter]()
    if request.param == "redis":
        redis_url = str(request.getfixturevalue("redis_url"))
    else:
        postgres_url = str(request.getfixturevalue("postgres").url(schema=name))

    def make() -> SharedRateLimiter:
        if request.param == "redis":
            made.append(RedisRateLimiter(redis_url, prefix=name))
        else:
            made.append(PostgresRateLimiter(postgres_url))
        return made[-1]

    yield make
    for limiter in made:
        await limiter.aclose()


on_each_server = pytest.mark.parametrize("make", SERVERS, indirect=True)


def count_trips(limiter: SharedRateLimiter) -> list[int]:
    """Return a list that grows by one with each trip of *limiter*."""
    trips, sender = list[int](), limiter._trips
    run = sender.run

    async def counted(requests: Any) -> Any:
        trips.append(1)
        return await run(requests)

    sender.run = counted  # type: ignore[method-assign]  # it counts and calls the original
    return trips


@on_each_server
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


@on_each_server
async def test_a_closing_worker_returns_its_unused_permits(make: Make) -> None:
    one, two = make(), make()
    for _ in range(3):
        (await one.acquire(KEY, MINUTE)).cancel()
    await one.aclose()
    assert await two.remaining(KEY, MINUTE) == 40


@on_each_server
async def test_calls_of_one_turn_share_a_trip_and_a_trip_far_from_the_limit_fetches_many_permits(make: Make) -> None:
    limiter = make()
    trips = count_trips(limiter)
    for permit in await asyncio.gather(*(limiter.acquire(KEY, MANY) for _ in range(100))):
        permit.done()
    assert len(trips) <= 3
    for _ in range(100):
        (await limiter.acquire(KEY, MANY)).done()
    assert len(trips) <= 20


@on_each_server
async def test_requests_for_many_windows_share_one_trip_in_any_order(make: Make) -> None:
    keys = [KEY._replace(subject=f"account-{number}") for number in range(50)]
    limiters = [make() for _ in range(3)]

    async def use(limiter: SharedRateLimiter, order: list[LimitKey]) -> None:
        for permit in await asyncio.gather(*(limiter.acquire(key, MINUTE) for key in order)):
            permit.done()

    for _ in range(5):
        orders = (keys, keys[::-1], keys)
        await asyncio.gather(*(use(limiter, order) for limiter, order in zip(limiters, orders, strict=True)))
    for limiter in limiters:
        await limiter.aclose()
    reader = make()
    assert [(await reader.usage(key, MINUTE)).used for key in keys] == [15] * 50


@on_each_server
async def test_a_429_closes_the_window_for_the_fleet(make: Make) -> None:
    one, two = make(), make()
    one.block(KEY, MINUTE, 30)
    assert await one.remaining(KEY, MINUTE) == 0
    for limiter in (two, one):
        with pytest.raises(RateLimitWaitExceeded):
            await limiter.acquire(KEY, MINUTE, max_wait=1)


@on_each_server
@pytest.mark.parametrize("moment", ["before the trip", "during the trip", "in the queue", "just granted"])
async def test_a_cancelled_wait_keeps_no_slot(make: Make, moment: str) -> None:
    """At every await of `acquire`: the next caller gets the slot."""
    limiter = make()
    first = await limiter.acquire(KEY, ONE)
    cancelled = asyncio.ensure_future(limiter.acquire(KEY, ONE))
    turns = {"before the trip": 0, "during the trip": 1}.get(moment)
    if turns is None:
        while limiter._trips_task or not limiter._windows[KEY].queue:
            await asyncio.sleep(0.001)
    else:
        for _ in range(turns):
            await asyncio.sleep(0)
    if moment == "just granted":
        first.cancel()
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    first.cancel()
    (await asyncio.wait_for(limiter.acquire(KEY, ONE), 50)).cancel()
    assert limiter._windows[KEY].in_flight == 0


@on_each_server
async def test_a_dropped_permit_is_returned_and_an_idle_window_is_removed(make: Make) -> None:
    limiter = make()
    await limiter.acquire(KEY, SHORT)  # dropped at once
    await limiter.acquire(KEY, SHORT)
    (await asyncio.wait_for(limiter.acquire(KEY, SHORT), 50)).done()
    while window := limiter._windows.get(KEY):
        window._lease_until = 0.0  # as if ten seconds had passed
        await asyncio.sleep(0.02)
    assert limiter._ticker is None


@pytest.mark.parametrize("kind", [RedisRateLimiter, PostgresRateLimiter])
async def test_an_unreachable_server_raises_store_error_without_its_password(
    kind: type[RedisRateLimiter | PostgresRateLimiter],
) -> None:
    scheme = "redis" if kind is RedisRateLimiter else "postgresql"
    limiter = kind(f"{scheme}://user:hunter2@127.0.0.1:1/0")
    with pytest.raises(StoreError) as caught:
        await limiter.acquire(KEY, MINUTE)
    assert "hunter2" not in f"{caught.value!r} {caught.value.__cause__!r}"
    await limiter.aclose()


async def record_timer_delays(seen: list[float]) -> None:
    """Append the seconds by which a timer of this machine fires too late, again and again."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + 0.005
        await asyncio.sleep(0.005)
        seen.append(loop.time() - due)


@pytest.mark.slow
@pytest.mark.parametrize("kind", SERVERS)
async def test_four_processes_get_no_429_and_waste_few_slots(
    request: pytest.FixtureRequest, kind: str, *, full: bool
) -> None:
    """A strict server in a process of its own, 0 to 20 ms each way, 200 tasks, a window of one second."""
    url = request.getfixturevalue("redis_url")
    if kind == "postgres":
        url = request.getfixturevalue("postgres").url(schema=new_schema())
    lags: list[float] = []
    watching = asyncio.create_task(record_timer_delays(lags))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, FLEET, "--server", url, "--processes", "4", "--seconds", "9.5" if full else "3.5"),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    watching.cancel()
    figures = json.loads(output)
    assert figures["refused"] == 0
    assert min(figures["served_by_each"]) >= max(figures["served_by_each"]) / 4
    # A slot that becomes free again needs some ten wake-ups of timers, processes and the server. A machine that is
    # busy with other tests is late for each of them, and the limiter does not waste that time. Three windows show
    # little about PostgreSQL, because its first trip makes connections.
    least = 0.7 if kind == "postgres" and not full else 0.95
    assert figures["share_of_permitted_rate"] >= least - 10 * sum(lags) / len(lags)
