"""A slot of a window that a fleet shares."""

from typing import Protocol

from tiktok_async.abc import Permit
from tiktok_async_stores._lane import Lane


class _Limiter(Protocol):
    def monotonic(self) -> float:
        """Return the clock's seconds."""
        ...

    def put_back(self, lane: Lane) -> None:
        """Take back an unused permit."""
        ...


class RedisPermit:
    """A slot of a shared window.

    One that is dropped without `done` or `cancel`, because its owner died, counts as done when it is collected.

    Args:
        limiter: Where it came from.
        lane: The window.
        waited: Seconds it was waited for.
        inner: The local permit behind it, if it was given while Redis was away.

    Attributes:
        waited: Seconds it was waited for.
    """

    __slots__ = ("_inner", "_lane", "_limiter", "waited")

    def __init__(self, limiter: _Limiter, lane: Lane, waited: float, inner: Permit | None = None) -> None:
        self._limiter: _Limiter | None = limiter
        self._lane = lane
        self._inner = inner
        self.waited = waited

    def done(self) -> None:
        """Stamp the slot: the answer came, or the call was given up after it may have been sent."""
        limiter, self._limiter = self._limiter, None
        if limiter is not None:
            if self._inner is not None:
                self._inner.done()
            self._lane.answered(limiter.monotonic(), granted=self._inner is None)

    def cancel(self) -> None:
        """Give the slot back: nothing was sent. The first in line here gets it at once."""
        limiter, self._limiter = self._limiter, None
        if limiter is not None:
            if self._inner is not None:
                self._inner.cancel()
            else:
                limiter.put_back(self._lane)

    __del__ = done
