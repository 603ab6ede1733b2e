"""The emulator's clock: the machine's time, which can be moved ahead."""

import asyncio
import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_WAKE_TIMEOUT = 5.0  # seconds; a blocked event loop never runs its timers


class Timer:
    """A callback that runs at a set time, on the event loop that created the timer."""

    __slots__ = ("_callback", "_clock", "_handle", "_loop", "target")

    def __init__(self, clock: "MovableClock", target: float, callback: Callable[[], None]) -> None:
        self._clock = clock
        self._callback = callback
        self._loop = asyncio.get_running_loop()
        self.target: float = target
        self._handle = self._loop.call_later(target - clock.monotonic(), self._run)

    def cancel(self) -> None:
        """Cancel the callback."""
        self._handle.cancel()
        self._clock.timers.pop(self, None)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that created the timer."""
        return self._loop

    def moved(self) -> None:
        """Schedule the callback again after the clock was moved; call it on the timer's own loop."""
        if self not in self._clock.timers:
            return
        self._handle.cancel()
        self._handle = self._loop.call_later(max(0.0, self.target - self._clock.monotonic()), self._run)

    def _run(self) -> None:
        if self._clock.timers.pop(self, False):
            self._callback()


class MovableClock:
    """A clock that runs normally and can be moved ahead; a move also wakes the tasks that are due.

    It is a `tiktok_async.abc.Clock`, so that a session can share it: `Emulator.session` does.

    Args:
        seed: Makes `random` return the same numbers in each run.

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
        """How far it is ahead of the machine's time."""
        return timedelta(seconds=self._moved)

    def now(self) -> datetime:
        """Return the wall clock's time as an aware datetime in UTC."""
        return datetime.fromtimestamp(time.time() + self._moved, UTC)

    def timestamp(self) -> float:
        """Return `now` as Unix seconds."""
        return time.time() + self._moved

    def monotonic(self) -> float:
        """Return monotonic seconds, including all moves."""
        return time.monotonic() + self._moved

    def random(self) -> float:
        """Return the next number of the seeded sequence."""
        return self._random.random()

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Run *callback* after *seconds*, or earlier if the clock is moved past that time."""
        timer = Timer(self, self.monotonic() + max(0.0, seconds), callback)
        self.timers[timer] = True
        return timer

    async def sleep(self, seconds: float) -> None:
        """Wait for *seconds*, or less if the clock is moved past that time."""
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
        """Move ahead, from any thread; tasks on other threads' event loops are awake when this returns.

        Args:
            by: How far; a plain number is seconds.

        Raises:
            ValueError: *by* is negative; the clock only moves ahead.
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
            # Timers that are due run before this one, which is created after them.
            loop.call_soon_threadsafe(loop.call_later, 0, woken.set)
            woken.wait(_WAKE_TIMEOUT)
