"""The limiter of one process passes the contract of all limiters."""

import pytest

from tiktok_async import LocalRateLimiter
from tiktok_async.testing import RateLimiterContract, VirtualClock


class TestLocalRateLimiter(RateLimiterContract):
    @pytest.fixture
    def clock(self) -> VirtualClock:
        return VirtualClock()

    @pytest.fixture
    def limiter(self, clock: VirtualClock) -> LocalRateLimiter:
        return LocalRateLimiter(clock=clock)
