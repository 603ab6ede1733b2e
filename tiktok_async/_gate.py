"""The queue before a full window."""

import asyncio
import math
from collections import OrderedDict
from collections.abc import Callable

from tiktok_async._window import Window
from tiktok_async.abc import Clock, TimerHandle

# Midnight may be hours away and the wall clock may be set meanwhile.
_LOOK_AGAIN = 60.0
# Slots that end microseconds apart are handed out together: with a timer for each, a thousand waiters cost up to twice
# the CPU.
_APART = 0.001


class Gate:
    """The queue before one full window; it exists only while somebody waits."""

    __slots__ = ("_clock", "_due", "_queue", "_rang", "_read", "_soonest", "_timer", "_window")

    def __init__(self, window: Window, clock: Clock, read: Callable[[], float]) -> None:
        self._window = window
        self._clock = clock
        self._read = read
        # From each one's future to the time it gives up; ordered, and left from the middle at no cost.
        self._queue: OrderedDict[asyncio.Future[bool], float] = OrderedDict()
        self._soonest = math.inf
        self._timer: TimerHandle | None = None
        self._due = math.inf
        self._rang = -math.inf

    def __len__(self) -> int:
        return len(self._queue)

    def join(self, now: float, max_wait: float | None) -> asyncio.Future[bool]:
        """Stand in line. The future tells whether a slot came before *max_wait* was over."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if max_wait is None:
            self._queue[future] = math.inf
        else:
            self._queue[future] = deadline = now + max_wait
            self._soonest = min(self._soonest, deadline)
        if self._timer is None or self._soonest < self._due:
            self._arm(now)
        return future

    def leave(self, future: asyncio.Future[bool]) -> None:
        """Leave the line: whoever waited for *future* was cancelled."""
        if self._queue.pop(future, None) is None and not future.cancelled() and future.result():
            # The slot came and the cancellation overtook it.
            self._window.give_back(self._read())
        self.serve()

    def serve(self) -> None:
        """Hand out what is free, in order; called when a slot may have become free."""
        now = self._read()
        window, queue = self._window, self._queue
        while queue:
            future = next(iter(queue))
            # A cancelled one is still in line until its task has run.
            if not future.done():
                if not window.admit(now):
                    break
                future.set_result(True)
            del queue[future]
        if now >= self._soonest:
            self._give_up(now)
        if queue:
            self._arm(now)
        else:
            self._disband(now)

    def close(self, error: Exception) -> None:
        """Send everybody away with *error*."""
        for future in self._queue:
            if not future.done():
                future.set_exception(error)
        self._queue.clear()
        self._disband(self._read())

    def _give_up(self, now: float) -> None:
        for future in [future for future, deadline in self._queue.items() if deadline <= now]:
            if not future.done():
                future.set_result(False)
            del self._queue[future]
        self._soonest = min(self._queue.values(), default=math.inf)

    def _arm(self, now: float) -> None:
        # While all slots are in flight nothing is known to end; a whole window from now is the soonest it can.
        due = max(now + min(self._window.wait(1, now), _LOOK_AGAIN, self._soonest - now), self._rang + _APART)
        if self._timer is not None:
            if self._due <= due:
                return
            self._timer.cancel()
        self._due = due
        self._timer = self._clock.call_later(due - now, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._rang = self._read()
        self.serve()

    def _disband(self, now: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._window.gate is self:
            self._window.gate = None
            self._window.free(now)  # lets calls through without looking at the time again
