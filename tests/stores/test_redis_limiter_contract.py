"""The Redis limiter passes the contract of all limiters."""

import uuid

import pytest

from tiktok_async._concurrency.clock import SystemClock
from tiktok_async.stores import RedisRateLimiter
from tiktok_async.testing import RateLimiterContract


@pytest.mark.redis
class TestRedisRateLimiter(RateLimiterContract):
    # Redis uses real time, and a busy machine is late: it has an eighth of a window to refuse a wait that is too long.
    window = 3.0
    slack = 1.5

    @pytest.fixture
    def clock(self) -> SystemClock:
        return SystemClock()

    @pytest.fixture
    def limiter(self, redis_url: str) -> RedisRateLimiter:
        return RedisRateLimiter(redis_url, prefix=uuid.uuid4().hex)
