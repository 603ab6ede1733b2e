"""One shared window as one worker sees it: who waits here, which permits are in stock, what the server is to be told.

No I/O and no clock: every time is an argument, in the clock's monotonic seconds.
"""

import asyncio
import math
from bisect import insort
from collections import OrderedDict
from collections.abc import Sequence
from enum import Enum
from typing import Any, Protocol

from attrs import evolve, frozen

from tiktok_async.abc import LimitKey, Permit, TimerHandle
from tiktok_async.errors import SessionClosed, StoreError
from tiktok_async.models import Limit, WindowKind

# Most permits fetched beyond what is needed now; the server gives fewer the nearer the window is to its limit.
_LARGEST_BATCH = 20


class WaitOutcome(Enum):
    """How a wait in line ended."""

    GRANTED = "granted"
    TOO_LATE = "too late"
    OUTAGE = "outage"


@frozen(slots=True)
class Request:
    """What one trip says and asks. It is sent again, with the same number, until its answer is known.

    Attributes:
        number: Rises by one with each new request of a window; the server answers a repeated one as it did before.
        sent: When it was first sent; the lease counts from then.
        need: Permits that callers wait for.
        extra: Permits wanted beyond those.
        back: Permits given back unused.
        block: Seconds to close the window for.
        answers: Ages of answered calls, in microseconds.
        unreported_answers: The same for calls that the server did not grant, made while it was away.
        known: Whether the server must remember the window.
    """

    number: int
    sent: float
    need: int
    extra: int
    back: int
    block: float
    answers: tuple[int, ...]
    unreported_answers: tuple[int, ...]
    known: bool


class SharedWindow:
    """The line, the stock and the unsent news of one window.

    Args:
        key: What is counted.
        limit: How many calls in how long.
    """

    def __init__(self, key: LimitKey, limit: Limit) -> None:
        self.key = key
        self.limit: Limit = limit
        self.resize(limit)
        self.queue: OrderedDict[asyncio.Future[WaitOutcome], float] = OrderedDict()
        self.timer: TimerHandle | None = None
        self.usage_waiters: list[asyncio.Future[None]] = []
        self.life: int = 0  # names the server's record of this window; 0 if it has no name
        self.in_flight: int = 0
        self.free: int = 0
        self.used: int = 0
        self._permits: list[float] = []
        self._answers: list[float] = []
        self._unreported_answers: list[float] = []
        self._block = 0.0
        self._blocked_until = 0.0
        self._lease_until = -math.inf
        self._ask_at = -math.inf
        self._last_grant_at = -math.inf
        self._touched = -math.inf
        self._batch = 1
        self._number = 0
        self._request: Request | None = None

    def resize(self, limit: Limit) -> None:
        """Go on under another limit of the same kind, from the next trip on."""
        self.limit = limit
        self.per: float = limit.per.total_seconds()
        # A dead worker's slots come back a lease and a window after it was last heard of.
        self.lease: float = min(max(self.per, 10.0), 60.0)
        # How far ahead slots are promised: far enough to fetch them in time, near enough to stay fair.
        self.horizon: float = min(max(self.per / 20, 0.02), 1.0) if limit.kind is WindowKind.SLIDING else 1.0

    # callers

    def acquire(self, now: float) -> bool:
        """Take a permit out of the stock if nobody is before us."""
        if self.queue or not self._ready(now):
            return False
        del self._permits[0]
        self.in_flight += 1
        self._touched = now
        return True

    def remaining(self, now: float) -> int:
        """Return how many calls could be made at *now*: out of the stock, and of what the server said was free."""
        return self.free + (sum(1 for good_from in self._permits if good_from <= now) if self._ready(now) else 0)

    def cannot_meet(self, deadline: float) -> bool:
        """Return whether even the last in line so far comes only after *deadline*."""
        return self._last_grant_at > deadline

    def last_wait(self, now: float) -> float:
        """Return how many seconds the last in line has to wait, as far as the server has told."""
        return max(0.0, self._last_grant_at - now)

    def answered(self, now: float, *, granted: bool = True) -> None:
        """Note an answer; *granted* says whether the call had a permit of the server."""
        if granted:
            self.in_flight -= 1
            self._answers.append(now)
        else:
            self._unreported_answers.append(now)

    def unused(self, now: float) -> None:
        """Put a permit back into the stock."""
        self.in_flight -= 1
        insort(self._permits, now)

    def block(self, now: float, seconds: float) -> None:
        """Close the window here, and for the fleet with the next trip."""
        self._block = max(self._block, seconds)
        self._blocked_until = max(self._blocked_until, now + seconds)

    def serve(self, now: float) -> None:
        """Hand the stock to the line, and send those away whose time is over."""
        while self.queue:
            future = next(iter(self.queue))
            if not future.done():
                if not self._ready(now):
                    break
                del self._permits[0]
                self.in_flight += 1
                self._touched = now
                future.set_result(WaitOutcome.GRANTED)
            del self.queue[future]
        if self.queue and min(self.queue.values()) <= now:
            for future in [future for future, deadline in self.queue.items() if deadline <= now]:
                self._end_wait(future, WaitOutcome.TOO_LATE)

    def end_late_waits(self) -> None:
        """Send those away for whom the known wait is too long."""
        if self.queue and min(self.queue.values()) < self._last_grant_at:
            first, last, count = self._ask_at, self._last_grant_at, max(1, len(self.queue) - 1)
            for place, (future, deadline) in enumerate(list(self.queue.items())):
                if first + (last - first) * place / count > deadline:
                    self._end_wait(future, WaitOutcome.TOO_LATE)

    def fail(self, error: StoreError) -> None:
        """Send everybody away: the server is out of reach."""
        for future in list(self.queue):
            self._end_wait(future, WaitOutcome.OUTAGE)
        for waiter in self.usage_waiters:
            if not waiter.done():
                waiter.set_exception(error)
        self.usage_waiters.clear()

    def close(self, error: SessionClosed) -> None:
        """Send everybody away: the limiter is closed."""
        waiting: list[asyncio.Future[Any]] = [*self.queue, *self.usage_waiters]
        for future in waiting:
            if not future.done():
                future.set_exception(error)
        self.queue.clear()
        self.usage_waiters.clear()

    # trips

    def needs_trip(self, now: float) -> bool:
        """Return whether the line needs permits that may be there by now."""
        return bool(self.usage_waiters) or (
            (len(self.queue) > len(self._permits) or self._block > 0) and now >= self._ask_at
        )

    def next_check(self, now: float) -> float:
        """Return in how many seconds the line has to be looked at again."""
        at = min(self.queue.values(), default=math.inf)
        if self._permits:
            at = min(at, max(self._permits[0], self._blocked_until))
        if len(self.queue) > len(self._permits):
            at = min(at, self._ask_at)
        return max(0.0, at - now)

    def has_reports(self, now: float) -> bool:
        """Return whether a trip is worth its while although nobody waits."""
        return bool(
            self._request
            or self._answers
            or self._unreported_answers
            or self._block
            or self._stale(now)
            or ((self.in_flight or self._permits) and now > self._lease_until - self.lease * 2 / 3)
        )

    def is_idle(self, now: float) -> bool:
        """Return whether nothing here is worth remembering."""
        return not (self.queue or self.in_flight or self._permits or self.has_reports(now)) and now >= max(
            self._lease_until, self._blocked_until
        )

    def request(self, now: float, *, closing: bool = False) -> Request:
        """Return what to send: the request whose answer is unknown, or a new one.

        Args:
            now: The time.
            closing: Whether everything is to be given back.
        """
        if self._request is not None:
            if self._request.known and now >= self._lease_until:
                self._request = evolve(self._request, known=False)
            return self._request
        if now >= self._lease_until:
            self._permits.clear()  # the server counts them as used since
        back = sum(1 for good_from in self._permits if good_from <= now) if closing or self._stale(now) else 0
        if back:
            del self._permits[:back]
            self._batch = max(1, self._batch // 2)
        need = max(0, len(self.queue) - len(self._permits))
        if need and not self._permits and now - self._touched < self._staleness:
            self._batch = min(_LARGEST_BATCH, self._batch * 2)
        self._number += 1
        self._request = Request(
            number=self._number,
            sent=now,
            need=need,
            extra=self._batch - 1 if need else 0,
            back=back,
            block=self._block,
            answers=_ages(self._answers, now),
            unreported_answers=_ages([at for at in self._unreported_answers if now - at < self.per], now),
            known=now < self._lease_until,
        )
        self._answers.clear()
        self._unreported_answers.clear()
        self._block = 0.0
        return self._request

    def accept(self, reply: Sequence[int], now: float) -> None:
        """Take in the answer to the last request."""
        request, self._request = self._request, None
        if request is None:
            return
        granted, self.free, again, wait, block, self.used, *delays = reply
        self._lease_until = request.sent + self.lease
        self._blocked_until = max(self._blocked_until, now + block / 1000) if block else self._blocked_until
        for good_from in [now] * granted + [now + delay / 1000 for delay in delays]:
            insort(self._permits, good_from)
        lacks = request.need > granted + len(delays)
        self._ask_at = now + again / 1000 if lacks else -math.inf
        self._last_grant_at = now + wait / 1000 if lacks else -math.inf
        if not (self._answers or self._unreported_answers):  # what came while a request was in doubt goes first
            for waiter in self.usage_waiters:
                if not waiter.done():
                    waiter.set_result(None)
            self.usage_waiters.clear()

    def _ready(self, now: float) -> bool:
        return bool(self._permits) and self._permits[0] <= now < self._lease_until and now >= self._blocked_until

    @property
    def _staleness(self) -> float:
        return self.per / 10 if self.limit.kind is WindowKind.SLIDING else self.lease / 10

    def _stale(self, now: float) -> bool:
        return bool(self._permits) and not self.queue and now - self._touched > self._staleness

    def _end_wait(self, future: asyncio.Future[WaitOutcome], outcome: WaitOutcome) -> None:
        if not future.done():
            future.set_result(outcome)
        del self.queue[future]


def _ages(times: Sequence[float], now: float) -> tuple[int, ...]:
    # Rounded down: a younger answer counts for longer.
    return tuple(int((now - at) * 1e6) for at in times)


class _Limiter(Protocol):
    def monotonic(self) -> float:
        """Return the clock's seconds."""
        ...

    def put_back(self, window: SharedWindow) -> None:
        """Take back an unused permit."""
        ...


class SharedPermit:
    """A slot of a shared window.

    One that is dropped without `done` or `cancel`, because its owner died, counts as done when it is collected.

    Args:
        limiter: Where it came from.
        window: The window.
        waited: Seconds it was waited for.
        inner: The local permit behind it, if it was given while the server was away.

    Attributes:
        waited: Seconds it was waited for.
    """

    __slots__ = ("_inner", "_limiter", "_window", "waited")

    def __init__(self, limiter: _Limiter, window: SharedWindow, waited: float, inner: Permit | None = None) -> None:
        self._limiter: _Limiter | None = limiter
        self._window = window
        self._inner = inner
        self.waited: float = waited

    def done(self) -> None:
        """Stamp the slot: the answer came, or the call was given up after it may have been sent."""
        limiter, self._limiter = self._limiter, None
        if limiter is not None:
            if self._inner is not None:
                self._inner.done()
            self._window.answered(limiter.monotonic(), granted=self._inner is None)

    def cancel(self) -> None:
        """Give the slot back: nothing was sent. The first in line here gets it at once."""
        limiter, self._limiter = self._limiter, None
        if limiter is not None:
            if self._inner is not None:
                self._inner.cancel()
            else:
                limiter.put_back(self._window)

    __del__ = done
