"""Tasks whose work goes on to its end while the tasks around it are cancelled."""

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
    """A task that is cancelled only when nothing is lost by it.

    Programs that end often cancel every task of their loop: `for task in asyncio.all_tasks(): task.cancel()`. A
    coroutine that catches the cancellation cannot help there, since what it waits for (a request, a save) has been
    cut off already. So the work runs in an inner task that `asyncio.all_tasks()` does not name, and this task stands
    for it: it is listed, so that whoever waits for all tasks waits for the work too, and it decides what a `cancel()`
    means. Timeouts inside the work cancel the inner task, as everywhere.

    Args:
        work: The coroutine.
        exposed: Whether something is lost if the work is cancelled now.
        patience: Seconds that the work may go on after a cancellation that came while it was exposed.
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
        # Documented for those who write tasks of their own: https://docs.python.org/3/library/asyncio-extending.html
        asyncio._unregister_task(self._work)  # noqa: SLF001 - see above
        super().__init__(_result_of(self._work), loop=loop)

    def cancel(self, msg: Any | None = None) -> bool:  # noqa: ANN401 - asyncio's signature
        """Cancel the work now if nothing is lost by it, else when its patience is over."""
        if self.done():
            return False
        if not self._exposed():
            self._work.cancel(msg)
        elif self._timer is None:
            self._timer = self._later(self._patience, self.stop)
            self._work.add_done_callback(self._forget_timer)
        return True

    def stop(self) -> None:
        """Cancel the work, whatever is lost by it."""
        self._work.cancel()

    def _forget_timer(self, work: "asyncio.Task[T]") -> None:
        del work
        if self._timer is not None:
            self._timer.cancel()


async def _result_of(work: "asyncio.Task[T]") -> T:
    return await work


async def finish(work: Coroutine[Any, Any, T], *, patience: float = PATIENCE) -> T:
    """Await *work* to its end, however often the waiter is cancelled; the cancellation is raised afterwards.

    For short work with a timeout of its own, such as giving back a lease.

    Args:
        work: The coroutine.
        patience: Seconds that it may go on after every task of the loop was cancelled.
    """
    return await outlast(LastingTask(work, patience=patience))


async def outlast(task: "asyncio.Task[T]") -> T:
    """Await *task* to its end, however often the waiter is cancelled; the cancellation is raised afterwards."""
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not task.cancelled():
            task.exception()  # or asyncio reports it as never looked at
        raise cancelled
    return task.result()


def cancelled_from_outside() -> bool:
    """Say whether the running task itself was told to end.

    A `CancelledError` in a task that was not comes from something it waited for, such as a helper task of a library
    that was cancelled with all others. It is a failure of that thing and no order to stop.
    """
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
