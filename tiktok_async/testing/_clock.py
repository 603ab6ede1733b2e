"""A clock that tests move by hand."""

import asyncio
import heapq
import itertools
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from tiktok_async.abc import TimerHandle

T = TypeVar("T")

_START = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


class _Timer:
    """A callback and whether it was cancelled."""

    __slots__ = ("callback", "cancelled")

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class VirtualClock:
    """A `Clock` whose time moves only when a test moves it. An hour passes in microseconds.

    Args:
        start: The first wall-clock time, with a time zone.
        seed: Makes `random` give the same numbers each run.

    Example:
        >>> async def example() -> None:
        ...     clock = VirtualClock()
        ...     nap = asyncio.ensure_future(clock.sleep(60))
        ...     await clock.advance(timedelta(minutes=1))
        ...     assert nap.done()
    """

    def __init__(self, start: datetime = _START, *, seed: int = 0) -> None:
        self._start = start
        self._elapsed = 0.0
        self._skew = timedelta(0)
        self._timers: list[tuple[float, int, _Timer]] = []
        self._order = itertools.count()
        self._random = random.Random(seed)  # noqa: S311 - repeatable jitter, not a secret

    def now(self) -> datetime:
        """Return the wall clock's time, skew included."""
        return self._start + timedelta(seconds=self._elapsed) + self._skew

    def monotonic(self) -> float:
        """Return how many seconds the clock has been moved so far."""
        return self._elapsed

    def random(self) -> float:
        """Return the next number of the seeded sequence."""
        return self._random.random()

    def call_later(self, seconds: float, callback: Callable[[], None]) -> TimerHandle:
        """Run *callback* when the clock has been moved by *seconds*."""
        timer = _Timer(callback)
        heapq.heappush(self._timers, (self._elapsed + max(0.0, seconds), next(self._order), timer))
        return timer

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has been moved by *seconds*."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not future.done():
                future.set_result(None)

        timer = self.call_later(seconds, wake)
        try:
            await future
        finally:
            timer.cancel()

    def step_wall_clock(self, by: timedelta) -> None:
        """Set the wall clock forward or back, as an administrator or a leap second does; timers don't move."""
        self._skew += by

    async def settle(self) -> None:
        """Let every task run as far as it can while time stands still."""
        for _ in range(25):
            await asyncio.sleep(0)

    async def advance(self, by: timedelta | float) -> None:
        """Move the clock, waking sleepers in their order.

        Args:
            by: How far; a plain number is seconds.
        """
        target = self._elapsed + (by.total_seconds() if isinstance(by, timedelta) else by)
        await self.settle()
        while (due := self._next_due()) is not None and due <= target:
            self._fire(due)
            await self.settle()
        self._elapsed = max(self._elapsed, target)
        await self.settle()

    async def run(self, awaitable: Awaitable[T]) -> T:
        """Await *awaitable*, and jump to the next timer whenever no task can continue.

        Use it for code without threads and sockets: the clock cannot see those, and would jump too early.
        """
        task = asyncio.ensure_future(awaitable)
        try:
            while not task.done():
                await self.settle()
                if task.done():
                    break
                due = self._next_due()
                if due is None:
                    await asyncio.sleep(0.0005)
                else:
                    self._fire(due)
            return await task
        finally:
            task.cancel()

    def _next_due(self) -> float | None:
        while self._timers and self._timers[0][2].cancelled:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def _fire(self, due: float) -> None:
        self._elapsed = max(self._elapsed, due)
        while self._timers and self._timers[0][0] <= due:
            timer = heapq.heappop(self._timers)[2]
            if not timer.cancelled:
                timer.callback()
