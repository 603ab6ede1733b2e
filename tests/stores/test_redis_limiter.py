"""The limiter of a fleet with a real Redis: trips, outages, cancellations, processes."""

import asyncio
import json
import sys
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
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
SHORT = Limit(2, timedelta(seconds=0.3))
FLEET = Path(__file__).parents[2] / "benchmarks" / "limiter_fleet.py"


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[redis.asyncio.Redis]:
    client = redis.asyncio.Redis.from_url(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
async def make(redis_url: str) -> AsyncIterator[Callable[[], RedisRateLimiter]]:
    """Makes limiters that share their windows, as processes of a fleet do."""
    prefix = uuid.uuid4().hex
    made: list[RedisRateLimiter] = []

    def make() -> RedisRateLimiter:
        made.append(RedisRateLimiter(redis_url, prefix=prefix))
        return made[-1]

    yield make
    for limiter in made:
        await limiter.aclose()


Make = Callable[[], RedisRateLimiter]


async def calls(client: Any) -> int:
    stats = await client.info("commandstats")
    return sum(stats.get(name, {}).get("calls", 0) for name in ("cmdstat_evalsha", "cmdstat_eval"))


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


async def test_calls_of_one_turn_share_a_trip_and_far_from_the_limit_one_fetches_many(
    make: Make, client: redis.asyncio.Redis
) -> None:
    limiter = make()
    before = await calls(client)
    for permit in await asyncio.gather(*(limiter.acquire(KEY, Limit(600, timedelta(minutes=1))) for _ in range(100))):
        permit.done()
    assert await calls(client) - before <= 3
    for _ in range(100):
        (await limiter.acquire(KEY, Limit(600, timedelta(minutes=1)))).done()
    assert await calls(client) - before <= 20


async def test_a_429_closes_the_window_for_the_fleet(make: Make) -> None:
    one, two = make(), make()
    one.block(KEY, MINUTE, 30)
    assert await one.remaining(KEY, MINUTE) == 0
    with pytest.raises(RateLimitWaitExceeded):
        await two.acquire(KEY, MINUTE, max_wait=1)
    with pytest.raises(RateLimitWaitExceeded):
        await one.acquire(KEY, MINUTE, max_wait=1)


async def test_every_key_expires_and_names_its_window(make: Make, client: redis.asyncio.Redis) -> None:
    limiter: Any = make()
    (await limiter.acquire(KEY, MINUTE)).done()
    prefix = limiter._trips._prefix
    memory, key = sorted(await client.keys(f"{prefix}*"))
    assert memory == f"{prefix}:limit:memory".encode()
    assert key == f"{prefix}:limit:{{app:/v2/video/list/:account}}".encode()
    assert 0 < await client.pttl(key) <= 130_000
    assert 0 < await client.pttl(memory) <= timedelta(days=30) / timedelta(milliseconds=1)


async def test_a_scripts_cache_that_was_emptied_is_filled_again(make: Make, client: redis.asyncio.Redis) -> None:
    await client.script_flush()
    (await make().acquire(KEY, MINUTE)).done()


@pytest.mark.parametrize("moment", ["before the trip", "during the trip", "in line", "just served"])
async def test_a_cancelled_wait_leaves_no_trace(make: Make, moment: str) -> None:
    """At every point where `acquire` can be: the slot is there for the next one."""
    limiter = make()
    first = await limiter.acquire(KEY, Limit(1, timedelta(minutes=1)))
    doomed = asyncio.ensure_future(limiter.acquire(KEY, Limit(1, timedelta(minutes=1))))
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
    (await asyncio.wait_for(limiter.acquire(KEY, Limit(1, timedelta(minutes=1))), 50)).cancel()
    assert limiter._windows[KEY].in_flight == 0


async def test_a_dropped_permit_and_an_idle_window_are_forgotten(make: Make) -> None:
    limiter = make()
    await limiter.acquire(KEY, SHORT)  # dropped at once
    await limiter.acquire(KEY, SHORT)
    (await asyncio.wait_for(limiter.acquire(KEY, SHORT), 50)).done()
    while window := limiter._windows.get(KEY):
        window._lease_until = 0.0  # as if ten seconds had passed
        await asyncio.sleep(0.02)
    assert limiter._ticker is None


async def test_a_client_passed_in_stays_open(client: redis.asyncio.Redis) -> None:
    limiter = RedisRateLimiter(client=client, prefix=uuid.uuid4().hex)
    (await limiter.acquire(KEY, MINUTE)).done()
    await limiter.aclose()
    await limiter.aclose()
    assert await client.ping()


async def test_an_outage_fails_by_choice_and_ends_by_itself(own_redis: RedisServer) -> None:
    limiter = RedisRateLimiter(own_redis.url, prefix="outage", on_outage="fail")
    limit = Limit(3, timedelta(minutes=1))
    (await limiter.acquire(KEY, limit)).done()
    own_redis.kill()
    with pytest.raises(StoreError, match="on_outage='local'"):
        for _ in range(3):  # what is in stock is good
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


async def test_an_outage_goes_on_with_a_share_which_is_reported_later(own_redis: RedisServer) -> None:
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


async def test_a_killed_redis_comes_back_with_its_windows(own_redis: RedisServer) -> None:
    """And if it does not, `test_a_server_that_forgot_lets_a_window_pass` holds."""
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


async def test_a_redis_that_never_was_is_an_error_without_its_password() -> None:
    limiter = RedisRateLimiter("redis://user:hunter2@127.0.0.1:1/0")
    with pytest.raises(StoreError) as caught:
        await limiter.acquire(KEY, MINUTE)
    assert "hunter2" not in f"{caught.value!r} {caught.value.__cause__!r}"
    await limiter.aclose()


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
def test_a_policy_that_would_be_no_limit_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        RedisRateLimiter(**options)


async def late(seen: list[float]) -> None:
    """Note by how many seconds a timer rings too late on this machine just now, again and again."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + 0.005
        await asyncio.sleep(0.005)
        seen.append(loop.time() - due)


@pytest.mark.slow
async def test_four_processes_earn_no_429_and_waste_little(redis_url: str, *, full: bool) -> None:
    """A strict server in a process of its own, 0 to 20 ms each way, 200 tasks, a window of one second."""
    lags: list[float] = []
    watching = asyncio.create_task(late(lags))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, FLEET, "--server", redis_url, "--processes", "4", "--seconds", "9.5" if full else "3.5"),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    watching.cancel()
    figures = json.loads(output)
    assert figures["refused"] == 0
    assert min(figures["served_by_each"]) >= max(figures["served_by_each"]) / 4
    # A slot that comes round goes through some ten wake-ups, of timers, processes and Redis. A machine that is busy
    # with other tests is late for each of them, and that is no waste of the limiter's.
    assert figures["share_of_permitted_rate"] >= 0.95 - 10 * sum(lags) / len(lags)
