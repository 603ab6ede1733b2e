"""The real clock."""

import asyncio
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tiktok_async.abc import TimerHandle


class SystemClock:
    """The machine's time, the running loop's timers and Python's randomness."""

    def now(self) -> datetime:
        """Return the wall clock's time."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait for *seconds*."""
        await asyncio.sleep(max(0.0, seconds))

    def call_later(self, seconds: float, callback: Callable[[], None]) -> TimerHandle:
        """Run *callback* on the running loop once *seconds* are over."""
        return asyncio.get_running_loop().call_later(max(0.0, seconds), callback)

    def random(self) -> float:
        """Return a number from 0 up to, but not including, 1."""
        return random.random()  # noqa: S311 - jitter, not a secret


def next_midnight(now: datetime) -> datetime:
    """Return the next midnight in UTC: TikTok's daily quotas start anew then."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
