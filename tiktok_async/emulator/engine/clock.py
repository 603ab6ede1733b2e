"""The emulator's time: the machine's, moved ahead on demand."""

import asyncio
import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_LONGEST_WAKING = 5.0  # seconds; a loop that is stuck wakes nobody


class Timer:
    """A callback that waits for its moment, on the loop that asked for it."""

    __slots__ = ("_callback", "_clock", "_handle", "_loop", "target")

    def __init__(self, clock: "MovableClock", target: float, callback: Callable[[], None]) -> None:
        self._clock = clock
        self._callback = callback
        self._loop = asyncio.get_running_loop()
        self.target: float = target
        self._handle = self._loop.call_later(target - clock.monotonic(), self._run)

    def cancel(self) -> None:
        """Forget the callback."""
        self._handle.cancel()
        self._clock.timers.pop(self, None)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop that asked for it."""
        return self._loop

    def moved(self) -> None:
        """Wait for what is left after the clock was moved; on the timer's own loop."""
        if self not in self._clock.timers:
            return
        self._handle.cancel()
        self._handle = self._loop.call_later(max(0.0, self.target - self._clock.monotonic()), self._run)

    def _run(self) -> None:
        if self._clock.timers.pop(self, False):
            self._callback()


class MovableClock:
    """Time that passes as always and can be moved ahead; who sleeps wakes when either reaches the moment.

    It is a `tiktok_async.abc.Clock`, so that a session can share it: `Emulator.session` does.

    Args:
        seed: Makes `random` give the same numbers each run.

    Example:
        >>> clock = MovableClock()
        >>> before = clock.now()
        >>> clock.advance(timedelta(days=1))
        >>> clock.now() - before >= timedelta(days=1)
        True
    """

    def __init__(self, *, seed: int = 0) -> None:
        self._moved = 0.0
        self._random = random.Random(seed)  # noqa: S311 - repeatable jitter, not a secret
        self.timers: dict[Timer, bool] = {}

    @property
    def moved(self) -> timedelta:
        """How far it was moved ahead of the machine's time."""
        return timedelta(seconds=self._moved)

    def now(self) -> datetime:
        """Return the wall clock's time, aware and in UTC."""
        return datetime.fromtimestamp(time.time() + self._moved, UTC)

    def timestamp(self) -> float:
        """Return `now` as Unix seconds."""
        return time.time() + self._moved

    def monotonic(self) -> float:
        """Return seconds that never run backwards, moves included."""
        return time.monotonic() + self._moved

    def random(self) -> float:
        """Return the next number of the seeded sequence."""
        return self._random.random()

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Run *callback* once *seconds* have passed or been moved over."""
        timer = Timer(self, self.monotonic() + max(0.0, seconds), callback)
        self.timers[timer] = True
        return timer

    async def sleep(self, seconds: float) -> None:
        """Wait until *seconds* have passed or been moved over."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not future.done():
                future.set_result(None)

        timer = self.call_later(seconds, wake)
        try:
            await future
        finally:
            timer.cancel()

    def advance(self, by: timedelta | float) -> None:
        """Move ahead, from any thread; what waits on another thread's event loop has woken when this returns.

        Args:
            by: How far; a plain number is seconds.

        Raises:
            ValueError: *by* is negative: this time only goes ahead.
        """
        seconds = by.total_seconds() if isinstance(by, timedelta) else by
        if seconds < 0:
            msg = f"the emulator's clock only moves ahead, not by {seconds} s"
            raise ValueError(msg)
        self._moved += seconds
        here = asyncio._get_running_loop()  # noqa: SLF001 - `get_running_loop` raises where there is none
        elsewhere: set[asyncio.AbstractEventLoop] = set()
        timers = list(self.timers)  # in one step: another thread may add to them
        for timer in sorted(timers, key=lambda timer: timer.target):
            if timer.loop is here:
                timer.moved()
            elif timer.loop.is_running():
                timer.loop.call_soon_threadsafe(timer.moved)
                elsewhere.add(timer.loop)
        for loop in elsewhere:
            woken = threading.Event()
            # Timers that are due run before one that was asked for after them.
            loop.call_soon_threadsafe(loop.call_later, 0, woken.set)
            woken.wait(_LONGEST_WAKING)
