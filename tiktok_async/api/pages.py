"""Async generators over the pages of a listing, and over the items on them."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterator
from contextlib import aclosing
from operator import length_hint
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from tiktok_async.abc import Clock
from tiktok_async.errors import ConfigurationError, ListingIncomplete, TikTokError
from tiktok_async.models import Endpoint, Page
from tiktok_async.models._http import Response

Cursor = TypeVar("Cursor", int, str)

# Seconds to wait before a page without a usable cursor is requested again.
_PATIENCE = (1.0, 2.0, 4.0)


def next_cursor(previous: Cursor | None, returned: Cursor | None, *, has_more: bool) -> Cursor | None:
    """Return the cursor of the next page, or `None` if there is none.

    A short or empty page does not end a listing: TikTok removes moderated items after it has cut the page. Only
    `has_more: false` ends it. With `has_more: true` and no new cursor, the listing has stalled; see `StallRetries`.

    Args:
        previous: The cursor with which the page was requested; `None` for the first page.
        returned: The cursor in its answer.
        has_more: Whether TikTok says that there is another page.

    Example:
        >>> next_cursor(None, 1646883959000, has_more=True)
        1646883959000
        >>> next_cursor(100, 100, has_more=True) is None
        True

    Source: https://developers.tiktok.com/doc/tiktok-api-v2-video-list
    """
    if not has_more or returned is None:
        return None
    # Index cursors begin at 0, so a 0 after the first page is not a new one either.
    stands_still = returned == previous or (not previous and not returned)
    return None if stands_still else returned


class StallRetries:
    """Retries for a listing that stalls: TikTok says that there is more, but gives no new cursor.

    Its page is requested again, a few times. If the listing still stalls, it raises, so that it never seems complete.

    Args:
        clock: Waits between two requests.
        endpoint: The endpoint that is listed.
        open_id: The account whose items are listed, if any.
    """

    def __init__(self, clock: Clock, endpoint: Endpoint, *, open_id: str | None = None) -> None:
        self._clock = clock
        self._endpoint = endpoint
        self._open_id = open_id
        self._times = 0

    async def ask_again(self) -> bool:
        """Wait and return `True` if the page should be requested again; `False` after the last retry."""
        if self._times >= len(_PATIENCE):
            return False
        await self._clock.sleep(_PATIENCE[self._times])
        self._times += 1
        return True

    def moved(self) -> None:
        """Reset the count: the listing continues."""
        self._times = 0

    def error(self, log_id: str | None) -> ListingIncomplete:
        """Return the error for a listing that stalls."""
        return ListingIncomplete(log_id=log_id, endpoint=self._endpoint.path, open_id=self._open_id)


T = TypeVar("T")

Ask = Callable[[int | None, int | None], Awaitable[Response]]
"""Takes a cursor and the number of items still wanted (`None`: all), and requests one page."""
Read = Callable[[Response], tuple[Page[T], bool]]
"""Returns the page in an answer, with TikTok's own cursor and `has_more`, and whether no further page is needed."""


class Follow(Generic[T]):
    """The pages of a listing that goes on by a cursor, one after the other.

    No generator, and one coroutine for a page: each further one that waits with a call costs CPU and memory.

    Args:
        ask: Requests one page.
        read: Reads the answer.
        start: The cursor of the first page to fetch; `None` for the listing's first page.
        limit: The most items to yield; `None` for all.
        stops: The retries when the listing stalls.
    """

    __slots__ = ("_ask", "_behind", "_failure", "_left", "_over", "_position", "_read", "_stops")

    def __init__(self, ask: Ask, read: "Read[T]", *, start: int | None, limit: int | None, stops: StallRetries) -> None:
        self._ask = ask
        self._read = read
        self._position = start
        self._left = limit
        self._stops = stops
        self._behind: set[int | None] = set()
        self._over = False
        self._failure: TikTokError | None = None

    def __aiter__(self) -> "Follow[T]":
        return self

    async def __anext__(self) -> Page[T]:
        """Return the next page.

        Raises:
            ListingIncomplete: The listing does not go on. Every page it gave was returned.
        """
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        if self._over:
            raise StopAsyncIteration
        self._over = True  # whatever is raised in here ends it
        left = self._left
        while True:
            position = self._position
            page, enough = self._read(await self._ask(position, left))
            self._behind.add(position)
            following = next_cursor(position, page.cursor, has_more=page.has_more)
            # An earlier cursor would return the same pages for ever.
            stopped = page.has_more and (following is None or following in self._behind)
            enough = enough or (left is not None and len(page.items) >= left)
            if not stopped or enough or not await self._stops.ask_again():
                break
        self._stops.moved()
        items = page.items
        if left is not None:
            items = items[:left]
            self._left = left - len(items)
        self._over = enough or stopped or not page.has_more
        if stopped and not enough:
            self._failure = self._stops.error(page.log_id)
        self._position = following
        cursor = position if stopped else following
        if left is None and cursor == page.cursor:
            return page
        return Page(
            items=items,
            cursor=cursor,
            has_more=page.has_more,
            log_id=page.log_id,
            checkpoint=page.checkpoint,
        )

    async def aclose(self) -> None:
        """Give no more pages; nothing is held between two of them."""
        self._over, self._failure = True, None


PageSource = Callable[[], AsyncGenerator[Page[T], None] | Follow[T]]
"""Starts a listing, which yields its pages and keeps what it needs between two requests."""


class _Given:
    """The progress of a listing's own iteration; apart from it, so that a loop that ends early is closed at once."""

    __slots__ = ("kind", "pages", "received", "rest", "state")

    def __init__(self) -> None:
        self.kind = ""
        self.pages = 0
        self.received = 0
        self.rest: Iterator[object] = iter(())  # of the last page
        self.state = "not begun"

    @property
    def items(self) -> int:
        """The number of items that were given to the loop; counting each of them would cost the loop time."""
        return self.received - length_hint(self.rest)


class Pages(AsyncGenerator[T, None]):
    """A listing that requests the next page only when it is needed: an asynchronous generator of its items.

    Each `async for` over the same object, and each `anext()`, continues where the one before stopped. `pages()`,
    `first()` and `collect()` start the listing again. It holds no connection between two pages. After a loop that ends
    early, a listing is closed when nothing refers to it; `aclose()` or `contextlib.aclosing` closes it at once.

    Args:
        source: Starts the listing.
        read_ahead: The number of pages to fetch before they are needed: 0 or 1.

    Raises:
        ConfigurationError: *read_ahead* is neither 0 nor 1.

    Example:
        >>> async def titles(account):
        ...     return [video.title async for video in account.videos(limit=50)]
    """

    def __init__(self, source: PageSource[T], *, read_ahead: int = 0) -> None:
        if read_ahead not in {0, 1}:
            msg = f"read_ahead is 0 (fetch when needed) or 1 (fetch one page ahead), not {read_ahead!r}."
            raise ConfigurationError(msg)
        self._source = source
        self._read_ahead = read_ahead
        self._given = _Given()
        self._items = _items(source, read_ahead, self._given)

    def __aiter__(self) -> AsyncGenerator[T, None]:  # noqa: PYI058 - as the class that is overridden
        # The generator itself: each item of a loop then costs no call of a method here.
        return self._items

    def __anext__(self) -> Coroutine[Any, Any, T]:
        return self._items.__anext__()

    def asend(self, value: None, /) -> Coroutine[Any, Any, T]:
        """Return the next item, as `anext` does; a listing takes no value."""
        return self._items.asend(value)

    def athrow(self, *error: Any) -> Coroutine[Any, Any, T]:  # noqa: ANN401 - as `AsyncGenerator`
        """Raise *error* where the iteration stopped, which ends it."""
        return self._items.athrow(*error)

    async def aclose(self) -> None:
        """End the iteration and close its page request; afterwards there are no more items. Harmless when repeated."""
        await self._items.aclose()
        if self._given.state != "at its end":
            self._given.state = "closed"

    def __repr__(self) -> str:
        given = self._given
        if not given.pages:
            return f"<Pages, {given.state}: use `async for`, or `await pages.collect()` for a list>"
        of = f" of {given.kind}" if given.kind else ""
        return f"<Pages{of}: {given.items} items from {given.pages} pages so far, {given.state}>"

    if not TYPE_CHECKING:  # a type checker refuses both; this is for code without one

        def __await__(self) -> NoReturn:
            msg = "A listing is not awaited: use `async for item in pages`, or `await pages.collect()` for a list."
            raise TypeError(msg)

        def __iter__(self) -> NoReturn:
            msg = (
                "A listing waits for TikTok, so a plain `for` or `list()` cannot read it: use `async for item in "
                "pages`, or `await pages.collect()` for a list; in synchronous code, `tiktok_async.blocking`."
            )
            raise TypeError(msg)

    def pages(self) -> AsyncGenerator[Page[T], None]:
        """Yield the pages, each with the cursor of the page after it.

        Raises:
            ListingIncomplete: TikTok says that there is more, but gives no new cursor. All earlier pages were yielded.
            TikTokError: From the request for a page; the pages before it were yielded.
        """
        return _pages(self._source, self._read_ahead)

    async def first(self) -> T | None:
        """Return the first item, or `None` if there is none."""
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                if page.items:
                    return page.items[0]
        return None

    async def collect(self, *, limit: int | None = None) -> list[T]:
        """Return the items as a list.

        Args:
            limit: The most items to return; `None` for all of them, which may be many.
        """
        items: list[T] = []
        if limit is not None and limit <= 0:
            return items
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                items.extend(page.items)
                if limit is not None and len(items) >= limit:
                    return items[:limit]
        return items


def _pages(source: PageSource[T], read_ahead: int) -> AsyncGenerator[Page[T], None]:
    pages = source()
    if read_ahead:
        return prefetch(pages)
    return _each(pages) if isinstance(pages, Follow) else pages


async def _each(pages: Follow[T]) -> AsyncGenerator[Page[T], None]:
    async for page in pages:
        yield page


async def _items(source: PageSource[T], read_ahead: int, given: _Given) -> AsyncGenerator[T, None]:
    given.state = "under way"
    try:
        pages = prefetch(source()) if read_ahead else source()
        try:
            async for page in pages:
                given.pages += 1
                if page.items:
                    given.kind = type(page.items[0]).__name__
                given.received += len(page.items)
                given.rest = rest = iter(page.items)
                for item in rest:
                    yield item
        finally:
            await pages.aclose()
        given.state = "at its end"
    except Exception as error:
        given.state = f"ended by {type(error).__name__}"
        raise


async def prefetch(pages: AsyncGenerator[Page[T], None] | Follow[T]) -> AsyncGenerator[Page[T], None]:
    """Yield *pages*, fetching the next one while the last one is being used."""
    async with aclosing(pages):
        ahead = asyncio.ensure_future(_next(pages))
        try:
            while (page := await ahead) is not None:
                ahead = asyncio.ensure_future(_next(pages))
                yield page
        finally:
            # The inner generator can be closed only when it is not running.
            ahead.cancel()
            await asyncio.wait({ahead})
            if not ahead.cancelled():
                ahead.exception()


def _next(pages: AsyncGenerator[Page[T], None] | Follow[T]) -> Awaitable[Page[T] | None]:
    async def step() -> Page[T] | None:
        return await anext(pages, None)

    return step()
