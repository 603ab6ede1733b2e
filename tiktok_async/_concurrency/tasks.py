"""Tasks that outlive the call that started them, and end with their owner."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, Generic, TypeVar

from tiktok_async._concurrency.lasting import LastingTask
from tiktok_async.abc import Clock
from tiktok_async.errors import SessionClosed

T = TypeVar("T")


class SharedResult(Generic[T]):
    """A result that any number of callers wait for; cancelling one of them does not affect the others."""

    __slots__ = ("_future",)

    def __init__(self) -> None:
        self._future: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    @property
    def done(self) -> bool:
        """Whether the result is known."""
        return self._future.done()

    def set(self, result: T) -> None:
        """Set *result*, unless it is done."""
        if not self._future.done():
            self._future.set_result(result)

    def fail(self, error: BaseException) -> None:
        """Set *error*, unless it is done."""
        if not self._future.done():
            self._future.set_exception(error)
            # If nobody waits, asyncio must not log it as never retrieved.
            self._future.exception()

    async def wait(self) -> T:
        """Wait for the result.

        Raises:
            Exception: The error of the work.
        """
        return await asyncio.shield(self._future)


def _always() -> bool:
    return True


class OwnedTasks:
    """Runs work in tasks of its own, so that a cancelled caller does not end it.

    Args:
        clock: Times the draining.
        check: Raises where no work may begin, such as on a second event loop.

    Attributes:
        closed: Whether new work is refused.
    """

    def __init__(self, clock: Clock, check: Callable[[], None] | None = None) -> None:
        self._clock = clock
        self._check = check
        self._tasks: dict[LastingTask[None], Callable[[], bool]] = {}
        self.closed: bool = False

    def check_open(self) -> None:
        """Refuse after `aclose`.

        Raises:
            SessionClosed: It was called.
        """
        if self.closed:
            raise SessionClosed("this use of a token")

    def run(
        self, work: Coroutine[Any, Any, None], *, ended: Callable[[], None], exposed: Callable[[], bool] = _always
    ) -> None:
        """Run *work*, which handles its own errors.

        Args:
            work: The coroutine.
            ended: Called at its end in any case, also if it was cancelled before its first step.
            exposed: Says whether something would be lost if the task were cancelled now.

        Raises:
            WrongEventLoop: The owner belongs to another event loop.
        """
        if self._check is not None:
            try:
                self._check()
            except BaseException:
                work.close()
                raise
        task = LastingTask(work, exposed=exposed, later=self._clock.call_later)
        self._tasks[task] = exposed

        def end(ended_task: asyncio.Task[None]) -> None:
            del ended_task
            del self._tasks[task]
            ended()

        task.add_done_callback(end)

    async def result(self, work: Coroutine[Any, Any, T]) -> T:
        """Run *work* and wait for its result; a cancellation ends the wait, not the work."""
        result: SharedResult[T] = SharedResult()

        async def run_work() -> None:
            try:
                result.set(await work)
            except Exception as error:  # noqa: BLE001 - raised in the waiting caller
                result.fail(error)

        def ended() -> None:
            work.close()
            result.fail(SessionClosed("this use of a token"))

        self.run(run_work(), ended=ended)
        return await result.wait()

    async def aclose(self, drain: timedelta) -> None:
        """Let exposed work finish within *drain*, and cancel the rest; new work is refused."""
        self.closed = True
        for task, exposed in list(self._tasks.items()):
            if not exposed():
                task.stop()
        if self._tasks:
            deadline = self._clock.call_later(drain.total_seconds(), self._cancel_all)
            try:
                await asyncio.wait(set(self._tasks))
            finally:
                deadline.cancel()

    def _cancel_all(self) -> None:
        for task in self._tasks:
            task.stop()
