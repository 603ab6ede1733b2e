"""Listings: lazy, read ahead on request, and closed without leftovers when a loop is left."""

import asyncio
import gc
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import pytest

from tiktok_async.api.pages import Pages
from tiktok_async.errors import ConfigurationError
from tiktok_async.models import Page


class Listing:
    """Pages of two numbers each; counts the fetched pages and the open generators."""

    def __init__(self, pages: int, *, fail_at: int | None = None, hold: asyncio.Event | None = None) -> None:
        self.pages = pages
        self.fail_at = fail_at
        self.hold = hold
        self.fetched = 0
        self.open = 0

    async def __call__(self) -> AsyncGenerator[Page[int], None]:
        self.open += 1
        try:
            for number in range(self.pages):
                await asyncio.sleep(0)
                if self.hold is not None and number:
                    await self.hold.wait()
                if number == self.fail_at:
                    raise ConfigurationError("this page is broken")
                self.fetched += 1
                yield Page(items=(2 * number, 2 * number + 1), cursor=number, has_more=number + 1 < self.pages)
        finally:
            self.open -= 1


async def test_no_page_is_fetched_before_it_is_needed() -> None:
    listing = Listing(3)
    Pages(listing)
    await asyncio.sleep(0)
    assert listing.fetched == 0


@pytest.mark.parametrize("read_ahead", [0, 1])
async def test_items_come_in_the_order_of_the_pages(read_ahead: int) -> None:
    assert [item async for item in Pages(Listing(3), read_ahead=read_ahead)] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("read_ahead", [0, 1])
async def test_collect_begins_anew_each_time(read_ahead: int) -> None:
    pages = Pages(Listing(2), read_ahead=read_ahead)
    assert await pages.collect() == await pages.collect() == [0, 1, 2, 3]


async def test_without_read_ahead_the_second_page_waits_until_the_first_is_done_with() -> None:
    listing = Listing(3)
    async for item in Pages(listing):
        if item == 1:
            assert listing.fetched == 1
            break


async def test_read_ahead_fetches_one_page_early_and_never_two() -> None:
    listing = Listing(5)
    async with aclosing(Pages(listing, read_ahead=1).pages()) as pages:
        async for page in pages:
            for _ in range(20):
                await asyncio.sleep(0)
            assert page.cursor is not None
            assert listing.fetched == min(page.cursor + 2, 5)


@pytest.mark.parametrize("read_ahead", [0, 1])
async def test_breaking_out_leaves_no_task_and_no_open_listing(read_ahead: int) -> None:
    listing = Listing(5, hold=asyncio.Event())
    before = asyncio.all_tasks()
    async for _ in Pages(listing, read_ahead=read_ahead):
        break
    gc.collect()
    for _ in range(20):
        await asyncio.sleep(0)
    assert listing.open == 0
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize("read_ahead", [0, 1])
async def test_cancelling_a_reader_closes_the_listing(read_ahead: int) -> None:
    listing = Listing(5, hold=asyncio.Event())

    async def read() -> None:
        async for _ in Pages(listing, read_ahead=read_ahead):
            pass

    reader = asyncio.ensure_future(read())
    for _ in range(20):
        await asyncio.sleep(0)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    for _ in range(20):
        await asyncio.sleep(0)
    assert listing.open == 0


@pytest.mark.parametrize("read_ahead", [0, 1])
async def test_an_error_comes_after_the_pages_before_it(read_ahead: int) -> None:
    seen: list[int] = []
    with pytest.raises(ConfigurationError, match="this page is broken"):
        async for item in Pages(Listing(5, fail_at=2), read_ahead=read_ahead):
            seen.append(item)
    assert seen == [0, 1, 2, 3]


async def test_an_error_in_an_unread_page_is_not_reported() -> None:
    async for _ in Pages(Listing(5, fail_at=1), read_ahead=1):
        break
    gc.collect()
    for _ in range(20):
        await asyncio.sleep(0)


async def test_first_is_the_first_item_or_none() -> None:
    listing = Listing(5)
    assert await Pages(listing).first() == 0
    assert listing.fetched == 1
    assert await Pages(Listing(0)).first() is None


async def test_collect_stops_at_its_limit() -> None:
    listing = Listing(5)
    assert await Pages(listing).collect(limit=3) == [0, 1, 2]
    assert listing.fetched == 2
    assert await Pages(listing).collect(limit=0) == []


def test_read_ahead_is_zero_or_one() -> None:
    with pytest.raises(ConfigurationError, match="read_ahead"):
        Pages(Listing(1), read_ahead=2)


@pytest.mark.parametrize("read_ahead", [0, 1])
async def test_each_loop_over_one_listing_goes_on_where_the_one_before_stopped(read_ahead: int) -> None:
    listing = Listing(3)
    pages = Pages(listing, read_ahead=read_ahead)
    assert isinstance(pages, AsyncGenerator)
    assert await anext(pages) == 0
    async for item in pages:
        assert item == 1
        break
    assert [item async for item in pages] == [2, 3, 4, 5]
    assert [item async for item in pages] == []
    assert await anext(pages, None) is None
    assert listing.fetched == 3


@pytest.mark.parametrize("read_ahead", [0, 1])
async def test_a_closed_listing_holds_nothing_and_yields_nothing(read_ahead: int) -> None:
    listing = Listing(3, hold=asyncio.Event())
    async with aclosing(Pages(listing, read_ahead=read_ahead)) as pages:
        assert await anext(pages) == 0
    assert listing.open == 0
    assert [item async for item in pages] == []
    await pages.aclose()


async def test_a_loop_that_is_left_closes_its_listing_without_the_garbage_collector() -> None:
    listing = Listing(3)
    gc.disable()
    try:
        async for _ in Pages(listing):
            break
        for _ in range(20):
            await asyncio.sleep(0)
        assert listing.open == 0
    finally:
        gc.enable()


async def test_an_error_that_is_thrown_in_ends_the_listing() -> None:
    listing = Listing(3)
    pages = Pages(listing)
    assert await pages.asend(None) == 0
    with pytest.raises(LookupError):
        await pages.athrow(LookupError())
    assert listing.open == 0


async def test_a_listing_shows_how_far_it_is() -> None:
    pages = Pages(Listing(2))
    assert repr(pages) == "<Pages, not begun: use `async for`, or `await pages.collect()` for a list>"
    for _ in range(3):
        await anext(pages)
    assert repr(pages) == "<Pages of int: 3 items from 2 pages so far, under way>"
    assert [item async for item in pages] == [3]
    assert repr(pages) == "<Pages of int: 4 items from 2 pages so far, at its end>"
    await pages.aclose()
    assert "at its end" in repr(pages)
    await (closed := Pages(Listing(2))).aclose()
    assert "closed" in repr(closed)
    broken = Pages(Listing(2, fail_at=1))
    with pytest.raises(ConfigurationError):
        assert [item async for item in broken]
    assert "ended by ConfigurationError" in repr(broken)


async def test_awaiting_a_listing_or_a_plain_loop_says_what_to_do() -> None:
    pages: Any = Pages(Listing(1))
    with pytest.raises(TypeError, match=r"async for item in pages.*collect"):
        await pages
    with pytest.raises(TypeError, match=r"async for.*blocking"):
        list(pages)
