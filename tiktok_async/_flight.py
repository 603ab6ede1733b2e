"""Work that many callers wait for and none of them owns."""

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")


class Promise(Generic[T]):
    """A result that any number of callers wait for; one who is cancelled changes nothing for the others."""

    __slots__ = ("_future",)

    def __init__(self) -> None:
        self._future: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    @property
    def settled(self) -> bool:
        """Whether the result is known."""
        return self._future.done()

    def keep(self, result: T) -> None:
        """Settle it with *result*, unless it is settled."""
        if not self._future.done():
            self._future.set_result(result)

    def fail(self, error: BaseException) -> None:
        """Settle it with *error*, unless it is settled."""
        if not self._future.done():
            self._future.set_exception(error)
            # Nobody may be waiting, and that is no fault to warn of.
            self._future.exception()

    async def wait(self) -> T:
        """Wait for the result.

        Raises:
            Exception: What the work failed with.
        """
        return await asyncio.shield(self._future)
