"""Handing out the items of a listing beside a plain generator, and fetching a page early beside fetching when wanted.

    python -m benchmarks.bench_pages [--quick]

Goals: at most 1.2 times a plain async generator an item; at least 1.8 times the items a second with `read_ahead=1`
where the work on a page takes as long as fetching it (of at most 1.95).
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable

from benchmarks._rows import Row, beside, in_turns, main
from tiktok_async.api.pages import Pages
from tiktok_async.models import Page

PAGE = Page(items=tuple(range(20)), cursor=1, has_more=True)
PAGES = 500


async def walk() -> AsyncGenerator[Page[int], None]:
    for _ in range(PAGES):
        yield PAGE


async def plain() -> AsyncIterator[int]:
    async for page in walk():
        for item in page.items:
            yield item


class ByClass:
    """An iterator with `__anext__`, as many SDKs have it."""

    def __init__(self) -> None:
        self._walk = walk()
        self._items: list[int] = []

    def __aiter__(self) -> "ByClass":
        return self

    async def __anext__(self) -> int:
        while not self._items:
            self._items = list(reversed((await anext(self._walk)).items))
        return self._items.pop()


def handed_out(items: Callable[[], AsyncIterator[int]]) -> Callable[[], float]:
    async def work() -> float:
        began = time.process_time()
        async for _ in items():
            pass
        return (time.process_time() - began) / (PAGES * len(PAGE.items)) * 1e9

    return lambda: asyncio.run(work())


def items(*, quick: bool) -> list[Row]:
    taken = in_turns(
        {
            "ours": handed_out(lambda: aiter(Pages(walk))),
            "plain": handed_out(plain),
            "class": handed_out(ByClass),
        },
        3 if quick else 101,
    )
    what, unit = "handing out an item", "ns CPU"
    return [
        beside("9", what, unit, taken["ours"], "a plain async generator", taken["plain"], at_most=1.2),
        beside("", what, unit, taken["ours"], "a class with __anext__", taken["class"]),
    ]


def rate(read_ahead: int, pages: int) -> Callable[[], float]:
    """Return what measures the items a second where fetching a page takes 50 ms and so does the work on it."""

    async def slow() -> AsyncGenerator[Page[int], None]:
        for _ in range(pages):
            await asyncio.sleep(0.05)
            yield PAGE

    async def work() -> float:
        began = time.perf_counter()
        async for _ in Pages(slow, read_ahead=read_ahead).pages():
            await asyncio.sleep(0.05)
        return pages * len(PAGE.items) / (time.perf_counter() - began)

    return lambda: asyncio.run(work())


def early(*, quick: bool) -> list[Row]:
    pages = 5 if quick else 20
    taken = in_turns({"early": rate(1, pages), "wanted": rate(0, pages)}, 2 if quick else 5)
    what = "next page fetched early, 50 ms a page and 50 ms of work"
    least = None if quick else 1.8  # of few pages the first one's wait is too large a part
    return [beside("9", what, "items/s", taken["early"], "fetched when wanted", taken["wanted"], at_least=least)]


if __name__ == "__main__":
    main(__doc__, {"items": items, "early": early})
