# ruff: noqa: ANN401 - permits, buckets and keys are each limiter's own
"""The limiters that are compared, each behind one function: `await acquire(key)` and then `done`."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from aiolimiter import AsyncLimiter
from asyncio_throttle.throttler import Throttler
from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from pyrate_limiter import BucketFactory, Duration, InMemoryBucket, Limiter, MonotonicClock, Rate, RateItem, RedisBucket
from redis.asyncio import Redis
from throttled.asyncio import MemoryStore, RateLimiterType, RedisStore, Throttled, rate_limiter

from benchmarks.limiter_reference import DequeLog
from tiktok_async import LocalRateLimiter
from tiktok_async.abc import LimitKey
from tiktok_async.models import Limit
from tiktok_async.stores import RedisRateLimiter

Acquire = Callable[[str], Awaitable[Any]]


class Case:
    """One limiter: how to take a slot of a key, how to answer, how to end.

    Attributes:
        acquire: Waits for a slot; what it returns is given to `done`.
        done: Called when the call is answered; `None` for limiters that need no answer.
        close: Ends it.
        key: Makes a key of a name, so that it is not paid for at each call.
    """

    def __init__(
        self,
        acquire: Callable[[Any], Awaitable[Any]],
        close: Callable[[], Awaitable[None]],
        *,
        done: Callable[[Any], None] | None = None,
        key: Callable[[str], Any] = str,
    ) -> None:
        self.acquire = acquire
        self.close = close
        self.done = done
        self.key = key


async def nothing() -> None:
    """Close nothing."""


def account(name: str) -> LimitKey:
    return LimitKey("app", "/v2/video/list/", name)


def ours(limiter: LocalRateLimiter | RedisRateLimiter, count: int, per: int) -> Case:
    limit = Limit(count, timedelta(seconds=per))

    def done(permit: Any) -> None:
        permit.done()

    return Case(lambda key: limiter.acquire(key, limit), limiter.aclose, done=done, key=account)


def local(count: int, per: int) -> Case:
    return ours(LocalRateLimiter(), count, per)


def for_each_key(make: Callable[[], Any]) -> Case:
    """Give each key a limiter of its own, for those that know no keys."""
    limiters: dict[str, Any] = {}

    def acquire(key: str) -> Awaitable[Any]:
        if (limiter := limiters.get(key)) is None:
            limiters[key] = limiter = make()
        waited: Awaitable[Any] = limiter.acquire()
        return waited

    return Case(acquire, nothing)


def reference(count: int, per: int) -> Case:
    return for_each_key(lambda: DequeLog(count, per))


def aiolimiter(count: int, per: int) -> Case:
    return for_each_key(lambda: AsyncLimiter(count, per))


def asyncio_throttle(count: int, per: int) -> Case:
    return for_each_key(lambda: Throttler(count, per))


def per_item(count: int, per: int) -> RateLimitItem:
    return RateLimitItemPerMinute(count, per // 60) if per >= 60 else RateLimitItemPerSecond(count, per)


def limits_window(storage: MemoryStorage | RedisStorage, count: int, per: int) -> Case:
    limiter = MovingWindowRateLimiter(storage)
    item = per_item(count, per)

    async def acquire(key: str) -> None:
        while not await limiter.hit(item, key):
            stats = await limiter.get_window_stats(item, key)
            await asyncio.sleep(max(0.0, stats.reset_time - time.time()))

    return Case(acquire, nothing)


def limits(count: int, per: int) -> Case:
    return limits_window(MemoryStorage(), count, per)


class Buckets(BucketFactory):
    """One bucket a key, as pyrate-limiter's documentation does it."""

    def __init__(self, make: Callable[[str], Any]) -> None:
        self._clock = MonotonicClock()
        self._make = make
        self._buckets: dict[str, Any] = {}

    def wrap_item(self, name: str, weight: int = 1) -> RateItem:
        return RateItem(name, self._clock.now(), weight)

    def get(self, item: RateItem) -> Any:
        if (bucket := self._buckets.get(item.name)) is None:
            self._buckets[item.name] = bucket = self._make(item.name)
        return bucket


def pyrate(count: int, per: int) -> Case:
    rates = [Rate(count, per * Duration.SECOND)]

    def make(_: str) -> Any:
        bucket = InMemoryBucket(rates)
        factory.schedule_leak(bucket)  # its windows shrink only if they are registered
        return bucket

    factory = Buckets(make)
    limiter = Limiter(factory)

    async def close() -> None:
        limiter.close()

    return Case(limiter.try_acquire_async, close)


def throttled_with(store: MemoryStore | RedisStore, kind: RateLimiterType, count: int, per: int) -> Case:
    quota = rate_limiter.per_duration(timedelta(seconds=per), limit=count, burst=count)
    limiter = Throttled(using=kind.value, quota=quota, store=store, timeout=1e6)
    return Case(limiter.limit, nothing)


def throttled(count: int, per: int) -> Case:
    return throttled_with(MemoryStore(options={"MAX_SIZE": 10**7}), RateLimiterType.SLIDING_WINDOW, count, per)


LOCAL: dict[str, Callable[[int, int], Case]] = {
    "tiktok-async": local,
    "a plain deque log": reference,
    "aiolimiter": aiolimiter,
    "asyncio-throttle": asyncio_throttle,
    "throttled-py sliding counter": throttled,
    "pyrate-limiter log": pyrate,
    "limits moving window": limits,
}


def redis_ours(url: str, _: Redis, count: int, per: int) -> Case:
    return ours(RedisRateLimiter(url, prefix="bench-ours"), count, per)


def redis_limits(url: str, _: Redis, count: int, per: int) -> Case:
    storage = RedisStorage("async+" + url, implementation="redispy", key_prefix="bench-limits")
    return limits_window(storage, count, per)


def redis_throttled(url: str, _: Redis, count: int, per: int) -> Case:
    return throttled_with(RedisStore(server=url), RateLimiterType.SLIDING_WINDOW, count, per)


def redis_throttled_gcra(url: str, _: Redis, count: int, per: int) -> Case:
    return throttled_with(RedisStore(server=url), RateLimiterType.GCRA, count, per)


class RedisBuckets(Buckets):
    """The same over Redis, where a bucket is made by a coroutine."""

    async def get(self, item: RateItem) -> Any:
        if (bucket := self._buckets.get(item.name)) is None:
            self._buckets[item.name] = bucket = await self._make(item.name)
        return bucket


def redis_pyrate(_: str, client: Redis, count: int, per: int) -> Case:
    rates = [Rate(count, per * Duration.SECOND)]
    limiter = Limiter(RedisBuckets(lambda name: RedisBucket.init(rates, client, f"bench-pyrate:{name}")))
    return Case(limiter.try_acquire_async, nothing)


SHARED: dict[str, Callable[[str, Redis, int, int], Case]] = {
    "tiktok-async": redis_ours,
    "limits moving window": redis_limits,
    "pyrate-limiter log": redis_pyrate,
    "throttled-py sliding counter": redis_throttled,
    "throttled-py GCRA": redis_throttled_gcra,
}
