"""Rate limits for a fleet: one exact window for all who share a server.

The server hands out permits, by its own clock and in one step; each worker keeps a small stock of them and times their
use. All that happens in one turn of the event loop goes over in one trip.
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
from tiktok_async_stores.limits.window import Request, SharedPermit, SharedWindow, Turn

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger("tiktok_async.stores")

_TOGETHER = 200
_RETRY_EVERY = 1.0
_LONGEST_TICK = 5.0


class LimitTrips(Protocol):
    """The way to the server that keeps the windows."""

    name: str

    async def run(self, requests: Sequence[tuple[SharedWindow, Request]]) -> Sequence[Sequence[int]]:
        """Send *requests* and return their answers, in order.

        Raises:
            StoreError: The server is out of reach or refused; which of the requests it carried out is unknown.
        """
        ...

    async def aclose(self) -> None:
        """Close what is the limiter's own."""
        ...


class SharedRateLimiter:
    """Holds limits for all processes that share a server.

    Args:
        trips: The way to the server.
        on_outage: What to do while it is away.
        share: The part of each limit that this process may use alone; needed for `"local"`.
        clock: Time and timers; the machine's by default. Windows go by the server's clock all the same.

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
        self._wanting: dict[LimitKey, SharedWindow] = {}
        self._pump: asyncio.Task[None] | None = None
        self._ticker: TimerHandle | None = None
        self._outage: StoreError | None = None
        self._retry_at = -math.inf
        self._closed = False

    async def acquire(self, key: LimitKey, limit: Limit, *, max_wait: float | None = None) -> SharedPermit:
        """Wait for a slot of *key*'s window.

        Args:
            key: What is counted.
            limit: How many calls in how long.
            max_wait: The longest wait in seconds; `None` waits as long as it takes.

        Returns:
            A permit, on which `done` or `cancel` must be called.

        Raises:
            RateLimitWaitExceeded: The wait would be longer than *max_wait*; no slot was taken.
            StoreError: The server is away, and `on_outage` is `"fail"`.
            SessionClosed: The limiter was closed.
        """
        self._owner.check()
        window = self._windows.get(key)
        if window is None or window.limit is not limit:
            window = self._find(key, limit)
        start = self.monotonic()
        if window.take(start):
            return SharedPermit(self, window, 0.0)
        if self._outage is not None:
            if start >= self._retry_at:
                self._want(window)
            if self._fallback is not None or start < self._retry_at:
                return await self._without_server(window, start, max_wait)
        deadline = math.inf if max_wait is None else start + max_wait
        turn = Turn.TOO_LATE if window.cannot_meet(deadline) else await self._stand_in_line(window, deadline)
        if turn is Turn.TOO_LATE:
            wait = max(window.last_wait(start), 0.0 if max_wait is None else max_wait)
            raise RateLimitWaitExceeded(timedelta(seconds=wait), endpoint=key.endpoint, open_id=key.subject or None)
        if turn is Turn.OUTAGE:
            return await self._without_server(window, start, None if max_wait is None else deadline - self.monotonic())
        return SharedPermit(self, window, self.monotonic() - start)

    async def remaining(self, key: LimitKey, limit: Limit) -> int:
        """Return how many calls could be made right now without waiting; what others have in stock is theirs.

        Raises:
            StoreError: The server is away.
        """
        return (await self._look(key, limit)).remaining(self.monotonic())

    async def usage(self, key: LimitKey, limit: Limit) -> Usage:
        """Return how much of the window the fleet uses, and when it starts anew.

        Raises:
            StoreError: The server is away.
        """
        window = await self._look(key, limit)
        if limit.kind is WindowKind.SLIDING:
            return Usage(window.used, limit.count, None)
        return Usage(window.used, limit.count, next_midnight(self._clock.now()))

    def block(self, key: LimitKey, limit: Limit, seconds: float) -> None:
        """Let nobody in the fleet through for *seconds*; the others learn it with their next trip."""
        window = self._find(key, limit)
        window.shut(self.monotonic(), seconds)
        if self._fallback is not None:
            self._fallback.block(key, part(limit, self._share), seconds)
        self._want(window)

    async def aclose(self) -> None:
        """Give back what was not used and close the client if it is ours; waiters get `SessionClosed`."""
        if self._closed:
            return
        self._closed = True
        if self._owner.left_behind:
            return  # timers, permits and connections are in the process that this one was forked from
        if self._ticker is not None:
            self._ticker.cancel()
        for window in self._windows.values():
            window.close(SessionClosed("a call that waited for its rate limit"))
            if window.timer is not None:
                window.timer.cancel()
        try:
            if self._pump is not None:
                await asyncio.wait({self._pump})
            if self._outage is None:
                with suppress(StoreError):  # what is not given back ends with its lease
                    now = self.monotonic()
                    await self._trips.run(
                        [(window, window.request(now, closing=True)) for window in self._windows.values()]
                    )
        finally:
            if self._fallback is not None:
                await self._fallback.aclose()
            await self._trips.aclose()

    def put_back(self, window: SharedWindow) -> None:
        """Take back an unused permit, for the next in line here or for the fleet."""
        now = self.monotonic()
        window.unused(now)
        self._serve(window, now)

    async def _stand_in_line(self, window: SharedWindow, deadline: float) -> Turn:
        future: asyncio.Future[Turn] = asyncio.get_running_loop().create_future()
        window.queue[future] = deadline
        now = self.monotonic()
        if window.wants_trip(now):
            self._want(window)
        else:
            self._arm(window, now)
        try:
            return await future
        except asyncio.CancelledError:
            if window.queue.pop(future, None) is None and not future.cancelled() and future.result() is Turn.GRANTED:
                window.unused(self.monotonic())
            self._serve(window, self.monotonic())
            raise

    async def _without_server(self, window: SharedWindow, start: float, max_wait: float | None) -> SharedPermit:
        if self._fallback is None:
            raise self._outage or StoreError(f"The rate limiter's {self._trips.name} failed.")
        inner = await self._fallback.acquire(window.key, part(window.limit, self._share), max_wait=max_wait)
        return SharedPermit(self, window, self.monotonic() - start, inner)

    async def _look(self, key: LimitKey, limit: Limit) -> SharedWindow:
        window = self._find(key, limit)
        look = asyncio.get_running_loop().create_future()
        window.usage_waiters.append(look)
        self._want(window)
        await look
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

    def _want(self, window: SharedWindow) -> None:
        self._wanting[window.key] = window
        if self._pump is None:
            self._pump = LastingTask(self._run())

    async def _run(self) -> None:
        # A turn of the loop later, so that all who ask in this one share the trip.
        try:
            while self._wanting:
                windows = [self._wanting.pop(key) for key in list(self._wanting)[:_TOGETHER]]
                now = self.monotonic()
                answers = await self._trips.run([(window, window.request(now)) for window in windows])
                self._outage = None
                now = self.monotonic()
                for window, answer in zip(windows, answers, strict=True):
                    window.accept(answer, now)
                    window.overdue()
                    self._serve(window, now)
        except StoreError as error:
            self._fail(error)
        except BaseException as error:
            # A bug in a client or a cancelled pump must not leave anybody waiting.
            self._fail(StoreError(f"The rate limiter failed ({type(error).__name__})."))
            if not isinstance(error, Exception):
                raise
        finally:
            self._pump = None

    def _fail(self, error: StoreError) -> None:
        if self._outage is None and self._fallback is not None:
            _log.warning("Each process goes on with its share of each limit. %s", error)
        self._outage = error
        self._retry_at = self.monotonic() + _RETRY_EVERY
        self._wanting.clear()
        for window in self._windows.values():
            window.fail(error)

    def _serve(self, window: SharedWindow, now: float) -> None:
        window.serve(now)
        if window.wants_trip(now) and not self._closed:
            self._want(window)
        self._arm(window, now)

    def _arm(self, window: SharedWindow, now: float) -> None:
        if window.timer is not None:
            window.timer.cancel()
            window.timer = None
        if window.queue and window.key not in self._wanting and not self._closed:
            window.timer = self._clock.call_later(window.next_look(now), lambda: self._serve(window, self.monotonic()))

    def _tick_in(self, seconds: float) -> None:
        if self._ticker is None and not self._closed:
            self._ticker = self._clock.call_later(min(seconds, _LONGEST_TICK), self._tick)

    def _tick(self) -> None:
        self._ticker = None
        now = self.monotonic()
        trip = self._outage is None or now >= self._retry_at
        for key, window in list(self._windows.items()):
            if window.forgettable(now):
                del self._windows[key]
            elif trip and window.has_news(now):
                self._want(window)
        if self._windows:
            self._tick_in(min(window.per for window in self._windows.values()) / 8)
