"""Calls that wait at the same time share one commit or one round trip."""

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
    """Collects items while a batch is running, and runs them as the next one.

    Args:
        run: Takes the items of a batch and returns a result or an error for each, in their order.
        limit: The most items of a batch.
        owner: The process that uses it; by default that of the first call.
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
        """Return *item*'s result, directly and without a task if no other item waits.

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
        """Return *item*'s result. If the caller is cancelled, the item stays in the batch.

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
        """Wait until no batch is running; in a forked child at once, as its batch runs in the parent."""
        if self._task is not None and not self._owner.left_behind:
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
            # Let the answered callers run first: their next items then join those that already wait. Otherwise batches
            # of many and of one would alternate for ever.
            await asyncio.sleep(0)
        self._batch, self._task = [], None

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Raise an error in the waiting calls if the task was cancelled, perhaps before its first step.

        That happens when an event loop shuts down, or a program cancels all tasks. The waiting calls themselves may not
        be cancelled, and must not wait for ever.
        """
        if not task.cancelled() and task.exception() is None:
            return
        self._task = None
        for _, future in (*self._batch, *self._waiting):
            if not future.done():
                future.set_exception(StoreError("The store's work was cancelled; whether it was done is unknown."))
                future.exception()  # if no call waits any more, asyncio must not log a warning
        self._batch, self._waiting = [], []

    async def _outcomes(self, items: list[Item]) -> Sequence[Result | TikTokError]:
        try:
            return await self._run(items)
        except TikTokError as error:
            # One for each item: an exception raised in many tasks would collect all their tracebacks.
            return [copy(error) for _ in items]
        except Exception as error:  # noqa: BLE001 - the waiting calls need an answer after any error of a driver
            return [StoreError(f"The store failed unexpectedly: {type(error).__name__}.") for _ in items]
