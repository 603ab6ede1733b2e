"""Many records at once: two pages on their way at a time, so that one is made ready while the other is worked on."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_AWAY = 2


async def by_pages(
    items: Sequence[Item], send: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]], *, size: int
) -> list[Result]:
    """Return what *send* makes of *items*, page by page.

    Args:
        items: What to send.
        send: Takes a page and answers each of its items.
        size: The items of a page.
    """
    results: list[Result] = []
    away: list[asyncio.Future[Sequence[Result]]] = []
    try:
        for start in range(0, len(items), size):
            away.append(asyncio.ensure_future(send(items[start : start + size])))
            if len(away) == _AWAY:
                results += await away.pop(0)
        while away:
            results += await away.pop(0)
    finally:
        for page in away:
            page.cancel()
        # To their ends, and so that asyncio does not report the errors of the others as never looked at.
        await asyncio.gather(*away, return_exceptions=True)
    return results
