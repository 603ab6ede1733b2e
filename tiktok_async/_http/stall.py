"""Ending a transfer that makes no progress; one that makes progress may take any time."""

import asyncio
from types import TracebackType
from typing import Self

from tiktok_async.abc import Clock, TimerHandle

__all__ = ["StallGuard"]


class StallGuard:
    """Ends its `async with` block with `TimeoutError` when there was no progress for *seconds*.

    A transfer reports the progress of each piece by setting `moved_at`, which costs next to nothing.

    Args:
        clock: Time.
        seconds: The longest time without progress.
    """

    __slots__ = ("_clock", "_seconds", "_stalled", "_task", "_timer", "moved_at")

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._stalled = False
        self._task: asyncio.Task[object] | None = None
        self._timer: TimerHandle | None = None
        self.moved_at: float = 0.0

    async def __aenter__(self) -> Self:
        self._task = asyncio.current_task()
        self.moved_at = self._clock.monotonic()
        self._timer = self._clock.call_later(self._seconds, self._look)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        # As asyncio.timeout does: only its own cancellation becomes a timeout.
        if (
            self._stalled
            and self._task is not None
            and self._task.uncancel() == 0
            and kind is not None
            and issubclass(kind, asyncio.CancelledError)
        ):
            raise TimeoutError from error

    def _look(self) -> None:
        left = self.moved_at + self._seconds - self._clock.monotonic()
        if left > 0:
            self._timer = self._clock.call_later(left, self._look)
        elif self._task is not None:
            self._stalled = True
            self._task.cancel()
