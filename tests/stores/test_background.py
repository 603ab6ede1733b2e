"""What works in the background leaves nobody waiting, whatever it ends with."""

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


async def test_a_batch_that_fails_with_a_foreign_exception_tells_everybody_who_waits_for_it() -> None:
    async def run(items: Sequence[int]) -> Sequence[int]:
        raise RuntimeError(f"a bug over {len(items)} items")

    batcher = Batcher[int, int](run, limit=2)
    ends = await asyncio.wait_for(
        asyncio.gather(*(batcher.submit(item) for item in range(5)), return_exceptions=True), timeout=10
    )
    assert [type(end) for end in ends] == [StoreError] * 5


async def test_a_batch_goes_on_when_every_task_is_cancelled() -> None:
    waiting = asyncio.Event()

    async def run(items: Sequence[int]) -> Sequence[int]:
        waiting.set()
        await asyncio.sleep(0.01)
        return items

    batcher = Batcher[int, int](run, limit=2)
    spared: set[asyncio.Task[Any]] = asyncio.all_tasks()
    kept = asyncio.ensure_future(batcher.submit(1))
    spared.add(kept)
    await waiting.wait()
    for task in asyncio.all_tasks() - spared:
        task.cancel()
    assert await asyncio.wait_for(kept, timeout=10) == 1


class _Client:
    """A client whose pipeline fails in a way that no Redis does."""

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
async def test_a_limiter_whose_client_fails_in_a_foreign_way_leaves_nobody_waiting(error: Exception) -> None:
    limiter = RedisRateLimiter(client=_Client(error), prefix=uuid.uuid4().hex)  # type: ignore[arg-type]  # fails as no client should
    with pytest.raises(StoreError):
        await asyncio.wait_for(limiter.acquire(KEY, MINUTE), timeout=10)
    with pytest.raises(StoreError):
        await asyncio.wait_for(limiter.remaining(KEY, MINUTE), timeout=10)
    await limiter.aclose()
