"""Rate limits for a fleet: one exact window for all workers that share a Redis.

Redis grants permits, by its own clock and in one step; each worker keeps a few unused ones and times their use. All
requests of one step of the event loop share one trip.
"""

from typing import Any, Literal

from tiktok_async.abc import Clock
from tiktok_async.errors import ConfigurationError
from tiktok_async_stores._process import WorkerName
from tiktok_async_stores.limits.limiter import SharedRateLimiter
from tiktok_async_stores.limits.outage import OPTIONS, from_options
from tiktok_async_stores.redis.connect import connect, read_url
from tiktok_async_stores.redis.limiter_trips import Trips
from tiktok_async_stores.redis.link import RedisClient, check_client


class RedisRateLimiter(SharedRateLimiter):
    """Holds limits for all processes that share a Redis; the limiter behind `redis://` URLs.

    A slot is in use from its grant until the window's length after the answer, by Redis's clock. A worker that dies
    keeps its slots in use until a window after the end of its lease (the window's length, between 10 s and 60 s), so no
    slot is freed too early and none is lost for ever. Within a process, calls are served in their order; between
    processes, free slots are shared in proportion to the waiting calls.

    While Redis is down, `on_outage="fail"` raises `StoreError`. With `"local"` each process continues with *share* of
    each limit, and reports those calls when Redis is back. Choose a share of at most one divided by the number of
    processes. Even then, the other processes do not know the calls made just before the outage, and a 429 may follow
    in its first window.

    Args:
        url: Such as `redis://localhost:6379/0?on_outage=local&share=0.25`.
        client: Instead of *url*: a client of `redis.asyncio`, also of a Sentinel or a Cluster. You close it.
        prefix: The start of all keys; limiters with the same prefix share their windows.
        on_outage: The behaviour while Redis is down: `"fail"` or `"local"`.
        share: The part of each limit that this process may use alone, above 0 and at most 1; needed for `"local"`.
        clock: Time and timers; the machine's by default. Windows always use Redis's clock.

    Raises:
        ConfigurationError: Not exactly one of *url* and *client*, or an argument is invalid.

    Example:
        >>> limiter = RedisRateLimiter("redis://localhost:6379/0", on_outage="local", share=0.25)
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        client: RedisClient | None = None,
        prefix: str = "tiktok",
        on_outage: Literal["fail", "local"] | None = None,
        share: float | None = None,
        clock: Clock | None = None,
    ) -> None:
        if (url is None) == (client is None):
            raise ConfigurationError("A RedisRateLimiter takes a url or a client, exactly one of them.")
        parts = None if url is None else read_url(url, extra=OPTIONS, what="limiter")
        if parts is not None:
            on_outage, share = from_options(parts.options, on_outage, share)
        if "{" in prefix or "}" in prefix:
            raise ConfigurationError("The prefix of a RedisRateLimiter may not hold braces: they mark the hash tag.")
        used: Any = client if parts is None else connect(parts)
        check_client(used, pipelines=True)
        trips = Trips(used, prefix, WorkerName(), owned=client is None)
        super().__init__(trips, on_outage=on_outage, share=share, clock=clock)
