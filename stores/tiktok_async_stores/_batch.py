"""Calls that wait at the same time go together: one commit, or one round trip, for many callers."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from typing import Generic, TypeVar

from tiktok_async._concurrency.lasting import LastingTask
from tiktok_async.errors import StoreError, TikTokError
from tiktok_async_stores._process import Owner

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Collects items while a batch is under way and runs them as the next one.

    Args:
        run: Takes the items of a batch and returns, in their order, a result or an error for each.
        limit: The most items of a batch.
        owner: The process that it all happens in; by default the one that calls first.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Awaitable[Sequence[Result | TikTokError]]],
        *,
        limit: int,
        owner: Owner | None = None,
    ) -> None:
        self._run = run
        self._limit = limit
        self._owner = owner or Owner("The store")
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._batch: list[tuple[Item, asyncio.Future[Result]]] = []
        self._task: asyncio.Task[None] | None = None
        self._alone = False

    async def share(self, item: Item) -> Result:
        """Return *item*'s result, at once and without a task between if nobody is there to share with.

        Raises:
            TikTokError: The batch or this item failed.
        """
        self._owner.check()
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
        self._owner.check()
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None:
            self._task = LastingTask(self._work())
            self._task.add_done_callback(self._ended)
        return await future

    async def drain(self) -> None:
        """Wait until nothing is under way."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _work(self) -> None:
        while self._waiting:
            self._batch, self._waiting = self._waiting[: self._limit], self._waiting[self._limit :]
            outcomes = await self._outcomes([item for item, _ in self._batch])
            for (_, future), outcome in zip(self._batch, outcomes, strict=True):
                if future.done():
                    continue
                if isinstance(outcome, TikTokError):
                    future.set_exception(outcome)
                else:
                    future.set_result(outcome)
            # A turn for those who were answered: what they ask next goes with who waits already, instead of the two
            # taking turns for ever, a batch of many and then a batch of one.
            await asyncio.sleep(0)
        self._batch, self._task = [], None

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Answer those who still wait if something cancelled the task, perhaps before its first step.

        That is an event loop that shuts down, or a program that cancels all tasks. Those who wait were not cancelled
        themselves, and nobody may wait for ever.
        """
        if not task.cancelled() and task.exception() is None:
            return
        self._task = None
        for _, future in (*self._batch, *self._waiting):
            if not future.done():
                future.set_exception(StoreError("The store's work was cancelled; whether it was done is unknown."))
                future.exception()  # where nobody waits any more, that is no fault to warn of
        self._batch, self._waiting = [], []

    async def _outcomes(self, items: list[Item]) -> Sequence[Result | TikTokError]:
        try:
            return await self._run(items)
        except TikTokError as error:
            # One each: an exception that is raised in many tasks would collect all their tracebacks.
            return [copy(error) for _ in items]
        except Exception as error:  # noqa: BLE001 - a driver's surprise must not leave those who wait without an answer
            return [StoreError(f"The store failed unexpectedly: {type(error).__name__}.") for _ in items]
