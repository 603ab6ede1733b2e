"""Waking those who wait for a post when a webhook tells of it."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial

from tiktok_async.abc import Clock

__all__ = ["Bell", "Bells"]


class Bell:
    """One waiter's bell; a ring between two waits is not lost."""

    __slots__ = ("_rung", "_sleeper")

    def __init__(self) -> None:
        self._rung = False
        self._sleeper: asyncio.Future[None] | None = None

    def ring(self) -> None:
        """End the wait that is under way, or the next one."""
        self._rung = True
        if self._sleeper is not None:
            _wake(self._sleeper)

    async def wait(self, seconds: float, clock: Clock) -> None:
        """Wait for the bell, *seconds* at most."""
        sleeper = self._sleeper = asyncio.get_running_loop().create_future()
        timer = clock.call_later(0 if self._rung else seconds, partial(_wake, sleeper))
        try:
            await sleeper
        finally:
            timer.cancel()
            self._sleeper = None
            self._rung = False


class Bells:
    """The bells of one session, by publish_id."""

    def __init__(self) -> None:
        self._hung: dict[str, list[Bell]] = {}

    @contextmanager
    def hang(self, publish_id: str) -> Generator[Bell, None, None]:
        """Be told of *publish_id* inside the block."""
        bell = Bell()
        self._hung.setdefault(publish_id, []).append(bell)
        try:
            yield bell
        finally:
            bells = self._hung[publish_id]
            bells.remove(bell)
            if not bells:
                del self._hung[publish_id]

    def ring(self, publish_id: str) -> bool:
        """Tell all who wait for *publish_id*. Returns whether anybody does."""
        bells = self._hung.get(publish_id, [])
        for bell in bells:
            bell.ring()
        return bool(bells)


def _wake(sleeper: "asyncio.Future[None]") -> None:
    if not sleeper.done():
        sleeper.set_result(None)
