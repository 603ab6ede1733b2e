"""Rate limits inside one process: exact sliding windows, first come, first served.

The rules of a window are in `rules`; here are the clock, the queue and the removal of idle windows. A window has a
queue and a timer only while a call waits for it.
"""

import asyncio
import math
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import cast

from tiktok_async._concurrency.clock import SystemClock
from tiktok_async._limits.rules import Window, open_window
from tiktok_async.abc import Clock, LimitKey, TimerHandle, Usage
from tiktok_async.errors import RateLimitWaitExceeded, SessionClosed
from tiktok_async.models import Limit, WindowKind

# Midnight may be hours away, and the wall clock may be set meanwhile.
_LOOK_AGAIN = 60.0
# Slots that become free microseconds apart are given out together: a timer for each would cost up to twice the CPU
# with a thousand waiters.
_APART = 0.001


class WaitQueue:
    """The queue of one full window; it exists only while a call waits."""

    __slots__ = ("_clock", "_due", "_queue", "_rang", "_read", "_soonest", "_timer", "_window")

    def __init__(self, window: Window, clock: Clock, read: Callable[[], float]) -> None:
        self._window = window
        self._clock = clock
        self._read = read
        # Each waiter's future and its deadline; ordered, and an entry in the middle is removed at no cost.
        self._queue: OrderedDict[asyncio.Future[bool], float] = OrderedDict()
        self._soonest = math.inf
        self._timer: TimerHandle | None = None
        self._due = math.inf
        self._rang = -math.inf

    def __len__(self) -> int:
        return len(self._queue)

    def join(self, now: float, max_wait: float | None) -> asyncio.Future[bool]:
        """Join the queue. The future's result says whether a slot became free within *max_wait*."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if max_wait is None:
            self._queue[future] = math.inf
        else:
            self._queue[future] = deadline = now + max_wait
            self._soonest = min(self._soonest, deadline)
        if self._timer is None or self._soonest < self._due:
            self._set_timer(now)
        return future

    def leave(self, future: asyncio.Future[bool]) -> None:
        """Leave the queue: the call that waited for *future* was cancelled."""
        if self._queue.pop(future, None) is None and not future.cancelled() and future.result():
            # It was given a slot before the cancellation arrived.
            self._window.give_back(self._read())
        self.serve()

    def serve(self) -> None:
        """Give out the free slots in order; called when a slot may have become free."""
        now = self._read()
        window, queue = self._window, self._queue
        while queue:
            future = next(iter(queue))
            # A cancelled one stays in the queue until its task has run.
            if not future.done():
                if not window.admit(now):
                    break
                future.set_result(True)
            del queue[future]
        if now >= self._soonest:
            self._end_late_waits(now)
        if queue:
            self._set_timer(now)
        else:
            self._close(now)

    def close(self, error: Exception) -> None:
        """End every wait with *error*."""
        for future in self._queue:
            if not future.done():
                future.set_exception(error)
        self._queue.clear()
        self._close(self._read())

    def _end_late_waits(self, now: float) -> None:
        for future in [future for future, deadline in self._queue.items() if deadline <= now]:
            if not future.done():
                future.set_result(False)
            del self._queue[future]
        self._soonest = min(self._queue.values(), default=math.inf)

    def _set_timer(self, now: float) -> None:
        # While all slots are in flight, none is known to end; the first can end a whole window from now.
        due = max(now + min(self._window.wait(1, now), _LOOK_AGAIN, self._soonest - now), self._rang + _APART)
        if self._timer is not None:
            if self._due <= due:
                return
            self._timer.cancel()
        self._due = due
        self._timer = self._clock.call_later(due - now, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._rang = self._read()
        self.serve()

    def _close(self, now: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._window.queue is self:
            self._window.queue = None
            self._window.free(now)  # lets calls through without reading the clock again


# Long enough that windows in use are seldom checked for nothing, short enough that few idle ones are kept.
_SWEEP_EVERY = 30.0
# Checking a window takes half a microsecond; checking a million at once would block the loop.
_SWEEP_AT_ONCE = 1_000


class LocalPermit:
    """A slot of a window in this process.

    One that is garbage collected without `done` or `cancel`, because its owner ended, counts as done then: the request
    was sent before that, if at all.
    """

    __slots__ = ("_read", "_window", "waited")

    def __init__(self, window: Window, read: Callable[[], float], waited: float) -> None:
        self._window: Window | None = window
        self._read = read
        self.waited = waited

    def done(self) -> None:
        """Report the answer, or the end of a call that may have been sent: the slot is free a window later."""
        window = self._window
        if window is not None:
            self._window = None
            window.mark_answered(self._read())

    def cancel(self) -> None:
        """Free the slot: nothing was sent. The first in the queue gets it at once."""
        window = self._window
        if window is not None:
            self._window = None
            window.give_back(self._read())
            if window.queue is not None:
                cast("WaitQueue", window.queue).serve()

    __del__ = done


class LocalRateLimiter:
    """Holds every limit inside this process; the limiter behind `local://`.

    Exact as long as nobody else calls with the same token: a slot is in use from its call's start until the
    limit's window after its answer, so TikTok never sees more than the limit in any window, whatever the
    network's delay. Waiters are served in the order they came.

    Args:
        clock: Time and timers; the machine's by default.

    Example:
        >>> from tiktok_async import Endpoint, Limit
        >>> async def example() -> None:
        ...     limiter = LocalRateLimiter()
        ...     key = LimitKey("client_key", Endpoint.VIDEO_LIST.path, "open_id")
        ...     permit = await limiter.acquire(key, Limit(600, timedelta(minutes=1)))
        ...     permit.done()
        ...     await limiter.aclose()
    """

    def __init__(self, *, clock: Clock | None = None) -> None:
        self._clock = clock if clock is not None else SystemClock()
        self._monotonic = self._clock.monotonic
        self._windows: dict[LimitKey, Window] = {}
        self._unswept: list[LimitKey] = []
        self._sweeper: TimerHandle | None = None
        self._closed = False

    def __len__(self) -> int:
        """Return how many windows are remembered."""
        return len(self._windows)

    async def acquire(self, key: LimitKey, limit: Limit, *, max_wait: float | None = None) -> LocalPermit:
        """Wait for a slot of *key*'s window.

        Args:
            key: What is counted.
            limit: How many calls in how long. Another limit than the last call's takes effect at once.
            max_wait: The longest wait in seconds; `None` waits as long as it takes.

        Returns:
            A permit, on which `done` or `cancel` must be called.

        Raises:
            RateLimitWaitExceeded: The wait would be longer than *max_wait*; no slot was taken. Usually that is known
                at once; if calls in flight take longer than expected, it is known later.
            SessionClosed: The limiter was closed.
        """
        window = self._windows.get(key)
        if window is not None and window.limit is limit and window.used < window.ceiling:
            window.used += 1
            return LocalPermit(window, self._monotonic, 0.0)
        read = self._reader(limit)
        now = read()
        window = self._find(key, limit, now)
        if window.queue is None and window.admit(now):
            return LocalPermit(window, read, 0.0)
        line = 1 if window.queue is None else len(window.queue) + 1
        if max_wait is not None and (wait := window.wait(line, now)) > max_wait:
            raise _too_long(wait, key)
        if window.queue is None:
            window.queue = WaitQueue(window, self._clock, read)
            window.ceiling = 0  # a new call must not pass the queue
        queue = cast("WaitQueue", window.queue)
        future = queue.join(now, max_wait)
        try:
            served = await future
        except asyncio.CancelledError:
            queue.leave(future)
            raise
        if not served:
            raise _too_long(window.wait(line, read()), key)
        return LocalPermit(window, read, read() - now)

    async def remaining(self, key: LimitKey, limit: Limit) -> int:
        """Return how many calls could be made right now without waiting."""
        window = self._windows.get(key)
        if window is None:
            return limit.count
        now = self._reader(limit)()
        return self._find(key, limit, now).free(now) if window.queue is None else 0

    async def usage(self, key: LimitKey, limit: Limit) -> Usage:
        """Return how much of the window is in use, and when it starts anew."""
        now = self._reader(limit)()
        window = self._windows.get(key)
        known = open_window(limit, now) if window is None else self._find(key, limit, now)
        known.free(now)
        resets_at = known.resets_at(now)
        return Usage(known.used, limit.count, None if resets_at is None else datetime.fromtimestamp(resets_at, UTC))

    def block(self, key: LimitKey, limit: Limit, seconds: float) -> None:
        """Let no call through for *seconds*: the server said that its window is full."""
        now = self._reader(limit)()
        self._find(key, limit, now).block_until(now + seconds)

    async def aclose(self) -> None:
        """End all waits with `SessionClosed` and stop the timers; permits in use stay valid."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        for window in self._windows.values():
            if window.queue is not None:
                cast("WaitQueue", window.queue).close(SessionClosed("a call that waited for its rate limit"))
        self._windows.clear()

    def _reader(self, limit: Limit) -> Callable[[], float]:
        return self._monotonic if limit.kind is WindowKind.SLIDING else self._wall

    def _wall(self) -> float:
        return self._clock.now().timestamp()

    def _find(self, key: LimitKey, limit: Limit, now: float) -> Window:
        window = self._windows.get(key)
        if window is not None and window.limit.kind is limit.kind:
            if window.limit is not limit:
                if window.limit != limit:
                    window.resize(limit, now)
                    if window.queue is not None:
                        cast("WaitQueue", window.queue).serve()
                window.limit = limit  # the same object is recognised sooner
            return window
        if self._closed:
            raise SessionClosed("a rate-limited call")
        self._windows[key] = window = open_window(limit, now)
        if self._sweeper is None:
            self._sweeper = self._clock.call_later(_SWEEP_EVERY, self._sweep)
        return window

    def _sweep(self) -> None:
        if not self._unswept:
            self._unswept = list(self._windows)
        for key in self._unswept[-_SWEEP_AT_ONCE:]:
            window = self._windows.get(key)
            if window is not None and window.idle(self._reader(window.limit)()):
                del self._windows[key]
        del self._unswept[-_SWEEP_AT_ONCE:]
        if not self._windows:
            self._windows = {}  # a dict keeps its size when it is emptied
            self._unswept = []
            self._sweeper = None
        else:
            self._sweeper = self._clock.call_later(0 if self._unswept else _SWEEP_EVERY, self._sweep)


def _too_long(wait: float, key: LimitKey) -> RateLimitWaitExceeded:
    return RateLimitWaitExceeded(timedelta(seconds=wait), endpoint=key.endpoint, open_id=key.subject or None)


class _FreePermit:
    """A permit that is not counted."""

    __slots__ = ()
    waited = 0.0

    def done(self) -> None:
        """Do nothing."""

    def cancel(self) -> None:
        """Do nothing."""


class NoRateLimiter:
    """Lets every call through; the limiter behind `none://`, for use behind something that limits calls itself."""

    _PERMIT = _FreePermit()

    async def acquire(self, key: LimitKey, limit: Limit, *, max_wait: float | None = None) -> _FreePermit:  # noqa: ARG002 - the protocol's
        """Return a permit at once."""
        return self._PERMIT

    async def remaining(self, key: LimitKey, limit: Limit) -> int:  # noqa: ARG002 - the protocol's
        """Return the whole limit."""
        return limit.count

    async def usage(self, key: LimitKey, limit: Limit) -> Usage:  # noqa: ARG002 - the protocol's
        """Return that nothing is in use."""
        return Usage(0, limit.count, None)

    def block(self, key: LimitKey, limit: Limit, seconds: float) -> None:
        """Do nothing: there is no limit."""

    async def aclose(self) -> None:
        """Do nothing."""
