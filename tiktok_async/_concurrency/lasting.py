"""Tasks whose work is finished even when all tasks around it are cancelled."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar, final

__all__ = ["PATIENCE", "LastingTask", "cancelled_from_outside", "finish", "outlast"]

T = TypeVar("T")

PATIENCE = 10.0
"""Seconds that the work may go on after the first cancellation."""


class _Handle(Protocol):
    def cancel(self) -> object:
        """Forget the callback."""


def _always() -> bool:
    return True


@final
class LastingTask(asyncio.Task[T]):
    """A task that a cancellation ends only while nothing would be lost.

    At their end programs often cancel every task of their loop: `for task in asyncio.all_tasks(): task.cancel()`.
    Catching the cancellation in the coroutine does not help, since the request or the save that it waits for was
    cancelled as well. So the work runs in an inner task that `asyncio.all_tasks()` does not list. This task is listed
    in its place, so that waiting for all tasks includes the work, and its `cancel()` decides when the work is
    cancelled. Timeouts inside the work cancel the inner task, as usual.

    Args:
        work: The coroutine.
        exposed: Says whether something would be lost if the work were cancelled now.
        patience: Seconds that the work may continue after a cancellation while it was exposed.
        later: Runs a callback after some seconds; the loop's own timer by default.
    """

    def __init__(
        self,
        work: Coroutine[Any, Any, T],
        *,
        exposed: Callable[[], bool] = _always,
        patience: float = PATIENCE,
        later: Callable[[float, Callable[[], None]], _Handle] | None = None,
    ) -> None:
        loop = asyncio.get_running_loop()
        self._exposed = exposed
        self._patience = patience
        self._later = later or loop.call_later
        self._timer: _Handle | None = None
        self._work: asyncio.Task[T] = asyncio.Task(work, loop=loop)
        # Documented for task classes of one's own: https://docs.python.org/3/library/asyncio-extending.html
        asyncio._unregister_task(self._work)  # noqa: SLF001 - see above
        super().__init__(_result_of(self._work), loop=loop)

    def cancel(self, msg: Any | None = None) -> bool:  # noqa: ANN401 - asyncio's signature
        """Cancel the work at once if nothing would be lost, otherwise after its patience."""
        if self.done():
            return False
        if not self._exposed():
            self._work.cancel(msg)
        elif self._timer is None:
            self._timer = self._later(self._patience, self.stop)
            self._work.add_done_callback(self._forget_timer)
        return True

    def stop(self) -> None:
        """Cancel the work, even if something is lost."""
        self._work.cancel()

    def _forget_timer(self, work: "asyncio.Task[T]") -> None:
        del work
        if self._timer is not None:
            self._timer.cancel()


async def _result_of(work: "asyncio.Task[T]") -> T:
    return await work


async def finish(work: Coroutine[Any, Any, T], *, patience: float = PATIENCE) -> T:
    """Await *work* to its end, even if the waiter is cancelled; the cancellation is raised afterwards.

    For short work with a timeout of its own, such as releasing a lease.

    Args:
        work: The coroutine.
        patience: Seconds that it may continue after every task of the loop was cancelled.
    """
    return await outlast(LastingTask(work, patience=patience))


async def outlast(task: "asyncio.Task[T]") -> T:
    """Await *task* to its end, even if the waiter is cancelled; the cancellation is raised afterwards."""
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not task.cancelled():
            task.exception()  # otherwise asyncio logs that it was never retrieved
        raise cancelled
    return task.result()


def cancelled_from_outside() -> bool:
    """Say whether the running task itself was cancelled.

    In a task that was not cancelled, a `CancelledError` comes from something it waited for, such as a library's helper
    task that was cancelled with all others. Then it is a failure of that operation.
    """
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
