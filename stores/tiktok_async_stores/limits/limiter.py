"""Rate limits for a fleet: one exact window for all workers that share a server.

The server grants permits, by its own clock and in one step; each worker keeps a few unused ones and times their
use. All requests of one step of the event loop share one trip.
"""

import asyncio
import logging
import math
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from tiktok_async._concurrency.clock import SystemClock, next_midnight
from tiktok_async._concurrency.lasting import LastingTask
from tiktok_async._limits.local import LocalRateLimiter
from tiktok_async.abc import Clock, LimitKey, RateLimiter, TimerHandle, Usage
from tiktok_async.errors import RateLimitWaitExceeded, SessionClosed, StoreError
from tiktok_async.models import Limit, WindowKind
from tiktok_async_stores._process import Owner
from tiktok_async_stores.limits.outage import OnOutage, check_outage, part
from tiktok_async_stores.limits.window import Request, SharedPermit, SharedWindow, WaitOutcome

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger("tiktok_async.stores")

_MOST_A_TRIP = 200
_RETRY_EVERY = 1.0
_LONGEST_TICK = 5.0


class LimitTrips(Protocol):
    """Sends requests to the server that holds the windows."""

    name: str

    async def run(self, requests: Sequence[tuple[SharedWindow, Request]]) -> Sequence[Sequence[int]]:
        """Send *requests* and return their answers, in order.

        Raises:
            StoreError: The server is out of reach or refused; which of the requests it carried out is unknown.
        """
        ...

    async def aclose(self) -> None:
        """Close the limiter's own connections."""
        ...


class SharedRateLimiter:
    """Holds limits for all processes that share a server.

    Args:
        trips: Sends requests to the server.
        on_outage: The behaviour while it is down.
        share: The part of each limit that this process may use alone; needed for `"local"`.
        clock: Time and timers; the machine's by default. Windows always use the server's clock.

    Raises:
        ConfigurationError: *on_outage* and *share* do not fit each other.
    """

    def __init__(
        self, trips: LimitTrips, *, on_outage: OnOutage | None, share: float | None, clock: Clock | None
    ) -> None:
        check_outage(on_outage, share)
        self._clock = clock or SystemClock()
        self.monotonic: Callable[[], float] = self._clock.monotonic
        self._trips = trips
        self._owner = Owner("The rate limiter")
        self._share = share or 1.0
        self._fallback: RateLimiter | None = None
        if share is not None:
            self._fallback = LocalRateLimiter(clock=self._clock)
        self._windows: dict[LimitKey, SharedWindow] = {}
        self._due_trips: dict[LimitKey, SharedWindow] = {}
        self._trips_task: asyncio.Task[None] | None = None
        self._ticker: TimerHandle | None = None
        self._outage: StoreError | None = None
        self._retry_at = -math.inf
        self._closed = False

    async def acquire(self, key: LimitKey, limit: Limit, *, max_wait: float | None = None) -> SharedPermit:
        """Wait for a slot of *key*'s window.

        Args:
            key: The calls that are counted.
            limit: The most calls in a length of time.
            max_wait: The longest wait in seconds; `None` waits as long as it takes.

        Returns:
            A permit, on which `done` or `cancel` must be called.

        Raises:
            RateLimitWaitExceeded: The wait would be longer than *max_wait*; no slot was taken.
            StoreError: The server is down, and `on_outage` is `"fail"`.
            SessionClosed: The limiter was closed.
        """
        self._owner.check()
        window = self._windows.get(key)
        if window is None or window.limit is not limit:
            window = self._find(key, limit)
        start = self.monotonic()
        if window.acquire(start):
            return SharedPermit(self, window, 0.0)
        if self._outage is not None:
            if start >= self._retry_at:
                self._request_trip(window)
            if self._fallback is not None or start < self._retry_at:
                return await self._without_server(window, start, max_wait)
        deadline = math.inf if max_wait is None else start + max_wait
        outcome = WaitOutcome.TOO_LATE if window.cannot_meet(deadline) else await self._wait_in_queue(window, deadline)
        if outcome is WaitOutcome.TOO_LATE:
            wait = max(window.last_wait(start), 0.0 if max_wait is None else max_wait)
            raise RateLimitWaitExceeded(timedelta(seconds=wait), endpoint=key.endpoint, open_id=key.subject or None)
        if outcome is WaitOutcome.OUTAGE:
            return await self._without_server(window, start, None if max_wait is None else deadline - self.monotonic())
        return SharedPermit(self, window, self.monotonic() - start)

    async def remaining(self, key: LimitKey, limit: Limit) -> int:
        """Return how many calls could be made right now without waiting; unused permits of other workers do not count.

        Raises:
            StoreError: The server is down.
        """
        return (await self._read_usage(key, limit)).remaining(self.monotonic())

    async def usage(self, key: LimitKey, limit: Limit) -> Usage:
        """Return how much of the window the fleet uses, and when its count starts again at zero.

        Raises:
            StoreError: The server is down.
        """
        window = await self._read_usage(key, limit)
        if limit.kind is WindowKind.SLIDING:
            return Usage(window.used, limit.count, None)
        return Usage(window.used, limit.count, next_midnight(self._clock.now()))

    def block(self, key: LimitKey, limit: Limit, seconds: float) -> None:
        """Let no call of the fleet through for *seconds*; the other workers learn it with their next trip."""
        window = self._find(key, limit)
        window.block(self.monotonic(), seconds)
        if self._fallback is not None:
            self._fallback.block(key, part(limit, self._share), seconds)
        self._request_trip(window)

    async def aclose(self) -> None:
        """Return unused permits and close the limiter's own client; waiting calls get `SessionClosed`."""
        if self._closed:
            return
        self._closed = True
        if self._owner.left_behind:
            return  # timers, permits and connections belong to the parent process
        if self._ticker is not None:
            self._ticker.cancel()
        for window in self._windows.values():
            window.close(SessionClosed("a call that waited for its rate limit"))
            if window.timer is not None:
                window.timer.cancel()
        try:
            if self._trips_task is not None:
                await asyncio.wait({self._trips_task})
            if self._outage is None:
                with suppress(StoreError):  # permits that are not returned end with their lease
                    now = self.monotonic()
                    await self._trips.run(
                        [(window, window.request(now, closing=True)) for window in self._windows.values()]
                    )
        finally:
            if self._fallback is not None:
                await self._fallback.aclose()
            await self._trips.aclose()

    def put_back(self, window: SharedWindow) -> None:
        """Take back an unused permit, for the next call in this queue or for the fleet."""
        now = self.monotonic()
        window.unused(now)
        self._serve(window, now)

    async def _wait_in_queue(self, window: SharedWindow, deadline: float) -> WaitOutcome:
        future: asyncio.Future[WaitOutcome] = asyncio.get_running_loop().create_future()
        window.join(future, deadline)
        now = self.monotonic()
        if window.needs_trip(now):
            self._request_trip(window)
        else:
            self._set_timer(window, now)
        try:
            return await future
        except asyncio.CancelledError:
            if (
                window.queue.pop(future, None) is None
                and not future.cancelled()
                and future.result() is WaitOutcome.GRANTED
            ):
                window.unused(self.monotonic())
            self._serve(window, self.monotonic())
            raise

    async def _without_server(self, window: SharedWindow, start: float, max_wait: float | None) -> SharedPermit:
        if self._fallback is None:
            raise self._outage or StoreError(f"The rate limiter's {self._trips.name} failed.")
        inner = await self._fallback.acquire(window.key, part(window.limit, self._share), max_wait=max_wait)
        return SharedPermit(self, window, self.monotonic() - start, inner)

    async def _read_usage(self, key: LimitKey, limit: Limit) -> SharedWindow:
        window = self._find(key, limit)
        waiter = asyncio.get_running_loop().create_future()
        window.usage_waiters.append(waiter)
        self._request_trip(window)
        await waiter
        return window

    def _find(self, key: LimitKey, limit: Limit) -> SharedWindow:
        self._owner.check()
        if self._closed:
            raise SessionClosed("a rate-limited call")
        window = self._windows.get(key)
        if window is None or window.limit.kind is not limit.kind:
            self._windows[key] = window = SharedWindow(key, limit)
            self._tick_in(window.per / 8)
        elif window.limit is not limit:
            window.resize(limit)
        return window

    # trips

    def _request_trip(self, window: SharedWindow) -> None:
        self._due_trips[window.key] = window
        if self._trips_task is None:
            self._trips_task = LastingTask(self._run())

    async def _run(self) -> None:
        # In the next step of the loop, so that all requests of this one share the trip.
        try:
            while self._due_trips:
                windows = [self._due_trips.pop(key) for key in list(self._due_trips)[:_MOST_A_TRIP]]
                now = self.monotonic()
                answers = await self._trips.run([(window, window.request(now)) for window in windows])
                self._outage = None
                now = self.monotonic()
                for window, answer in zip(windows, answers, strict=True):
                    window.accept(answer, now)
                    window.end_late_waits()
                    self._serve(window, now)
        except StoreError as error:
            self._fail(error)
        except BaseException as error:
            # After a bug in a client or a cancelled task, no call must wait for ever.
            self._fail(StoreError(f"The rate limiter failed ({type(error).__name__})."))
            if not isinstance(error, Exception):
                raise
        finally:
            self._trips_task = None

    def _fail(self, error: StoreError) -> None:
        if self._outage is None and self._fallback is not None:
            _log.warning("Each process continues with its share of each limit. %s", error)
        self._outage = error
        self._retry_at = self.monotonic() + _RETRY_EVERY
        self._due_trips.clear()
        for window in self._windows.values():
            window.fail(error)

    def _serve(self, window: SharedWindow, now: float) -> None:
        window.serve(now)
        if window.needs_trip(now) and not self._closed:
            self._request_trip(window)
        self._set_timer(window, now)

    def _set_timer(self, window: SharedWindow, now: float) -> None:
        if window.timer is not None:
            window.timer.cancel()
            window.timer = None
        if window.queue and window.key not in self._due_trips and not self._closed:
            window.timer = self._clock.call_later(window.next_check(now), lambda: self._serve(window, self.monotonic()))

    def _tick_in(self, seconds: float) -> None:
        if self._ticker is None and not self._closed:
            self._ticker = self._clock.call_later(min(seconds, _LONGEST_TICK), self._tick)

    def _tick(self) -> None:
        self._ticker = None
        now = self.monotonic()
        trip = self._outage is None or now >= self._retry_at
        for key, window in list(self._windows.items()):
            if window.is_idle(now):
                del self._windows[key]
            elif trip and window.has_reports(now):
                self._request_trip(window)
        if self._windows:
            self._tick_in(min(window.per for window in self._windows.values()) / 8)
