"""A background task leaves no caller waiting, whatever exception ends it."""

import asyncio
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from tiktok_async.abc import LimitKey
from tiktok_async.errors import StoreError
from tiktok_async.models import Limit
from tiktok_async.stores import RedisRateLimiter
from tiktok_async_stores._batch import Batcher

KEY = LimitKey("app", "/v2/video/list/", "account")
MINUTE = Limit(40, timedelta(minutes=1))


async def test_a_batch_that_fails_with_an_unexpected_exception_raises_store_error_in_every_waiting_caller() -> None:
    async def run(items: Sequence[int]) -> Sequence[int]:
        raise RuntimeError(f"a bug over {len(items)} items")

    batcher = Batcher[int, int](run, limit=2)
    results = await asyncio.wait_for(
        asyncio.gather(*(batcher.submit(item) for item in range(5)), return_exceptions=True), timeout=10
    )
    assert [type(result) for result in results] == [StoreError] * 5


async def test_a_batch_completes_when_every_task_is_cancelled() -> None:
    waiting = asyncio.Event()

    async def run(items: Sequence[int]) -> Sequence[int]:
        waiting.set()
        await asyncio.sleep(0.01)
        return items

    batcher = Batcher[int, int](run, limit=2)
    not_cancelled: set[asyncio.Task[Any]] = asyncio.all_tasks()
    kept = asyncio.ensure_future(batcher.submit(1))
    not_cancelled.add(kept)
    await waiting.wait()
    for task in asyncio.all_tasks() - not_cancelled:
        task.cancel()
    assert await asyncio.wait_for(kept, timeout=10) == 1


class _Client:
    """A client whose pipeline raises an exception that Redis never raises."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def pipeline(self, **_: Any) -> "_Client":
        return self

    def execute_command(self, *_: Any) -> None:
        """Take a command."""

    async def aclose(self) -> None:
        """Close."""

    async def execute(self, **_: Any) -> list[Any]:
        raise self._error


@pytest.mark.parametrize("error", [RuntimeError("a bug"), TypeError("object list can't be used in 'await'")])
async def test_a_limiter_whose_client_raises_an_unexpected_exception_leaves_no_caller_waiting(error: Exception) -> None:
    limiter = RedisRateLimiter(client=_Client(error), prefix=uuid.uuid4().hex)  # type: ignore[arg-type]  # it raises what no client should
    with pytest.raises(StoreError):
        await asyncio.wait_for(limiter.acquire(KEY, MINUTE), timeout=10)
    with pytest.raises(StoreError):
        await asyncio.wait_for(limiter.remaining(KEY, MINUTE), timeout=10)
    await limiter.aclose()
