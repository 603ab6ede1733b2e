# ruff: noqa: S101, PLR2004 - a test class is made of assertions and literal expectations
"""The pytest class that any rate limiter must pass."""

import asyncio
from collections import deque
from collections.abc import Awaitable
from datetime import timedelta
from typing import TypeVar

import pytest

from tiktok_async.abc import Clock, LimitKey, Permit, RateLimiter
from tiktok_async.errors import RateLimitWaitExceeded, SessionClosed
from tiktok_async.models import Limit, WindowKind
from tiktok_async.testing._clock import VirtualClock

T = TypeVar("T")

KEY = LimitKey("contract_app", "/v2/video/list/", "contract_account")
OTHER = LimitKey("contract_app", "/v2/video/list/", "another_account")


class StrictWindow:
    """A server's sliding window that counts calls on arrival. A limiter must never exceed it.

    Args:
        limit: How many calls are allowed in what time.

    Attributes:
        taken: How many calls were counted.
        refused: How many came too early.
        arrivals: When the counted ones came.
    """

    def __init__(self, limit: Limit) -> None:
        self._count = limit.count
        self._per = limit.per.total_seconds()
        self._window: deque[float] = deque()
        self.arrivals: list[float] = []
        self.taken: int = 0
        self.refused: int = 0

    def arrive(self, now: float) -> bool:
        """Count a call that arrives at *now*, in seconds. Returns whether there was room."""
        while self._window and now - self._window[0] >= self._per:
            self._window.popleft()
        if len(self._window) >= self._count:
            self.refused += 1
            return False
        self._window.append(now)
        self.arrivals.append(now)
        self.taken += 1
        return True


@pytest.mark.asyncio
class RateLimiterContract:
    """Proves a `RateLimiter`: subclass it, and define the fixture `limiter`; `clock` is its clock.

    With a `VirtualClock` it takes no time. For a limiter with another clock, such as a server's, use a
    `SystemClock` and a short `window`.

    Attributes:
        window: The length of the windows it uses, in seconds.
        slack: How many seconds later than ideal a slot may come.

    Example:
        >>> class TestMyLimiter(RateLimiterContract):
        ...     @pytest.fixture
        ...     def limiter(self, clock: Clock) -> RateLimiter:
        ...         return MyLimiter(clock=clock)
    """

    window: float = 60.0
    slack: float = 0.001

    def limit(self, count: int) -> Limit:
        """Return a limit of *count* calls in a window."""
        return Limit(count, timedelta(seconds=self.window))

    @pytest.fixture
    def clock(self) -> Clock:
        """The limiter's clock, unless overridden."""
        return VirtualClock()

    @pytest.fixture
    def limiter(self, clock: Clock) -> RateLimiter:  # noqa: ARG002 - overriding fixtures take the clock
        """The limiter under test; to be overridden."""
        pytest.fail("define the fixture `limiter` in your subclass of RateLimiterContract")

    async def run(self, clock: Clock, awaitable: Awaitable[T]) -> T:
        """Await *awaitable*, letting time pass as needed."""
        return await (clock.run(awaitable) if isinstance(clock, VirtualClock) else awaitable)

    async def elapse(self, clock: Clock, windows: float) -> None:
        """Let some windows pass."""
        seconds = windows * self.window
        await (clock.advance(seconds) if isinstance(clock, VirtualClock) else clock.sleep(seconds))

    async def take(self, limiter: RateLimiter, clock: Clock, limit: Limit, count: int) -> list[Permit]:
        """Acquire *count* permits, one after the other."""
        return [await self.run(clock, limiter.acquire(KEY, limit)) for _ in range(count)]

    async def test_the_whole_limit_is_there_at_once(self, limiter: RateLimiter, clock: Clock) -> None:
        """A burst within the limit must not wait: that would waste what TikTok allows."""
        start = clock.monotonic()
        permits = await self.take(limiter, clock, self.limit(5), 5)
        assert clock.monotonic() - start < self.window / 2
        for permit in permits:
            permit.done()
        await limiter.aclose()

    async def test_a_slot_is_free_a_window_after_its_answer(self, limiter: RateLimiter, clock: Clock) -> None:
        """Counting from the start would let the next call arrive while the server still counts this one."""
        (permit,) = await self.take(limiter, clock, self.limit(1), 1)
        await self.elapse(clock, 0.5)
        answered = clock.monotonic()
        permit.done()
        permit = await self.run(clock, limiter.acquire(KEY, self.limit(1)))
        waited = clock.monotonic() - answered
        assert self.window <= waited <= self.window + self.slack
        assert permit.waited == pytest.approx(waited, abs=self.slack)
        permit.done()
        await limiter.aclose()

    async def test_a_call_in_flight_keeps_its_slot(self, limiter: RateLimiter, clock: Clock) -> None:
        """The slot stays taken even if the answer takes longer than the window."""
        (permit,) = await self.take(limiter, clock, self.limit(1), 1)
        second = asyncio.ensure_future(limiter.acquire(KEY, self.limit(1)))
        await self.elapse(clock, 1.5)
        assert not second.done()
        permit.done()
        (await self.run(clock, second)).done()
        await limiter.aclose()

    async def test_a_cancelled_permit_is_handed_on_at_once(self, limiter: RateLimiter, clock: Clock) -> None:
        """A call that was not sent was not counted."""
        (permit,) = await self.take(limiter, clock, self.limit(1), 1)
        second = asyncio.ensure_future(limiter.acquire(KEY, self.limit(1)))
        await self.elapse(clock, 0.1)
        permit.cancel()
        start = clock.monotonic()
        (await self.run(clock, second)).done()
        assert clock.monotonic() - start <= self.slack
        await limiter.aclose()

    async def test_waiters_are_served_in_the_order_they_came(self, limiter: RateLimiter, clock: Clock) -> None:
        """A waiter that others always overtake would never get a permit."""
        limit = self.limit(3)
        order: list[int] = []

        async def call(number: int) -> None:
            permit = await limiter.acquire(KEY, limit)
            order.append(number)
            permit.done()

        await self.run(clock, asyncio.gather(*(call(number) for number in range(9))))
        assert order == list(range(9))
        await limiter.aclose()

    async def test_a_wait_that_is_too_long_is_told_at_once(self, limiter: RateLimiter, clock: Clock) -> None:
        """A caller with a deadline needs to know now, and the refused wait must not use a slot."""
        (permit,) = await self.take(limiter, clock, self.limit(1), 1)
        permit.done()
        start = clock.monotonic()
        with pytest.raises(RateLimitWaitExceeded) as caught:
            await self.run(clock, limiter.acquire(KEY, self.limit(1), max_wait=self.window / 4))
        assert clock.monotonic() - start <= min(self.slack, self.window / 8)
        assert self.window / 4 < caught.value.wait.total_seconds() <= self.window + self.slack
        (await self.run(clock, limiter.acquire(KEY, self.limit(1)))).done()
        assert clock.monotonic() - start <= self.window + self.slack
        await limiter.aclose()

    async def test_a_call_that_may_not_wait_gets_a_slot_that_is_free(self, limiter: RateLimiter, clock: Clock) -> None:
        """A limiter that asks a server must not say "no slot" before the server has answered this very question."""
        limit = self.limit(1)
        for steps in range(6):
            key = KEY._replace(subject=f"account_{steps}")
            usage = asyncio.ensure_future(limiter.usage(key, limit))
            for _ in range(steps):
                await asyncio.sleep(0)
            permit = await self.run(clock, limiter.acquire(key, limit, max_wait=0))
            await self.run(clock, usage)
            permit.done()
        await limiter.aclose()

    async def test_a_wait_grows_too_long_when_no_answer_comes(self, limiter: RateLimiter, clock: Clock) -> None:
        """While calls are in flight the wait is unknown; the deadline applies nevertheless."""
        (permit,) = await self.take(limiter, clock, self.limit(1), 1)
        start = clock.monotonic()
        with pytest.raises(RateLimitWaitExceeded):
            await self.run(clock, limiter.acquire(KEY, self.limit(1), max_wait=self.window * 1.5))
        assert clock.monotonic() - start <= self.window * 1.5 + self.slack
        permit.done()
        await limiter.aclose()

    async def test_a_waiter_that_is_cancelled_takes_no_slot(self, limiter: RateLimiter, clock: Clock) -> None:
        """A slot handed to a dead task would be lost for good."""
        limit = self.limit(2)
        permits = await self.take(limiter, clock, limit, 2)
        doomed = [asyncio.ensure_future(limiter.acquire(KEY, limit)) for _ in range(3)]
        await self.elapse(clock, 0.1)
        for task in doomed:
            task.cancel()
        await asyncio.gather(*doomed, return_exceptions=True)
        for permit in permits:
            permit.cancel()
        start = clock.monotonic()
        for permit in await self.take(limiter, clock, limit, 2):
            permit.done()
        assert clock.monotonic() - start <= 2 * self.slack
        await limiter.aclose()

    async def test_a_permit_that_is_dropped_is_not_lost(self, limiter: RateLimiter, clock: Clock) -> None:
        """An owner that dies without releasing its permit must not shrink the window for ever."""
        await self.take(limiter, clock, self.limit(1), 1)
        start = clock.monotonic()
        (await self.run(clock, limiter.acquire(KEY, self.limit(1)))).done()
        assert clock.monotonic() - start <= self.window + self.slack
        await limiter.aclose()

    async def test_accounts_do_not_disturb_each_other(self, limiter: RateLimiter, clock: Clock) -> None:
        """TikTok counts each account separately."""
        (permit,) = await self.take(limiter, clock, self.limit(1), 1)
        start = clock.monotonic()
        (await self.run(clock, limiter.acquire(OTHER, self.limit(1)))).done()
        assert clock.monotonic() - start <= self.slack
        permit.done()
        await limiter.aclose()

    async def test_remaining_and_usage_count_what_is_in_use(self, limiter: RateLimiter, clock: Clock) -> None:
        """A dashboard that is wrong is worse than none."""
        limit = self.limit(3)
        assert await self.run(clock, limiter.remaining(KEY, limit)) == 3
        permit, answered = await self.take(limiter, clock, limit, 2)
        answered.done()
        assert await self.run(clock, limiter.remaining(KEY, limit)) == 1
        usage = await self.run(clock, limiter.usage(KEY, limit))
        assert (usage.used, usage.limit, usage.resets_at) == (2, 3, None)
        permit.cancel()
        await self.elapse(clock, 1.25)
        assert await self.run(clock, limiter.remaining(KEY, limit)) == 3
        await limiter.aclose()

    async def test_a_blocked_window_opens_again(self, limiter: RateLimiter, clock: Clock) -> None:
        """After a 429 every call would only get another 429."""
        limiter.block(KEY, self.limit(5), self.window)
        start = clock.monotonic()
        (await self.run(clock, limiter.acquire(KEY, self.limit(5)))).done()
        assert self.window <= clock.monotonic() - start <= self.window + self.slack
        await limiter.aclose()

    async def test_a_raised_limit_holds_from_the_next_call_on(self, limiter: RateLimiter, clock: Clock) -> None:
        """TikTok can raise a limit; a fleet should not need a restart for it."""
        for permit in await self.take(limiter, clock, self.limit(1), 1):
            permit.done()
        start = clock.monotonic()
        for permit in await self.take(limiter, clock, self.limit(3), 2):
            permit.done()
        assert clock.monotonic() - start <= 2 * self.slack
        await limiter.aclose()

    async def test_a_day_ends_at_midnight_utc(self, limiter: RateLimiter, clock: Clock) -> None:
        """The Research API counts by day; usage tells when the next day begins."""
        limit = Limit(2, timedelta(days=1), kind=WindowKind.UTC_DAY)
        for permit in await self.take(limiter, clock, limit, 2):
            permit.done()
        with pytest.raises(RateLimitWaitExceeded) as caught:
            await self.run(clock, limiter.acquire(KEY, limit, max_wait=0))
        usage = await self.run(clock, limiter.usage(KEY, limit))
        assert (usage.used, usage.limit) == (2, 2)
        assert usage.resets_at is not None
        assert usage.resets_at.timetuple()[3:6] == (0, 0, 0)
        assert (usage.resets_at - clock.now() - caught.value.wait) < timedelta(seconds=1)
        await limiter.aclose()

    async def test_closing_sends_waiters_away(self, limiter: RateLimiter, clock: Clock) -> None:
        """A task that waits for a closed limiter would wait for ever."""
        (permit,) = await self.take(limiter, clock, self.limit(1), 1)
        waiter = asyncio.ensure_future(limiter.acquire(KEY, self.limit(1)))
        await self.elapse(clock, 0.1)
        await limiter.aclose()
        await limiter.aclose()
        with pytest.raises(SessionClosed):
            await self.run(clock, waiter)
        permit.done()

    async def test_a_strict_server_refuses_nobody(self, limiter: RateLimiter, clock: Clock) -> None:
        """The main guarantee: with any delay of requests and answers, no call gets a 429."""
        limit = self.limit(10)
        server = StrictWindow(limit)

        async def call() -> None:
            permit = await limiter.acquire(KEY, limit)
            await clock.sleep(clock.random() * self.window / 50)
            server.arrive(clock.monotonic())
            await clock.sleep(clock.random() * self.window / 50)
            permit.done()

        await self.run(clock, asyncio.gather(*(call() for _ in range(35))))
        assert (server.taken, server.refused) == (35, 0)
        await limiter.aclose()
