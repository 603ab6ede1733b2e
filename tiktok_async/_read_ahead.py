"""Bytes on their way out, read in blocks ahead of the network."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

from tiktok_async.abc import Clock

__all__ = ["BLOCK", "Read", "read_ahead"]

BLOCK = 1024 * 1024
"""Bytes that are read at once: a thread's wake-up for less would cost more than the reading."""

Read = Callable[[int, int], Awaitable[bytes | memoryview]]
"""Reads exactly so many bytes from an offset on."""


async def read_ahead(read: Read, span: range, clock: Clock) -> AsyncGenerator[memoryview, None]:
    """Yield the bytes of *span* in blocks, reading the next one while one is being sent.

    Args:
        read: Called with an offset and a length, one call at a time.
        span: First byte to one past the last; not empty.
        clock: Gives the turns.
    """
    starts = iter(range(span.start, span.stop, BLOCK))
    ahead: asyncio.Future[bytes | memoryview] | None = _begin(read, next(starts), span.stop)
    try:
        while ahead is not None:
            block = await ahead
            start = next(starts, None)
            ahead = None if start is None else _begin(read, start, span.stop)
            yield memoryview(block)
            # Without a turn of the loop, a fast receiver would have a whole chunk written first.
            await clock.sleep(0)
    finally:
        if ahead is not None:
            await _give_up(ahead)


def _begin(read: Read, start: int, stop: int) -> "asyncio.Future[bytes | memoryview]":
    return asyncio.ensure_future(read(start, min(BLOCK, stop - start)))


async def _give_up(ahead: "asyncio.Future[bytes | memoryview]") -> None:
    """Let no read outlive the range it was for, and no failure of it go unseen as a warning."""
    ahead.cancel()
    await asyncio.wait([ahead])
    if not ahead.cancelled():
        ahead.exception()
