"""The limiter of one process: its memory, the windows that it removes, and cancellations."""

import asyncio
import gc
import tracemalloc
from collections.abc import Callable
from datetime import timedelta

import pytest

from tiktok_async import LocalRateLimiter
from tiktok_async._limits.local import NoRateLimiter
from tiktok_async.abc import LimitKey, TimerHandle
from tiktok_async.errors import ConfigurationError, RateLimitWaitExceeded, SessionClosed
from tiktok_async.models import Limit, WindowKind
from tiktok_async.stores import RedisRateLimiter, open_limiter
from tiktok_async.testing import StrictWindow, VirtualClock

MINUTE = timedelta(minutes=1)
KEY = LimitKey("app", "/v2/video/list/", "account")


def account(number: int) -> LimitKey:
    return LimitKey("app", "/v2/video/list/", f"account {number:035}")


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def limiter(clock: VirtualClock) -> LocalRateLimiter:
    return LocalRateLimiter(clock=clock)


class CountingClock(VirtualClock):
    """Counts the timers that are set and neither finished nor cancelled."""

    def __init__(self) -> None:
        super().__init__()
        self.pending = 0
        self.most = 0

    def call_later(self, seconds: float, callback: Callable[[], None]) -> TimerHandle:
        def over() -> None:
            self.pending -= 1
            callback()

        inner = super().call_later(seconds, over)
        self.pending += 1
        self.most = max(self.most, self.pending)

        class Handle:
            def cancel(_) -> None:  # noqa: N805 - `self` is the clock
                self.pending -= 1
                inner.cancel()

        return Handle()


async def test_a_free_slot_is_taken_without_an_event_loop_iteration(limiter: LocalRateLimiter) -> None:
    """A call that need not wait must not cost an iteration of the event loop."""
    step = limiter.acquire(KEY, Limit(2, MINUTE))
    with pytest.raises(StopIteration) as taken:
        step.send(None)
    taken.value.value.cancel()


@pytest.mark.parametrize("moment", ["in line", "just served", "just too late"])
async def test_a_cancelled_wait_keeps_no_slot(limiter: LocalRateLimiter, clock: VirtualClock, moment: str) -> None:
    """At the one await: before the slot is granted, after it and before the task runs, and at the deadline."""
    limit = Limit(1, MINUTE)
    first = await limiter.acquire(KEY, limit)
    cancelled = asyncio.ensure_future(limiter.acquire(KEY, limit, max_wait=90))
    behind = asyncio.ensure_future(limiter.acquire(KEY, limit))
    await clock.settle()
    if moment == "just served":
        first.cancel()
    elif moment == "just too late":
        clock._fire(90)
    cancelled.cancel()
    with pytest.raises((asyncio.CancelledError, RateLimitWaitExceeded)):
        await cancelled
    if moment != "just served":
        first.cancel()
    second = await clock.run(behind)
    assert second.waited == (90 if moment == "just too late" else 0)
    second.cancel()
    assert await limiter.remaining(KEY, limit) == 1


async def test_a_thousand_waiters_share_one_timer_and_are_served_in_order() -> None:
    clock = CountingClock()
    limiter = LocalRateLimiter(clock=clock)
    limit = Limit(100, timedelta(seconds=1))
    order: list[int] = []

    async def call(number: int) -> None:
        permit = await limiter.acquire(KEY, limit, max_wait=60)
        order.append(number)
        permit.done()

    await clock.run(asyncio.gather(*(call(number) for number in range(1_000))))
    assert order == list(range(1_000))
    assert clock.monotonic() < 9.01
    assert clock.most <= 2  # the window's, and the one that sweeps idle windows
    await limiter.aclose()
    assert clock.pending == 0


async def test_a_new_caller_does_not_overtake_waiting_ones(limiter: LocalRateLimiter, clock: VirtualClock) -> None:
    limit = Limit(1, MINUTE)
    (await limiter.acquire(KEY, limit)).done()
    waiting = asyncio.ensure_future(limiter.acquire(KEY, limit))
    await clock.settle()
    clock._elapsed = 61  # the slot is free, and the timer has not fired yet
    newcomer = asyncio.ensure_future(limiter.acquire(KEY, limit))
    await clock.settle()
    assert not newcomer.done()
    (await clock.run(waiting)).done()
    assert not newcomer.done()
    (await clock.run(newcomer)).done()


@pytest.mark.parametrize(
    ("per", "delay", "share"), [(1.0, 0.02, 0.97), (60.0, 0.15, 0.995)], ids=["1 s, 0-20 ms", "60 s, 0-0.15 s"]
)
async def test_a_strict_server_refuses_no_call_and_few_slots_are_wasted(
    limiter: LocalRateLimiter, clock: VirtualClock, per: float, delay: float, share: float
) -> None:
    """A thousand waiters, random delays each way, for many windows."""
    limit = Limit(100, timedelta(seconds=per))
    server = StrictWindow(limit)

    async def call() -> None:
        permit = await limiter.acquire(KEY, limit)
        await clock.sleep(clock.random() * delay)
        assert server.arrive(clock.monotonic())
        await clock.sleep(clock.random() * delay)
        permit.done()

    await clock.run(asyncio.gather(*(call() for _ in range(1_000))))
    spans = [later - earlier for earlier, later in zip(server.arrivals, server.arrivals[100:], strict=False)]
    assert server.refused == 0
    assert per * len(spans) / sum(spans) >= share


async def test_bursts_of_calls_get_no_429(limiter: LocalRateLimiter, clock: VirtualClock) -> None:
    limit = Limit(50, timedelta(seconds=1))
    server = StrictWindow(limit)

    async def call() -> None:
        permit = await limiter.acquire(KEY, limit)
        await clock.sleep(clock.random() * 0.02)
        server.arrive(clock.monotonic())
        permit.done()

    for _ in range(4):
        await clock.run(asyncio.gather(*(call() for _ in range(100))))
        await clock.advance(0.9)
    assert (server.taken, server.refused) == (400, 0)


def test_a_full_window_uses_at_most_three_kibibytes() -> None:
    """Of 600 calls a minute for each of 100,000 accounts, the stamps alone are 230 MiB."""

    async def fill() -> float:
        limit = Limit(600, MINUTE)
        limiter = LocalRateLimiter(clock=VirtualClock())
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for number in range(200):
            key = account(number)
            for _ in range(600):
                (await limiter.acquire(key, limit)).done()
        size = (tracemalloc.get_traced_memory()[0] - before) / 200
        tracemalloc.stop()
        return size

    assert asyncio.run(fill()) <= 3_072


@pytest.mark.slow
async def test_memory_returns_to_its_value_at_the_start(
    limiter: LocalRateLimiter, clock: VirtualClock, *, full: bool
) -> None:
    """Ten minutes of calls on many accounts, then none: no window, no timer, no memory is left."""
    limit = Limit(5, MINUTE)
    accounts = 10_000 if full else 1_500
    (await limiter.acquire(KEY, limit)).done()
    await clock.advance(200)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(40):
        waiting = [asyncio.ensure_future(limiter.acquire(KEY, limit, max_wait=90)) for _ in range(15)]
        for number in range(accounts):
            permit = await limiter.acquire(account(number), limit)
            permit.cancel() if number % 7 == 0 else permit.done()
            if number % 500 == 0:
                await clock.advance(15 * 500 / accounts)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert len(limiter) <= accounts + 1
    del waiting, task, permit
    await clock.advance(200)
    gc.collect()
    left = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert len(limiter) == 0
    assert left < 50_000
    assert clock._next_due() is None


async def test_a_window_in_use_is_not_removed(limiter: LocalRateLimiter, clock: VirtualClock) -> None:
    limit = Limit(1, MINUTE)
    permit = await limiter.acquire(KEY, limit)
    await clock.advance(1_000)
    assert await limiter.remaining(KEY, limit) == 0
    permit.done()
    await clock.advance(1_000)
    assert len(limiter) == 0


async def test_a_lower_limit_and_another_kind_of_limit_take_effect(
    limiter: LocalRateLimiter, clock: VirtualClock
) -> None:
    for _ in range(4):
        (await limiter.acquire(KEY, Limit(4, MINUTE))).done()
    with pytest.raises(RateLimitWaitExceeded):
        await limiter.acquire(KEY, Limit(2, MINUTE), max_wait=59)
    day = Limit(1, timedelta(days=1), kind=WindowKind.UTC_DAY)
    (await limiter.acquire(KEY, day)).done()
    assert await limiter.remaining(KEY, day) == 0
    await clock.advance(timedelta(days=1))
    assert await limiter.remaining(KEY, day) == 1


async def test_a_higher_limit_wakes_the_waiting_callers(limiter: LocalRateLimiter, clock: VirtualClock) -> None:
    (await limiter.acquire(KEY, Limit(1, MINUTE))).done()
    waiting = asyncio.ensure_future(limiter.acquire(KEY, Limit(1, MINUTE)))
    await clock.settle()
    assert (await limiter.acquire(KEY, Limit(3, MINUTE))).waited == 0
    assert (await waiting).waited == 0


async def test_a_day_waits_until_midnight_even_if_the_wall_clock_is_set(
    limiter: LocalRateLimiter, clock: VirtualClock
) -> None:
    day = Limit(1, timedelta(days=1), kind=WindowKind.UTC_DAY)
    (await limiter.acquire(KEY, day)).done()
    waiting = asyncio.ensure_future(limiter.acquire(KEY, day))
    await clock.settle()
    clock.step_wall_clock(timedelta(hours=1))  # from 10:00 to 11:00: 13 hours are left
    await clock.run(waiting)
    assert clock.now().timetuple()[3:5] == (0, 0)
    assert clock.monotonic() == pytest.approx(13 * 3_600, abs=60)


async def test_a_closed_limiter_takes_no_calls_and_old_permits_stay_harmless(limiter: LocalRateLimiter) -> None:
    permit = await limiter.acquire(KEY, Limit(1, MINUTE))
    await limiter.aclose()
    permit.done()
    permit.cancel()
    with pytest.raises(SessionClosed):
        await limiter.acquire(KEY, Limit(1, MINUTE))


async def test_a_limiter_without_limits_never_waits() -> None:
    limiter = NoRateLimiter()
    limit = Limit(1, MINUTE)
    limiter.block(KEY, limit, 60)
    for permit in [await limiter.acquire(KEY, limit, max_wait=0) for _ in range(10)]:
        permit.cancel()
        permit.done()
        assert permit.waited == 0
    assert await limiter.remaining(KEY, limit) == 1
    assert await limiter.usage(KEY, limit) == (0, 1, None)
    await limiter.aclose()


async def test_a_url_selects_a_limiter() -> None:
    assert isinstance(open_limiter("local://"), LocalRateLimiter)
    assert isinstance(open_limiter("none://"), NoRateLimiter)
    fleet = open_limiter("redis://127.0.0.1:1/0?on_outage=local&share=0.25")
    assert isinstance(fleet, RedisRateLimiter)
    await fleet.aclose()


@pytest.mark.parametrize("url", ["memcached://x", "local", "", "redis://h/0?on_outage=local", "redis://h/0?share=x"])
def test_a_url_without_a_known_limiter_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        open_limiter(url)
