"""The same on streaQ; `streaq run bulk_sync.on_streaq:worker` runs a worker, too, and needs no scheduler beside it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from tiktok_async.workers.streaq import sending, sync_worker

from .common import CONCURRENCY, REDIS, opened

syncing = sync_worker(REDIS, opened, concurrency=CONCURRENCY)
worker = syncing.worker


async def work() -> None:
    """Do jobs until cancelled."""
    await worker.run_async()


@asynccontextmanager
async def sender() -> AsyncIterator[Callable[[str, str], Awaitable[object]]]:
    """Open the function with which the scheduler sends jobs."""
    async with worker:
        yield sending(syncing)
