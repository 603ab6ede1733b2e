"""Bytes on their way out, read in blocks ahead of the network."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeVar

from tiktok_async.abc import Clock

T = TypeVar("T")

__all__ = ["BLOCK", "read_ahead"]

BLOCK = 1024 * 1024
"""Bytes that are read at once: a thread's wake-up for less would cost more than the reading."""


async def read_ahead(
    begin: Callable[[int, int], Awaitable[T]],
    finish: Callable[[Awaitable[T], int, int], Awaitable[memoryview]],
    span: range,
    clock: Clock,
) -> AsyncGenerator[memoryview, None]:
    """Yield the bytes of *span* in blocks, reading the next one while one is being sent.

    Args:
        begin: Called with an offset and a length, one call at a time. Where it returns a future, the reading goes on
            already; a coroutine waits for the loop's next turn, which may be a block later.
        finish: Called with what *begin* returned and with what it was called for.
        span: First byte to one past the last; not empty.
        clock: Gives the turns.
    """
    ahead: asyncio.Future[T] | None = None
    try:
        for offset in range(span.start, span.stop, BLOCK):
            length = min(BLOCK, span.stop - offset)
            block = await finish(ahead or asyncio.ensure_future(begin(offset, length)), offset, length)
            ahead, after = None, offset + length
            if after < span.stop:
                ahead = asyncio.ensure_future(begin(after, min(BLOCK, span.stop - after)))
            yield block
            if ahead is not None and ahead.done():
                # Nothing to wait for: without a turn of the loop, a fast receiver would have a whole chunk written.
                await clock.sleep(0)
    finally:
        if ahead is not None:
            await _give_up(ahead)


async def _give_up(ahead: "asyncio.Future[T]") -> None:
    """Let no read outlive the range it was for, and no failure of it go unseen as a warning."""
    ahead.cancel()
    await asyncio.wait([ahead])
    if not ahead.cancelled():
        ahead.exception()
