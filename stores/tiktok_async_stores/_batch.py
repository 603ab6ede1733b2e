"""Whatever waits goes together: one commit, or one round trip, for many callers."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from typing import Generic, TypeVar

from tiktok_async.errors import TikTokError

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Collects items while a batch is under way and runs them as the next one.

    Args:
        run: Takes the items of a batch and returns, in their order, a result or an error for each.
        limit: The most items of a batch.
    """

    def __init__(
        self, run: Callable[[Sequence[Item]], Awaitable[Sequence[Result | TikTokError]]], *, limit: int
    ) -> None:
        self._run = run
        self._limit = limit
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._task: asyncio.Task[None] | None = None
        self._alone = False

    async def share(self, item: Item) -> Result:
        """Return *item*'s result, at once and without a task between if nobody is there to share with.

        Raises:
            TikTokError: The batch or this item failed.
        """
        if self._alone or self._task is not None:
            return await self.submit(item)
        self._alone = True
        try:
            (outcome,) = await self._run((item,))
        finally:
            self._alone = False
        if isinstance(outcome, TikTokError):
            raise outcome
        return outcome

    async def submit(self, item: Item) -> Result:
        """Return *item*'s result. A caller that is cancelled leaves the item in.

        Raises:
            TikTokError: The batch or this item failed.
        """
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None:
            self._task = asyncio.ensure_future(self._work())
        return await future

    async def drain(self) -> None:
        """Wait until nothing is under way."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _work(self) -> None:
        batch: list[tuple[Item, asyncio.Future[Result]]] = []
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._limit], self._waiting[self._limit :]
                outcomes = await self._outcomes([item for item, _ in batch])
                for (_, future), outcome in zip(batch, outcomes, strict=True):
                    if future.done():
                        continue
                    if isinstance(outcome, TikTokError):
                        future.set_exception(outcome)
                    else:
                        future.set_result(outcome)
                # A turn for those who were answered: what they ask next goes with who waits already, instead of the
                # two taking turns for ever, a batch of many and then a batch of one.
                await asyncio.sleep(0)
        finally:
            self._task = None
            # Only an event loop that shuts down ends this task early; nobody may wait on it for ever.
            for _, future in (*batch, *self._waiting):
                future.cancel()
            self._waiting = []

    async def _outcomes(self, items: list[Item]) -> Sequence[Result | TikTokError]:
        try:
            return await self._run(items)
        except TikTokError as error:
            # One each: an exception that is raised in many tasks would collect all their tracebacks.
            return [copy(error) for _ in items]
