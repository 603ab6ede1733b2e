"""Ending waits for a post when a webhook about it arrives."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial

from tiktok_async.abc import Clock

__all__ = ["Wakeup", "Wakeups"]


class Wakeup:
    """One waiter's wakeup; a wakeup between two waits is not lost."""

    __slots__ = ("_sleeper", "_woken")

    def __init__(self) -> None:
        self._woken = False
        self._sleeper: asyncio.Future[None] | None = None

    def wake(self) -> None:
        """End the current wait, or the next one."""
        self._woken = True
        if self._sleeper is not None:
            _wake(self._sleeper)

    async def wait(self, seconds: float, clock: Clock) -> None:
        """Wait for the wakeup, *seconds* at most."""
        sleeper = self._sleeper = asyncio.get_running_loop().create_future()
        timer = clock.call_later(0 if self._woken else seconds, partial(_wake, sleeper))
        try:
            await sleeper
        finally:
            timer.cancel()
            self._sleeper = None
            self._woken = False


class Wakeups:
    """The wakeups of one session, by publish_id."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[Wakeup]] = {}

    @contextmanager
    def listen(self, publish_id: str) -> Generator[Wakeup, None, None]:
        """Listen for *publish_id* inside the block."""
        wakeup = Wakeup()
        self._listeners.setdefault(publish_id, []).append(wakeup)
        try:
            yield wakeup
        finally:
            wakeups = self._listeners[publish_id]
            wakeups.remove(wakeup)
            if not wakeups:
                del self._listeners[publish_id]

    def wake(self, publish_id: str) -> bool:
        """End all waits for *publish_id*, and return whether there was one."""
        wakeups = self._listeners.get(publish_id, [])
        for wakeup in wakeups:
            wakeup.wake()
        return bool(wakeups)


def _wake(sleeper: "asyncio.Future[None]") -> None:
    if not sleeper.done():
        sleeper.set_result(None)
