"""One shared window in one worker: its waiting calls, its unused permits, and its reports to the server.

No I/O and no clock: every time is an argument, in the clock's monotonic seconds.
"""

import asyncio
import math
from bisect import insort
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Any, Protocol

from attrs import evolve, frozen

from tiktok_async.abc import LimitKey, Permit, TimerHandle
from tiktok_async.errors import SessionClosed, StoreError
from tiktok_async.models import Limit, WindowKind

# The most permits fetched beyond the present need; the server grants fewer when the window is nearly full.
_LARGEST_BATCH = 20


class WaitOutcome(Enum):
    """The result of a wait in the queue."""

    GRANTED = "granted"
    TOO_LATE = "too late"
    OUTAGE = "outage"


@frozen(slots=True)
class Wait:
    """A call in the queue.

    Attributes:
        deadline: The time at which it ends without a slot.
        asked_by: The number of the first request that asks for its permit.
    """

    deadline: float
    asked_by: int


@frozen(slots=True)
class Request:
    """The request of one trip. It is sent again, with the same number, until its answer is known.

    Attributes:
        number: Rises by one with each new request of a window; the server gives the same answer to a repeated one.
        sent: The time at which it was first sent; the lease counts from then.
        need: Permits for which calls wait.
        extra: Further permits, for later calls.
        back: Returned unused permits.
        block: Seconds to close the window for.
        answers: Ages of answered calls, in microseconds.
        unreported_answers: The same for calls without the server's permit, made while it was down.
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
    """The queue, the unused permits and the unsent reports of one window.

    Args:
        key: The calls that are counted.
        limit: The most calls in a length of time.
    """

    def __init__(self, key: LimitKey, limit: Limit) -> None:
        self.key = key
        self.limit: Limit = limit
        self.resize(limit)
        self.queue: OrderedDict[asyncio.Future[WaitOutcome], Wait] = OrderedDict()
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
        self._answered = 0  # the number of the last request whose answer came
        self._request: Request | None = None

    def resize(self, limit: Limit) -> None:
        """Change to another limit of the same kind, from the next trip on."""
        self.limit = limit
        self.per: float = limit.per.total_seconds()
        # The slots of a worker that died are free a lease and a window after its last trip.
        self.lease: float = min(max(self.per, 10.0), 60.0)
        # The time for which slots are granted in advance: long enough to fetch them in time, short enough to be fair.
        self.horizon: float = min(max(self.per / 20, 0.02), 1.0) if limit.kind is WindowKind.SLIDING else 1.0

    # callers

    def acquire(self, now: float) -> bool:
        """Use a permit if no call waits before this one; return whether it did."""
        if self.queue or not self._ready(now):
            return False
        del self._permits[0]
        self.in_flight += 1
        self._touched = now
        return True

    def remaining(self, now: float) -> int:
        """Return how many calls could be made at *now*, by unused permits and by the server's free slots."""
        return self.free + (sum(1 for good_from in self._permits if good_from <= now) if self._ready(now) else 0)

    def cannot_meet(self, deadline: float) -> bool:
        """Return whether the last call in the queue gets its slot only after *deadline*."""
        return self._last_grant_at > deadline

    def last_wait(self, now: float) -> float:
        """Return the seconds that the last call in the queue has to wait, by the server's last answer."""
        return max(0.0, self._last_grant_at - now)

    def join(self, future: asyncio.Future[WaitOutcome], deadline: float) -> None:
        """Put a call at the end of the queue; *future* gets the outcome."""
        self.queue[future] = Wait(deadline, self._number + 1)

    def answered(self, now: float, *, granted: bool = True) -> None:
        """Note an answer; *granted* says whether the call had a permit of the server."""
        if granted:
            self.in_flight -= 1
            self._answers.append(now)
        else:
            self._unreported_answers.append(now)

    def unused(self, now: float) -> None:
        """Take back an unused permit."""
        self.in_flight -= 1
        insort(self._permits, now)

    def block(self, now: float, seconds: float) -> None:
        """Block the window here, and for the fleet with the next trip."""
        self._block = max(self._block, seconds)
        self._blocked_until = max(self._blocked_until, now + seconds)

    def serve(self, now: float) -> None:
        """Give the permits to the queue, and end the waits whose deadline has passed.

        A call that the server was not asked for yet waits for that answer: a slot may be free.
        """
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
        for future in [future for future, wait in self._decided(now) if wait.deadline <= now]:
            self._end_wait(future, WaitOutcome.TOO_LATE)

    def end_late_waits(self) -> None:
        """End the waits that are known to be too long."""
        if self.queue and min(wait.deadline for wait in self.queue.values()) < self._last_grant_at:
            first, last, count = self._ask_at, self._last_grant_at, max(1, len(self.queue) - 1)
            for place, (future, wait) in enumerate(list(self.queue.items())):
                if first + (last - first) * place / count > wait.deadline:
                    self._end_wait(future, WaitOutcome.TOO_LATE)

    def fail(self, error: StoreError) -> None:
        """End all waits: the server cannot be reached."""
        for future in list(self.queue):
            self._end_wait(future, WaitOutcome.OUTAGE)
        for waiter in self.usage_waiters:
            if not waiter.done():
                waiter.set_exception(error)
        self.usage_waiters.clear()

    def close(self, error: SessionClosed) -> None:
        """End all waits: the limiter is closed."""
        waiting: list[asyncio.Future[Any]] = [*self.queue, *self.usage_waiters]
        for future in waiting:
            if not future.done():
                future.set_exception(error)
        self.queue.clear()
        self.usage_waiters.clear()

    # trips

    def needs_trip(self, now: float) -> bool:
        """Return whether the queue needs permits that may be available now."""
        return bool(self.usage_waiters) or (
            (len(self.queue) > len(self._permits) or self._block > 0) and now >= self._ask_at
        )

    def next_check(self, now: float) -> float:
        """Return the seconds until the queue must be checked again."""
        at = min((wait.deadline for _, wait in self._decided(now)), default=math.inf)
        if self._permits:
            at = min(at, max(self._permits[0], self._blocked_until))
        if len(self.queue) > len(self._permits):
            at = min(at, self._ask_at)
        return max(0.0, at - now)

    def has_reports(self, now: float) -> bool:
        """Return whether a trip is useful although no call waits."""
        return bool(
            self._request
            or self._answers
            or self._unreported_answers
            or self._block
            or self._stale(now)
            or ((self.in_flight or self._permits) and now > self._lease_until - self.lease * 2 / 3)
        )

    def is_idle(self, now: float) -> bool:
        """Return whether this window can be removed."""
        return not (self.queue or self.in_flight or self._permits or self.has_reports(now)) and now >= max(
            self._lease_until, self._blocked_until
        )

    def request(self, now: float, *, closing: bool = False) -> Request:
        """Return the request to send: the one whose answer is unknown, or a new one.

        Args:
            now: The time.
            closing: Whether to return all permits.
        """
        if self._request is not None:
            if self._request.known and now >= self._lease_until:
                self._request = evolve(self._request, known=False)
            return self._request
        if now >= self._lease_until:
            self._permits.clear()  # the server counts them as used after the lease
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
        """Apply the answer to the last request."""
        request, self._request = self._request, None
        if request is None:
            return
        self._answered = request.number
        granted, self.free, again, wait, block, self.used, *delays = reply
        self._lease_until = request.sent + self.lease
        self._blocked_until = max(self._blocked_until, now + block / 1000) if block else self._blocked_until
        for good_from in [now] * granted + [now + delay / 1000 for delay in delays]:
            insort(self._permits, good_from)
        lacks = request.need > granted + len(delays)
        self._ask_at = now + again / 1000 if lacks else -math.inf
        self._last_grant_at = now + wait / 1000 if lacks else -math.inf
        if not (self._answers or self._unreported_answers):  # reports that came meanwhile are sent first
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

    def _decided(self, now: float) -> Iterator[tuple[asyncio.Future[WaitOutcome], Wait]]:
        # The calls that the next answer says nothing new about.
        due = self.needs_trip(now)
        for future, wait in self.queue.items():
            if wait.asked_by <= self._answered or (wait.asked_by > self._number and not due):
                yield future, wait

    def _end_wait(self, future: asyncio.Future[WaitOutcome], outcome: WaitOutcome) -> None:
        if not future.done():
            future.set_result(outcome)
        del self.queue[future]


def _ages(times: Sequence[float], now: float) -> tuple[int, ...]:
    # Rounded down, so that an answer counts a little longer.
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

    One that is garbage collected without `done` or `cancel`, because its owner ended, counts as done then.

    Args:
        limiter: Its limiter.
        window: The window.
        waited: The seconds of the wait for it.
        inner: The local permit behind it, if it was granted while the server was down.

    Attributes:
        waited: The seconds of the wait for it.
    """

    __slots__ = ("_inner", "_limiter", "_window", "waited")

    def __init__(self, limiter: _Limiter, window: SharedWindow, waited: float, inner: Permit | None = None) -> None:
        self._limiter: _Limiter | None = limiter
        self._window = window
        self._inner = inner
        self.waited: float = waited

    def done(self) -> None:
        """Report the answer, or the end of a call that may have been sent: the slot is free a window later."""
        limiter, self._limiter = self._limiter, None
        if limiter is not None:
            if self._inner is not None:
                self._inner.done()
            self._window.answered(limiter.monotonic(), granted=self._inner is None)

    def cancel(self) -> None:
        """Free the slot: nothing was sent. The first call in this queue gets it at once."""
        limiter, self._limiter = self._limiter, None
        if limiter is not None:
            if self._inner is not None:
                self._inner.cancel()
            else:
                limiter.put_back(self._window)

    __del__ = done
