"""The rules of a window: whether a call is let through, and how long the next one waits. Each time is an argument.

The sliding rule: a slot is in use from the moment its call is let through until `per` after its *answer*. TikTok
counts the call when it arrives, between these two moments. So with any network delay, a call that takes over a slot
arrives more than `per` after the slot's previous call, and no window of TikTok's ever holds more than `count`.

Limits: https://developers.tiktok.com/doc/tiktok-api-v2-rate-limit
"""

from array import array
from bisect import bisect_right
from math import floor
from typing import Any, Protocol

from tiktok_async.models import Limit, WindowKind

TICKS = 1_000_000.0
"""Stamps are whole microseconds."""

# A stamp is rounded up and the present down, so that no slot is free too early. An inexact float of a nanosecond must
# not cost a tick, or a slot would not be free at the moment for which its timer is set.
_UP = 0.999
_DOWN = 0.001

_DAY = 86_400.0
# Up to this length stamps fit in 32 bits: a whole window may pass between two checks of the oldest one.
_NARROW = 1_000.0


class Window(Protocol):
    """What the limiter needs of a window.

    Attributes:
        limit: The limit it holds.
        used: Slots in use, as far as is known without reading the clock.
        ceiling: A call is let through without reading the clock while `used` is below it.
        queue: Where calls wait; the limiter's own.
    """

    limit: Limit
    used: int
    ceiling: int
    queue: Any

    def admit(self, now: float) -> bool:
        """Take a slot if one is free at *now* and the window is not blocked."""
        ...

    def mark_answered(self, now: float) -> None:
        """Start the window of a slot at *now*: its call is answered."""
        ...

    def give_back(self, now: float) -> None:
        """Free a slot whose call was not sent."""
        ...

    def free(self, now: float) -> int:
        """Return how many slots are free at *now*."""
        ...

    def wait(self, position: int, now: float) -> float:
        """Return the fewest seconds until the *position*-th call in the queue (from 1) can be let through."""
        ...

    def block_until(self, until: float) -> None:
        """Let no call through before *until*."""
        ...

    def idle(self, now: float) -> bool:
        """Return whether forgetting this window would change nothing."""
        ...

    def resize(self, limit: Limit, now: float) -> None:
        """Change to another limit of the same kind; what is in use stays in use."""
        ...

    def resets_at(self, now: float) -> float | None:
        """Return when the count starts again at zero, in seconds since the epoch; `None` if it slides."""
        ...


class SlidingWindow:
    """Any stretch of `per` seconds holds at most `count` calls, as the server sees them.

    The stamps of answered calls are kept in the order they came, as microseconds since `_base` in an array of 32
    bits each; calls in flight are `used - len(_stamps)`.
    """

    __slots__ = ("_base", "_blocked_until", "_per", "_stamps", "ceiling", "limit", "queue", "used")

    def __init__(self, limit: Limit, now: float) -> None:
        self._per = limit.per.total_seconds()
        self._stamps = array("I" if self._per <= _NARROW else "Q")
        self._base = now
        self._blocked_until = now
        self.limit = limit
        self.used = 0
        self.ceiling = limit.count
        self.queue: Any = None

    def mark_answered(self, now: float) -> None:
        """Start the window of a slot at *now*: its call is answered."""
        try:
            self._stamps.append(int((now - self._base) * TICKS + _UP))
        except OverflowError:  # once in 71 minutes of unbroken use
            self._rebase(now)
            self._stamps.append(int((now - self._base) * TICKS + _UP))

    def give_back(self, now: float) -> None:  # noqa: ARG002 - a day's window needs the time
        """Free a slot whose call was not sent."""
        self.used -= 1

    def admit(self, now: float) -> bool:
        """Take a slot if one is free at *now*."""
        if now < self._blocked_until:
            return False
        if self.used >= self.limit.count and self.free(now) <= 0:
            return False
        if self.queue is None:
            self.ceiling = self.limit.count  # nobody waits, and it is not blocked any more
        self.used += 1
        return True

    def free(self, now: float) -> int:
        """Return how many slots are free at *now*."""
        self._expire(now)
        if now < self._blocked_until:
            return 0
        if self.queue is None:
            self.ceiling = self.limit.count
        return max(0, self.limit.count - self.used)

    def wait(self, position: int, now: float) -> float:
        """Return the fewest seconds until the *position*-th call in the queue can be let through.

        A call in flight is assumed to be answered now, the earliest possible time.
        """
        self._expire(now)
        # The order in which slots become free: the free ones, those with stamps, those in flight, and then all again.
        turn = position - 1 + self.used - self.limit.count
        waves = 0
        if turn >= self.used:
            waves = (turn - self.used) // self.limit.count + 1
            turn -= waves * self.limit.count
        if turn < 0:
            first = 0.0
        elif turn < len(self._stamps):
            first = (self._stamps[turn] / TICKS + self._base - now) + self._per
        else:
            first = self._per
        return max(self._blocked_until - now, first, 0.0) + waves * self._per

    def block_until(self, until: float) -> None:
        """Let no call through before *until*; a later end set before stays."""
        self._blocked_until = max(self._blocked_until, until)
        self.ceiling = 0

    def idle(self, now: float) -> bool:
        """Return whether nothing is in use, nobody waits and it is not blocked."""
        self._expire(now)
        return self.used == 0 and self.queue is None and now >= self._blocked_until

    def resize(self, limit: Limit, now: float) -> None:
        """Change to another limit of the same kind; what is in use stays in use."""
        self._per = limit.per.total_seconds()
        self._rebase(now)
        self.limit = limit
        self.ceiling = min(self.ceiling, limit.count)

    def resets_at(self, now: float) -> float | None:  # noqa: ARG002 - a day's window needs both
        """Return `None`: the window slides and is never reset."""
        return None

    def _expire(self, now: float) -> None:
        due = floor((now - self._base - self._per) * TICKS + _DOWN)  # `int` would round up below zero
        if due >= 0 and (gone := bisect_right(self._stamps, due)):
            del self._stamps[:gone]
            self.used -= gone
            if not self._stamps:
                self._base = now

    def _rebase(self, now: float) -> None:
        self._expire(now)
        oldest = self._stamps[0] if self._stamps else int((now - self._base) * TICKS)
        self._stamps = array("I" if self._per <= _NARROW else "Q", (tick - oldest for tick in self._stamps))
        self._base += oldest / TICKS


class DayWindow:
    """A count that starts again at zero at midnight UTC. Every *now* is seconds since the epoch.

    A call in flight at midnight may be counted on either day, so it counts on both.

    Quota: https://developers.tiktok.com/doc/research-api-faq
    """

    __slots__ = ("_blocked_until", "_day", "_in_flight", "ceiling", "limit", "queue", "used")

    def __init__(self, limit: Limit, now: float) -> None:
        self._day = now // _DAY
        self._in_flight = 0
        self._blocked_until = 0.0
        self.limit = limit
        self.used = 0
        self.ceiling = 0  # the clock has to be read each time
        self.queue: Any = None

    def admit(self, now: float) -> bool:
        """Take one of today's calls if one is left."""
        if self.free(now) <= 0:
            return False
        self.used += 1
        self._in_flight += 1
        return True

    def mark_answered(self, now: float) -> None:
        """Note that a call is answered; it stays counted until midnight."""
        self._begin_day_if_new(now)
        self._in_flight -= 1

    def give_back(self, now: float) -> None:
        """Take back the count of a call that was not sent."""
        self._begin_day_if_new(now)
        self._in_flight -= 1
        self.used -= 1

    def free(self, now: float) -> int:
        """Return how many of today's calls are left."""
        self._begin_day_if_new(now)
        return 0 if now < self._blocked_until else max(0, self.limit.count - self.used)

    def wait(self, position: int, now: float) -> float:
        """Return the fewest seconds until the *position*-th call in the queue can be let through."""
        self._begin_day_if_new(now)
        days = max(0, self.used + position - 1) // self.limit.count
        midnight = (self._day + days) * _DAY if days else now
        return max(midnight, self._blocked_until) - now

    def block_until(self, until: float) -> None:
        """Let no call through before *until*; a later end set before stays."""
        self._blocked_until = max(self._blocked_until, until)

    def idle(self, now: float) -> bool:
        """Return whether nothing was used today, nobody waits and it is not blocked."""
        self._begin_day_if_new(now)
        return self.used == 0 and self.queue is None and now >= self._blocked_until

    def resize(self, limit: Limit, now: float) -> None:  # noqa: ARG002 - a sliding window needs the time
        """Change to another limit of the same kind; what was used stays used."""
        self.limit = limit

    def resets_at(self, now: float) -> float | None:
        """Return the midnight at which the count starts again at zero, in seconds since the epoch."""
        self._begin_day_if_new(now)
        return (self._day + 1) * _DAY

    def _begin_day_if_new(self, now: float) -> None:
        day = now // _DAY
        # A wall clock that is set back must not allow a second day's calls.
        if day > self._day:
            self._day = day
            self.used = self._in_flight


def open_window(limit: Limit, now: float) -> Window:
    """Return an empty window of the kind that *limit* asks for."""
    return SlidingWindow(limit, now) if limit.kind is WindowKind.SLIDING else DayWindow(limit, now)
