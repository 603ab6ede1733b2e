"""The plain exact log that the goals are measured in: a deque of send times a key, one future a waiter, one timer."""

import asyncio
import time
from collections import deque


class DequeLog:
    """A sliding log that stamps the send; first come, first served.

    It is what a good programmer writes in an hour: exact by its own clock, and refused by a server whose answers
    jitter, since a call arrives later than it was stamped.
    """

    def __init__(self, count: int, per: float) -> None:
        self._count = count
        self._per = per
        self._stamps: deque[float] = deque()
        self._waiters: deque[asyncio.Future[None]] = deque()

    async def acquire(self) -> None:
        now = time.monotonic()
        stamps = self._stamps
        while stamps and now - stamps[0] >= self._per:
            stamps.popleft()
        if len(stamps) < self._count and not self._waiters:
            stamps.append(now)
            return
        future = asyncio.get_running_loop().create_future()
        self._waiters.append(future)
        if len(self._waiters) == 1:
            self._call_later(now)
        await future

    def _serve(self) -> None:
        now = time.monotonic()
        stamps, waiters = self._stamps, self._waiters
        while stamps and now - stamps[0] >= self._per:
            stamps.popleft()
        while waiters and len(stamps) < self._count:
            stamps.append(now)
            waiters.popleft().set_result(None)
        if waiters:
            self._call_later(now)

    def _call_later(self, now: float) -> None:
        asyncio.get_running_loop().call_later(max(0.0, self._stamps[0] + self._per - now), self._serve)
